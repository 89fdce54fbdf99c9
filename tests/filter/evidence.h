// The system calls for which a filter is evaluated.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <span>
#include <vector>

#include "statement.h"

struct Evidence {
  seccomp_data call;
  std::uint32_t expected;  // the statement's answer
};

// Every number of every architecture that has a token, with lures in the
// arguments; and for the calls whose arguments are inspected, the boundary
// values in each argument. The constants in `code` serve as further values,
// so that a comparison which nobody meant is met on both of its sides.
std::vector<Evidence> evidence(statement::Profile profile,
                               const statement::Architecture& architecture,
                               std::span<const sock_filter> code);
