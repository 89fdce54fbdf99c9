// config.json and process.json as the low-level runtime is to get them. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "helper/failure.h"
#include "helper/runtime/applied_policy.h"
#include "helper/spec/spec_sets.h"

namespace doff {

struct Launcher {
  std::string path;  // absolute; "": none is mounted
  std::string digest;
};

struct PreparedSpec {
  std::string text;  // byte for byte what it was, but for what had to change
  SpecSets before;
  SpecSets after;
};

// A config.json, `text`, which was scanned as `spec`: with the capabilities
// that `policy` leaves, `launcher` mounted last,
// read-only, and annotations that say what was removed and by which policy.
// Preparing twice is preparing once.
[[nodiscard]] Result<PreparedSpec> prepare_config(std::string_view text,
                                                  const std::string& source,
                                                  const ScannedSpec& spec,
                                                  const AppliedPolicy& policy,
                                                  const Launcher& launcher);

// A process.json: its sets within those of the container and within `allowed`,
// no_new_privs set, and `front` before its arguments. One without sets has the
// container's, as with runc and crun.
[[nodiscard]] Result<PreparedSpec> prepare_process(
    std::string_view text, const std::string& source,
    const ScannedProcess& process, const SpecSets& container,
    CapabilitySet allowed, const std::vector<std::string>& front);

// The sets that a process asks for, without any rule of ours.
SpecSets asked_for(std::string_view text, const ScannedProcess& process,
                   const SpecSets& container);

}  // namespace doff
