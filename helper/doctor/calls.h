// Calls of engines' own programs, none of which may take forever.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "helper/child.h"
#include "helper/failure.h"

namespace doff {

// The absolute path of a program in fixed directories, never by PATH: root's
// programs, those of packages before those that somebody put beside them.
std::optional<std::string> find_program(std::string_view name);

// Told now and then of what is being waited for.
using Waiting = std::function<void(const std::string& step)>;

class Calls {
 public:
  // `limit`: of one call.
  Calls(const Interruption& interruption, Waiting waiting,
        std::chrono::seconds limit = std::chrono::seconds{30})
      : interruption_(interruption),
        waiting_(std::move(waiting)),
        limit_(limit) {}

  // Runs it and returns its stdout. A failure: the last line of its stderr, an
  // exit status, or no answer in time. What has begun is waited for when a
  // signal comes, so that nobody is left in doubt what it did; no call begins
  // after that, except to clean up.
  [[nodiscard]] Result<std::string> run(std::vector<std::string> words,
                                        int input = -1) const;

  void clean_up(bool cleaning) { cleaning_ = cleaning; }
  [[nodiscard]] bool interrupted() const { return interruption_.has_come(); }
  // Between two looks at something.
  void wait_a_little(const std::string& step) const;

 private:
  const Interruption& interruption_;
  Waiting waiting_;
  std::chrono::seconds limit_;
  bool cleaning_ = false;
};

}  // namespace doff
