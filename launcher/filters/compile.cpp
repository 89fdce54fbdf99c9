// compile_filters PROFILE ARCHITECTURE: prints a profile as the initializers
// of an array of struct sock_filter. A build-time program; libseccomp is not
// in the launcher.
#include <linux/filter.h>
#include <seccomp.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <span>

#include "launcher/filters/profiles.h"

namespace {

[[noreturn]] void die(const char* doing, const char* value, int error) {
  std::cerr << "compile_filters: " << doing << " " << value << ": "
            << std::strerror(error < 0 ? -error : error) << "\n";
  std::exit(1);
}

void check(int result, const char* doing, const char* value) {
  if (result < 0) die(doing, value, result);
}

void deny(scmp_filter_ctx filter, std::uint32_t architecture,
          const doff::Denial& denial) {
  const char* const name = denial.call.data();
  // A negative number: not on that architecture (iopl), nothing to deny.
  const int there = seccomp_syscall_resolve_name_arch(architecture, name);
  check(there == __NR_SCMP_ERROR ? -ENOSYS : 0, "system call", name);
  if (there < 0) return;
  // Rules take the number on the machine that compiles, and translate it.
  const int number = seccomp_syscall_resolve_name(name);
  const std::uint32_t action = SCMP_ACT_ERRNO(denial.error);
  if (denial.argument < 0)
    return check(seccomp_rule_add_exact(filter, action, number, 0), "rule",
                 name);
  const scmp_arg_cmp argument = {static_cast<unsigned>(denial.argument),
                                 SCMP_CMP_MASKED_EQ, denial.mask, denial.value};
  check(seccomp_rule_add_exact_array(filter, action, number, 1, &argument),
        "rule", name);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) die("usage", "PROFILE ARCHITECTURE", EINVAL);
  const bool hardened = std::strcmp(argv[1], "hardened") == 0;
  if (!hardened && std::strcmp(argv[1], "regain") != 0)
    die("profile", argv[1], EINVAL);
  const std::uint32_t architecture = seccomp_arch_resolve_name(argv[2]);
  if (architecture == 0) die("architecture", argv[2], EINVAL);

  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  if (filter == nullptr) die("seccomp_init", argv[1], ENOMEM);
  // A foreign architecture's calls, and x32's, end the process with "Bad
  // system call". libseccomp's default would end only the thread.
  check(
      seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS),
      "foreign architectures", argv[1]);
  if (architecture != seccomp_arch_native()) {
    check(seccomp_arch_add(filter, architecture), "add", argv[2]);
    check(seccomp_arch_remove(filter, SCMP_ARCH_NATIVE), "remove", "native");
  }
  for (const auto& each : doff::kRegainDenials)
    deny(filter, architecture, each);
  if (hardened)
    for (const auto& each : doff::kHardenedDenials)
      deny(filter, architecture, each);

  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(),
                                                             std::fclose);
  if (!file) die("tmpfile", "", errno);
  check(seccomp_export_bpf(filter, fileno(file.get())), "export", argv[1]);
  seccomp_release(filter);
  std::rewind(file.get());
  sock_filter code{};
  while (std::fread(&code, sizeof code, 1, file.get()) == 1)
    std::printf("{0x%02x, %u, %u, 0x%08x},\n", code.code, code.jt, code.jf,
                code.k);
  return std::ferror(file.get()) != 0 || std::fflush(stdout) != 0 ? 1 : 0;
}
