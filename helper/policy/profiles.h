// The policies that ship with doff.
#pragma once

#include <span>
#include <string_view>

#include "helper/failure.h"
#include "helper/policy/policy.h"

namespace doff {

struct Profile {
  std::string_view name;
  std::string_view text;  // a policy document; its first comment says what for
};
// In alphabetical order. From helper/policy/profiles/NAME.yaml, at build time.
std::span<const Profile> profiles();

// The profile of that name as a policy, or a failure with the nearest name.
[[nodiscard]] Result<Policy> find_profile(std::string_view name);

}  // namespace doff
