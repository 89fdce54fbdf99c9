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

Check wrong_file(std::string cause, std::string next) {
  return wrong(kHost, kWhat,
               {.cause = std::move(cause),
                .next = std::move(next),
                .place = {.file = kPath}});
}

}  // namespace

std::optional<Check> check_login_shell(const std::string& launcher,
                                       const Calls& calls) {
  struct stat about {};
  if (lstat(kPath, &about) != 0 || launcher.empty()) return std::nullopt;
  const auto taken =
      calls.run({launcher, "--config", kPath, "--accept", "open", "--status"});
  if (!taken)
    return wrong(kHost, kWhat,
                 {.cause = taken.error().cause,
                  .next = "until it is mended, doff-shell starts nobody's "
                          "shell: doff-shell(1), RECOVERY"});
  const auto text = read_file(kPath, kLongest);
  if (!text) return wrong(kHost, kWhat, text.error());
  const auto shell = find_shell(*text);
  if (!shell) return Check{kHost, kWhat, Outcome::kOk, kPath};
  if (stat(shell->c_str(), &about) != 0 || !S_ISREG(about.st_mode) ||
      access(shell->c_str(), X_OK) != 0)
    return wrong_file("the shell \"" + quoted(*shell) +
                          "\" is not a program that could be started",
                      "correct the line `shell`");
  return Check{kHost, kWhat, Outcome::kOk,
               std::string(kPath) + ": the real shell is " + *shell};
}

std::optional<std::string> find_shell(std::string_view configuration) {
  std::optional<std::string> shell;
  while (!configuration.empty()) {
    const std::size_t end =
        std::min(configuration.find('\n'), configuration.size());
    const std::string_view line = trimmed(configuration.substr(0, end));
    const std::size_t blank = line.find_first_of(" \t");
    if (blank != std::string_view::npos && line.substr(0, blank) == "shell")
      shell = trimmed(line.substr(blank));
    configuration.remove_prefix(std::min(end + 1, configuration.size()));
  }
  return shell;
}

}  // namespace doff
