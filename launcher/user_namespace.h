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
// Tried first in a child, because there is no way back: on failure this process
// is as it was, and the Failure says what forbids it, by evidence.
std::optional<Failure> enter_user_namespace();

}  // namespace doff
