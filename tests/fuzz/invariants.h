// What every target asks of what it is about.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string_view>

namespace doff::fuzz {

inline void require(bool held, std::string_view invariant) {
  if (held) return;
  std::cerr << "broken: " << invariant << "\n";
  std::abort();
}

// One line that can do nothing to a terminal.
inline void require_printable(std::string_view text,
                              std::string_view invariant) {
  require(
      std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7f; }),
      invariant);
}

// A helper's Failure. (The launcher's has the same name, and no program holds
// both: hence a template.)
template <typename Failure>
void check_failure(const Failure& failure) {
  require(!failure.cause.empty(), "a failure has a cause");
  require_printable(to_text(failure), "a message is printable ASCII");
}

// The same of one about the text of a file.
template <typename Failure>
void check_failure_in(std::string_view file, const Failure& failure) {
  require(failure.place.file == file, "a failure names its file");
  require(failure.place.line != 0, "a failure names its line");
  check_failure(failure);
}

}  // namespace doff::fuzz
