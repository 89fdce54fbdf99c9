// The capabilities of a scanned spec as sets, and sets as edits of its text.
// Pure.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "caps/capability_set.h"
#include "helper/spec/scan_spec.h"
#include "helper/spec/splice.h"

namespace doff {

// The five arrays of `capabilities`, runtime-spec config.md "Linux Process".
// Only exact names, CAP_ and upper case, count: what else stands there is
// nothing to runc and something to crun.
struct SpecSets {
  CapabilitySet bounding;
  CapabilitySet permitted;
  CapabilitySet effective;
  CapabilitySet inheritable;
  CapabilitySet ambient;

  bool operator==(const SpecSets&) const = default;
};

SpecSets sets_of(const std::optional<ScannedProcess>& process);

// runtime-spec leaves it open how the sets depend on each other; the kernel
// does not. capabilities(7), "Thread capability sets": the effective set is
// within the permitted one, the ambient within both the permitted and the
// inheritable, and nothing that is gained later is outside of the bounding set.
SpecSets within(const SpecSets& before, CapabilitySet plan);

// Whether there is an object: `null` and no key at all are alike to both
// runtimes.
bool has_capabilities(std::string_view text, const ScannedProcess& process);

// What makes `after` of the sets of `process`. None where that changes nothing.
std::vector<Edit> edits_for(std::string_view text,
                            const ScannedProcess& process,
                            const SpecSets& after);

}  // namespace doff
