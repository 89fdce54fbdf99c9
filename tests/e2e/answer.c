// answer CALL[:ARG0[:ARG1]][&MASK]=ERRNO... -- COMMAND [ARG...]
// Starts COMMAND under a seccomp filter that answers each named system call
// with ERRNO, without doing it; 0 claims success. ARG0 and ARG1 restrict it to
// calls with these first arguments, &MASK to those whose first argument has a
// bit of MASK. This is how an outer sandbox refuses doff's calls, or lies. The
// word `foreign` in front lets calls of other architectures through.
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
  const char* name;
  unsigned number;
} kCalls[] = {{"prctl", SYS_prctl},         {"capset", SYS_capset},
              {"capget", SYS_capget},       {"seccomp", SYS_seccomp},
              {"setresuid", SYS_setresuid}, {"setresgid", SYS_setresgid},
              {"setgroups", SYS_setgroups}, {"getresuid", SYS_getresuid},
              {"getresgid", SYS_getresgid}, {"getgroups", SYS_getgroups},
              {"unshare", SYS_unshare},     {"clone", SYS_clone},
              {"clone3", SYS_clone3},       {"setns", SYS_setns},
              {"close_range", SYS_close_range}, {"getcwd", SYS_getcwd}};

static struct sock_filter program[256];
static unsigned short size;

static void emit(unsigned short code, unsigned k, unsigned char yes,
                 unsigned char no) {
  program[size++] = (struct sock_filter){code, yes, no, k};
}

static void load(size_t offset) {
  emit(BPF_LD | BPF_W | BPF_ABS, (unsigned)offset, 0, 0);
}

static void rule(char* text) {
  char* const answer = strchr(text, '=');
  if (answer == NULL) exit(2);
  *answer = '\0';
  char* mask = strchr(text, '&');
  if (mask != NULL) *mask++ = '\0';
  char* argument[2] = {strchr(text, ':'), NULL};
  if (argument[0] != NULL) {
    *argument[0]++ = '\0';
    argument[1] = strchr(argument[0], ':');
    if (argument[1] != NULL) *argument[1]++ = '\0';
  }
  unsigned number = ~0U;
  for (size_t i = 0; i < sizeof kCalls / sizeof kCalls[0]; ++i)
    if (strcmp(kCalls[i].name, text) == 0) number = kCalls[i].number;
  if (number == ~0U) {
    fprintf(stderr, "answer: no call %s\n", text);
    exit(2);
  }
  // Each test that fails jumps over the rest of this rule.
  unsigned char rest = 1;
  for (int i = 0; i < 2; ++i) rest += argument[i] != NULL ? 2 : 0;
  rest += mask != NULL ? 2 : 0;
  load(offsetof(struct seccomp_data, nr));
  emit(BPF_JMP | BPF_JEQ | BPF_K, number, 0, rest);
  for (int i = 0; i < 2; ++i) {
    if (argument[i] == NULL) continue;
    rest -= 2;
    load(offsetof(struct seccomp_data, args) + 8 * (size_t)i);
    emit(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)strtoul(argument[i], NULL, 0), 0,
         rest);
  }
  if (mask != NULL) {
    load(offsetof(struct seccomp_data, args));
    emit(BPF_JMP | BPF_JSET | BPF_K, (unsigned)strtoul(mask, NULL, 0), 0, 1);
  }
  emit(BPF_RET | BPF_K,
       SECCOMP_RET_ERRNO | (unsigned)strtoul(answer + 1, NULL, 0), 0, 0);
}

int main(int argc, char** argv) {
  int next = 1;
  // As every real filter does, so that numbers mean what they say.
  load(offsetof(struct seccomp_data, arch));
#ifdef __x86_64__
  emit(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
#else
  emit(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_AARCH64, 1, 0);
#endif
  const int foreign = next < argc && strcmp(argv[next], "foreign") == 0;
  emit(BPF_RET | BPF_K,
       foreign ? SECCOMP_RET_ALLOW : SECCOMP_RET_KILL_PROCESS, 0, 0);
  next += foreign;
  while (next < argc && strcmp(argv[next], "--") != 0) rule(argv[next++]);
  if (next + 1 >= argc) return 2;
  emit(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
  const struct sock_fprog filter = {size, program};
  // Not no_new_privs where it can be helped: doff is to find it unset.
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0 &&
      (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)) {
    perror("answer: seccomp");
    return 2;
  }
  execvp(argv[next + 1], argv + next + 1);
  perror(argv[next + 1]);
  return 2;
}
