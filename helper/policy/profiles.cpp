#include "helper/policy/profiles.h"

#include <algorithm>
#include <array>
#include <string>

#include "caps/names.h"

namespace doff {
namespace {

constexpr auto kProfiles = std::to_array<Profile>({
#include "helper/policy/profiles.inc"
});

}  // namespace

std::span<const Profile> profiles() { return kProfiles; }

Result<Policy> find_profile(std::string_view name) {
  const auto* const found = std::ranges::find(kProfiles, name, &Profile::name);
  if (found == kProfiles.end()) {
    std::array<std::string_view, kProfiles.size()> known;
    std::ranges::transform(kProfiles, known.begin(), &Profile::name);
    return tl::unexpected(
        Failure{.doing = "--profile",
                .value = std::string(name),
                .cause = "no such profile",
                .guess = std::string(nearest_name(name, known)),
                .next = "doffctl policy show lists them"});
  }
  auto policy = parse_policy(found->text, "profile " + std::string(name));
  if (!policy) return tl::unexpected(policy.error().front());
  return *policy;
}

}  // namespace doff
