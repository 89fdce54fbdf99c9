#include "launcher/user_namespace.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/stat.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "launcher/child.h"

namespace doff {
namespace {

// What can fail, and what it is called in a message.
enum class Stage : std::uint8_t {
  kNone,
  kPipe,
  kClone,
  kUnshare,
  kUnshareKilled,
  kUnshareIgnored,
  kDrop,
  kSets,
  kFilter,
  kSetgroups,
  kGidMap,
  kUidMap,
  kJoin,
};
constexpr std::array kNames = {"",
                               "pipe2",
                               "clone",
                               "unshare(CLONE_NEWUSER)",
                               "unshare(CLONE_NEWUSER)",
                               "unshare(CLONE_NEWUSER)",
                               "prctl(PR_CAPBSET_DROP)",
                               "capset",
                               "seccomp",
                               "/proc/self/setgroups",
                               "/proc/self/gid_map",
                               "/proc/self/uid_map",
                               "setns(CLONE_NEWUSER)"};

constexpr const char* name(Stage step) {
  const auto index = static_cast<std::size_t>(step);
  return kNames[index < kNames.size() ? index : 0];
}

// The first step that failed, and its errno.
struct Attempt {
  Stage failed = Stage::kNone;
  int error = 0;
};

// Not open(3), which is one system call here and another there.
int open_file(const char* path, int flags) {
  return static_cast<int>(
      syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0));
}

int write_file(const char* path, std::string_view text) {
  const int fd = open_file(path, O_WRONLY);
  if (fd < 0) return errno;
  const ssize_t wrote = write(fd, text.data(), text.size());
  const int error = wrote < 0 ? errno : 0;
  close(fd);
  return error;
}

// Reads what a file of /proc has to say, as far as there is room.
std::string_view read_proc(const char* path, std::span<char> room) {
  const int fd = open_file(path, O_RDONLY);
  if (fd < 0) return {};
  const ssize_t size = read(fd, room.data(), room.size());
  close(fd);
  return {room.data(), static_cast<std::size_t>(size < 0 ? 0 : size)};
}

// For what a process has to say in /proc.
class Text {
 public:
  Text& operator<<(std::string_view more) {
    return end_at(std::ranges::copy(more, bytes_.data() + size_).out);
  }
  Text& operator<<(long number) {
    return end_at(
        std::to_chars(bytes_.data() + size_, bytes_.end(), number).ptr);
  }
  // Ends with a NUL.
  [[nodiscard]] const char* get() const { return bytes_.data(); }
  [[nodiscard]] std::string_view view() const { return {get(), size_}; }

 private:
  Text& end_at(const char* end) {
    size_ = static_cast<std::size_t>(end - bytes_.data());
    return *this;
  }
  std::array<char, 64> bytes_{};  // three numbers of ten digits, and names
  std::size_t size_ = 0;
};

// One id, mapped to itself.
Text map_of(long id) { return Text() << id << " " << id << " 1"; }

// Which user namespace this process is in, as `user:[NUMBER]`.
std::string_view own_namespace(std::span<char> room) {
  const ssize_t size = readlink("/proc/self/ns/user", room.data(), room.size());
  return {room.data(), static_cast<std::size_t>(size < 0 ? 0 : size)};
}

// Of the child's filter: the calls that are left to it.
#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#endif
constexpr auto kConfined = std::to_array<sock_filter>({
    {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, arch)},
    {BPF_JMP | BPF_JEQ | BPF_K, 0, 8, kArchitecture},
    {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
    {BPF_JMP | BPF_JEQ | BPF_K, 5, 0, SYS_openat},
    {BPF_JMP | BPF_JEQ | BPF_K, 4, 0, SYS_write},
    {BPF_JMP | BPF_JEQ | BPF_K, 3, 0, SYS_close},
    {BPF_JMP | BPF_JEQ | BPF_K, 2, 0, SYS_prctl},
    {BPF_JMP | BPF_JEQ | BPF_K, 1, 0, SYS_ppoll},
    {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_exit_group},
    {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS},
});

// Leaves the child what writing the maps takes: CAP_SYS_ADMIN in the namespace,
// and those calls.
Attempt confine() {
  for (int n = 0; n < 64 && prctl(PR_CAPBSET_READ, n, 0, 0, 0) >= 0; ++n)
    if (prctl(PR_CAPBSET_DROP, n, 0, 0, 0) != 0) return {Stage::kDrop, errno};
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  data[0].effective = data[0].permitted = 1U << CAP_SYS_ADMIN;
  if (syscall(SYS_capset, &header, data.data()) != 0)
    return {Stage::kSets, errno};
  const sock_fprog program = {kConfined.size(),
                              const_cast<sock_filter*>(kConfined.data())};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
    return {Stage::kFilter, errno};
  return {};
}

// The child's part.
Attempt make_namespace() {
  const long uid = geteuid();
  const long gid = getegid();
  std::array<char, 32> old_name{};
  std::array<char, 32> new_name{};
  const std::string_view old = own_namespace(old_name);
  if (syscall(SYS_unshare, CLONE_NEWUSER) != 0) return {Stage::kUnshare, errno};
  if (!old.empty() && old == own_namespace(new_name))
    return {Stage::kUnshareIgnored, 0};
  // The filter closes the way to further ones, too; a container's /proc/sys is
  // often read-only.
  write_file("/proc/sys/user/max_user_namespaces", "0");
  if (const Attempt attempt = confine(); attempt.failed != Stage::kNone)
    return attempt;
  // A process that is not dumpable may not write its own files in /proc.
  // Whoever is the same user outside may trace it now, and make of it what it
  // still is.
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  // Denied first: only then may somebody without CAP_SETGID map a group.
  if (const int error = write_file(name(Stage::kSetgroups), "deny"))
    return {Stage::kSetgroups, error};
  if (const int error = write_file(name(Stage::kGidMap), map_of(gid).view()))
    return {Stage::kGidMap, error};
  if (const int error = write_file(name(Stage::kUidMap), map_of(uid).view()))
    return {Stage::kUidMap, error};
  return {};
}

// This process's part, while the child holds the namespace.
Attempt join(pid_t child) {
  const uid_t uid = geteuid();
  const gid_t gid = getegid();
  std::array<char, 32> old_name{};
  std::array<char, 32> new_name{};
  const std::string_view old = own_namespace(old_name);
  const Text path = Text() << "/proc/" << child << "/ns/user";
  const int fd = open_file(path.get(), O_RDONLY);
  if (fd < 0) return {Stage::kJoin, errno};
  const int error = syscall(SYS_setns, fd, CLONE_NEWUSER) == 0 ? 0 : errno;
  close(fd);
  if (error != 0 || (!old.empty() && old == own_namespace(new_name)))
    return {Stage::kJoin, error};
  // Whatever else somebody made of the child cannot do harm here.
  if (geteuid() != uid || getegid() != gid)
    refuse({.doing = "entering a user namespace",
            .cause = "its maps are not those that were written"});
  return {};
}

Attempt enter() {
  std::array<int, 2> pipe{};
  if (pipe2(pipe.data(), O_CLOEXEC) != 0) return {Stage::kPipe, errno};
  const long made = make_child();
  if (made == 0) {
    close(pipe[0]);
    const Attempt attempt = make_namespace();
    // Until nobody reads any longer, who may have been killed.
    pollfd unread = {pipe[1], 0, 0};
    if (write(pipe[1], &attempt, sizeof attempt) == sizeof attempt)
      syscall(SYS_ppoll, &unread, 1, nullptr, nullptr, 0);
    _exit(0);
  }
  const auto child = static_cast<pid_t>(made);
  Attempt attempt{Stage::kClone, errno};
  close(pipe[1]);
  if (child > 0) {
    ssize_t size = -1;
    while ((size = read(pipe[0], &attempt, sizeof attempt)) < 0 &&
           errno == EINTR)
      continue;
    if (size != sizeof attempt) attempt = {Stage::kUnshareKilled, 0};
    if (attempt.failed == Stage::kNone) attempt = join(child);
    kill(child, SIGKILL);  // which somebody may have stopped
  }
  close(pipe[0]);
  while (child > 0 && waitpid(child, nullptr, __WALL) < 0 && errno == EINTR)
    continue;
  return attempt;
}

// Whether a file of /proc/sys says so.
bool is_set(const char* path, std::string_view value) {
  std::array<char, 16> room{};
  return read_proc(path, room) == value;
}

// The kernel looks at these arguments before it asks who may.
bool is_filtered(Stage step) {
  if (step == Stage::kJoin)
    return syscall(SYS_setns, -1, CLONE_NEWUSER) < 0 && errno != EBADF;
  return syscall(SYS_unshare, CLONE_NEWUSER | CLONE_PTRACE) < 0 &&
         errno != EINVAL;
}

// A root directory that is not the root of a mount, as chroot(2) leaves it.
bool in_chroot() {
  struct statx about {};
  return syscall(SYS_statx, AT_FDCWD, "/", 0, 0, &about) == 0 &&
         (about.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0 &&
         (about.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0;
}

std::string_view find_cause(const Attempt& attempt) {
  const bool by_apparmor =
      is_set("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n");
  constexpr std::string_view kApparmor =
      "AppArmor: kernel.apparmor_restrict_unprivileged_userns is 1";
  constexpr std::string_view kIgnored =
      "it reported success, but the kernel disagrees";
  constexpr std::string_view kFiltered =
      "denied by a seccomp filter around doff";
  const bool denied = attempt.error == EPERM || attempt.error == EACCES;
  switch (attempt.failed) {
    case Stage::kUnshareKilled:
      return "who tries it is killed, by a seccomp filter";
    case Stage::kUnshareIgnored:
      return kIgnored;
    case Stage::kUnshare:
      break;
    case Stage::kJoin:
      if (attempt.error == 0) return kIgnored;
      if (!denied) return "";
      // AppArmor: where a profile lacks attach_disconnected.
      return is_filtered(Stage::kJoin) ? kFiltered : "by a security module";
    default:
      if (denied && by_apparmor) return kApparmor;
      return denied && attempt.failed == Stage::kUidMap && geteuid() == 0
                 ? "uid 0 is mapped only by who holds CAP_SETFCAP"
                 : "";
  }
  // Debian's kernels ask for this one before they look at the arguments.
  if (denied && is_set("/proc/sys/kernel/unprivileged_userns_clone", "0\n"))
    return "the sysctl kernel.unprivileged_userns_clone is 0";
  if (is_filtered(Stage::kUnshare)) return kFiltered;
  if (attempt.error == ENOSPC || attempt.error == EUSERS)
    return is_set("/proc/sys/user/max_user_namespaces", "0\n")
               ? "the sysctl user.max_user_namespaces is 0"
               : "as many as user.max_user_namespaces allows are there, or 32 "
                 "within one another";
  if (attempt.error == EINVAL || attempt.error == ENOSYS)
    return "this kernel has no user namespaces";
  if (by_apparmor) return kApparmor;
  if (in_chroot()) return "the root directory is a chroot's";
  return "by a security module, or this uid or gid is not mapped here";
}

}  // namespace

std::optional<Failure> enter_user_namespace() {
  const Attempt attempt = enter();
  if (attempt.failed == Stage::kNone) return std::nullopt;
  return Failure{.doing = "entering a user namespace",
                 .value = name(attempt.failed),
                 .cause = find_cause(attempt),
                 .error = attempt.error,
                 .next = "--userns auto --accept inert starts without one"};
}

bool is_alone_in_namespace() {
  // Three numbers in columns, and no second line.
  std::array<char, 128> room{};
  const std::string_view map = read_proc("/proc/self/uid_map", room);
  std::array<char, 128> packed{};
  char* end = std::ranges::unique_copy(map, packed.data(), [](char a, char b) {
                return a == ' ' && b == ' ';
              }).out;
  const long uid = geteuid();
  const Text expected = Text() << " " << uid << " " << uid << " 1\n";
  return uid != 0 && std::string_view(packed.data(), end) == expected.view();
}

}  // namespace doff
