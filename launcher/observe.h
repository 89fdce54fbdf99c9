// What the kernel says of this process: the predicate to apply.h's mutation,
// and no code of it. System calls only; /proc may be missing or fake.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "caps/verdict.h"
#include "launcher/identity.h"

namespace doff {

struct State {
  // A set that cannot be read is reported full, and so never passes.
  Credentials credentials;
  unsigned securebits = 0;
  int seccomp_mode = 0;  // PR_GET_SECCOMP; -1: not readable
  // Real, effective, saved, file system; kNoId if not readable.
  std::array<Uid, 4> uids = {Uid{kNoId}, Uid{kNoId}, Uid{kNoId}, Uid{kNoId}};
  std::array<Gid, 4> gids = {Gid{kNoId}, Gid{kNoId}, Gid{kNoId}, Gid{kNoId}};
  std::span<const Gid> groups{};
  std::string_view unreadable;  // the first call that told nothing, or empty
  int error = 0;                // its errno, or 0: its answer is impossible
};

State observe();
// PR_GET_SECCOMP alone, for after the filter.
int observe_seccomp();

}  // namespace doff
