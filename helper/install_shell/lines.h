// Files of which each line stands for itself: /etc/shells, and doff-shell's
// /etc/doff/shell.conf. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "helper/failure.h"

namespace doff {

// What getusershell(3) goes by where there is no /etc/shells: a new one must
// not take a shell off the list.
inline constexpr const char* kShellsWithoutFile = "/bin/sh\n/bin/csh\n";

bool has_line(std::string_view text, std::string_view line);

// `text` with `line` behind its last one. What has no newline at its end has
// none afterwards, so that without_line() finds the way back.
std::string with_line(std::string_view text, std::string_view line);

// `text` without the last `line` in it; byte for byte what with_line() began
// with. The same text where there is no such line.
std::string without_line(std::string_view text, std::string_view line);

// Whether the option `name` stands in a configuration file of doff(1).
bool has_option(std::string_view text, std::string_view name);

// What the option `shell` has in the end, where a configuration file of doff(1)
// has it. Refused, because doff refuses it: a last line without a newline.
[[nodiscard]] Result<std::optional<std::string>> configured_shell(
    std::string_view text, const std::string& source);

}  // namespace doff
