// Why doffctl or doff-runtime stops, as a value: what was being done, with
// what, why not, and what to do next. A Failure owns its text.
#pragma once

#include <cstddef>
#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace doff {

// Where in a file, for people: lines and columns count from 1; 0 is unknown.
struct Place {
  std::string file;
  std::size_t line = 0;
  std::size_t column = 0;
};

struct Failure {
  std::string doing{};  // the option, the key or the step
  std::string value{};  // what it was given; may be empty
  std::string cause{};  // empty: `error` says it all
  int error = 0;        // errno, or 0
  std::string guess{};  // the nearest valid word, or empty
  std::string next{};   // what to do; may be empty
  Place place{};
  // What was being done has happened all the same: only to sync it failed.
  bool done = false;
};
using Failures = std::vector<Failure>;

// std::expected's, which clang 14 cannot compile.
template <typename T>
using Result = tl::expected<T, Failure>;
// Where everything that is wrong is told at once. Never an empty list.
template <typename T>
using Checked = tl::expected<T, Failures>;

// One line without its newline: `FILE:LINE:COLUMN: DOING "VALUE": CAUSE
// (ERRNO'S TEXT); did you mean "GUESS"?; NEXT`, each part where there is one.
// Bytes of `value` and `file` that could act on a terminal are escaped.
std::string to_text(const Failure& failure);

// `bytes` as to_text() shows them: all but printable ASCII, quotes and
// backslashes becomes \u00XX.
std::string escaped(std::string_view bytes);

// The same of a text of several lines, such as a program's output: quotes,
// backslashes, newlines and tabs stay.
std::string printable(std::string_view text);

}  // namespace doff
