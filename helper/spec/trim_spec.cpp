#include "helper/spec/trim_spec.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "caps/names.h"
#include "helper/rules.h"
#include "helper/spec/scan_spec.h"
#include "helper/spec/spec_sets.h"
#include "helper/spec/splice.h"
#include "helper/words.h"

namespace doff {
namespace {

// What an entrypoint that begins as root and hands over to a user needs:
// setpriv(1), gosu and their kin, and chown of what the user is to have.
constexpr CapabilitySet kToSwitchUsers = only("SETUID") | only("SETGID") |
                                         only("SETPCAP") | only("CHOWN") |
                                         only("FOWNER") | only("KILL");

// What the wish wants the process to be able to get at most.
Result<CapabilitySet> plan_for(const Wish& wish, CapabilitySet bounding) {
  const auto resolution =
      wish.semantics
          ? resolve(wish, *wish.semantics, engine(*wish.semantics).defaults,
                    kAllCapabilities)
          : resolve(wish, Semantics::kDocker, bounding, kAllCapabilities);
  if (!resolution) return tl::unexpected(resolution.error());
  return resolution->set();
}

// As Docker fills in a spec, moby's oci.SetCapabilities: a user other than
// root has a bounding set and nothing else.
SpecSets widened(SpecSets sets, CapabilitySet more, std::uint32_t uid) {
  sets.bounding |= more;
  if (uid != 0) return sets;
  sets.permitted |= more;
  sets.effective |= more;
  return sets;
}

// Names that only some runtime, or none that we know, takes for a capability.
void note_removed_words(const ScannedProcess& process,
                        std::vector<std::string>& notes) {
  constexpr std::size_t kShown = 5;
  std::vector<std::string_view> words;
  for (const auto& array : process.sets) {
    if (!array) continue;
    for (const ScannedWord& each : array->words)
      if (!find_canonical(each.word) && words.size() <= kShown &&
          std::ranges::count(words, each.word) == 0)
        words.push_back(each.word);
  }
  if (words.empty()) return;
  std::string text = "removed what is no canonical name of a capability:";
  for (std::size_t i = 0; i < std::min(words.size(), kShown); ++i)
    text.append(i == 0 ? " " : ", ")
        .append("\"")
        .append(escaped(words[i]))
        .append("\"");
  if (words.size() > kShown) text += " and others";
  notes.push_back(text);
}

void note_lost(const ScannedProcess& process, const SpecSets& before,
               const SpecSets& after, std::vector<std::string>& notes) {
  const CapabilitySet lost =
      (before.bounding - after.bounding) & kToSwitchUsers;
  if (process.uid != 0 || lost.empty()) return;
  notes.push_back("the process starts as uid 0 and loses " + names(lost) +
                  ": an entrypoint that switches users may need them");
}

Failure refused(const std::string& source, std::string doing, std::string value,
                std::string cause, std::string next) {
  return {.doing = std::move(doing),
          .value = std::move(value),
          .cause = std::move(cause),
          .next = std::move(next),
          .place = {.file = source}};
}

// What was written is looked at, as if by somebody else: splicing is subtle.
Result<void> read_back(std::string_view text, const std::string& source,
                       const SpecSets& wanted) {
  const auto spec = scan_spec(text, source);
  if (spec && spec->process && has_capabilities(text, *spec->process) &&
      sets_of(spec->process) == wanted)
    return {};
  return tl::unexpected(
      refused(source, "trimming", "",
              "a defect of doffctl: the result does not read as meant",
              "nothing was changed; please report it"));
}

// A spec that does not say what the process has: an exec takes the container's
// sets then (seen with runc and crun), which may be anything.
Result<TrimmedSpec> trim_unstated(std::string_view text,
                                  const std::string& source, const Wish& wish,
                                  const ScannedProcess& process) {
  // Of all capabilities, so of any set: none is left.
  const auto most = plan_for(wish, kAllCapabilities);
  if (!most) return tl::unexpected(most.error());
  if (!most->empty())
    return tl::unexpected(
        refused(source, "the spec", "",
                "has no `capabilities`: an exec then has the container's, "
                "which cannot be seen from here",
                "trim the container's config.json, or drop ALL"));
  TrimmedSpec trimmed{apply_edits(text, edits_for(text, process, {})),
                      {},
                      {},
                      {"had no `capabilities`, and now has empty ones"}};
  if (auto good = read_back(trimmed.text, source, {}); !good)
    return tl::unexpected(good.error());
  return trimmed;
}

// An exit status of 0 would say that it is there.
std::optional<Failure> find_missing(const std::string& source, const Wish& wish,
                                    CapabilitySet plan,
                                    CapabilitySet bounding) {
  const CapabilitySet missing = (wish.flags.add.named & plan) - bounding;
  if (missing.empty()) return std::nullopt;
  return refused(source, "--cap-add", names(missing),
                 "not in the spec's bounding set",
                 "--allow-widen adds what is not there");
}

Result<SpecSets> plan_sets(const std::string& source, const Wish& wish,
                           Widen widen,
                           const std::optional<ScannedProcess>& process,
                           const SpecSets& before) {
  const auto plan = plan_for(wish, before.bounding);
  if (!plan) return tl::unexpected(plan.error());
  const SpecSets after = within(before, *plan);
  if (widen == Widen::kRefuse) {
    if (auto missing = find_missing(source, wish, *plan, before.bounding))
      return tl::unexpected(*std::move(missing));
    return after;
  }
  const CapabilitySet more = *plan - before.bounding;
  if (process) return widened(after, more, process->uid);
  if (more.empty()) return after;
  return tl::unexpected(refused(source, "--allow-widen", names(more),
                                "the spec has no `process` to give it to", ""));
}

}  // namespace

Result<TrimmedSpec> trim_spec(std::string_view text, const std::string& source,
                              const Wish& wish, Widen widen) {
  const auto spec = scan_spec(text, source);
  if (!spec) return tl::unexpected(spec.error());
  const auto& process = spec->process;
  if (spec->kind == SpecKind::kProcess && !has_capabilities(text, *process))
    return trim_unstated(text, source, wish, *process);

  TrimmedSpec trimmed{std::string(text), sets_of(process), {}, {}};
  const auto after = plan_sets(source, wish, widen, process, trimmed.before);
  if (!after) return tl::unexpected(after.error());
  trimmed.after = *after;
  if (!process) {
    trimmed.notes.emplace_back("has no `process`: nothing to trim");
    return trimmed;
  }
  // Of a config.json without them, runc and crun give none.
  if (!has_capabilities(text, *process) && after->bounding.empty())
    return trimmed;
  trimmed.text = apply_edits(text, edits_for(text, *process, *after));
  if (auto good = read_back(trimmed.text, source, *after); !good)
    return tl::unexpected(good.error());
  note_removed_words(*process, trimmed.notes);
  note_lost(*process, trimmed.before, *after, trimmed.notes);
  return trimmed;
}

}  // namespace doff
