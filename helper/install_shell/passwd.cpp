#include "helper/install_shell/passwd.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "caps/names.h"

namespace doff {

namespace {

constexpr std::size_t kFields = 7;

std::string_view third_field(std::string_view line) {
  for (int fields = 0; fields < 2; ++fields) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return {};
    line.remove_prefix(colon + 1);
  }
  return line.substr(0, line.find(':'));
}

Failure no_such_user(std::string_view user, std::string_view text,
                     const std::string& source) {
  const auto lines = passwd_lines(text);
  if (!user.empty() &&
      user.find_first_not_of("0123456789") == std::string_view::npos) {
    const auto same = std::ranges::find(lines, user, &PasswdLine::uid);
    return {.doing = "--user",
            .value = std::string(user),
            .cause = "no such user in " + escaped(source),
            .guess = same == lines.end() ? "" : escaped(same->name),
            .next = "give a name, not a number"};
  }
  std::vector<std::string_view> names;
  std::ranges::transform(lines, std::back_inserter(names), &PasswdLine::name);
  return {.doing = "--user",
          .value = std::string(user),
          .cause = "no such user in " + escaped(source),
          .guess = escaped(nearest_name(user, names))};
}

}  // namespace

bool is_root(const PasswdLine& line) {
  return !line.uid.empty() &&
         line.uid.find_first_not_of('0') == std::string_view::npos;
}

std::string started_shell(std::string_view field) {
  return std::string(field.empty() ? "/bin/sh" : field);
}

std::vector<PasswdLine> passwd_lines(std::string_view text) {
  std::vector<PasswdLine> lines;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    const auto colons = static_cast<std::size_t>(std::ranges::count(line, ':'));
    lines.push_back({.name = line.substr(0, line.find(':')),
                     .uid = third_field(line),
                     .shell = line.substr(line.rfind(':') + 1),
                     .number = number,
                     .fields = colons + 1});
  }
  return lines;
}

Result<PasswdLine> find_user(std::string_view text, std::string_view user,
                             const std::string& source) {
  const auto lines = passwd_lines(text);
  const auto found = std::ranges::find(lines, user, &PasswdLine::name);
  if (found == lines.end() || user.empty())
    return tl::unexpected(no_such_user(user, text, source));
  Failure failure{.doing = "--user",
                  .value = std::string(user),
                  .next = "correct it with vipw(8)",
                  .place = {source, found->number, 1}};
  const auto again =
      std::find_if(std::next(found), lines.end(),
                   [&](const PasswdLine& each) { return each.name == user; });
  if (again != lines.end()) {
    failure.cause = "has another line, " + std::to_string(again->number);
    return tl::unexpected(std::move(failure));
  }
  if (found->fields != kFields) {
    failure.cause = "the line has " + std::to_string(found->fields) +
                    " fields, not " + std::to_string(kFields);
    return tl::unexpected(std::move(failure));
  }
  return *found;
}

std::string with_shell(std::string_view text, const PasswdLine& line,
                       std::string_view shell) {
  const auto at = static_cast<std::size_t>(line.shell.data() - text.data());
  std::string changed(text.substr(0, at));
  changed.append(shell).append(text.substr(at + line.shell.size()));
  return changed;
}

}  // namespace doff
