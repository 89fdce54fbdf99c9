// start_as [-b CAPABILITY]... [-u ID] COMMAND [ARG...]: starts COMMAND with
// each CAPABILITY (a number) gone from the bounding set, as user and group ID
// without further groups; the bounding set is otherwise what it was.
#define _GNU_SOURCE
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

static void done(const char* step, int result) {
  if (result == 0) return;
  perror(step);
  exit(99);
}

int main(int argc, char** argv) {
  int option;
  while ((option = getopt(argc, argv, "+b:u:")) != -1) {
    const unsigned number = (unsigned)strtoul(optarg ? optarg : "", NULL, 10);
    switch (option) {
      case 'b':
        done("PR_CAPBSET_DROP", prctl(PR_CAPBSET_DROP, number, 0, 0, 0));
        break;
      case 'u':
        done("setgroups", setgroups(0, NULL));
        done("setresgid", setresgid(number, number, number));
        done("setresuid", setresuid(number, number, number));
        break;
      default:
        return 99;
    }
  }
  if (optind >= argc) return 99;
  execvp(argv[optind], argv + optind);
  perror(argv[optind]);
  return 99;
}
