#include <asm/unistd_64.h>
#include <linux/audit.h>

#include "statement.h"

namespace statement {
namespace {
#include "numbering.inc"
}  // namespace

const Architecture& x86_64() {
  static constexpr Architecture kArchitecture = {.name = "x86_64",
                                                 .token = AUDIT_ARCH_X86_64,
                                                 .has_x32 = true,
                                                 .calls = numbered_calls()};
  return kArchitecture;
}

}  // namespace statement
