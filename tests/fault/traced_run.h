// One run of a program under ptrace(2), with at most one fault in it.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace doff::fault {

// What is run. Calls count from the execve of `program` on, which COMMAND may
// be, or may become (setpriv ... PROGRAM ...).
struct Subject {
  std::string program;
  std::vector<std::string> command;
  // Empty, or what the path of the first call that counts holds.
  std::string from{};
  // What the program becomes in the end; empty: by whatever execve is next.
  std::string becomes{};
  // Of a process that this execve has just made.
  std::function<std::string(pid_t)> look{};
};

// A system call by its place: the N-th of the M-th process, both from 0 on.
struct Call {
  int process = 0;
  int ordinal = 0;
  std::string kind;  // its name, and the option of prctl(2)
};

enum class Act { kAnswer, kSignal, kDelay };

struct Fault {
  int process = 0;
  int ordinal = 0;
  Act act = Act::kAnswer;
  // What the call returns without being done, as the kernel does (-ERRNO); or
  // the signal that comes with it.
  long value = 0;
};

enum class End { kBecame, kExited, kSignalled, kHung };

struct Ending {
  End end = End::kHung;
  int value = 0;             // the exit status, or the signal
  std::string state{};       // of what it became: Subject::look
  std::string said{};        // on stderr
  bool happened = false;     // the fault
  bool left_behind = false;  // a process that outlived it
};

// Calls are those seen, in the order of their entry.
Ending run(const Subject& subject, const std::optional<Fault>& fault,
           std::vector<Call>* calls);

}  // namespace doff::fault
