// Running another program to its end, and taking in what it writes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "helper/failure.h"

namespace doff {

// Takes SIGINT, SIGTERM and SIGHUP for itself while it lives, so that what is
// under way can be ended and told of.
class Interruption {
 public:
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  // Readable once a signal has come; not to be closed or read by others.
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool has_come() const;

 private:
  int fd_ = -1;
};

struct Child {
  std::vector<std::string> words;  // the first is a path
  std::chrono::milliseconds timeout{0};
  int input = -1;  // its stdin, which stays the caller's; -1: /dev/null
  // A signal ends the child; null: none does.
  const Interruption* interruption = nullptr;
  // Called some times a second while it runs; may be empty.
  std::function<void()> waiting{};
};

// A pipe from the child: which of its descriptors lead there, and what came out
// of it, at least the last `kept` bytes.
struct Channel {
  std::vector<int> descriptors;
  std::size_t kept = std::size_t{16} << 10;
  std::string text{};
};

enum class Stop : std::uint8_t { kEnded, kTimedOut, kInterrupted };
struct ChildEnd {
  Stop stop = Stop::kEnded;
  int status = 0;  // as of waitpid(2), for kEnded
};

// The child gets a session and a signal mask of its own. What is left in its
// process group afterwards is killed. Descriptors of `channels` are to ascend.
// Call from the main thread, with SIGCHLD not ignored.
[[nodiscard]] Result<ChildEnd> run_child(const Child& child,
                                         std::span<Channel> channels);

}  // namespace doff
