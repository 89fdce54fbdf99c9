#include "helper/runtime/low_level.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "helper/runtime/complaint.h"

namespace doff {
namespace {

constexpr std::array kLowLevel = {
    "/usr/local/sbin/runc", "/usr/local/bin/runc", "/usr/sbin/runc",
    "/usr/bin/runc",        "/sbin/runc",          "/bin/runc",
    "/usr/local/sbin/crun", "/usr/local/bin/crun", "/usr/sbin/crun",
    "/usr/bin/crun",        "/sbin/crun",          "/bin/crun"};

}  // namespace

const char* find_low_level(const Settings& settings) {
  const auto there = [](const char* path) { return access(path, X_OK) == 0; };
  if (settings.runtime != nullptr)
    return there(settings.runtime) ? settings.runtime : nullptr;
  const auto* const found = std::ranges::find_if(kLowLevel, there);
  return found == kLowLevel.end() ? nullptr : *found;
}

Grammar grammar_of(std::string_view path) {
  path.remove_prefix(path.rfind('/') + 1);  // npos + 1 is 0
  return path.starts_with("crun") ? Grammar::kGetopt : Grammar::kGo;
}

int complain_of_low_level(const CommandLine& line, const Settings& settings) {
  if (settings.runtime == nullptr)
    return complain(
        line,
        std::array<std::string_view, 1>{
            "the low-level runtime: neither runc nor crun is in /usr/local, "
            "/usr or /, in sbin or bin; install one, or name one with the "
            "setting `runtime` in /etc/doff/runtime.conf"});
  return complain(
      line,
      std::array<std::string_view, 6>{
          "the low-level runtime \"", settings.runtime, "\": ", describe(errno),
          "; install it, or correct the setting `runtime` in ",
          line.settings != nullptr ? line.settings : kSettingsFile});
}

int complain_of_settings(const CommandLine& line, const SettingsFault& fault) {
  std::array<char, 12> digits{};
  const auto* const end =
      std::to_chars(digits.begin(), digits.end(), fault.line).ptr;
  const bool in_line = fault.line != 0;
  const bool named = !fault.name.empty();
  const bool valued = !fault.value.empty();
  return complain(
      line, std::array<std::string_view, 12>{
                line.settings != nullptr ? line.settings : kSettingsFile,
                in_line ? ":" : "",
                in_line ? std::string_view(digits.begin(), end) : "",
                named ? ": " : "", fault.name, valued ? " \"" : "", fault.value,
                valued ? "\"" : "", ": ", fault.cause,
                fault.next.empty() ? "" : "; ", fault.next});
}

int become(const CommandLine& line, const char* path, char** words) {
  words[0] = const_cast<char*>(path);  // which execve(2) only reads
  execve(path, words, environ);
  return complain(line, std::array<std::string_view, 4>{
                            "starting \"", path, "\": ", describe(errno)});
}

}  // namespace doff
