// By which name this program was called. Pure.
#pragma once

#include <string_view>

#include "launcher/options.h"

namespace doff {

// Without directories, and without the dash of a login shell.
std::string_view base_name(const char* path);

// argv[0] counts first, then the path that was given to execve(2): `exec -a`
// and scripts' first lines change one or the other. `doff-shell` is doff as
// somebody's shell, a shell's name is doff in that shell's place.
CalledAs called_as(const char* argv0, const char* path);

}  // namespace doff
