#include "launcher/user_namespace.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <linux/stat.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace doff {
namespace {

// The steps, by what each is called in a message.
constexpr const char* kUnshare = "unshare(CLONE_NEWUSER)";
constexpr const char* kSetgroups = "/proc/self/setgroups";
constexpr const char* kGidMap = "/proc/self/gid_map";
constexpr const char* kUidMap = "/proc/self/uid_map";
constexpr const char* kDrop = "prctl(PR_CAPBSET_DROP)";

// The first step that failed; null: none.
struct Attempt {
  const char* failed = nullptr;
  int error = 0;
};

int write_file(const char* path, std::string_view text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  const ssize_t wrote = write(fd, text.data(), text.size());
  const int error = wrote < 0 ? errno : 0;
  close(fd);
  return error;
}

// `ID ID 1`: one id, mapped to itself.
int write_map(const char* path, std::uint32_t id) {
  std::array<char, 32> text;
  char* end = text.data();
  for (int i = 0; i < 2; ++i) {
    end = std::to_chars(end, text.end(), id).ptr;
    *end++ = ' ';
  }
  *end++ = '1';
  return write_file(path,
                    {text.data(), static_cast<std::size_t>(end - text.data())});
}

Attempt enter() {
  const std::uint32_t uid = geteuid();
  const std::uint32_t gid = getegid();
  if (syscall(SYS_unshare, CLONE_NEWUSER) != 0) return {kUnshare, errno};
  // A process that is not dumpable may not write its own files in /proc.
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  Attempt attempt;
  const auto note = [&](const char* step, int error) {
    if (error != 0 && attempt.failed == nullptr) attempt = {step, error};
  };
  // Denied first: only then may somebody without CAP_SETGID map a group.
  note(kSetgroups, write_file(kSetgroups, "deny"));
  note(kGidMap, write_map(kGidMap, gid));
  note(kUidMap, write_map(kUidMap, uid));
  // The filter closes the way to further ones, too; a container's /proc/sys is
  // often read-only.
  write_file("/proc/sys/user/max_user_namespaces", "0");
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  return attempt;
}

// In a child, and whether the capabilities are of use inside.
Attempt rehearse() {
  void* const shared = mmap(nullptr, sizeof(Attempt), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return {"mmap", errno};
  auto& attempt = *static_cast<Attempt*>(shared);
  attempt = {kUnshare, 0};  // what stays if it is killed
  const long child = syscall(SYS_clone, 0, 0, 0, 0, 0);
  if (child < 0) return {"clone", errno};
  if (child == 0) {
    Attempt made = enter();
    if (made.failed == nullptr &&
        prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN, 0, 0, 0) != 0)
      made = {kDrop, errno};
    attempt = made;
    _exit(0);
  }
  while (waitpid(static_cast<pid_t>(child), nullptr, __WALL) < 0)
    if (errno != EINTR) return {"waitpid", errno};
  return attempt;
}

// The number in a file of /proc/sys; -1 where there is none.
int sysctl(const char* path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  std::array<char, 16> text{};
  const ssize_t size = read(fd, text.data(), text.size());
  close(fd);
  int number = -1;
  if (size > 0) std::from_chars(text.data(), text.data() + size, number);
  return number;
}

// unshare(2) looks at these flags before the kernel asks who may.
bool filtered() {
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
      sysctl("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1;
  const std::string_view apparmor =
      "AppArmor: kernel.apparmor_restrict_unprivileged_userns is 1";
  if (attempt.failed != kUnshare) {
    if (attempt.error != EPERM && attempt.error != EACCES) return "";
    if (by_apparmor) return apparmor;
    return attempt.failed == kUidMap && geteuid() == 0
               ? "uid 0 is mapped only by who holds CAP_SETFCAP"
               : "";
  }
  if (attempt.error == 0) return "who tries it is killed, by a seccomp filter";
  if (filtered()) return "denied by a seccomp filter around doff";
  switch (attempt.error) {
    case ENOSPC:
    case EUSERS:
      return sysctl("/proc/sys/user/max_user_namespaces") == 0
                 ? "the sysctl user.max_user_namespaces is 0"
                 : "as many as user.max_user_namespaces allows are there, or "
                   "32 within one another";
    case EINVAL:
    case ENOSYS:
      return "this kernel has no user namespaces";
    default:
      break;
  }
  if (sysctl("/proc/sys/kernel/unprivileged_userns_clone") == 0)
    return "the sysctl kernel.unprivileged_userns_clone is 0";
  if (by_apparmor) return apparmor;
  if (in_chroot()) return "the root directory is a chroot's";
  return "by a security module, or this uid or gid is not mapped here";
}

Failure to_failure(const Attempt& attempt) {
  return {.value = attempt.failed,
          .cause = find_cause(attempt),
          .error = attempt.error,
          .next = "--userns auto does without where it must"};
}

}  // namespace

std::optional<Failure> enter_user_namespace() {
  if (const Attempt attempt = rehearse(); attempt.failed != nullptr)
    return to_failure(attempt);
  // What has just worked and works no more leaves this process half inside.
  if (const Attempt attempt = enter(); attempt.failed != nullptr)
    refuse_option("userns", to_failure(attempt));
  return std::nullopt;
}

}  // namespace doff
