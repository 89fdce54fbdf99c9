#include "helper/doffctl/explain.h"

#include <algorithm>
#include <charconv>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "caps/names.h"
#include "helper/capability_facts.h"
#include "helper/doffctl/command.h"
#include "helper/doffctl/commands.h"
#include "helper/doffctl/table.h"
#include "helper/doffctl/wish_options.h"
#include "helper/rules.h"
#include "helper/words.h"

namespace doff {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kSeparator = ", ";

struct ExplainOptions {
  WishOptions wish;
  std::vector<std::string> words;
  bool json = false;
};

Colour colour_of(Capability capability) {
  switch (facts(capability).danger) {
    case Danger::kHigh:
      return Colour::kRed;
    case Danger::kMedium:
      return Colour::kYellow;
    case Danger::kLow:
      break;
  }
  return Colour::kPlain;
}

// What was spoken of by name, and what the base had or the result has. ALL
// speaks of capabilities that nobody has in mind.
CapabilitySet worth_telling(CapabilitySet base, const Resolution& resolution) {
  CapabilitySet told = base | resolution.set();
  for (const Capability each : kAllCapabilities) {
    const Cause cause = resolution.decision(each).cause;
    if (cause == Cause::kAddedByName || cause == Cause::kDroppedByName)
      told |= CapabilitySet(each);
  }
  return told;
}

Json json_names(CapabilitySet set) {
  Json list = Json::array();
  for (const Capability each : set) list.push_back(canonical_name(each));
  return list;
}

Json json_engines(CapabilitySet within) {
  Json list = Json::array();
  for (const Engine& each : kEngines)
    if (within <= each.defaults) list.push_back(each.name);
  return list;
}

Json json_facts(Capability capability) {
  const CapabilityFacts& known = facts(capability);
  return {{"name", canonical_name(capability)},
          {"number", number(capability)},
          {"danger", name(known.danger)},
          {"permits", known.permits},
          {"risk", known.risk},
          {"without", known.without},
          {"default_of", json_engines(CapabilitySet(capability))}};
}

Json json_set(CapabilitySet set) {
  Json equal = Json::array();
  for (const Engine& each : kEngines)
    if (set == each.defaults) equal.push_back(each.name);
  const CapabilitySet docker = engine(Semantics::kDocker).defaults;
  return {{"set", hex_text(set)},
          {"capabilities", json_names(set)},
          {"default_of", equal},
          {"beyond_docker", json_names(set - docker)},
          {"less_than_docker", json_names(docker - set)},
          {"high_danger", json_names(set & of_danger(Danger::kHigh))}};
}

Json json_ruling(const Ruling& ruling, const Wish& wish) {
  Json list = Json::array();
  for (const Capability each : ruling.shown) {
    Json entry = json_facts(each);
    entry["kept"] = ruling.resolution.set().has(each);
    entry["reason"] =
        reason(each, ruling.resolution, wish, ruling.base, ruling.base_name);
    list.push_back(std::move(entry));
  }
  return {{"bounding", hex_text(ruling.resolution.set())},
          {"base", hex_text(ruling.base)},
          {"capabilities", std::move(list)}};
}

Json json_explained(const Asked& asked) {
  Json sets = Json::array();
  for (const CapabilitySet each : asked.sets) sets.push_back(json_set(each));
  Json list = Json::array();
  const bool everything = !asked.names && asked.sets.empty();
  for (const Capability each : everything ? kAllCapabilities : asked.named)
    list.push_back(json_facts(each));
  return {{"sets", std::move(sets)}, {"capabilities", std::move(list)}};
}

void print_json(const Json& value) {
  std::cout << value.dump(2, ' ', false, Json::error_handler_t::replace)
            << "\n";
}

void print_facts(Capability capability, const Output& output) {
  constexpr std::size_t kIndent = 13;
  const CapabilityFacts& known = facts(capability);
  std::cout << coloured(canonical_name(capability), colour_of(capability),
                        output)
            << " (" << number(capability) << "): " << name(known.danger)
            << " danger\n"
            << paragraph("  permits", kIndent, known.permits, output)
            << paragraph("  risk", kIndent, known.risk, output)
            << paragraph("  without it", kIndent, known.without, output)
            << paragraph("  default of", kIndent, given_by(capability), output);
}

void print_set(CapabilitySet set, const Output& output) {
  constexpr std::size_t kIndent = 15;
  std::cout << coloured(hex_text(set), Colour::kBold, output) << ": "
            << set.size() << (set.size() == 1 ? " capability" : " capabilities")
            << "\n"
            << paragraph("  holds", kIndent, names(set, kSeparator), output)
            << paragraph("  this is", kIndent, compared_with_defaults(set),
                         output)
            << paragraph("  high danger", kIndent,
                         names(set & of_danger(Danger::kHigh), kSeparator),
                         output);
  const CapabilitySet unnamed = set - kAllCapabilities;
  if (!unnamed.empty())
    std::cout << paragraph("  without name", kIndent,
                           names(unnamed, kSeparator), output);
}

// The words that --semantics takes: short, for a column.
std::string given_by_words(Capability capability) {
  std::string text;
  for (const Engine& each : kEngines)
    if (each.defaults.has(capability))
      text += (text.empty() ? "" : ",") + std::string(each.name);
  return text.empty() ? "-" : text;
}

void print_overview(const Output& output) {
  std::vector<Row> rows;
  for (const Capability each : kAllCapabilities)
    rows.push_back({{std::to_string(number(each)), short_name(each),
                     std::string(name(facts(each).danger)),
                     given_by_words(each), std::string(facts(each).permits)},
                    colour_of(each)});
  std::cout << table({"NUMBER", "NAME", "DANGER", "DEFAULT OF", "PERMITS"},
                     rows, output);
}

void print_ruling(const Ruling& ruling, const Wish& wish,
                  const Output& output) {
  std::vector<Row> rows;
  for (const Capability each : ruling.shown)
    rows.push_back(
        {{short_name(each), std::string(name(facts(each).danger)),
          reason(each, ruling.resolution, wish, ruling.base, ruling.base_name)},
         ruling.resolution.set().has(each) ? colour_of(each) : Colour::kPlain});
  std::cout << "bounding " << hex_text(ruling.resolution.set()) << ": "
            << ruling.base_name << ", by the rules of " << ruling.rules << "\n";
  if (!rows.empty())
    std::cout << table({"CAPABILITY", "DANGER", "DECIDED BY"}, rows, output);
}

int explain(const ExplainOptions& options) {
  auto asked = read_asked(options.words);
  auto wish = read_wish(options.wish);
  if (!asked || !wish) {
    if (!asked) complain_of_all(asked.error());
    if (!wish) complain_of_all(wish.error());
    return kExitFailed;
  }
  const Output output = describe_stdout();
  if (wish->policy || !wish->empty()) {
    const auto ruling = rule(*wish, *asked);
    if (!ruling) return complain(ruling.error());
    options.json ? print_json(json_ruling(*ruling, *wish))
                 : print_ruling(*ruling, *wish, output);
    return kExitDone;
  }
  if (options.json) {
    print_json(json_explained(*asked));
    return kExitDone;
  }
  if (options.words.empty()) print_overview(output);
  for (const CapabilitySet each : asked->sets) print_set(each, output);
  for (const Capability each : asked->named) print_facts(each, output);
  return kExitDone;
}

}  // namespace

std::optional<CapabilitySet> find_hex_set(std::string_view word) {
  constexpr std::size_t kDigits = kCapabilityBits / 4;
  const bool prefixed = word.starts_with("0x") || word.starts_with("0X");
  if (prefixed) word.remove_prefix(2);
  if (word.size() > kDigits || (!prefixed && word.size() != kDigits))
    return std::nullopt;
  std::uint64_t bits = 0;
  const auto [end, error] =
      std::from_chars(word.data(), word.data() + word.size(), bits, 16);
  if (error != std::errc{} || end != word.data() + word.size())
    return std::nullopt;
  return CapabilitySet(bits);
}

Checked<Asked> read_asked(const std::vector<std::string>& words) {
  Asked asked;
  Failures failures;
  for (const std::string& word : words) {
    if (const auto set = find_hex_set(word)) {
      asked.sets.push_back(*set);
      continue;
    }
    asked.names = true;
    if (const auto unknown = add_capabilities(word, asked.named))
      failures.push_back({.doing = "explain",
                          .value = std::string(unknown->word),
                          .cause = unknown->word.empty()
                                       ? "an empty name"
                                       : "no such capability, and no set",
                          .guess = std::string(unknown->nearest),
                          .next = "a set is 0x and up to 16 hexadecimal "
                                  "digits, or exactly 16 of them"});
  }
  if (!failures.empty()) return tl::unexpected(failures);
  return asked;
}

std::string compared_with_defaults(CapabilitySet set) {
  std::string same;
  for (const Engine& each : kEngines)
    if (set == each.defaults)
      same += (same.empty() ? "the default set of " : " and ") +
              std::string(each.title);
  if (!same.empty()) return same;
  if (set.empty()) return "nothing";
  if (kAllCapabilities <= set) return "everything that has a name";
  const CapabilitySet docker = engine(Semantics::kDocker).defaults;
  const CapabilitySet more = set - docker;
  const CapabilitySet less = docker - set;
  std::string text = "Docker's default set";
  if (!more.empty()) text += " and " + names(more, kSeparator);
  if (!less.empty()) text += " without " + names(less, kSeparator);
  return text;
}

std::string given_by(Capability capability) {
  std::string text;
  for (const Engine& each : kEngines)
    if (each.defaults.has(capability))
      text += (text.empty() ? "" : ", ") + std::string(each.title);
  return text.empty() ? "none" : text;
}

Result<Ruling> rule(const Wish& wish, const Asked& asked) {
  if (asked.sets.size() > 1)
    return tl::unexpected(Failure{.doing = "explain",
                                  .value = hex_text(asked.sets[1]),
                                  .cause = "rules begin with one set",
                                  .next = "give one at a time"});
  const Semantics semantics = wish.semantics.value_or(Semantics::kDocker);
  const std::string title(engine(semantics).title);
  CapabilitySet base = engine(semantics).defaults;
  std::string base_name = "the default set of " + title;
  if (!asked.sets.empty()) {
    base = asked.sets.front();
    base_name = hex_text(base);
  }
  auto resolution = resolve(wish, semantics, base, kAllCapabilities);
  if (!resolution) return tl::unexpected(resolution.error());
  const CapabilitySet shown =
      asked.names ? asked.named : worth_telling(base, *resolution);
  return Ruling{base, std::move(base_name), title, *resolution, shown};
}

void add_explain(const Command& doffctl) {
  const auto options = std::make_shared<ExplainOptions>();
  const Command command = doffctl.add(
      "explain",
      "Say what capabilities permit, decode sets, and show which rule decided");
  add_policy_options(command, options->wish);
  add_capability_options(command, options->wish);
  add_semantics_option(command, options->wish);
  command.flag("--json", options->json, "print JSON, for programs");
  command.values("CAP", "", options->words,
                 "capabilities (names, numbers, lists) and sets (0x...)");
  command.does([options] { return explain(*options); });
}

}  // namespace doff
