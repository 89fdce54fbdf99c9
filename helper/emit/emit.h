// What makes an engine create a container with a given bounding set, ready to
// paste. Pure, and nothing but the bounding set is spoken of: no_new_privs,
// seccomp and users are the reader's own business.
//
// Every form names the whole set and nothing of the engine's default set, so
// that it means the same under each engine's rules and in each of its
// versions: ALL is dropped, then capabilities are added by name, in ascending
// order. Only everything is said as ALL.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "caps/capability_set.h"
#include "helper/failure.h"
#include "helper/rules.h"

namespace doff {

// One row for each word that `doffctl emit` takes. --help, completion, the
// error for another word and the tests come from these rows.
struct Target {
  std::string_view name;
  std::string_view title;      // what is printed, for people
  std::string_view base_name;  // what a wish begins with, for people
  CapabilitySet base;
  Semantics semantics;  // by which a wish is combined with `base`
  // What the target gives at most, whatever it is asked for.
  CapabilitySet most;
  // For a set of capabilities that have names. Both end with a newline; `json`
  // is one document.
  std::string (*text)(CapabilitySet bounding);
  std::string (*json)(CapabilitySet bounding);
};
std::span<const Target> targets();

// "docker|podman|...": the names, as --help shows what an option takes.
std::string target_names();

// The target of that name, or a failure with the nearest name.
[[nodiscard]] Result<Target> find_target(std::string_view name);

enum class Form : std::uint8_t { kText, kJson };

// The form for `bounding`, or which capabilities the target cannot name.
[[nodiscard]] Result<std::string> emit(const Target& target,
                                       CapabilitySet bounding, Form form);

}  // namespace doff
