// The runtime that makes containers: runc or crun. Without allocation or
// exceptions.
#pragma once

#include <string_view>

#include "helper/runtime/command_line.h"
#include "helper/runtime/settings.h"

namespace doff {

// The absolute path of the one that the settings name; else of the first there
// is, runc before crun, in fixed directories: never by $PATH. Null: none is
// there, or not executable.
const char* find_low_level(const Settings& settings);

// By its name: crun's, or runc's for all others.
Grammar grammar_of(std::string_view path);

// Is there to say what find_low_level() found wanting; returns the exit status.
int complain_of_low_level(const CommandLine& line, const Settings& settings);
int complain_of_settings(const CommandLine& line, const SettingsFault& fault);

// execve(2) with `words` behind its own path. Returns only if that fails: the
// exit status.
int become(const CommandLine& line, const char* path, char** words);

}  // namespace doff
