// What both create and exec need of the host.
#pragma once

#include <string>

#include "helper/failure.h"
#include "helper/runtime/command_line.h"
#include "helper/runtime/settings.h"

namespace doff {

struct Host {
  CommandLine line;
  Settings settings{};
  const char* low_level = nullptr;  // absolute
  Grammar grammar = Grammar::kGo;
};

// The first of what is wrong, and how much more is: an engine shows people one
// line.
Failure summary(const Failures& failures);

// Says so to the engine and the person; the exit status.
int complain(const CommandLine& line, Failure failure);

// The path of the launcher on the host: what the settings name, else the doff
// beside this program; of the file itself, not of a link to it. Refuses what is
// not there, not executable, or can be written by others than its owner.
[[nodiscard]] Result<std::string> find_launcher(const Host& host);

}  // namespace doff
