#include "helper/install_shell/lines.h"

#include <algorithm>
#include <cstddef>

namespace doff {
namespace {

// Where the last `line` of `text` begins; npos: nowhere.
std::size_t find_line(std::string_view text, std::string_view line) {
  std::size_t at = text.rfind(line);
  while (at != std::string_view::npos) {
    const std::size_t end = at + line.size();
    if ((at == 0 || text[at - 1] == '\n') &&
        (end == text.size() || text[end] == '\n'))
      return at;
    at = at == 0 ? std::string_view::npos : text.rfind(line, at - 1);
  }
  return at;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// What the last line of the option `name` gives it; nothing: there is none.
std::optional<std::string> last_value(std::string_view text,
                                      std::string_view name) {
  std::optional<std::string> value;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t blank = std::min(line.find_first_of(" \t"), line.size());
    if (line.substr(0, blank) == name) value = trimmed(line.substr(blank));
  }
  return value;
}

}  // namespace

bool has_line(std::string_view text, std::string_view line) {
  return find_line(text, line) != std::string_view::npos;
}

std::string with_line(std::string_view text, std::string_view line) {
  std::string longer(text);
  if (text.empty() || text.ends_with('\n'))
    return longer.append(line).append("\n");
  return longer.append("\n").append(line);
}

std::string without_line(std::string_view text, std::string_view line) {
  std::size_t begin = find_line(text, line);
  if (begin == std::string_view::npos) return std::string(text);
  std::size_t end = begin + line.size();
  if (end < text.size())
    ++end;  // its newline
  else if (begin > 0)
    --begin;  // the one in front of it
  return std::string(text.substr(0, begin)).append(text.substr(end));
}

bool has_option(std::string_view text, std::string_view name) {
  return last_value(text, name).has_value();
}

Result<std::optional<std::string>> configured_shell(std::string_view text,
                                                    const std::string& source) {
  if (!text.empty() && !text.ends_with('\n'))
    return tl::unexpected(
        Failure{.doing = "doff-shell's configuration",
                .value = source,
                .cause = "the last line has no newline, which doff refuses",
                .next = "is the file whole?"});
  return last_value(text, "shell");
}

}  // namespace doff
