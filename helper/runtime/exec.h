// exec: the process reduced, and the launcher in front of its command.
#pragma once

#include "helper/failure.h"
#include "helper/runtime/host.h"

namespace doff {

// Becomes the low-level runtime with a process.json of its own making, or says
// why not. Returns only in that case: the exit status.
int start_exec(const Host& host);

}  // namespace doff
