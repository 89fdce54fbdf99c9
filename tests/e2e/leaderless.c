// leaderless: a process whose first thread has ended while a second one sleeps.
// The first, a zombie from then on, has no capability left; the second has all.
#include <linux/capability.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void* stay(void* unused) {
  (void)unused;
  sleep(90);
  _exit(0);
}

int main(void) {
  pthread_t thread;
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[2];
  memset(none, 0, sizeof none);
  if (pthread_create(&thread, NULL, stay, NULL) != 0) return 1;
  // These system calls are for this thread only.
  if (syscall(SYS_capset, &header, none) != 0) return 1;
  syscall(SYS_exit, 0);
  return 1;
}
