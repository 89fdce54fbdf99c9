// One run of a command with certain capabilities, through the real launcher.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "caps/capability_set.h"
#include "helper/child.h"
#include "helper/failure.h"

namespace doff {

// What this process has to give to a command that it starts.
struct Means {
  CapabilitySet held;     // permitted, and in the bounding set
  bool may_drop = false;  // effective CAP_SETPCAP: prctl(2), PR_CAPBSET_DROP
  // Not user id 0: execve(2) then leaves a command only what is ambient.
  bool needs_ambient = false;
};
[[nodiscard]] Result<Means> own_means();

struct Experiment {
  std::string launcher;              // the path of doff
  std::vector<std::string> command;  // its first word is a path
  bool ambient = false;              // raise what is kept
  std::chrono::seconds timeout{0};
};

struct Ending {
  enum class Kind : std::uint8_t { kExited, kSignalled, kTimedOut };
  Kind kind = Kind::kExited;
  int number = 0;      // the exit status, or the signal
  std::string output;  // the last of what it wrote on stdout and stderr

  [[nodiscard]] bool success() const {
    return kind == Kind::kExited && number == 0;
  }
};
// "exit status 1", "killed by SIGSEGV", "still running after 60 s".
std::string to_text(const Ending& ending, std::chrono::seconds timeout);

// Runs the command with `set` and nothing more, in a session of its own, stdin
// from /dev/null. What is left in its process group afterwards is killed. A
// failure: doff refused or could not be started, or a signal has come. Call
// from the main thread: its end is the signal to end for the command.
[[nodiscard]] Result<Ending> try_with(const Experiment& experiment,
                                      CapabilitySet set,
                                      const Interruption& interruption);

}  // namespace doff
