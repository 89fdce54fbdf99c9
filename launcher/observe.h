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
  int seccomp_mode = 0;       // PR_GET_SECCOMP; -1: not readable
  std::array<Uid, 4> uids{};  // real, effective, saved, file system
  std::array<Gid, 4> gids{};
  std::span<const Gid> groups;  // in memory that the next observe() reuses
  std::string_view unreadable;  // the first call that told nothing, or empty
  int error = 0;                // its errno, or 0: its answer is impossible
};

State observe();
// PR_GET_SECCOMP alone, for after the filter.
int observe_seccomp();

}  // namespace doff
