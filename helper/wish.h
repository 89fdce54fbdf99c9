// Which capabilities a person, a policy or both want a container to have, and
// what comes of it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "caps/capability_set.h"
#include "helper/failure.h"
#include "helper/policy/policy.h"
#include "helper/rules.h"

namespace doff {

struct Wish {
  std::optional<Policy> policy;
  Request flags;
  std::optional<Semantics> semantics;

  [[nodiscard]] bool empty() const {
    return !(policy && policy->capabilities) && flags.empty() && !semantics;
  }
};

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
