#include "helper/doffctl/wish_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "caps/names.h"
#include "helper/policy/profiles.h"
#include "helper/words.h"

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
           .next = "docker, podman, cri (containerd, under Kubernetes) "
                   "or crio"});
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

Checked<Wish> read_wish_to_create(const WishOptions& options,
                                  const std::string& command) {
  auto wish = read_wish(options);
  if (!wish) return wish;
  if (wish->policy && !wish->policy->capabilities)
    return tl::unexpected(Failures{
        {.doing = options.policy.empty() ? "--profile" : "--policy",
         .value = wish->policy->source,
         .cause = "has no section `capabilities`: it says nothing about a "
                  "container's creation",
         .next = "add the section, see doff-policy(5)"}});
  if (wish->empty())
    return tl::unexpected(
        Failures{{.doing = command,
                  .cause = "nothing says what to keep",
                  .next = "give --policy, --profile, --cap-add or "
                          "--cap-drop"}});
  return wish;
}

}  // namespace doff
