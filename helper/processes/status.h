// /proc/PID/status as a value, proc_pid_status(5). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "caps/verdict.h"

namespace doff {

// Of a process, which is that of its first thread, or of any thread.
enum class Pid : std::int32_t {};
constexpr std::int32_t number(Pid pid) {
  return static_cast<std::int32_t>(pid);
}

// Of one thread; the file of a process is that of its first.
struct Status {
  Pid thread{};      // whose file it was; the text is not asked
  std::string name;  // at most 15 bytes, of the process's own choice
  std::uint32_t effective_uid = 0;
  std::size_t threads = 1;
  // Kernel threads and zombies have none: nothing in them can use a capability.
  bool has_memory = false;
  // It has a number of its own in a pid namespace below the one of this /proc.
  bool in_pid_namespace_below = false;
  Credentials credentials;
};

// Nothing where a line that must be there is missing or makes no sense, as in a
// file that was cut. NoNewPrivs is absent before Linux 4.10, and then counts as
// not set.
[[nodiscard]] std::optional<Status> parse_status(std::string_view text);

// What two threads of a process hold between them.
Credentials united(const Credentials& a, const Credentials& b);

}  // namespace doff
