#include "launcher/seccomp.h"

#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "caps/names.h"
#include "launcher/file.h"

namespace doff {
namespace {

constexpr auto kRegain = std::to_array<sock_filter>({
#include "regain.inc"
});
constexpr auto kHardened = std::to_array<sock_filter>({
#include "hardened.inc"
});

bool failed_other_than(long result, int natural) {
  return result < 0 && errno != natural;
}

// Each call is one that the profiles deny, with an argument that the kernel
// itself refuses before it does anything: the natural errno means that the
// call got past the filters. setns(2), unshare(2), clone(2), ioctl(2).
bool profile_in_force() {
  return failed_other_than(syscall(SYS_unshare, CLONE_NEWUSER | CLONE_PTRACE),
                           EINVAL) &&
         failed_other_than(syscall(SYS_clone3, nullptr, 0), EINVAL) &&
         failed_other_than(syscall(SYS_setns, -1, 0), EBADF) &&
         failed_other_than(ioctl(-1, TIOCSTI, nullptr), EBADF);
}

// The calls that make a user namespace, in earnest. A process made by clone
// runs on a copy of the memory and ends at once.
constexpr int kRoutes = 3;
long take_route(int route) {
  clone_args args{};
  args.flags = CLONE_NEWUSER;
  switch (route) {
    case 0:
      return syscall(SYS_unshare, CLONE_NEWUSER);
    case 1:
      return syscall(SYS_clone, CLONE_NEWUSER, 0, 0, 0, 0);
    default:
      return syscall(SYS_clone3, &args, sizeof args);
  }
}

// These answers do not change by themselves; others (EAGAIN, ENOMEM) may.
// EINVAL and ENOSYS: a kernel without user namespaces or without clone3.
bool stays_refused(int error) {
  return error == EPERM || error == EACCES || error == ENOSYS ||
         error == ENOSPC || error == EUSERS || error == EINVAL;
}

// In a child, because success cannot be undone. It shares no memory with the
// parent, and tells by its exit status: 0, the route is closed.
bool route_closed(int route) {
  const long child = syscall(SYS_clone, 0, 0, 0, 0, 0);
  if (child == 0) {
    const long made = take_route(route);
    if (made == 0 && route != 0) _exit(0);  // the grandchild
    if (made > 0) waitpid(static_cast<pid_t>(made), nullptr, __WALL);
    _exit(made < 0 && stays_refused(errno) ? 0 : 1);
  }
  int status = -1;
  if (child < 0) return false;
  while (waitpid(static_cast<pid_t>(child), &status, __WALL) < 0)
    if (errno != EINTR) return false;
  // An outer filter may answer with death.
  return status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

bool user_namespaces_refused() {
  for (int route = 0; route < kRoutes; ++route)
    if (!route_closed(route)) return false;
  return true;
}

std::optional<Failure> read_filter(const char* path, Filter& filter) {
  constexpr std::size_t kLimit = BPF_MAXINSNS * sizeof(sock_filter);
  std::span<char> bytes;
  auto failure = read_file(path, kLimit, Trust::kAnyOwner, bytes);
  if (!failure && (bytes.empty() || bytes.size() % sizeof(sock_filter) != 0))
    failure = Failure{.cause =
                          "not a whole number of BPF instructions, which "
                          "are 8 bytes each",
                      .file = path};
  if (failure) return failure;
  // mmap'd memory, so aligned for any type.
  const void* const start = bytes.data();
  filter = {FilterKind::kFile,
            {static_cast<const sock_filter*>(start),
             bytes.size() / sizeof(sock_filter)}};
  return std::nullopt;
}

}  // namespace

std::optional<Failure> find_filter(const char* word, Filter& filter) {
  constexpr std::array<std::string_view, 3> kNames = {"none", "regain",
                                                      "hardened"};
  const std::string_view name = word;
  if (name == "none")
    filter = {FilterKind::kNone, {}};
  else if (name == "regain")
    filter = {FilterKind::kRegain, kRegain};
  else if (name == "hardened")
    filter = {FilterKind::kHardened, kHardened};
  else if (name.ends_with(".bpf") || std::strchr(word, '/') != nullptr)
    return read_filter(word, filter);
  else
    return Failure{.value = name,
                   .cause = "no such filter",
                   .guess = nearest_name(name, kNames),
                   .next = "a file's name holds a slash or ends in .bpf"};
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

FilterState find_filter_state(const Filter& filter) {
  switch (filter.kind) {
    case FilterKind::kNone:
      return FilterState::kNotAsked;
    case FilterKind::kFile:
      return prctl(PR_GET_SECCOMP) == SECCOMP_MODE_FILTER
                 ? FilterState::kInForce
                 : FilterState::kAbsent;
    default:
      break;
  }
  if (profile_in_force()) return FilterState::kInForce;
  return user_namespaces_refused() ? FilterState::kOutside
                                   : FilterState::kAbsent;
}

}  // namespace doff
