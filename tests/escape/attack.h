// The escape corpus: attempts by which a shell that doff started could come by
// more than doff left it. No attempt changes the machine where it succeeds.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace doff::escape {

enum class Outcome : std::uint8_t { kHolds, kEscapes, kNotTried };

// Goes through a pipe from the attempt's process as it is.
struct Result {
  Outcome outcome = Outcome::kNotTried;
  std::array<char, 160> detail{};
};
Result holds(const char* detail);
Result escapes(const char* detail);
Result not_tried(const char* reason);
// DETAIL and a word or a number, such as "the descriptor 7".
Result with(Outcome outcome, const char* detail, const char* word);
Result with(Outcome outcome, const char* detail, std::uint64_t hex);

// The name of an errno, such as EPERM.
const char* errno_name(int error);

// Judges what a system call gave: it holds when it failed, whyever.
Result failed(long result);
// The same where only a refusal counts (EPERM, EACCES, ENOSYS): every other
// errno is of a call that was let through.
Result refused(long result);

// What attempts are given.
struct Setting {
  const char* self = nullptr;      // this program's own file
  const char* prepared = nullptr;  // the directory that prepare() filled
  const char* launcher = nullptr;  // the launcher's file, in this root
};

// Each attempt has a process of its own, which ends afterwards.
struct Attempt {
  int family;  // its number in README.md
  const char* name;
  Result (*run)(const Setting& setting);
};
std::span<const Attempt> identity_attempts();   // 1 to 5
std::span<const Attempt> namespace_attempts();  // 6, 7
std::span<const Attempt> terminal_attempts();   // 8
std::span<const Attempt> hardened_attempts();   // 9
std::span<const Attempt> neighbour_attempts();  // 10, 12, 14

// A process's ids and sets, by system call.
struct State {
  std::array<std::uint32_t, 6> ids;  // real, effective, saved; user, then group
  std::uint64_t permitted;
  std::uint64_t effective;
  std::uint64_t inheritable;

  bool operator==(const State&) const = default;
};
State state();
// Permitted, effective, inheritable of a process; 0: our own. False: errno.
bool read_sets(int pid, State& state);

// With this argument, the program writes its state to stdout and does nothing
// else, as it does whenever it runs with more than its caller has.
inline constexpr const char* kTell = "--tell";

// The same user and group as ours but one: who is to be become.
unsigned somebody_else(unsigned id);

// Fills DIR with files that attempts execute: copies of this program that are
// setuid, setgid, or have file capabilities, which count under the user
// namespace whose root is `root`. Needs privileges. Returns an exit status.
int prepare(const Setting& setting, const char* directory, unsigned root);

}  // namespace doff::escape
