// A kernel whose last capability is whichever one likes, below a program that
// does not know of it: the program's calls about capabilities are answered here
// (seccomp_unotify(2)), all others by the kernel that runs.
#pragma once

#include <linux/seccomp.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "caps/capability_set.h"
#include "caps/verdict.h"

namespace doff {

class Kernel {
 public:
  // A process of uid 0 with all that there is.
  explicit Kernel(unsigned last);

  Credentials process;      // of the program, at any time
  CapabilitySet undropped;  // PR_CAPBSET_DROP of these does nothing, and says 0

  // Runs `words` to its end. The exit status; below 0: it had none. Needs root.
  int run(const std::vector<std::string>& words);

 private:
  [[nodiscard]] bool knows(std::uint64_t number) const {
    return number <= last_;
  }
  std::int64_t answer(pid_t pid, const seccomp_data& call);
  std::int64_t prctl(const seccomp_data& call);
  std::int64_t ambient(std::uint64_t what, std::uint64_t number);
  [[nodiscard]] std::int64_t capget(pid_t pid, std::uint64_t data) const;
  std::int64_t capset(pid_t pid, std::uint64_t data);
  void serve(int listener);

  unsigned last_;
};

}  // namespace doff
