// Family 9: calls that only `--seccomp hardened` closes. Arguments are such
// that nothing happens where one is let through.
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

#include "tests/escape/attack.h"

namespace doff::escape {
namespace {

constexpr unsigned kUserModeOnly = 1;  // UFFD_USER_MODE_ONLY, Linux 5.11
constexpr unsigned kOpenTreeClone = 1;
constexpr unsigned long kNoSuchFlags = 0xffff;

// Of a plausible handle it is the privilege that is asked for first.
Result open_by_handle(const Setting& /*setting*/) {
  struct {
    unsigned size = 128;
    int type = 1;
    std::array<unsigned char, 128> bytes{};
  } handle;  // struct file_handle
  int mount = 0;
  if (syscall(SYS_name_to_handle_at, AT_FDCWD, "/", &handle, &mount, 0) != 0)
    handle = {.size = 8};
  const int root = open("/", O_RDONLY | O_DIRECTORY);
  return refused(syscall(SYS_open_by_handle_at, root, &handle, O_RDONLY));
}

Result count_own_time(const Setting& /*setting*/) {
  perf_event_attr counter{};
  counter.type = PERF_TYPE_SOFTWARE;
  counter.size = sizeof counter;
  counter.config = PERF_COUNT_SW_TASK_CLOCK;
  counter.exclude_kernel = 1;
  return refused(syscall(SYS_perf_event_open, &counter, 0, -1, -1, 0));
}

Result set_up_io_uring(const Setting& /*setting*/) {
  std::array<char, 120> parameters{};  // struct io_uring_params
  return refused(syscall(SYS_io_uring_setup, 1, parameters.data()));
}

#define ATTEMPT(name, ...)                                                \
  Attempt {                                                               \
    9, name, [](const Setting&) { return refused(syscall(__VA_ARGS__)); } \
  }

constexpr std::array kAttempts = {
    ATTEMPT("bpf", SYS_bpf, -1, nullptr, 0),
    Attempt{9, "perf_event_open", count_own_time},
    ATTEMPT("userfaultfd", SYS_userfaultfd, O_CLOEXEC | kUserModeOnly),
    Attempt{9, "io_uring_setup", set_up_io_uring},
    ATTEMPT("keyctl", SYS_keyctl, KEYCTL_GET_KEYRING_ID,
            KEY_SPEC_PROCESS_KEYRING, 0),
    ATTEMPT("add_key", SYS_add_key, "user", "doff-attack", "x", 1,
            KEY_SPEC_PROCESS_KEYRING),
    ATTEMPT("request_key", SYS_request_key, "user", "doff-attack", nullptr, 0),
    Attempt{9, "open_by_handle_at", open_by_handle},
    ATTEMPT("fsopen", SYS_fsopen, "tmpfs", 0),
    ATTEMPT("fsmount", SYS_fsmount, -1, 0, 0),
    ATTEMPT("move_mount", SYS_move_mount, -1, "", -1, "", 0),
    ATTEMPT("open_tree", SYS_open_tree, AT_FDCWD, "/", kOpenTreeClone),
    ATTEMPT("mount", SYS_mount, "none", "/", "doff-no-such-type", 0, nullptr),
    ATTEMPT("pivot_root", SYS_pivot_root, "/", "/"),
    ATTEMPT("kexec_load", SYS_kexec_load, 0, 0, nullptr, kNoSuchFlags),
    ATTEMPT("kexec_file_load", SYS_kexec_file_load, -1, -1, 0, "",
            kNoSuchFlags),
    ATTEMPT("init_module", SYS_init_module, nullptr, 0, ""),
    ATTEMPT("finit_module", SYS_finit_module, -1, "", kNoSuchFlags),
};

#undef ATTEMPT

}  // namespace

std::span<const Attempt> hardened_attempts() { return kAttempts; }

}  // namespace doff::escape
