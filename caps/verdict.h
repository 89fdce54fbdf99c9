// What a process's credentials are worth: one word, from the weakest to the
// strongest. Pure; the launcher judges itself by it, the helper others.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "caps/capability_set.h"

namespace doff {

// The order is meant: `verdict >= accepted` is the question.
enum class Verdict : std::uint8_t {
  kOpen,    // anything that is neither of the two below
  kInert,   // the bounding set holds more, yet no execve can give it back
  kSealed,  // every set is within what was asked to be kept
};

inline constexpr std::array<std::string_view, 3> kVerdictNames = {
    "open", "inert", "sealed"};

constexpr std::string_view name(Verdict verdict) {
  return kVerdictNames[static_cast<std::size_t>(verdict)];
}

constexpr std::optional<Verdict> find_verdict(std::string_view word) {
  for (std::size_t i = 0; i < kVerdictNames.size(); ++i)
    if (word == kVerdictNames[i]) return static_cast<Verdict>(i);
  return std::nullopt;
}

// The five sets of a thread, capabilities(7) "Thread capability sets", and
// the two flags that decide what an execve may add to them.
struct Credentials {
  CapabilitySet permitted;
  CapabilitySet effective;
  CapabilitySet inheritable;
  CapabilitySet bounding;
  CapabilitySet ambient;
  bool no_new_privs = false;
};

// What may be left. `ambient` bounds the inheritable and the ambient set: an
// inheritable capability that is not meant to be ambient is what a file with
// `+ei` turns into an effective one.
struct Allowance {
  CapabilitySet keep;
  CapabilitySet ambient;
};

// Without no_new_privs nothing is better than open: execve of a set-user-ID
// file, or of any file as uid 0, may grow the permitted set.
constexpr Verdict judge(const Credentials& held, const Allowance& allowed) {
  const bool nothing_to_use =
      held.permitted <= allowed.keep && held.effective <= allowed.keep &&
      held.inheritable <= allowed.ambient && held.ambient <= allowed.ambient;
  if (!held.no_new_privs || !nothing_to_use) return Verdict::kOpen;
  return held.bounding <= allowed.keep ? Verdict::kSealed : Verdict::kInert;
}

}  // namespace doff
