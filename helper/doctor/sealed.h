// Whether a command that an engine started in a container came out as the
// policy says, seen from outside. Pure.
#pragma once

#include <string>
#include <string_view>

#include "helper/failure.h"
#include "helper/policy/policy.h"

namespace doff {

// `command` and `first` are the texts of /proc/PID/status of the command and of
// the container's first process, which has the engine's own filters only.
// Returns what there is to say of a command that is sealed.
[[nodiscard]] Result<std::string> judge_command(std::string_view command,
                                                std::string_view first,
                                                const ConnectPolicy& policy);

}  // namespace doff
