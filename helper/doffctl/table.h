// Text in columns, for a terminal or for a pipe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace doff {

// What stdout is. The width is 0, for no limit, where it is no terminal.
struct Output {
  std::size_t width = 0;
  bool colour = false;  // a terminal, and NO_COLOR is not set
};
Output describe_stdout();

enum class Colour : std::uint8_t { kPlain, kBold, kYellow, kRed };
std::string coloured(std::string_view text, Colour colour,
                     const Output& output);

struct Row {
  std::vector<std::string> cells;
  Colour colour = Colour::kPlain;
};

// A line of titles and one for each row, columns aligned and two blanks apart.
// Cells may hold any bytes: they are shown as escaped() has them. Only the last
// column is cut, with "..." for what does not fit; 16 bytes of it always stay.
std::string table(const std::vector<std::string>& titles,
                  const std::vector<Row>& rows, const Output& output);

// `label` and, `indent` columns to the right, `text` broken at blanks so that
// no line is longer than the terminal, or 80 columns. Ends with a newline.
std::string paragraph(std::string_view label, std::size_t indent,
                      std::string_view text, const Output& output);

}  // namespace doff
