// What ends a program from outside, kept waiting.
#pragma once

#include <csignal>

namespace doff {

// While there is one, SIGINT, SIGTERM and SIGHUP wait; and too large a file is
// an error of write(2), not the end of the process.
class SignalsHeld {
 public:
  SignalsHeld() {
    sigset_t held;
    sigemptyset(&held);
    for (const int each : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&held, each);
    sigprocmask(SIG_BLOCK, &held, &mask_);
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGXFSZ, &ignore, &too_large_);
  }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;
  ~SignalsHeld() {
    sigaction(SIGXFSZ, &too_large_, nullptr);
    sigprocmask(SIG_SETMASK, &mask_, nullptr);
  }

 private:
  sigset_t mask_{};
  struct sigaction too_large_ {};
};

}  // namespace doff
