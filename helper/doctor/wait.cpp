// What doctor's throw-away container holds, and all that it holds: a program
// that waits for SIGTERM. Static, so that it needs nothing beside it.
#include <csignal>

int main() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  // Blocked, it also reaches the first process of a pid namespace.
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  int signal = 0;
  while (sigwait(&signals, &signal) != 0) {
  }
  return 0;
}
