// execute WHAT PATH [ARG...]: starts PATH in a way that no shell can.
//   noargs      argv of length 0 (the kernel makes it one empty word)
//   emptyname   argv[0] is ""
//   environ     an environment with a duplicate, a word without =, an empty
//               word and bytes that are no UTF-8
//   blocked     SIGTERM and SIGUSR1 blocked, SIGPIPE and SIGUSR2 ignored
//   leaky       descriptors 3, 9 and 700 open
//   outside     working directory outside of the root directory
//   show        prints argv and environment of its own, NUL-terminated
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

extern char** environ;

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const char* const what = argv[1];
  if (strcmp(what, "show") == 0) {
    for (char** each = argv; *each != NULL; ++each)
      fwrite(*each, 1, strlen(*each) + 1, stdout);
    puts("--");
    for (char** each = environ; *each != NULL; ++each)
      fwrite(*each, 1, strlen(*each) + 1, stdout);
    return 0;
  }
  if (argc < 3) return 2;
  char** const rest = argv + 2;
  const char* const path = rest[0];
  if (strcmp(what, "noargs") == 0) {
    char* none[] = {NULL};
    execve(path, none, environ);
  } else if (strcmp(what, "emptyname") == 0) {
    static char empty[] = "";
    rest[0] = empty;
    execv(path, rest);
  } else if (strcmp(what, "environ") == 0) {
    char* odd[] = {(char*)"A=1",   (char*)"A=2", (char*)"no equals sign",
                   (char*)"",      (char*)"=",   (char*)"B=\xff\xfe\x80",
                   (char*)"C=\n\t", (char*)"HOME=/odd", NULL};
    execve(path, rest, odd);
  } else if (strcmp(what, "blocked") == 0) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGUSR2, SIG_IGN);
    execv(path, rest);
  } else if (strcmp(what, "leaky") == 0) {
    const int fd = open("/", O_RDONLY | O_DIRECTORY);
    if (dup2(fd, 3) < 0 || dup2(fd, 9) < 0 || dup2(fd, 700) < 0) return 2;
    execv(path, rest);
  } else if (strcmp(what, "outside") == 0) {
    const int out = open("/", O_RDONLY | O_DIRECTORY);
    if (chroot(".") != 0 || fchdir(out) != 0) return 2;
    execv(path, rest);
  }
  perror(path);
  return 2;
}
