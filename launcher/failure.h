// Why doff stops, as one value: what was being done, with what, why not, and
// what to do next. Every view points at argv, at a file's text or at a
// literal, so a Failure owns nothing and lives as long as those do.
#pragma once

#include <string_view>

namespace doff {

// Exit statuses, as env(1), nohup(1) and docker-run(1) use them.
inline constexpr int kExitRefused = 125;
inline constexpr int kExitNotExecutable = 126;
inline constexpr int kExitNotFound = 127;

struct Failure {
  std::string_view doing{};      // the option, the step or the system call
  std::string_view value{};      // what it was given; may be empty
  std::string_view cause{};      // empty: `error` says it all
  int error = 0;                 // errno, or 0
  std::string_view guess{};      // the nearest valid word, or empty
  std::string_view looked_in{};  // DIR:DIR..., as it was given; may be empty
  std::string_view next{};       // what to do; may be empty
  std::string_view file{};       // the configuration file, and
  unsigned line = 0;             // its line; 0: the whole file
  int exit_status = kExitRefused;
  bool is_option = false;  // `doing` is an option's name, without dashes
};

// Says so in one line on stderr, and ends this process. Code that only this
// process runs calls it where it fails; what parses bytes that others wrote
// returns its Failure, so that tests can look at it.
[[noreturn]] void refuse(const Failure& failure);
// The same, of an option; or, where it has no name, of failure.file.
[[noreturn]] void refuse_option(std::string_view option, Failure failure);

}  // namespace doff
