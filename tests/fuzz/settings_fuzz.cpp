// Any bytes as /etc/doff/runtime.conf: a message names a line of it, and what
// is accepted is what doff-runtime(8) says, read once more.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "helper/runtime/settings.h"
#include "tests/fuzz/invariants.h"
#include "tests/fuzz/words.h"

namespace {

using doff::Settings;
using doff::fuzz::require;

constexpr std::string_view kBlanks = " \t\r";

// Names and values; of a name that is there twice, the last.
std::map<std::string, std::string> read(const std::vector<std::string>& lines) {
  std::map<std::string, std::string> values;
  for (const std::string& each : lines) {
    const std::string line = doff::fuzz::trimmed(each, kBlanks);
    if (line.empty() || line[0] == '#') continue;
    const std::size_t blank =
        std::min(line.find_first_of(kBlanks), line.size());
    values[line.substr(0, blank)] =
        doff::fuzz::trimmed(line.substr(blank), kBlanks);
  }
  return values;
}

std::string text_or(const char* value, const char* fallback) {
  return value != nullptr ? value : fallback;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string before(reinterpret_cast<const char*>(data), size);
  const auto lines = doff::fuzz::split(before, '\n');
  auto values = read(lines);
  const auto value = [&values](const char* name, const char* fallback) {
    return values.contains(name) ? values[name] : fallback;
  };
  // Alone in memory, so that a sanitizer sees what is behind its end.
  std::vector<char> text(before.begin(), before.end());
  Settings settings;
  const auto fault = doff::parse_settings(text, settings);
  if (fault) {
    require(!fault->cause.empty(), "a fault has a cause");
    require(fault->line < lines.size(), "and a line of the file, or none");
    require(!fault->runtime_known ||
                text_or(settings.runtime, "/none") == value("runtime", "/none"),
            "a runtime that is known is the file's");
    return 0;
  }
  require(
      text_or(settings.runtime, "/none") == value("runtime", "/none") &&
          text_or(settings.launcher, "/none") == value("launcher", "/none") &&
          text_or(settings.policy, "/none") == value("policy", "/none") &&
          settings.record == value("record", "none") &&
          settings.record_arguments ==
              (value("record-arguments", "no") == "yes"),
      "each setting is the file's");
  constexpr std::string_view kNames[] = {"launcher", "policy", "record",
                                         "record-arguments", "runtime"};
  for (const auto& [name, said] : values) {
    require(std::ranges::find(kNames, name) != std::end(kNames),
            "a setting that is none is refused");
    require(!said.empty(), "a setting without a value is refused");
  }
  for (const char* const name : {"runtime", "launcher", "policy"})
    require(value(name, "/none")[0] == '/', "a path is absolute");
  return 0;
}
