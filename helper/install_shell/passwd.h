// The text of /etc/passwd, passwd(5): whose shell is what. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "helper/failure.h"

namespace doff {

// A line with a name, and where in the text its last field is.
struct PasswdLine {
  std::string_view name;
  std::string_view uid;
  std::string_view shell;  // the field
  std::size_t number = 0;  // from 1
  std::size_t fields = 0;
};

// Whether the field of a user id is 0.
bool is_root(const PasswdLine& line);

// The program that login(1) starts for such a field: "" is /bin/sh, passwd(5).
std::string started_shell(std::string_view field);

// All lines but empty ones. Views are into `text`.
std::vector<PasswdLine> passwd_lines(std::string_view text);

// The line of `user`. Refused, with the nearest name or the place in `source`:
// no line or two of that name, and one that has not got seven fields.
[[nodiscard]] Result<PasswdLine> find_user(std::string_view text,
                                           std::string_view user,
                                           const std::string& source);

// `text` with `shell` as the last field of `line`, and no other byte changed.
std::string with_shell(std::string_view text, const PasswdLine& line,
                       std::string_view shell);

}  // namespace doff
