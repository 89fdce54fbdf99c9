// The policy of one container: the host's, and what its annotations ask for on
// top. Everything further only takes away.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "caps/capability_set.h"
#include "helper/failure.h"
#include "helper/policy/policy.h"
#include "helper/runtime/settings.h"
#include "helper/spec/scan_spec.h"

namespace doff {

// What people ask for in a spec: the name of a profile, a list as --cap-drop
// takes it, with commas or blanks.
inline constexpr std::string_view kProfileKey = "io.doff.profile";
inline constexpr std::string_view kCapDropKey = "io.doff.cap-drop";
// What doff-runtime writes there: by which policy, and what it removed.
inline constexpr std::string_view kPolicyKey = "io.doff.policy";
inline constexpr std::string_view kRemovedKey = "io.doff.removed";
// The digest of the launcher that it mounted.
inline constexpr std::string_view kLauncherKey = "io.doff.launcher";

struct AppliedPolicy {
  std::vector<Policy> layers;  // the host's if there is one, the profile's
  CapabilitySet dropped;       // by annotation
  ConnectPolicy connect;
  std::string source;  // for people: the file, the profile, the annotation
  std::string digest;  // `sha256:` of all that it was read from

  // Without, creation changes nothing in the capabilities.
  [[nodiscard]] bool bounds_creation() const;
  // What of `bounding` a container is left when it is created.
  [[nodiscard]] CapabilitySet left_of(CapabilitySet bounding) const;
};

// Reads the policy file that `settings` names; else kPolicyFile, where it is.
// Only its owner may be able to write it. Refuses annotations of ours that are
// wrong or there twice.
[[nodiscard]] Checked<AppliedPolicy> read_applied_policy(
    const Settings& settings, std::span<const ScannedAnnotation> annotations);

}  // namespace doff
