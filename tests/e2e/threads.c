// threads READY: a process whose first thread has no capability left and whose
// second still has all. Makes the file READY, and waits.
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void* keep(void* unused) {
  while (pause() == -1) continue;
  return unused;
}

int main(int argc, char** argv) {
  pthread_t thread;
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[2];
  memset(none, 0, sizeof none);
  if (argc != 2 || pthread_create(&thread, NULL, keep, NULL) != 0) return 1;
  // The system call is for this thread only.
  if (syscall(SYS_capset, &header, none) != 0) return 1;
  if (creat(argv[1], 0600) < 0) return 1;
  keep(NULL);
  return 0;
}
