// The words of the policy document. The parser, the schema and the tests of
// doff-policy(5) read these tables.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "caps/verdict.h"

namespace doff {

// Our keys of the outermost map, in the order in which people write them.
inline constexpr std::array<std::string_view, 3> kPolicySections = {
    "version", "capabilities", "connect"};

// OpenShell's sections (its policy's top-level keys, but `version`), which may
// stand beside ours. No word is said about what is in them.
inline constexpr std::array<std::string_view, 5> kOpenShellSections = {
    "filesystem_policy", "landlock", "process", "network_policies",
    "network_middlewares"};

// The launcher's filters, without files: a policy can be sent to another host.
// From the weakest to the strongest: each does all that those before it do.
inline constexpr std::array<std::string_view, 3> kSeccompNames = {
    "none", "regain", "hardened"};
// In the order of Response, in policy.h.
inline constexpr std::array<std::string_view, 2> kResponseNames = {"refuse",
                                                                   "clamp"};
// In the order of Match, in policy.h.
inline constexpr std::array<std::string_view, 2> kMatchNames = {"all",
                                                                "terminal"};

struct PolicyKey {
  enum class Takes : std::uint8_t { kCapabilities, kOneOf, kBoolean };

  std::string_view section;
  std::string_view name;
  Takes takes;
  std::span<const std::string_view> words;  // for kOneOf
  std::string_view help;                    // editors show it
};

inline constexpr auto kPolicyKeys = std::to_array<PolicyKey>({
    {"capabilities",
     "drop",
     PolicyKey::Takes::kCapabilities,
     {},
     "What the container loses when it is created; ALL for everything."},
    {"capabilities",
     "allow",
     PolicyKey::Takes::kCapabilities,
     {},
     "What drop: [ALL] leaves to it, where it had it."},
    {"connect",
     "allow",
     PolicyKey::Takes::kCapabilities,
     {},
     "What a command that is started later may keep; by default nothing."},
    {"connect", "accept", PolicyKey::Takes::kOneOf, kVerdictNames,
     "The weakest verdict with which it may start; by default sealed."},
    {"connect", "seccomp", PolicyKey::Takes::kOneOf, kSeccompNames,
     "The filter that it is under; by default regain."},
    {"connect", "privileged", PolicyKey::Takes::kOneOf, kResponseNames,
     "What a request for a privileged one gets; by default refuse."},
    {"connect",
     "inject",
     PolicyKey::Takes::kBoolean,
     {},
     "Whether the launcher is put in front of it; by default true."},
    {"connect", "match", PolicyKey::Takes::kOneOf, kMatchNames,
     "Which commands the section is for; by default all."},
    {"connect", "missing", PolicyKey::Takes::kOneOf, kResponseNames,
     "What a container without the launcher gets; by default refuse."},
});

}  // namespace doff
