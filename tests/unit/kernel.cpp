#include "tests/unit/kernel.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <stdexcept>

#include "caps/names.h"

namespace doff {
namespace {

constexpr CapabilitySet kSetpcap = only("SETPCAP");

// A filter under which these calls are notified, and its descriptor. What is
// asked of prctl(2) besides is for the real kernel.
int listen() {
  constexpr auto kCall = offsetof(seccomp_data, nr);
  constexpr auto kFirst = offsetof(seccomp_data, args);
  // NOLINTBEGIN(hicpp-signed-bitwise): the macros of <linux/filter.h>
  std::array filter = std::to_array<sock_filter>({
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kCall),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_capget, 6, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_capset, 5, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 5),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kFirst),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_CAPBSET_READ, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_CAPBSET_DROP, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_CAP_AMBIENT, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  });
  // NOLINTEND(hicpp-signed-bitwise)
  const sock_fprog program = {filter.size(), filter.data()};
  return static_cast<int>(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                                  SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
}

// capset(2)'s and capget(2)'s two halves.
using Halves = std::array<__user_cap_data_struct, 2>;

bool copy(pid_t pid, std::uint64_t address, Halves& halves, bool out) {
  iovec here = {halves.data(), sizeof halves};
  // NOLINTNEXTLINE(performance-no-int-to-ptr): of another process
  iovec there = {reinterpret_cast<void*>(address), sizeof halves};
  const auto copied = out ? process_vm_writev(pid, &here, 1, &there, 1, 0)
                          : process_vm_readv(pid, &here, 1, &there, 1, 0);
  return copied == static_cast<ssize_t>(sizeof halves);
}

CapabilitySet joined(const Halves& halves, __u32 __user_cap_data_struct::*set) {
  return CapabilitySet(halves[0].*set | std::uint64_t{halves[1].*set} << 32);
}

void require(bool held, const char* what) {
  if (!held) throw std::runtime_error(what);
}

}  // namespace

Kernel::Kernel(unsigned last) : last_(last) {
  constexpr unsigned kMost = kCapabilityBits - 1;
  const CapabilitySet every(~std::uint64_t{0} >> (kMost - last));
  process.permitted = process.effective = process.bounding = every;
}

// capabilities(7) and prctl(2).
std::int64_t Kernel::prctl(const seccomp_data& call) {
  const std::uint64_t number = call.args[1];
  if (call.args[0] == PR_CAP_AMBIENT) return ambient(number, call.args[2]);
  const bool drops = call.args[0] == PR_CAPBSET_DROP;
  if (drops && !(kSetpcap <= process.effective)) return -EPERM;
  if (!knows(number)) return -EINVAL;
  const CapabilitySet one(static_cast<Capability>(number));
  if (!drops) return one <= process.bounding ? 1 : 0;
  process.bounding = process.bounding - (one - undropped);
  return 0;
}

std::int64_t Kernel::ambient(std::uint64_t what, std::uint64_t number) {
  if (what == PR_CAP_AMBIENT_CLEAR_ALL) {
    process.ambient = {};
    return 0;
  }
  if (!knows(number)) return -EINVAL;
  const CapabilitySet one(static_cast<Capability>(number));
  if (what == PR_CAP_AMBIENT_IS_SET) return one <= process.ambient ? 1 : 0;
  if (what != PR_CAP_AMBIENT_RAISE) return -EINVAL;
  if (!(one <= (process.permitted & process.inheritable))) return -EPERM;
  process.ambient |= one;
  return 0;
}

std::int64_t Kernel::capget(pid_t pid, std::uint64_t data) const {
  Halves halves{};
  for (unsigned half = 0; half < halves.size(); ++half) {
    const auto part = [half](CapabilitySet set) {
      return static_cast<__u32>(set.bits() >> (half * 32));
    };
    halves[half] = {part(process.effective), part(process.permitted),
                    part(process.inheritable)};
  }
  return copy(pid, data, halves, true) ? 0 : -EFAULT;
}

std::int64_t Kernel::capset(pid_t pid, std::uint64_t data) {
  Halves halves{};
  if (!copy(pid, data, halves, false)) return -EFAULT;
  const CapabilitySet valid = Kernel(last_).process.bounding;
  const auto effective =
      joined(halves, &__user_cap_data_struct::effective) & valid;
  const auto permitted =
      joined(halves, &__user_cap_data_struct::permitted) & valid;
  const auto inheritable =
      joined(halves, &__user_cap_data_struct::inheritable) & valid;
  const CapabilitySet to_inherit =
      process.inheritable |
      (kSetpcap <= process.effective ? process.bounding : process.permitted);
  if (!(permitted <= process.permitted && effective <= permitted &&
        inheritable <= to_inherit))
    return -EPERM;
  process.permitted = permitted;
  process.effective = effective;
  process.inheritable = inheritable;
  process.ambient = process.ambient & permitted & inheritable;
  return 0;
}

std::int64_t Kernel::answer(pid_t pid, const seccomp_data& call) {
  if (call.nr == SYS_prctl) return prctl(call);
  if (call.nr == SYS_capget) return capget(pid, call.args[1]);
  return capset(pid, call.args[1]);
}

void Kernel::serve(int listener) {
  pollfd wait = {listener, POLLIN, 0};
  // POLLHUP: nobody is left who could ask.
  while (poll(&wait, 1, -1) > 0 && (wait.revents & POLLIN) != 0) {
    seccomp_notif question{};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &question) != 0) continue;
    const std::int64_t said =
        answer(static_cast<pid_t>(question.pid), question.data);
    seccomp_notif_resp response{};
    response.id = question.id;
    response.val = said < 0 ? 0 : said;
    response.error = said < 0 ? static_cast<__s32>(said) : 0;
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
  }
}

int Kernel::run(const std::vector<std::string>& words) {
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  // execve(2) reads them.
  for (const std::string& each : words)
    argv.push_back(const_cast<char*>(each.c_str()));
  argv.push_back(nullptr);
  std::array<int, 2> ends{};
  require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0,
          "socketpair");
  const pid_t child = fork();
  if (child == 0) {
    int listener = listen();
    char go = 0;
    // What it says is of no interest here, and much.
    dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
    if (write(ends[1], &listener, sizeof listener) == sizeof listener &&
        listener >= 0 && read(ends[1], &go, 1) == 1)
      execv(argv[0], argv.data());
    constexpr int kNotStarted = 99;
    _exit(kNotStarted);
  }
  int number = -1;
  const bool told = read(ends[0], &number, sizeof number) == sizeof number;
  const auto pidfd = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
  const auto listener =
      static_cast<int>(syscall(SYS_pidfd_getfd, pidfd, number, 0));
  const bool goes = told && listener >= 0 && write(ends[0], "", 1) == 1;
  close(ends[1]);
  close(ends[0]);
  if (goes) serve(listener);
  int status = 0;
  waitpid(child, &status, 0);
  close(listener);
  close(pidfd);
  require(goes, "no listener: seccomp_unotify(2) needs root, and Linux 5.6");
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace doff
