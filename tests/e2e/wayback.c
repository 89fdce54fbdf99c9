// Tries every way from an unprivileged user back to root that needs no
// program of another's. Prints each that worked; silent is good.
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void worked(int is, const char* how) {
  if (is) puts(how);
}

static int raise_to(unsigned permitted, unsigned effective, unsigned inherit) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {{effective, permitted, inherit},
                                           {0, 0, 0}};
  return (int)syscall(SYS_capset, &header, data);
}

int main(void) {
  const unsigned kSetuid = 1u << CAP_SETUID;
  const gid_t zero = 0;
  worked(setuid(0) == 0, "setuid");
  worked(seteuid(0) == 0, "seteuid");
  worked(setreuid(0, 0) == 0, "setreuid");
  worked(setresuid(-1, 0, -1) == 0, "setresuid, effective");
  worked(setresuid(-1, -1, 0) == 0, "setresuid, saved");
  worked(setresuid(0, 0, 0) == 0, "setresuid");
  worked(setgid(0) == 0, "setgid");
  worked(setresgid(0, 0, 0) == 0, "setresgid");
  worked(setgroups(0, NULL) == 0, "setgroups, none");
  worked(setgroups(1, &zero) == 0, "setgroups, root");
  setfsuid(0);
  worked(setfsuid(-1) == 0, "setfsuid");
  setfsgid(0);
  worked(setfsgid(-1) == 0, "setfsgid");
  worked(raise_to(kSetuid, 0, 0) == 0, "capset, permitted");
  worked(raise_to(kSetuid, kSetuid, 0) == 0, "capset, effective");
  worked(raise_to(0, 0, kSetuid) == 0, "capset, inheritable");
  worked(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SETUID, 0, 0) == 0,
         "ambient");
  worked(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT) == 0, "securebits");
  worked(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0, "no_new_privs off");
  // Allowed to anybody; it must not help.
  prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  worked(setuid(0) == 0, "keepcaps, setuid");
  worked(chroot("/") == 0, "chroot");
  return 0;
}
