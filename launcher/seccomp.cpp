#include "launcher/seccomp.h"

#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "caps/names.h"
#include "launcher/child.h"
#include "launcher/file.h"

namespace doff {
namespace {

constexpr auto kRegain = std::to_array<sock_filter>({
#include "regain.inc"
});
constexpr auto kHardened = std::to_array<sock_filter>({
#include "hardened.inc"
});

// Whether a call got as far as the kernel's own check of its arguments.
struct Probe {
  long number;
  std::array<long, 2> arguments;
  int natural;  // the errno of that check, made before anything is done
};
constexpr auto kRegainProbes = std::to_array<Probe>({
    {SYS_unshare, {CLONE_NEWUSER | CLONE_PTRACE, 0}, EINVAL},
    {SYS_clone, {CLONE_NEWUSER | CLONE_FS, 0}, EINVAL},
    {SYS_clone3, {0, 0}, EINVAL},
    {SYS_setns, {-1, 0}, EBADF},
    {SYS_ioctl, {-1, TIOCSTI}, EBADF},
});
constexpr auto kHardenedProbes = std::to_array<Probe>({
    {SYS_ptrace, {-1, 0}, ESRCH},
    {SYS_keyctl, {-1, 0}, EOPNOTSUPP},
    {SYS_kcmp, {-1, -1}, ESRCH},
});

bool all_filtered(std::span<const Probe> probes) {
  return std::ranges::all_of(probes, [](const Probe& probe) {
    return syscall(probe.number, probe.arguments[0], probe.arguments[1], 0, 0,
                   0) < 0 &&
           errno != probe.natural;
  });
}

// These answers do not change by themselves; others (EAGAIN, ENOMEM, ENOSPC
// while somebody else's namespaces use up the limit) may.
// EINVAL and ENOSYS: a kernel without user namespaces or without clone3.
bool stays_refused(int error) {
  constexpr std::array kLasting = {EPERM, EACCES, ENOSYS, EINVAL};
  return std::ranges::count(kLasting, error) != 0;
}

// Whether `make`, a way to a new user namespace, is refused: tried in earnest,
// in a child, because success cannot be undone. What clone makes ends at once.
bool refused(long (*make)()) {
  const long child = make_child();
  if (child == 0) {
    const pid_t parent = getpid();
    const long made = make();
    if (made >= 0 && getpid() != parent) _exit(0);
    if (made > 0) waitpid(static_cast<pid_t>(made), nullptr, __WALL);
    _exit(made < 0 && stays_refused(errno) ? 0 : 1);
  }
  int status = -1;
  while (child > 0 && waitpid(static_cast<pid_t>(child), &status, __WALL) < 0)
    if (errno != EINTR) return false;
  // An outer filter may answer with death, and a kernel that does not know the
  // entry with SIGSEGV.
  return status == 0 || (WIFSIGNALED(status) && (WTERMSIG(status) == SIGSYS ||
                                                 WTERMSIG(status) == SIGSEGV));
}

// unshare(2) by the entry of 32-bit programs, which a filter that looks at
// numbers without looking at the architecture takes for another call.
long foreign_unshare() {
#ifdef __x86_64__
  constexpr long kUnshare = 310;  // arch/x86/entry/syscalls/syscall_32.tbl
  long result = kUnshare;
  asm volatile("int $0x80" : "+a"(result) : "b"(CLONE_NEWUSER) : "memory");
  errno = result < 0 ? static_cast<int>(-result) : 0;
  return result < 0 ? -1 : 0;
#else
  errno = ENOSYS;
  return -1;
#endif
}

long unshare_user() { return syscall(SYS_unshare, CLONE_NEWUSER); }

long clone_user() { return syscall(SYS_clone, CLONE_NEWUSER, 0, 0, 0, 0); }

long clone3_user() {
  clone_args arguments{};
  arguments.flags = CLONE_NEWUSER;
  return syscall(SYS_clone3, &arguments, sizeof arguments);
}

constexpr std::array kWaysToUserNamespace = {unshare_user, foreign_unshare,
                                             clone_user, clone3_user};

}  // namespace

std::optional<Failure> find_filter(const char* word, Filter& filter) {
  const std::string_view name = word;
  constexpr std::size_t kLimit = BPF_MAXINSNS * sizeof(sock_filter);
  if (name == "none") {
    filter = {FilterKind::kNone, {}};
  } else if (name == "regain") {
    filter = {FilterKind::kRegain, kRegain};
  } else if (name == "hardened") {
    filter = {FilterKind::kHardened, kHardened};
  } else if (name.ends_with(".bpf") || std::strchr(word, '/') != nullptr) {
    const auto bytes = read_file(word, kLimit, {}, "seccomp");
    if (bytes.empty() || bytes.size() % sizeof(sock_filter) != 0)
      return Failure{.cause = "not whole BPF instructions, of 8 bytes each",
                     .file = name};
    // mmap'd memory, so aligned for any type.
    const void* const start = bytes.data();
    filter = {FilterKind::kFile,
              {static_cast<const sock_filter*>(start),
               bytes.size() / sizeof(sock_filter)}};
  } else {
    return Failure{
        .value = name,
        .cause = "no such filter",
        .guess = nearest_name(name, std::span(kFilterNames).first(3)),
        .next = "a file's name holds a slash or ends in .bpf"};
  }
  return std::nullopt;
}

int load_filter(const Filter& filter) {
  if (filter.kind == FilterKind::kNone) return 0;
  const sock_fprog program = {
      static_cast<unsigned short>(filter.program.size()),
      const_cast<sock_filter*>(filter.program.data())};  // the kernel reads
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0) return 0;
  const int error = errno;
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0) return 0;
  return error;
}

bool is_in_force(const Filter& filter) {
  return all_filtered(kRegainProbes) &&
         (filter.kind == FilterKind::kRegain || all_filtered(kHardenedProbes));
}

bool is_loading_denied() {
  constexpr unsigned kNoSuchFlag = 1U << 31;
  // The kernel's own answers to these: EINVAL, EFAULT.
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, kNoSuchFlag, nullptr) <
             0 &&
         errno != EINVAL &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, nullptr) < 0 &&
         errno != EFAULT;
}

FilterState find_filter_state(const Filter& filter, Load load) {
  if (filter.kind == FilterKind::kNone) return FilterState::kNotAsked;
  if (filter.kind == FilterKind::kFile)
    return load == Load::kDone && prctl(PR_GET_SECCOMP) == SECCOMP_MODE_FILTER
               ? FilterState::kInForce
               : FilterState::kAbsent;
  if (load != Load::kRefused && is_in_force(filter))
    return FilterState::kInForce;
  return std::ranges::all_of(kWaysToUserNamespace, refused)
             ? FilterState::kOutside
             : FilterState::kAbsent;
}

}  // namespace doff
