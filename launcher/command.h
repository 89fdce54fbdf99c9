// Becoming COMMAND.
#pragma once

#include "launcher/options.h"
#include "launcher/plan.h"

namespace doff {

// execve(2)s COMMAND, or a shell where there is none, and refuses if that
// failed. A name without a slash is looked up in --path or else in Docker's
// default PATH, never in the environment's. With --user, HOME, USER and LOGNAME
// are the user's. Called as doff-shell, the shell gets the words that doff was
// given, behind its own name, and SHELL is its path; called by a shell's name,
// it gets them as they are.
[[noreturn]] void become(const Options& options, const Plan& plan,
                         char** environment);

}  // namespace doff
