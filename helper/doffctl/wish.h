// The options that say which capabilities are wanted: --policy, --profile,
// --cap-add, --cap-drop, --semantics. trim, emit, explain, audit and hook have
// them in common.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "caps/capability_set.h"
#include "helper/failure.h"
#include "helper/policy/policy.h"
#include "helper/rules.h"

namespace CLI {
class App;
}

namespace doff {

// As they were typed.
struct WishOptions {
  std::string policy;
  std::string profile;
  std::vector<std::string> cap_add;
  std::vector<std::string> cap_drop;
  std::string semantics;
};
// Adds --policy and --profile, of which one may be given.
void add_policy_options(CLI::App& app, WishOptions& options);
// Adds --cap-add and --cap-drop, each as often as wanted.
void add_capability_options(CLI::App& app, WishOptions& options);
void add_semantics_option(CLI::App& app, WishOptions& options);

// As they were understood.
struct Wish {
  std::optional<Policy> policy;
  Request flags;
  std::optional<Semantics> semantics;

  [[nodiscard]] bool empty() const {
    return !(policy && policy->capabilities) && flags.empty() && !semantics;
  }
};
[[nodiscard]] Checked<Wish> read_wish(const WishOptions& options);

// `base`, as the policy and then the flags change it by the rules of
// `semantics`. (A policy's rules contradict under no semantics.)
[[nodiscard]] Result<Resolution> resolve(const Wish& wish, Semantics semantics,
                                         CapabilitySet base, CapabilitySet all);

// "kept: added by --cap-add; in Docker's default set", for one capability.
// `base_name` is what the base was, for people: "Docker's default set".
std::string reason(Capability capability, const Resolution& resolution,
                   const Wish& wish, CapabilitySet base,
                   std::string_view base_name);

}  // namespace doff
