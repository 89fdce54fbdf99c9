// regain WHAT: tries one way to get something back and prints how it ended:
// "open", or the errno's name.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/tiocl.h>

// A child that was made ends at once; the parent says so.
static long ended(long pid) {
  if (pid == 0) _exit(0);
  if (pid > 0) waitpid((pid_t)pid, NULL, __WALL);
  return pid;
}

static const unsigned long kHigh = 0x5500000000000000;

static long attempt(const char* what) {
  struct clone_args args = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
  char byte = 'x';
  int fd;
  if (strcmp(what, "unshare") == 0) return syscall(SYS_unshare, CLONE_NEWUSER);
  if (strcmp(what, "unshare-high") == 0)
    return syscall(SYS_unshare, kHigh | CLONE_NEWUSER);
  if (strcmp(what, "unshare-more") == 0)
    return syscall(SYS_unshare, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID);
  if (strcmp(what, "unshare-mount") == 0)
    return syscall(SYS_unshare, CLONE_NEWNS);
  if (strcmp(what, "clone") == 0)
    return ended(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
  if (strcmp(what, "clone-high") == 0)
    return ended(
        syscall(SYS_clone, kHigh | CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
  if (strcmp(what, "clone-plain") == 0)
    return ended(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
  if (strcmp(what, "clone3") == 0)
    return ended(syscall(SYS_clone3, &args, sizeof args));
  if (strcmp(what, "clone3-plain") == 0) {
    args.flags = 0;
    return ended(syscall(SYS_clone3, &args, sizeof args));
  }
  if (strcmp(what, "setns") == 0) {
    fd = open("/proc/self/ns/user", O_RDONLY);
    return syscall(SYS_setns, fd, 0);
  }
  if (strcmp(what, "setns-pidfd") == 0) {
    fd = (int)syscall(SYS_pidfd_open, getppid(), 0);
    return syscall(SYS_setns, fd, CLONE_NEWUSER);
  }
  if (strcmp(what, "tiocsti") == 0) return ioctl(0, TIOCSTI, &byte);
  if (strcmp(what, "tiocsti-high") == 0)
    return syscall(SYS_ioctl, 0, kHigh | TIOCSTI, &byte);
  byte = TIOCL_GETSHIFTSTATE;
  if (strcmp(what, "tioclinux") == 0) return ioctl(0, TIOCLINUX, &byte);
  if (strcmp(what, "tioclinux-high") == 0)
    return syscall(SYS_ioctl, 0, kHigh | TIOCLINUX, &byte);
#ifdef __x86_64__
  if (strcmp(what, "x32") == 0)
    return syscall(0x40000000 + SYS_unshare, CLONE_NEWUSER);
  if (strcmp(what, "x32-getpid") == 0)
    return syscall(0x40000000 + SYS_getpid);
  if (strcmp(what, "int80") == 0 || strcmp(what, "int80-getpid") == 0) {
    // unshare is 310 on i386, getpid is 20.
    long result = strcmp(what, "int80") == 0 ? 310 : 20;
    __asm__ volatile("int $0x80"
                     : "+a"(result)
                     : "b"((long)CLONE_NEWUSER)
                     : "memory", "r8", "r9", "r10", "r11");
    if (result >= 0) return result;
    errno = (int)-result;
    return -1;
  }
#endif
  // number:a,b,c: a bare system call.
  long number;
  if (sscanf(what, "%ld", &number) == 1)
    return syscall(number, -1, 0, 0, 0, 0, 0);
  errno = EDOM;
  return -1;
}

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const long result = attempt(argv[i]);
    puts(result >= 0 ? "open" : strerrorname_np(errno));
    fflush(stdout);
  }
  return 0;
}
