#include "helper/spec/spec_sets.h"

#include <array>
#include <string>

namespace doff {
namespace {

// The sets in the order of kSetNames.
constexpr std::array<CapabilitySet SpecSets::*, kSetNames.size()> kMembers = {
    &SpecSets::effective, &SpecSets::bounding, &SpecSets::inheritable,
    &SpecSets::permitted, &SpecSets::ambient};

CapabilitySet canonical_of(const std::optional<ScannedArray>& array) {
  CapabilitySet set;
  if (!array) return set;
  for (const ScannedWord& each : array->words)
    if (const auto capability = find_canonical(each.word))
      set |= CapabilitySet(*capability);
  return set;
}

}  // namespace

SpecSets sets_of(const std::optional<ScannedProcess>& process) {
  SpecSets sets;
  if (!process) return sets;
  for (std::size_t i = 0; i < kMembers.size(); ++i)
    sets.*kMembers[i] = canonical_of(process->sets[i]);
  return sets;
}

SpecSets within(const SpecSets& before, CapabilitySet plan) {
  SpecSets after;
  after.bounding = before.bounding & plan;
  after.permitted = before.permitted & after.bounding;
  after.effective = before.effective & after.permitted;
  after.inheritable = before.inheritable & after.bounding;
  after.ambient = before.ambient & after.permitted & after.inheritable;
  return after;
}

bool has_capabilities(std::string_view text, const ScannedProcess& process) {
  return process.capabilities && text[process.capabilities->begin] == '{';
}

std::vector<Edit> edits_for(std::string_view text,
                            const ScannedProcess& process,
                            const SpecSets& after) {
  const ScannedArray none;
  const ScannedArray* model = &none;
  for (const auto& each : process.sets)
    if (each && !each->words.empty()) model = &*each;

  std::vector<Edit> edits;
  std::vector<Member> missing;
  for (std::size_t i = 0; i < kMembers.size(); ++i) {
    const CapabilitySet wanted = after.*kMembers[i];
    const auto& array = process.sets[i];
    if (array && (!array->words.empty() || !wanted.empty()))
      edits.push_back(
          {array->range, rewrite_array(text, *array, wanted, *model)});
    else if (!array && (!wanted.empty() || !has_capabilities(text, process)))
      missing.emplace_back(kSetNames[i],
                           rewrite_array(text, none, wanted, *model));
  }
  if (missing.empty()) return edits;
  if (has_capabilities(text, process)) {
    edits.push_back(add_members(text, *process.capabilities, missing));
    return edits;
  }
  std::string object = add_members("{}", {0, 2}, missing).text;
  object.insert(0, 1, '{').push_back('}');
  if (process.capabilities)
    edits.push_back({*process.capabilities, object});
  else
    edits.push_back(
        add_members(text, process.range, {{"capabilities", object}}));
  return edits;
}

}  // namespace doff
