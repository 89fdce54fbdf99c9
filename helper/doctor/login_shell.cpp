#include "helper/doctor/login_shell.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "helper/file.h"

namespace doff {
namespace {

constexpr const char* kHost = "host";
constexpr const char* kWhat = "login shell";
constexpr const char* kPath = "/etc/doff/shell.conf";
constexpr std::size_t kLongest = std::size_t{64} << 10;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

Check wrong_file(const std::string& cause, std::string next) {
  return {kHost, kWhat, Outcome::kWrong, kPath + (": " + cause),
          std::move(next)};
}

bool is_same_program(const std::string& one, const std::string& other) {
  constexpr std::size_t kLongestProgram = std::size_t{64} << 20;
  const auto text = read_file(one, kLongestProgram);
  const auto same = read_file(other, kLongestProgram);
  return text && same && *text == *same;
}

}  // namespace

std::optional<Check> check_login_shell(const std::string& launcher,
                                       const Calls& calls) {
  struct stat about {};
  if (lstat(kPath, &about) != 0 || launcher.empty()) return std::nullopt;
  const auto taken =
      calls.run({launcher, "--config", kPath, "--accept", "open", "--status"});
  if (!taken)
    return Check{kHost, kWhat, Outcome::kWrong, taken.error().cause,
                 "until it is mended, doff-shell starts nobody's shell: "
                 "doff-shell(1), RECOVERY"};
  const auto text = read_file(kPath, kLongest);
  if (!text) return wrong(kHost, kWhat, text.error());
  std::string detail = kPath;
  if (const auto shell = find_option(*text, "shell")) {
    constexpr const char* kNext = "correct the line `shell`";
    if (stat(shell->c_str(), &about) != 0 || !S_ISREG(about.st_mode) ||
        access(shell->c_str(), X_OK) != 0)
      return wrong_file("the shell \"" + escaped(*shell) +
                            "\" is not a program that could be started",
                        kNext);
    if (is_same_program(*shell, launcher))
      return wrong_file("the shell \"" + escaped(*shell) + "\" is doff itself",
                        kNext);
    detail += ": the real shell is " + *shell;
  }
  if (find_option(*text, "userns") || find_option(*text, "accept"))
    return Check{kHost, kWhat, Outcome::kOk, detail};
  return Check{kHost, kWhat, Outcome::kNote,
               detail +
                   "; users who are not root are refused where the "
                   "bounding set is not empty from the start",
               "to start their shells, add the line `userns auto`, or `accept "
               "inert`: doff-shell(1)"};
}

std::optional<std::string> find_option(std::string_view configuration,
                                       std::string_view option) {
  std::optional<std::string> value;
  while (!configuration.empty()) {
    const std::size_t end =
        std::min(configuration.find('\n'), configuration.size());
    const std::string_view line = trimmed(configuration.substr(0, end));
    const std::size_t blank = line.find_first_of(" \t");
    if (blank != std::string_view::npos && line.substr(0, blank) == option)
      value = trimmed(line.substr(blank));
    configuration.remove_prefix(std::min(end + 1, configuration.size()));
  }
  return value;
}

}  // namespace doff
