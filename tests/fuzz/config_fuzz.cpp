// Any bytes as a configuration file: a message names the line, and what is
// accepted means what the same options mean on a command line.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "launcher/options.h"
#include "tests/fuzz/invariants.h"
#include "tests/fuzz/launcher_message.h"
#include "tests/fuzz/options_invariants.h"
#include "tests/fuzz/words.h"

namespace {

using doff::Options;
using doff::fuzz::require;

constexpr std::string_view kFile = "/etc/doff/\x1b[2J.conf";
constexpr std::string_view kShown = "doff: /etc/doff/\\u001b[2J.conf:";

constexpr std::string_view kBlanks = " \t";

// doff(1), "CONFIGURATION FILES", read once more.
std::optional<doff::fuzz::Given> read(std::string_view line) {
  const std::string text = doff::fuzz::trimmed(line, kBlanks);
  if (text.empty() || text[0] == '#') return std::nullopt;
  const std::size_t blank = text.find_first_of(kBlanks);
  if (blank == std::string::npos) return {{text, std::nullopt}};
  return {{text.substr(0, blank),
           doff::fuzz::trimmed(text.substr(blank), kBlanks)}};
}

void check_message(const doff::Failure& failure, std::size_t lines) {
  require(failure.file == kFile, "a failure names its file");
  require(failure.line >= 1 && failure.line <= lines, "and a line of it");
  require(!failure.cause.empty(), "a failure has a cause");
  const std::string said = doff::fuzz::message(failure);
  require(said.starts_with(std::string(kShown) + std::to_string(failure.line) +
                           ": "),
          "a message begins with the file and the line");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string before(reinterpret_cast<const char*>(data), size);
  // Alone in memory, so that a sanitizer sees what is behind its end.
  std::vector<char> text(before.begin(), before.end());
  Options options;
  const auto failure = doff::parse_config(kFile, text, options);
  const auto lines = doff::fuzz::split(before, '\n');
  if (failure) check_message(*failure, lines.size());

  // As far as there are options that both ways know.
  const std::size_t good = failure ? failure->line : lines.size();
  std::vector<doff::fuzz::Given> given;
  for (std::size_t i = 0; i < good; ++i) {
    if (lines[i].find('\0') != std::string::npos) break;
    const auto line = read(lines[i]);
    if (!line) continue;
    const doff::Option* const option = doff::fuzz::find_option(line->name);
    const bool both = option != nullptr && option->in_file;
    require(failure || both, "what is no option of a file is refused");
    if (!both) break;
    given.push_back(*line);
  }
  doff::fuzz::check_both_ways(given);
  if (failure) return 0;

  require(lines.back().empty(), "a line without its newline is refused");
  doff::fuzz::check_bounds(options);
  require(options.action == doff::Action::kRun && options.command == nullptr &&
              options.config == nullptr,
          "no file names a command, a file, or what to do instead");
  const std::less_equal<const char*> before_or_at;
  for (const char* const each :
       {options.user, options.chdir, options.path, options.shell})
    require(each == nullptr || (before_or_at(text.data(), each) &&
                                before_or_at(each, text.data() + size)),
            "a value is in the text");
  return 0;
}
