// arm64's <asm/unistd.h> is the generic one with these; an x86-64 machine has
// only the generic one. No header of the C++ library that reads this machine's
// <asm/unistd.h> may come before.
#define __ARCH_WANT_RENAMEAT
#define __ARCH_WANT_NEW_STAT
#define __ARCH_WANT_SET_GET_RLIMIT
#define __ARCH_WANT_TIME32_SYSCALLS
#define __ARCH_WANT_SYS_CLONE3
#define __ARCH_WANT_MEMFD_SECRET
#include <asm-generic/unistd.h>
#include <linux/audit.h>

#include "statement.h"

#ifdef _ASM_X86_UNISTD_H
#error "these would be x86's numbers"
#endif

namespace statement {
namespace {
#include "numbering.inc"
}  // namespace

const Architecture& aarch64() {
  static constexpr Architecture kArchitecture = {.name = "aarch64",
                                                 .token = AUDIT_ARCH_AARCH64,
                                                 .has_x32 = false,
                                                 .calls = numbered_calls()};
  return kArchitecture;
}

}  // namespace statement
