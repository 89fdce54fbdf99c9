// What a process holds beyond what it may, and how bad that is. Pure.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "caps/capability_set.h"
#include "caps/verdict.h"
#include "helper/processes/container.h"
#include "helper/processes/proc.h"
#include "helper/processes/status.h"

namespace doff {

struct Finding {
  Pid pid{};
  Status status{};
  Credentials above{};  // the part of each set that is not allowed
  Verdict verdict = Verdict::kOpen;
  UserNamespace user_namespace = UserNamespace::kUnknown;
  std::optional<Container> container{};  // the inner one
  std::string command{};                 // its arguments, or [NAME]
};

Credentials above(const Credentials& held, CapabilitySet allowed);
bool holds_any(const Credentials& credentials);

// In a container: a control group says so, or a pid namespace of its own.
bool in_container(const Status& status,
                  const std::optional<Container>& container);

// What puts one finding before another, the greater first. In this order:
// capabilities that count here before those that count only in a user namespace
// below; open before inert; more effective ones of high danger, more permitted
// ones of high danger, more of any, then the same of the bounding set; the
// lower pid.
using Weight = std::array<int, 10>;
Weight weigh(const Finding& finding);

}  // namespace doff
