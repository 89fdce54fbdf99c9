// doffctl trim: the capabilities of an OCI config.json or process.json.
#include <array>
#include <iomanip>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "caps/capability_set.h"
#include "helper/doffctl/command.h"
#include "helper/doffctl/commands.h"
#include "helper/doffctl/wish_options.h"
#include "helper/failure.h"
#include "helper/file.h"
#include "helper/spec/replace_file.h"
#include "helper/spec/trim_spec.h"
#include "helper/spec/unified_diff.h"
#include "helper/words.h"

namespace doff {
namespace {

using nlohmann::ordered_json;

struct TrimOptions {
  WishOptions wish;
  bool allow_widen = false;
  bool diff = false;
  bool dry_run = false;
  bool json = false;
  std::string path;

  [[nodiscard]] bool piped() const { return path == "-"; }
  [[nodiscard]] std::string source() const { return piped() ? "stdin" : path; }
};

struct NamedSet {
  std::string_view name;
  CapabilitySet SpecSets::*member;
};
constexpr std::array<NamedSet, 5> kSets = {
    {{"bounding", &SpecSets::bounding},
     {"permitted", &SpecSets::permitted},
     {"effective", &SpecSets::effective},
     {"inheritable", &SpecSets::inheritable},
     {"ambient", &SpecSets::ambient}}};

std::optional<Failure> find_misuse(const TrimOptions& options) {
  if (options.piped() && !options.dry_run && (options.diff || options.json))
    return Failure{.doing = options.diff ? "--diff" : "--json",
                   .value = "-",
                   .cause = "stdout is where the spec goes",
                   .next = "add --dry-run, or name a file"};
  return std::nullopt;
}

ordered_json to_json(CapabilitySet set) {
  auto list = ordered_json::array();
  for (const Capability each : set) list.push_back(canonical_name(each));
  return {{"hex", hex_text(set)}, {"names", std::move(list)}};
}

ordered_json to_json(const SpecSets& sets) {
  ordered_json object;
  for (const NamedSet& each : kSets)
    object[std::string(each.name)] = to_json(sets.*each.member);
  return object;
}

void print_json(const TrimOptions& options, const TrimmedSpec& trimmed,
                bool changed, const std::string& diff) {
  ordered_json report = {{"file", options.source()},
                         {"changed", changed},
                         {"written", changed && !options.dry_run},
                         {"before", to_json(trimmed.before)},
                         {"after", to_json(trimmed.after)},
                         {"notes", trimmed.notes}};
  if (options.diff) report["diff"] = diff;
  // A path may be no UTF-8.
  std::cout << report.dump(2, ' ', true, ordered_json::error_handler_t::replace)
            << "\n";
}

void print_sets(const TrimOptions& options, const TrimmedSpec& trimmed,
                bool changed) {
  std::cout << doff::escaped(options.source())
            << (changed ? ": would change\n" : ": would not change\n");
  for (const NamedSet& each : kSets) {
    const CapabilitySet before = trimmed.before.*each.member;
    const CapabilitySet after = trimmed.after.*each.member;
    std::cout << "  " << std::left << std::setw(13) << each.name
              << hex_text(before);
    if (before != after) std::cout << " -> " << hex_text(after);
    if (!(before <= after)) std::cout << "  loses " << names(before - after);
    if (!(after <= before)) std::cout << "  gains " << names(after - before);
    std::cout << "\n";
  }
}

void report(const TrimOptions& options, std::string_view text,
            const TrimmedSpec& trimmed) {
  for (const std::string& note : trimmed.notes)
    std::cerr << "doffctl: " << doff::escaped(options.source()) << ": " << note
              << "\n";
  const bool changed = text != trimmed.text;
  const std::string diff =
      options.diff ? unified_diff(text, trimmed.text, options.source()) : "";
  if (options.json)
    print_json(options, trimmed, changed, diff);
  else if (options.diff)
    std::cout << diff;
  else if (options.dry_run)
    print_sets(options, trimmed, changed);
}

Result<TrimmedSpec> trim_text(const TrimOptions& options, const Wish& wish,
                              std::string_view text) {
  return trim_spec(text, options.source(), wish,
                   options.allow_widen ? Widen::kAllow : Widen::kRefuse);
}

int trim_pipe(const TrimOptions& options, const Wish& wish) {
  const auto text = read_file("-", kLongestSpec);
  if (!text) return complain(text.error());
  const auto trimmed = trim_text(options, wish, *text);
  if (!trimmed) return complain(trimmed.error());
  report(options, *text, *trimmed);
  if (!options.dry_run) std::cout << trimmed->text;
  return kExitDone;
}

int trim_in_place(const TrimOptions& options, const Wish& wish) {
  const auto file = read_to_replace(options.path, kLongestSpec);
  if (!file) return complain(file.error());
  const auto trimmed = trim_text(options, wish, file->text);
  if (!trimmed) return complain(trimmed.error());
  if (!options.dry_run && trimmed->text != file->text)
    if (auto replaced = replace(*file, trimmed->text); !replaced)
      return complain(replaced.error());
  report(options, file->text, *trimmed);
  return kExitDone;
}

int trim(const TrimOptions& options) {
  const auto wish = read_wish_to_create(options.wish, "trim");
  if (!wish) return complain_of_all(wish.error());
  if (const auto misuse = find_misuse(options)) return complain(*misuse);
  return options.piped() ? trim_pipe(options, *wish)
                         : trim_in_place(options, *wish);
}

}  // namespace

void add_trim(const Command& doffctl) {
  const auto options = std::make_shared<TrimOptions>();
  const Command command = doffctl.add(
      "trim", "Trim the capabilities of an OCI config.json or process.json.");
  add_policy_options(command, options->wish);
  add_capability_options(command, options->wish);
  add_semantics_option(command, options->wish);
  command.flag("--allow-widen", options->allow_widen,
               "add what is wanted and the spec does not have");
  command.flag("--diff", options->diff, "print what changes, as diff -u");
  command.flag("--dry-run", options->dry_run,
               "change nothing; print what would be");
  command.flag("--json", options->json, "print JSON, for programs");
  command
      .value("FILE", "TEXT", options->path,
             "the spec, replaced in place; - for stdin to stdout")
      .required();
  command.does([options] { return trim(*options); });
}

}  // namespace doff
