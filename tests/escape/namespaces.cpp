// Families 6 and 7: a user namespace gives every capability in it, and is what
// most local holes of the kernel begin with.
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "tests/escape/attack.h"

namespace doff::escape {
namespace {

constexpr unsigned long kHigh = 0x5500000000000000;

// The child ends at once.
long clone_and_wait(unsigned long flags) {
  const long pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) _exit(0);
  if (pid > 0) waitpid(static_cast<pid_t>(pid), nullptr, __WALL);
  return pid;
}

Result by_clone3(const Setting& /*setting*/) {
  clone_args arguments{};
  arguments.flags = CLONE_NEWUSER;
  arguments.exit_signal = SIGCHLD;
  const long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid == 0) _exit(0);
  if (pid > 0) waitpid(static_cast<pid_t>(pid), nullptr, __WALL);
  return failed(pid);
}

// A libc takes another answer than ENOSYS from clone3 for a failure.
Result start_a_thread(const Setting& /*setting*/) {
  clone_args wrong{};
  wrong.exit_signal = ~0U;
  if (syscall(SYS_clone3, &wrong, sizeof wrong) < 0 && errno == EPERM)
    return escapes("clone3 says EPERM, so that no libc falls back");
  pthread_t thread{};
  const int error = pthread_create(
      &thread, nullptr, [](void* nothing) { return nothing; }, nullptr);
  if (error != 0)
    return with(Outcome::kEscapes, "no thread starts: ", errno_name(error));
  pthread_join(thread, nullptr);
  return holds("threads start");
}

#ifdef __x86_64__
Result by_int80(const Setting& /*setting*/) {
  long result = 310;  // unshare, among i386's
  asm volatile("int $0x80"
               : "+a"(result)
               : "b"(static_cast<long>(CLONE_NEWUSER))
               : "memory", "r8", "r9", "r10", "r11");
  errno = static_cast<int>(-result);
  return failed(result < 0 ? -1 : 0);
}
#endif

Result join(long descriptor, int kind) {
  if (descriptor < 0) return holds(errno_name(errno));
  return failed(syscall(SYS_setns, descriptor, kind));
}

// What another process in a namespace offers. Where this shell can make one
// itself, it can also join it.
template <typename Open>
Result join_a_childs(Open open_it, int kind) {
  std::array<int, 2> made{};
  std::array<int, 2> done{};
  if (pipe(made.data()) != 0 || pipe(done.data()) != 0)
    return not_tried("no pipe");
  const pid_t child = fork();
  char byte = 0;
  if (child == 0) {
    close(done[1]);
    byte = syscall(SYS_unshare, CLONE_NEWUSER) == 0 ? 'y' : 'n';
    static_cast<void>(write(made[1], &byte, 1));
    static_cast<void>(read(done[0], &byte, 1));
    _exit(0);
  }
  static_cast<void>(read(made[0], &byte, 1));
  const Result result = byte == 'y' ? join(open_it(child), kind)
                                    : holds("no namespace can be made");
  close(done[1]);
  waitpid(child, nullptr, 0);
  return result;
}

long open_pidfd(pid_t pid) { return syscall(SYS_pidfd_open, pid, 0); }

constexpr std::array kAttempts = {
    Attempt{6, "unshare",
            [](const Setting&) {
              return failed(syscall(SYS_unshare, CLONE_NEWUSER));
            }},
    Attempt{6, "unshare, with others",
            [](const Setting&) {
              return failed(syscall(
                  SYS_unshare, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID));
            }},
    Attempt{
        6, "clone",
        [](const Setting&) { return failed(clone_and_wait(CLONE_NEWUSER)); }},
    Attempt{6, "clone, with high bits",
            [](const Setting&) {
              return failed(clone_and_wait(kHigh | CLONE_NEWUSER));
            }},
    Attempt{6, "clone3", by_clone3},
    Attempt{6, "a thread", start_a_thread},
#ifdef __x86_64__
    Attempt{6, "unshare by the x32 entry",
            [](const Setting&) {
              return failed(syscall(0x40000000 + SYS_unshare, CLONE_NEWUSER));
            }},
    Attempt{6, "unshare by the int 0x80 entry", by_int80},
#endif
    Attempt{7, "init's, by its file",
            [](const Setting&) {
              return join(open("/proc/1/ns/user", O_RDONLY), CLONE_NEWUSER);
            }},
    Attempt{7, "init's, by pidfd",
            [](const Setting&) { return join(open_pidfd(1), CLONE_NEWUSER); }},
    Attempt{7, "a child's, by pidfd",
            [](const Setting&) {
              return join_a_childs(open_pidfd, CLONE_NEWUSER);
            }},
};

}  // namespace

std::span<const Attempt> namespace_attempts() { return kAttempts; }

}  // namespace doff::escape
