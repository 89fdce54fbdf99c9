#include "helper/doffctl/wish.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "caps/names.h"
#include "helper/policy/profiles.h"

namespace doff {
namespace {

// CLI11's own vectors would swallow the positional behind them, and split at
// brackets: one word for each time that the option is given, and no more.
void add_list(CLI::App& app, const std::string& option,
              std::vector<std::string>& words, const std::string& help) {
  app.add_option_function<std::string>(
         option, [&words](const std::string& word) { words.push_back(word); },
         help)
      ->type_name("CAP,...")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->trigger_on_parse();
}

// All words of one option, or the failures of those that are wrong.
Words read_words(const std::vector<std::string>& lists, const char* option,
                 Failures& failures) {
  Words words;
  for (const std::string& list : lists) {
    auto added = add_words(list, words);
    if (added) continue;
    added.error().doing = option;
    failures.push_back(added.error());
  }
  return words;
}

// The first word of `list` with the prefix CAP_, or nothing.
std::string_view prefixed_word(std::string_view list) {
  while (!list.empty()) {
    const std::string_view word = list.substr(0, list.find(','));
    if (without_prefix(word).size() < word.size()) return word;
    list.remove_prefix(std::min(word.size() + 1, list.size()));
  }
  return {};
}

// containerd puts CAP_ before each word, and runc skips the CAP_CAP_X that
// comes of it: a drop that drops nothing.
void refuse_what_containerd_ignores(const std::vector<std::string>& lists,
                                    const char* option, Failures& failures) {
  for (const std::string& list : lists)
    if (const std::string_view word = prefixed_word(list); !word.empty())
      failures.push_back(
          {.doing = option,
           .value = std::string(word),
           .cause = "containerd ignores names that begin with CAP_",
           .guess = std::string(without_prefix(word))});
}

// The line of a policy that decided: the last that names it.
const PolicyWord* find_word(const PolicyWords& words, Capability capability,
                            bool by_all) {
  const PolicyWord* found = nullptr;
  for (const PolicyWord& each : words)
    if (by_all ? each.word.all : each.word.named.has(capability)) found = &each;
  return found;
}

std::string rule_in_policy(const Policy& policy, Capability capability,
                           Cause cause) {
  const bool dropped =
      cause == Cause::kDroppedByName || cause == Cause::kDroppedByAll;
  const bool by_all =
      cause == Cause::kDroppedByAll || cause == Cause::kAddedByAll;
  const PolicyWords& words =
      dropped ? policy.capabilities->drop : policy.capabilities->allow;
  std::string text = policy.source;
  if (const PolicyWord* word = find_word(words, capability, by_all))
    text = word->place.file + ":" + std::to_string(word->place.line) + ":" +
           std::to_string(word->place.column);
  return text + ": capabilities." + (dropped ? "drop" : "allow") +
         (by_all ? " ALL" : "");
}

}  // namespace

void add_policy_options(CLI::App& app, WishOptions& options) {
  auto* const policy =
      app.add_option("--policy", options.policy,
                     "take the section `capabilities` of this document")
          ->type_name("FILE");
  auto* const profile =
      app.add_option("--profile", options.profile, "take a policy that ships")
          ->type_name("NAME");
  policy->excludes(profile);
}

void add_capability_options(CLI::App& app, WishOptions& options) {
  add_list(app, "--cap-add", options.cap_add, "add these; ALL for every one");
  add_list(app, "--cap-drop", options.cap_drop,
           "drop these; ALL for every one");
}

void add_semantics_option(CLI::App& app, WishOptions& options) {
  app.add_option("--semantics", options.semantics,
                 "begin with this engine's default set, and combine as it does")
      ->type_name("docker|podman|cri|crio");
}

Checked<Wish> read_wish(const WishOptions& options) {
  Wish wish;
  Failures failures;
  wish.flags.add = read_words(options.cap_add, "--cap-add", failures);
  wish.flags.drop = read_words(options.cap_drop, "--cap-drop", failures);
  if (!options.semantics.empty()) {
    wish.semantics = find_semantics(options.semantics);
    std::array<std::string_view, kEngines.size()> known;
    std::ranges::transform(kEngines, known.begin(), &Engine::name);
    if (!wish.semantics)
      failures.push_back(
          {.doing = "--semantics",
           .value = options.semantics,
           .cause = "no such rules",
           .guess = std::string(nearest_name(options.semantics, known)),
           .next = "docker, podman, cri or crio"});
  }
  if (wish.semantics == Semantics::kCri) {
    refuse_what_containerd_ignores(options.cap_add, "--cap-add", failures);
    refuse_what_containerd_ignores(options.cap_drop, "--cap-drop", failures);
  }
  if (!options.policy.empty()) {
    auto policy = read_policy(options.policy);
    if (policy)
      wish.policy = std::move(*policy);
    else
      failures.insert(failures.end(), policy.error().begin(),
                      policy.error().end());
  }
  if (!options.profile.empty()) {
    auto profile = find_profile(options.profile);
    if (profile)
      wish.policy = std::move(*profile);
    else
      failures.push_back(profile.error());
  }
  if (!failures.empty()) return tl::unexpected(failures);
  return wish;
}

Result<Resolution> resolve(const Wish& wish, Semantics semantics,
                           CapabilitySet base, CapabilitySet all) {
  Resolution resolution(base);
  if (wish.policy && wish.policy->capabilities) {
    auto done = combine(semantics, wish.policy->capabilities->request(),
                        Layer::kPolicy, all, resolution);
    if (!done) return tl::unexpected(done.error());
  }
  auto done = combine(semantics, wish.flags, Layer::kFlags, all, resolution);
  if (!done) return tl::unexpected(done.error());
  return resolution;
}

std::string reason(Capability capability, const Resolution& resolution,
                   const Wish& wish, CapabilitySet base,
                   std::string_view base_name) {
  const Decision why = resolution.decision(capability);
  std::string text = resolution.set().has(capability) ? "kept: " : "dropped: ";
  const std::string membership =
      std::string(base.has(capability) ? "in " : "not in ") +
      std::string(base_name);
  switch (why.layer) {
    case Layer::kBase:
      return text + membership;
    case Layer::kPolicy:
      return text + rule_in_policy(*wish.policy, capability, why.cause) + "; " +
             membership;
    case Layer::kFlags:
      break;
  }
  switch (why.cause) {
    case Cause::kAddedByAll:
      return text + "--cap-add ALL; " + membership;
    case Cause::kDroppedByAll:
      return text + "--cap-drop ALL; " + membership;
    case Cause::kAddedByName:
      return text + "--cap-add " + short_name(capability) + "; " + membership;
    default:
      return text + "--cap-drop " + short_name(capability) + "; " + membership;
  }
}

}  // namespace doff
