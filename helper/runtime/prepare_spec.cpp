#include "helper/runtime/prepare_spec.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "helper/runtime/launcher_mount.h"
#include "helper/spec/scan_spec.h"
#include "helper/spec/splice.h"
#include "helper/words.h"

namespace doff {
namespace {

using Json = nlohmann::ordered_json;

// A path need not be UTF-8; what is replaced in it then names no file, and the
// low-level runtime says so.
std::string json_text(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Failure failed(std::string_view text, std::size_t at, const std::string& source,
               std::string value, std::string cause) {
  return {.doing = "the spec",
          .value = std::move(value),
          .cause = std::move(cause),
          .place = place_of(text, at, source)};
}

// `value` behind the other elements of an array, or instead of `null`.
Edit append_element(std::string_view text, Range array,
                    const std::string& value) {
  if (text[array.begin] != '[') return {array, "[" + value + "]"};
  const std::size_t last =
      text.find_last_not_of(" \t\r\n", array.end - 2);  // before the bracket
  const bool empty = last == array.begin;
  return {{last + 1, last + 1}, (empty ? "" : ",") + value};
}

// ro, nosuid, nodev: nothing in the container can change the launcher, and it
// is no way to anything else. private: it stays where it is.
std::string launcher_mount(const std::string& launcher,
                           const std::string& path) {
  return json_text({{"destination", path},
                    {"type", "bind"},
                    {"source", launcher},
                    {"options", {"bind", "ro", "nosuid", "nodev", "private"}}});
}

void add_launcher(std::string_view text, const ScannedSpec& spec,
                  const std::string& launcher, std::vector<Edit>& edits) {
  const std::string mount = launcher_mount(launcher, launcher_path(text, spec));
  if (!spec.mounts) {
    edits.push_back(
        add_members(text, spec.range, {{"mounts", "[" + mount + "]"}}));
    return;
  }
  // Last, so that no other mount hides it; there already, from an earlier time.
  const std::string_view mounts = spec.mounts->of(text);
  const std::size_t last = mounts.find_last_not_of(" \t\r\n]");
  if (last != std::string_view::npos &&
      mounts.substr(0, last + 1).ends_with(mount))
    return;
  edits.push_back(append_element(text, *spec.mounts, mount));
}

// Replaces what is there of that name, however often.
void annotate(std::string_view text, const ScannedSpec& spec,
              const std::vector<Member>& members, std::vector<Edit>& edits) {
  std::vector<Member> missing;
  for (const Member& member : members) {
    const auto is_it = [&](const ScannedAnnotation& each) {
      return each.name == member.first;
    };
    if (std::ranges::none_of(spec.annotated, is_it)) missing.push_back(member);
    for (const ScannedAnnotation& each : spec.annotated)
      if (is_it(each)) edits.push_back({each.range, member.second});
  }
  if (missing.empty()) return;
  if (spec.annotations && text[spec.annotations->begin] == '{') {
    edits.push_back(add_members(text, *spec.annotations, missing));
    return;
  }
  const std::string object =
      "{" + add_members("{}", {0, 2}, missing).text + "}";
  if (spec.annotations)
    edits.push_back({*spec.annotations, object});
  else
    edits.push_back(add_members(text, spec.range, {{"annotations", object}}));
}

// Two members that are added to one object would be two edits of one place.
void merge_added(std::vector<Edit>& edits) {
  std::ranges::stable_sort(edits, {},
                           [](const Edit& e) { return e.range.begin; });
  for (std::size_t i = 1; i < edits.size();) {
    Edit& first = edits[i - 1];
    const Edit& second = edits[i];
    if (first.range.begin != second.range.begin ||
        first.range.end != second.range.end) {
      ++i;
      continue;
    }
    const bool closed = first.text.ends_with(',');
    first.text += (closed ? "" : ",") + second.text;
    edits.erase(edits.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

std::string removed_names(const SpecSets& before, const SpecSets& after) {
  std::string text;
  for (const Capability each : before.bounding - after.bounding)
    text += (text.empty() ? "" : ",") + canonical_name(each);
  return text.empty() ? "none" : text;
}

// What was removed before stays told: an engine may give the same bundle twice.
std::string removed_in_all(const ScannedSpec& spec, const SpecSets& before,
                           const SpecSets& after) {
  const std::string* const told = find_annotation(spec, kRemovedKey);
  if (before == after && told != nullptr) return *told;
  return removed_names(before, after);
}

// Splicing is subtle: what was written is read as somebody else would.
Result<ScannedSpec> read_back(std::string_view text, const std::string& source,
                              SpecKind kind, const SpecSets& wanted) {
  auto spec = scan_spec(text, source);
  if (!spec) return spec;
  if (spec->kind == kind && sets_of(spec->process) == wanted) return spec;
  return tl::unexpected(Failure{
      .doing = "rewriting",
      .value = source,
      .cause = "a defect of doff-runtime: the result does not read as meant",
      .next = "nothing was changed; please report it"});
}

}  // namespace

Result<PreparedSpec> prepare_config(std::string_view text,
                                    const std::string& source,
                                    const ScannedSpec& spec,
                                    const AppliedPolicy& policy,
                                    const Launcher& launcher) {
  if (spec.kind != SpecKind::kConfig || !spec.process)
    return tl::unexpected(
        failed(text, 0, source, "", "not a config.json with a `process`"));
  PreparedSpec prepared{{}, sets_of(spec.process), {}};
  prepared.after =
      within(prepared.before, policy.left_of(prepared.before.bounding));
  std::vector<Edit> edits;
  if (policy.bounds_creation())
    edits = edits_for(text, *spec.process, prepared.after);
  else
    prepared.after = prepared.before;
  const std::vector<Member> annotations = {
      {std::string(kPolicyKey), json_text(policy.source + " " + policy.digest)},
      {std::string(kRemovedKey),
       json_text(removed_in_all(spec, prepared.before, prepared.after))},
      {std::string(kLauncherKey),
       json_text(launcher.path.empty() ? "none" : launcher.digest)}};
  if (!launcher.path.empty()) add_launcher(text, spec, launcher.path, edits);
  annotate(text, spec, annotations, edits);
  merge_added(edits);
  prepared.text = apply_edits(text, std::move(edits));
  const auto good =
      read_back(prepared.text, source, SpecKind::kConfig, prepared.after);
  if (!good) return tl::unexpected(good.error());
  return prepared;
}

SpecSets asked_for(std::string_view text, const ScannedProcess& process,
                   const SpecSets& container) {
  return has_capabilities(text, process) ? sets_of(process) : container;
}

Result<PreparedSpec> prepare_process(std::string_view text,
                                     const std::string& source,
                                     const ScannedProcess& process,
                                     const SpecSets& container,
                                     CapabilitySet allowed,
                                     const std::vector<std::string>& front) {
  if (!process.args || text[process.args->begin] != '[' ||
      text.find_first_not_of(" \t\r\n", process.args->begin + 1) ==
          process.args->end - 1)
    return tl::unexpected(failed(text, process.range.begin, source, "args",
                                 "there is no command in it"));
  PreparedSpec prepared{{}, asked_for(text, process, container), {}};
  prepared.after = within(prepared.before, container.bounding & allowed);
  std::vector<Edit> edits = edits_for(text, process, prepared.after);
  if (process.no_new_privileges)
    edits.push_back({*process.no_new_privileges, "true"});
  else
    edits.push_back(
        add_members(text, process.range, {{"noNewPrivileges", "true"}}));
  std::string words;
  for (const std::string& each : front) words += json_text(each) + ",";
  const std::size_t inside = process.args->begin + 1;
  edits.push_back({{inside, inside}, words});
  merge_added(edits);
  prepared.text = apply_edits(text, std::move(edits));
  const auto good =
      read_back(prepared.text, source, SpecKind::kProcess, prepared.after);
  if (!good) return tl::unexpected(good.error());
  if (!good->process->no_new_privileges ||
      good->process->no_new_privileges->of(prepared.text) != "true")
    return tl::unexpected(Failure{.doing = "rewriting",
                                  .value = source,
                                  .cause = "a defect of doff-runtime"});
  return prepared;
}

}  // namespace doff
