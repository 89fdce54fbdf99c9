// The only code that changes this process. It decides nothing and believes
// nothing: whether it worked is for observe.h to see and judge.h to say.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "launcher/observe.h"
#include "launcher/plan.h"

namespace doff {

enum class Step : std::uint8_t {
  kGroups,
  kGid,
  kBounding,
  kUid,
  kSets,
  kAmbient,
  kNoNewPrivs,
  kFilter,
};
inline constexpr std::size_t kSteps = 8;

// The last errno of each step; 0: every call reported success.
struct Outcome {
  std::array<int, kSteps> errors{};
  [[nodiscard]] int error(Step step) const {
    return errors[static_cast<std::size_t>(step)];
  }
  void note(Step step, int error) {
    if (error != 0) errors[static_cast<std::size_t>(step)] = error;
  }
};

// Until execve, nobody but CAP_SYS_PTRACE may read or trace this process.
void hide_from_tracers();

// Refuses if a descriptor that `options` names is not open. The report's will
// be closed on execve.
void mark_descriptors(const Options& options);
// Closes every descriptor from 3 on but those.
void close_descriptors(const Options& options);

// Carries out `plan`. A step that fails never skips the next.
Outcome apply(const Plan& plan, const State& before);

// Rights over what a new user may enter, and what changing ids resets: so
// these come after apply(). Refuses where the kernel does, and where the
// working directory is outside of the root directory (CVE-2024-21626).
void enter(const Options& options);

}  // namespace doff
