#include "helper/spec/unified_diff.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "helper/failure.h"

namespace doff {
namespace {

constexpr std::size_t kContext = 3;
// The table below has so many cells at most.
constexpr std::size_t kMostCells = std::size_t{1} << 22;

using Lines = std::vector<std::string_view>;

// With their newlines, which the last may lack.
Lines split(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t newline = text.find('\n');
    const std::size_t length =
        newline == std::string_view::npos ? text.size() : newline + 1;
    lines.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return lines;
}

struct Change {
  char sign;  // ' ', '-' or '+'
  std::string_view line;
};
using Changes = std::vector<Change>;

void append(Changes& changes, char sign,
            std::span<const std::string_view> lines) {
  for (const std::string_view line : lines) changes.push_back({sign, line});
}

// By a longest common subsequence, found from the end: `common[i][j]` is how
// long that of the lines from `before[i]` and from `after[j]` on is.
void compare(std::span<const std::string_view> before,
             std::span<const std::string_view> after, Changes& changes) {
  const std::size_t width = after.size() + 1;
  if (before.size() >= kMostCells / width) {
    append(changes, '-', before);
    append(changes, '+', after);
    return;
  }
  std::vector<std::uint32_t> common((before.size() + 1) * width);
  const auto cell = [&](std::size_t i, std::size_t j) -> std::uint32_t& {
    return common[i * width + j];
  };
  for (std::size_t i = before.size(); i-- > 0;)
    for (std::size_t j = after.size(); j-- > 0;)
      cell(i, j) = before[i] == after[j]
                       ? cell(i + 1, j + 1) + 1
                       : std::max(cell(i + 1, j), cell(i, j + 1));
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < before.size() && j < after.size()) {
    if (before[i] == after[j]) {
      changes.push_back({' ', before[i++]});
      ++j;
    } else if (cell(i + 1, j) >= cell(i, j + 1)) {
      changes.push_back({'-', before[i++]});
    } else {
      changes.push_back({'+', after[j++]});
    }
  }
  append(changes, '-', before.subspan(i));
  append(changes, '+', after.subspan(j));
}

// What is the same at both ends need not be compared.
Changes changes_between(const Lines& before, const Lines& after) {
  const std::size_t shorter = std::min(before.size(), after.size());
  std::size_t head = 0;
  while (head < shorter && before[head] == after[head]) ++head;
  std::size_t tail = 0;
  while (tail < shorter - head &&
         before[before.size() - 1 - tail] == after[after.size() - 1 - tail])
    ++tail;
  const std::span old_lines(before);
  const std::span new_lines(after);
  Changes changes;
  append(changes, ' ', old_lines.first(head));
  compare(old_lines.subspan(head, before.size() - head - tail),
          new_lines.subspan(head, after.size() - head - tail), changes);
  append(changes, ' ', old_lines.last(tail));
  return changes;
}

// A part of no lines is named by the line before it.
std::string range_text(std::size_t first, std::size_t count) {
  return std::to_string(count == 0 ? first : first + 1) + "," +
         std::to_string(count);
}

// `old_first` and `new_first` are how many lines of each stand before it.
std::string hunk(std::span<const Change> changes, std::size_t old_first,
                 std::size_t new_first) {
  std::string body;
  std::size_t old_count = 0;
  std::size_t new_count = 0;
  for (const Change& each : changes) {
    old_count += each.sign != '+' ? 1 : 0;
    new_count += each.sign != '-' ? 1 : 0;
    body += each.sign;
    body += each.line;
    if (!each.line.ends_with('\n')) body += "\n\\ No newline at end of file\n";
  }
  return "@@ -" + range_text(old_first, old_count) + " +" +
         range_text(new_first, new_count) + " @@\n" + body;
}

}  // namespace

std::string unified_diff(std::string_view before, std::string_view after,
                         std::string_view name) {
  if (before == after) return {};
  const Lines old_lines = split(before);
  const Lines new_lines = split(after);
  const Changes changes = changes_between(old_lines, new_lines);

  std::string text = "--- " + escaped(name) + "\n+++ " + escaped(name) + "\n";
  std::size_t old_first = 0;
  std::size_t new_first = 0;
  std::size_t shown = 0;  // how many of `changes` are behind us
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (changes[i].sign == ' ') continue;
    // From the context before this change to that behind the last one with no
    // more than two contexts between it and the next.
    const std::size_t begin = std::max(shown, i - std::min(i, kContext));
    std::size_t last = i;
    for (std::size_t j = i; j < changes.size() && j <= last + 2 * kContext + 1;
         ++j)
      if (changes[j].sign != ' ') last = j;
    const std::size_t end = std::min(last + 1 + kContext, changes.size());
    old_first += begin - shown;  // all of them are in both
    new_first += begin - shown;
    const auto part = std::span(changes).subspan(begin, end - begin);
    text += hunk(part, old_first, new_first);
    for (const Change& each : part) {
      old_first += each.sign != '+' ? 1 : 0;
      new_first += each.sign != '-' ? 1 : 0;
    }
    shown = end;
    i = end - 1;
  }
  return text;
}

}  // namespace doff
