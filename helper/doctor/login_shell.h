// doff-shell's configuration, which locks out everybody whose shell it is if it
// is wrong: doff-shell(1), RECOVERY.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "helper/doctor/calls.h"
#include "helper/doctor/check.h"

namespace doff {

// By the launcher itself, which alone decides what it takes. Nothing where
// there is no /etc/doff/shell.conf, or no launcher.
std::optional<Check> check_login_shell(const std::string& launcher,
                                       const Calls& calls);

// The value of the last line `OPTION VALUE`, or nothing. Pure.
std::optional<std::string> find_option(std::string_view configuration,
                                       std::string_view option);

}  // namespace doff
