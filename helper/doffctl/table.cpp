#include "helper/doffctl/table.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "helper/failure.h"

namespace doff {
namespace {

constexpr std::string_view kGap = "  ";
constexpr std::size_t kDefaultWidth = 80;

std::string cut(std::string text, std::size_t room) {
  constexpr std::string_view kRest = "...";
  if (text.size() <= room) return text;
  text.resize(room > kRest.size() ? room - kRest.size() : 0);
  return text.append(kRest.substr(0, room));
}

std::string line(const std::vector<std::string>& cells,
                 const std::vector<std::size_t>& widths, std::size_t limit) {
  std::string text;
  for (std::size_t i = 0; i + 1 < cells.size(); ++i)
    text.append(cells[i]).append(widths[i] - cells[i].size(), ' ').append(kGap);
  if (limit == 0) return text + cells.back();
  // Of what matters least there is some in any case, if on the next line.
  constexpr std::size_t kLeast = 16;
  return text + cut(cells.back(), limit > text.size() + kLeast
                                      ? limit - text.size()
                                      : kLeast);
}

}  // namespace

Output describe_stdout() {
  if (isatty(STDOUT_FILENO) != 1) return {};
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    size.ws_col = kDefaultWidth;
  // no-color.org: set to anything but an empty string.
  const char* const no_colour = getenv("NO_COLOR");
  return {.width = size.ws_col,
          .colour = no_colour == nullptr || *no_colour == '\0'};
}

std::string coloured(std::string_view text, Colour colour,
                     const Output& output) {
  // ECMA-48, select graphic rendition.
  constexpr std::array<std::string_view, 4> kCodes = {"", "1", "33", "31"};
  if (!output.colour || colour == Colour::kPlain) return std::string(text);
  return "\x1b[" + std::string(kCodes[static_cast<std::size_t>(colour)]) + "m" +
         std::string(text) + "\x1b[0m";
}

std::string table(const std::vector<std::string>& titles,
                  const std::vector<Row>& rows, const Output& output) {
  std::vector<Row> lines = {{titles, Colour::kBold}};
  lines.insert(lines.end(), rows.begin(), rows.end());
  std::vector<std::size_t> widths(titles.size());
  for (Row& row : lines)
    for (std::size_t i = 0; i < titles.size(); ++i) {
      row.cells[i] = escaped(row.cells[i]);
      widths[i] = std::max(widths[i], row.cells[i].size());
    }
  std::string text;
  for (const Row& row : lines)
    text +=
        coloured(line(row.cells, widths, output.width), row.colour, output) +
        "\n";
  return text;
}

std::string paragraph(std::string_view label, std::size_t indent,
                      std::string_view text, const Output& output) {
  const std::size_t width =
      output.width == 0 ? kDefaultWidth : std::min(output.width, kDefaultWidth);
  std::string lines;
  std::string current(label);
  current.resize(std::max(indent, label.size()), ' ');
  std::size_t begin = current.size();
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (current.size() > begin && current.size() + 1 + end > width) {
      lines += current + "\n";
      current.assign(indent, ' ');
      begin = indent;
    }
    if (current.size() > begin) current += ' ';
    current += text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines + current + "\n";
}

}  // namespace doff
