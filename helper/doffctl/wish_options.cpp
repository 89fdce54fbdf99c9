#include "helper/doffctl/wish_options.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "caps/names.h"
#include "helper/policy/profiles.h"
#include "helper/words.h"

namespace doff {
namespace {

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

void add_policy_options(const Command& command, WishOptions& options) {
  const Option policy =
      command.value("--policy", "FILE", options.policy,
                    "take the section `capabilities` of this document");
  command
      .value("--profile", "NAME", options.profile, "take a policy that ships")
      .excludes(policy);
}

void add_capability_options(const Command& command, WishOptions& options) {
  command.values("--cap-add", "CAP,...", options.cap_add,
                 "add these; ALL for every one");
  command.values("--cap-drop", "CAP,...", options.cap_drop,
                 "drop these; ALL for every one");
}

void add_semantics_option(const Command& command, WishOptions& options) {
  command.value("--semantics", "docker|podman|cri|crio", options.semantics,
                "begin with this engine's default set, and combine as it does");
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
