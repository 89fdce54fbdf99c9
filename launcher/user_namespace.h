// A user namespace of this process's own: how one without any privilege gets
// CAP_SETPCAP over a bounding set that it then empties. user_namespaces(7).
#pragma once

#include <optional>

#include "launcher/failure.h"

namespace doff {

// Enters a new user namespace, in which only the effective uid and gid are
// mapped, each to itself, setgroups(2) is denied, and no further ones are made
// where /proc/sys may be written. All capabilities are held inside, and nothing
// over anything outside.
//
// A child makes it, and this process joins when all is done: so a failure
// leaves this process as it was, and says what forbids it, by evidence; and
// this process stays hidden from tracers, which no process can be that writes
// its own maps.
std::optional<Failure> enter_user_namespace();

// Whether this process is in such a namespace: its own uid, not 0, is the only
// one that is mapped.
bool is_alone_in_namespace();

}  // namespace doff
