// Family 8: typing into the terminal that the shell was given, which is that of
// somebody outside.
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/tiocl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "tests/escape/attack.h"

namespace doff::escape {
namespace {

constexpr unsigned long kHigh = 0x5500000000000000;

// A pty that nobody reads, as our controlling terminal. -1: errno.
int own_terminal() {
  const int master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
  if (master < 0) return -1;
  int number = 0;
  int unlocked = 0;
  std::array<char, 32> path{};
  if (syscall(SYS_ioctl, master, TIOCSPTLCK, &unlocked) != 0 ||
      syscall(SYS_ioctl, master, TIOCGPTN, &number) != 0)
    return -1;
  static_cast<void>(
      std::snprintf(path.data(), path.size(), "/dev/pts/%d", number));
  setsid();
  const int terminal = open(path.data(), O_RDWR);
  return terminal >= 0 && ioctl(terminal, TIOCSCTTY, 0) == 0 ? terminal : -1;
}

// A terminal that we were given, but that was taken from us: bwrap(1),
// --new-session. Without CAP_SYS_ADMIN the kernel itself guards it.
int lost_terminal() {
  State now = state();
  const int controlling = open("/dev/tty", O_RDWR | O_NOCTTY);
  if (controlling >= 0) {
    close(controlling);
    return -1;
  }
  if ((now.effective >> CAP_SYS_ADMIN & 1) != 0) return -1;
  for (const int each : {0, 1, 2})
    if (isatty(each) == 1) return each;
  return -1;
}

template <unsigned long high>
Result type(const Setting& /*setting*/) {
  char byte = 'x';
  // Any filter answers before the descriptor is looked at.
  if (syscall(SYS_ioctl, -1, high | TIOCSTI, &byte) < 0 && errno == EPERM)
    return holds("EPERM");
  int terminal = lost_terminal();
  if (terminal < 0) terminal = own_terminal();
  if (terminal < 0) return not_tried("no terminal can be had here");
  return failed(syscall(SYS_ioctl, terminal, high | TIOCSTI, &byte));
}

template <unsigned long high>
Result ask_the_console(const Setting& /*setting*/) {
  char command = TIOCL_GETSHIFTSTATE;
  if (syscall(SYS_ioctl, -1, high | TIOCLINUX, &command) < 0 && errno == EPERM)
    return holds("EPERM");
  for (const char* const each : {"/dev/tty", "/dev/tty0", "/dev/console"}) {
    const int console = open(each, O_RDWR | O_NOCTTY);
    if (console < 0) continue;
    if (syscall(SYS_ioctl, console, high | TIOCLINUX, &command) >= 0)
      return escapes("it succeeds");
    if (errno == EPERM) return holds("EPERM");
    close(console);
  }
  return not_tried("no console can be had here");
}

constexpr std::array kAttempts = {
    Attempt{8, "TIOCSTI", type<0>},
    Attempt{8, "TIOCSTI, with high bits", type<kHigh>},
    Attempt{8, "TIOCLINUX", ask_the_console<0>},
    Attempt{8, "TIOCLINUX, with high bits", ask_the_console<kHigh>},
};

}  // namespace

std::span<const Attempt> terminal_attempts() { return kAttempts; }

}  // namespace doff::escape
