// What is to be true of this process when COMMAND starts: a value. Making it
// may read files that an option names; it changes nothing.
#pragma once

#include <optional>
#include <span>

#include "caps/verdict.h"
#include "launcher/identity.h"
#include "launcher/options.h"
#include "launcher/seccomp.h"

namespace doff {

struct Plan {
  Allowance allowed;
  // Bounds permitted and effective: `keep` for uid 0, which execve would fill
  // up from the bounding set; the ambient set for others, to whom execve
  // leaves no more (capabilities(7), "Transformation of capabilities during
  // execve()").
  CapabilitySet permitted;
  std::optional<Account> user;                 // none: ids stay
  std::optional<std::span<const Gid>> groups;  // none: they stay
  Filter filter;
};

// Refuses what cannot be. Reads /etc/passwd and /etc/group only for --user or
// --groups init, and a filter only for --seccomp FILE.
Plan make_plan(const Options& options);

}  // namespace doff
