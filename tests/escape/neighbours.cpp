// Families 10, 12 and 14: what others left within reach.
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "tests/escape/attack.h"

namespace doff::escape {
namespace {

// Attacks the processes beside us that hold a capability, until one gives in.
// capget() tells of every process, and needs no /proc.
template <auto attack>
Result on_neighbours(const Setting& /*setting*/) {
  constexpr pid_t kLast = 1 << 16;
  constexpr int kMost = 64;
  Result result = not_tried("no process here holds a capability");
  int attacked = 0;
  // All threads of the machine: once they are seen, there are no more to ask
  // for. Emulated, tens of thousands of calls take seconds.
  struct sysinfo machine {};
  int unseen = sysinfo(&machine) == 0 ? machine.procs : kLast;
  for (pid_t pid = 1; pid < kLast && attacked < kMost && unseen > 0; ++pid) {
    State other{};
    if (!read_sets(pid, other)) continue;
    --unseen;
    if (pid == getpid() || pid == getppid() || other.permitted == 0) continue;
    const Result next = attack(pid);
    if (next.outcome != Outcome::kNotTried)
      ++attacked;
    else if (attacked > 0)
      continue;
    result = next;
    if (result.outcome == Outcome::kEscapes) break;
  }
  return result;
}

Result refused_by_it(long result) {
  return result < 0 && errno == ESRCH ? not_tried("it has ended")
                                      : refused(result);
}

// Seized, it goes on; and it is let go of when this process ends.
Result trace(pid_t pid) {
  return refused_by_it(syscall(SYS_ptrace, PTRACE_SEIZE, pid, 0, 0));
}

Result read_memory(pid_t pid) {
  char byte = 0;
  const iovec ours{&byte, 1};
  const iovec theirs{nullptr, 1};  // EFAULT is of one who may read
  return refused_by_it(
      syscall(SYS_process_vm_readv, pid, &ours, 1, &theirs, 1, 0));
}

Result take_descriptor(pid_t pid) {
  const long process = syscall(SYS_pidfd_open, pid, 0);
  // A thread's number, which capget() takes: EINVAL, ENOENT since Linux 6.14.
  if (process < 0 && errno != ENOSYS) return not_tried("it is no process");
  return refused_by_it(syscall(SYS_pidfd_getfd, process, 0, 0));
}

Result open_memory(pid_t pid) {
  std::array<char, 32> path{};
  static_cast<void>(std::snprintf(path.data(), path.size(), "/proc/%d/mem",
                                  static_cast<int>(pid)));
  const int memory = open(path.data(), O_RDWR);
  if (memory < 0 && errno == ENOENT)
    return not_tried("no /proc that shows that process");
  // A thread of the kernel has none, and nothing to read: the file says so
  // when opened, or before Linux 6.14 by ending at once.
  char byte = 0;
  if (memory >= 0 && pread(memory, &byte, 1, 0) == 0)
    return not_tried("it has no memory");
  return refused_by_it(memory);
}

// Opened, not written: that it can be is what counts. ETXTBSY is of a file that
// can be, as soon as it does not run.
Result open_launcher(const Setting& setting) {
  if (setting.launcher == nullptr || access(setting.launcher, F_OK) != 0)
    return not_tried("no launcher is in this root: --launcher");
  const int file = open(setting.launcher, O_WRONLY | O_CLOEXEC);
  if (file < 0 && errno == ETXTBSY)
    return escapes("only that it runs is in the way");
  return failed(file);
}

Result look_for_descriptors(const Setting& /*setting*/) {
  constexpr int kLast = 1 << 16;
  for (int each = 3; each < kLast; ++each) {
    struct stat file {};
    if (fstat(each, &file) != 0) continue;
    // The attempt's own pipe, and nothing else, closes at execve(2).
    if ((fcntl(each, F_GETFD) & FD_CLOEXEC) != 0) continue;
    const char* kind = "a file, descriptor ";
    if (S_ISDIR(file.st_mode)) kind = "a directory, descriptor ";
    if (S_ISSOCK(file.st_mode)) kind = "a socket, descriptor ";
    if (S_ISFIFO(file.st_mode)) kind = "a pipe, descriptor ";
    std::array<char, 12> number{};
    static_cast<void>(std::snprintf(number.data(), number.size(), "%d", each));
    return with(Outcome::kEscapes, kind, number.data());
  }
  return holds("none but 0, 1 and 2");
}

// The kernel marks a directory that is not below the root: getcwd(2).
Result look_for_directory(const Setting& /*setting*/) {
  std::array<char, 4096> path{};
  if (syscall(SYS_getcwd, path.data(), path.size()) < 0)
    return with(Outcome::kHolds, "it is gone: ", errno_name(errno));
  return path[0] == '/' ? holds("below the root")
                        : escapes("it is outside of the root");
}

constexpr std::array kAttempts = {
    Attempt{10, "ptrace", on_neighbours<trace>},
    Attempt{10, "process_vm_readv", on_neighbours<read_memory>},
    Attempt{10, "pidfd_getfd", on_neighbours<take_descriptor>},
    Attempt{10, "/proc/PID/mem", on_neighbours<open_memory>},
    Attempt{12, "the launcher's file, for writing", open_launcher},
    Attempt{14, "inherited descriptors", look_for_descriptors},
    Attempt{14, "the working directory", look_for_directory},
};

}  // namespace

std::span<const Attempt> neighbour_attempts() { return kAttempts; }

}  // namespace doff::escape
