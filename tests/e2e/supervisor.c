// supervisor [OPTION...] UID:GID COMMAND [ARG...]: starts COMMAND as the
// supervisor of an agent sandbox (OpenShell's) starts its shells, and ends as
// it does.
//   --write DIR      Landlock lets COMMAND write under DIR; may be repeated
//   --pty            COMMAND has a terminal of its own, whose other side is
//                    our stdin and stdout
//   --prctl          the last filter forgets prctl(PR_SET_SECCOMP)
//   --old            the older kind: it leaves a bounding set of 4a82c35fb,
//                    and has neither Landlock nor filters
//   --pid-file FILE  COMMAND's pid, before anything is done
// A step that fails ends it with status 99 and a message, and no COMMAND.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { kFailed = 99, kMostDirectories = 8 };
static const unsigned long long kOldBounding = 0x4a82c35fb;

static struct {
  uid_t uid;
  gid_t gid;
  int pty, prctl, old;
  const char* pid_file;
  const char* writable[kMostDirectories];
  int directories;
  char** command;
} options;

// done STEP: result, unless it is negative.
static long done(const char* step, long result) {
  if (result >= 0) return result;
  fprintf(stderr, "supervisor: %s: %s\n", step, strerror(errno));
  _exit(kFailed);
}

static void clear_bounding(unsigned long long kept) {
  for (int cap = 0, has; (has = prctl(PR_CAPBSET_READ, cap)) >= 0; ++cap) {
    if ((kept >> cap & 1) == 0) {
      done("PR_CAPBSET_DROP", prctl(PR_CAPBSET_DROP, cap, 0, 0, 0));
    } else if (!has) {
      fprintf(stderr, "supervisor: there is no capability %d to leave\n", cap);
      _exit(kFailed);
    }
  }
}

static const __u64 kReads = LANDLOCK_ACCESS_FS_EXECUTE |
                            LANDLOCK_ACCESS_FS_READ_FILE |
                            LANDLOCK_ACCESS_FS_READ_DIR;
// What Landlock's first two versions know.
static const __u64 kEverything = (LANDLOCK_ACCESS_FS_REFER << 1) - 1;

static void allow(int rules, const char* directory, __u64 access) {
  struct landlock_path_beneath_attr beneath = {.allowed_access = access};
  beneath.parent_fd = (int)done(directory, open(directory, O_PATH | O_CLOEXEC));
  done("landlock_add_rule", syscall(SYS_landlock_add_rule, rules,
                                    LANDLOCK_RULE_PATH_BENEATH, &beneath, 0));
  close(beneath.parent_fd);
}

static int make_landlock(void) {
  const struct landlock_ruleset_attr handled = {.handled_access_fs =
                                                    kEverything};
  const int rules = (int)done(
      "landlock_create_ruleset",
      syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0));
  allow(rules, "/", kReads);
  for (int i = 0; i < options.directories; ++i)
    allow(rules, options.writable[i], kEverything);
  return rules;
}

#ifdef __x86_64__
#define OUR_ARCHITECTURE AUDIT_ARCH_X86_64
#else
#define OUR_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

static const unsigned kArguments = offsetof(struct seccomp_data, args);

// For another architecture's calls the numbers below would mean other calls.
#define BEGIN                                                              \
  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)), \
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCHITECTURE, 1, 0),         \
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),                 \
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define END BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define ANSWER(error) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))
// The accumulator holds the call's number before and after each.
#define DENY(call, error) \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1), ANSWER(error)
// COMPARE is BPF_JEQ or BPF_JSET, of the first argument's low half.
#define DENY_IF(call, COMPARE, value)                                      \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 4),                       \
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kArguments),                      \
      BPF_JUMP(BPF_JMP | (COMPARE) | BPF_K, (value), 0, 1), ANSWER(EPERM), \
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))

static void load(const struct sock_filter* filter, size_t size) {
  const struct sock_fprog program = {(unsigned short)size,
                                     (struct sock_filter*)filter};
  done("seccomp", syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}

static void load_filters(void) {
  // A filter of its own: libcs take only ENOSYS for "use clone".
  const struct sock_filter no_clone3[] = {BEGIN, DENY(SYS_clone3, ENOSYS), END};
  // The last one, because nothing can be loaded after it by seccomp(2).
  const struct sock_filter deny[] = {
      BEGIN, DENY(SYS_ptrace, EPERM), DENY(SYS_memfd_create, EPERM),
      DENY_IF(SYS_clone, BPF_JSET, CLONE_NEWUSER),
      DENY_IF(SYS_unshare, BPF_JSET, CLONE_NEWUSER),
      DENY_IF(SYS_seccomp, BPF_JEQ, SECCOMP_SET_MODE_FILTER),
      // No prctl has the number ~0.
      DENY_IF(SYS_prctl, BPF_JEQ,
              options.prctl ? ~0U : (unsigned)PR_SET_SECCOMP),
      END};
  load(no_clone3, sizeof no_clone3 / sizeof *no_clone3);
  load(deny, sizeof deny / sizeof *deny);
}

// In the child; `terminal` is -1 or the one which it is to have.
static void become(int terminal) {
  done("setsid", setsid());
  if (terminal >= 0) {
    done("TIOCSCTTY", ioctl(terminal, TIOCSCTTY, 0));
    for (int fd = 0; fd <= 2; ++fd) done("dup2", dup2(terminal, fd));
    close(terminal);
  }
  done("unshare", unshare(CLONE_NEWNET | CLONE_NEWNS));
  done("mount", mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
  done("setgroups", setgroups(1, &options.gid));
  done("setresgid", setresgid(options.gid, options.gid, options.gid));
  clear_bounding(options.old ? kOldBounding : 0);
  done("setresuid", setresuid(options.uid, options.uid, options.uid));
  done("RLIMIT_CORE", setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}));
  done("PR_SET_DUMPABLE", prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
  const int rules = options.old ? -1 : make_landlock();
  // Before Landlock's last step: without CAP_SYS_ADMIN that needs it.
  done("no_new_privs", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  if (!options.old) {
    done("landlock_restrict_self",
         syscall(SYS_landlock_restrict_self, rules, 0));
    close(rules);
    load_filters();
  }
  execvp(options.command[0], options.command);
  done(options.command[0], -1);
}

static volatile sig_atomic_t resized = 0;
static void on_resize(int signal) { resized = signal != 0; }

static void resize(int terminal) {
  struct winsize size = {.ws_row = 24, .ws_col = 80};
  ioctl(0, TIOCGWINSZ, &size);
  ioctl(terminal, TIOCSWINSZ, &size);
}

static int pass(int from, int to) {
  char piece[4096];
  const ssize_t size = read(from, piece, sizeof piece);
  for (ssize_t at = 0; at < size;) {
    const ssize_t written = write(to, piece + at, (size_t)(size - at));
    if (written < 0) return 0;
    at += written;
  }
  return size > 0;
}

// Between our stdin and stdout and the terminal, until the last process that
// has the terminal open is gone (then reading it is EIO).
static void relay(int terminal) {
  struct termios before;
  const int typed = tcgetattr(0, &before) == 0;
  sigset_t blocked, mask;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGWINCH);
  sigprocmask(SIG_BLOCK, &blocked, &mask);
  if (typed) {
    struct termios raw = before;
    cfmakeraw(&raw);
    tcsetattr(0, TCSADRAIN, &raw);
    sigaction(SIGWINCH, &(struct sigaction){.sa_handler = on_resize}, NULL);
  }
  struct pollfd sides[] = {{.fd = terminal, .events = POLLIN},
                           {.fd = 0, .events = POLLIN}};
  for (;;) {
    const int ready = ppoll(sides, 2, NULL, &mask);
    if (resized) resize(terminal);
    resized = 0;
    if (ready < 0) continue;
    if (sides[0].revents != 0 && !pass(terminal, 1)) break;
    // At its end nothing more is typed, but what is shown still goes on.
    if (sides[1].revents != 0 && !pass(0, terminal)) sides[1].fd = -1;
  }
  if (typed) tcsetattr(0, TCSADRAIN, &before);
}

static void usage(void) {
  fputs("usage: supervisor [OPTION...] UID:GID COMMAND [ARG...]\n", stderr);
  exit(kFailed);
}

static char* argument(char*** next) {
  if (**next == NULL) usage();
  return *(*next)++;
}

static void parse(char** next) {
  const char* word;
  while (strncmp(word = argument(&next), "--", 2) == 0) {
    if (strcmp(word, "--pty") == 0)
      options.pty = 1;
    else if (strcmp(word, "--prctl") == 0)
      options.prctl = 1;
    else if (strcmp(word, "--old") == 0)
      options.old = 1;
    else if (strcmp(word, "--pid-file") == 0)
      options.pid_file = argument(&next);
    else if (strcmp(word, "--write") == 0 &&
             options.directories < kMostDirectories)
      options.writable[options.directories++] = argument(&next);
    else
      usage();
  }
  if (sscanf(word, "%u:%u", &options.uid, &options.gid) != 2) usage();
  options.command = next;
  argument(&next);
}

static void write_pid(void) {
  FILE* const file = fopen(options.pid_file, "w");
  done(options.pid_file, file == NULL ? -1 : fprintf(file, "%d\n", getpid()));
  done(options.pid_file, fclose(file));
}

int main(int argc, char** argv) {
  if (argc < 1) usage();
  parse(argv + 1);
  int terminal = -1;
  int side = -1;
  if (options.pty) {
    terminal =
        (int)done("posix_openpt", posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    done("unlockpt", unlockpt(terminal));
    side = (int)done("TIOCGPTPEER",
                     ioctl(terminal, TIOCGPTPEER, O_RDWR | O_NOCTTY));
    done("fchown", fchown(side, options.uid, (gid_t)-1));
    resize(terminal);
  }
  const pid_t child = (pid_t)done("fork", fork());
  if (child == 0) {
    if (options.pid_file != NULL) write_pid();
    become(side);
  }
  if (options.pty) {
    close(side);
    relay(terminal);
  }
  int status;
  done("waitpid", waitpid(child, &status, 0));
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
