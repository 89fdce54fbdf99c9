// How doff-runtime says that it stops: as runc and crun do, since engines read
// it. Without allocation or exceptions.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "helper/runtime/command_line.h"

namespace doff {

// strerror(3), in words of our own where engines take its words for those of a
// command that is not there: Podman and Docker look for them in what a runtime
// says.
std::string_view describe(int error);

// The time, in UTC, as of RFC 3339; the text is in `buffer`.
std::string_view now(std::array<char, 32>& buffer);

enum class Level : std::uint8_t { kWarning, kError };

// Says `doff-runtime: ` and the pieces on stderr, and appends the same to the
// engine's log (--log) in the form that it asked for (--log-format). Docker
// shows people the last error in that log, Podman shows them stderr. A log that
// cannot be written is passed over: stderr has it.
void say(const CommandLine& line, Level level,
         std::span<const std::string_view> pieces);

// The same of an error; and the exit status, which is runc's: 255 for exec,
// else 1.
int complain(const CommandLine& line, std::span<const std::string_view> pieces);

}  // namespace doff
