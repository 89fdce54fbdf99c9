// Any words as doff's command line, one a line: COMMAND is where doff(1) says,
// untouched, and what stands before it means what it would in a file.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "launcher/options.h"
#include "tests/fuzz/invariants.h"
#include "tests/fuzz/launcher_message.h"
#include "tests/fuzz/options_invariants.h"
#include "tests/fuzz/words.h"

namespace {

using doff::Options;
using doff::fuzz::require;
using doff::fuzz::Words;

// doff(1), "OPTIONS", read once more: the options, up to one that is none, and
// the place of COMMAND, which is the number of words where there is none.
struct Reading {
  std::vector<doff::fuzz::Given> given;
  std::size_t command = 1;
  bool unknown = false;
};

Reading read(const Words& words) {
  Reading reading;
  std::size_t& at = reading.command;
  while (at < words.size()) {
    const std::string& word = words[at];
    if (word == "--") {
      ++at;
      break;
    }
    if (word.empty() || word[0] != '-' || word == "-") break;
    ++at;
    const std::size_t equals = word.find('=');
    const doff::Option* const option =
        word.starts_with("--") && equals != 0 && word.size() > 2
            ? doff::fuzz::find_option(word.substr(2, equals - 2))
            : nullptr;
    reading.unknown = option == nullptr;
    if (reading.unknown) break;
    std::optional<std::string> value;
    if (equals != std::string::npos)
      value = word.substr(equals + 1);
    else if (!option->argument.empty() && at < words.size())
      value = words[at++];
    reading.given.push_back({std::string(option->name), value});
  }
  return reading;
}

// What a line of a file cannot say: nothing at all for a value, blanks around
// it, and some options.
bool can_be_lines(const std::vector<doff::fuzz::Given>& given) {
  constexpr const char* kBlanks = " \t";
  for (const auto& each : given) {
    if (!doff::fuzz::find_option(each.name)->in_file) return false;
    if (!each.value) continue;
    if (each.value->find_first_not_of(kBlanks) != 0 ||
        each.value->find_last_not_of(kBlanks) != each.value->size() - 1)
      return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  Words words("doff", Words::of(data, size));
  Options options;
  const auto failure = doff::parse_command_line(words.argv(), options);
  words.check_untouched();
  const Reading reading = read(words);
  if (can_be_lines(reading.given)) doff::fuzz::check_both_ways(reading.given);
  if (failure) {
    require(!failure->doing.empty() && !failure->cause.empty() &&
                !failure->next.empty(),
            "a failure says what, why, and what next");
    require(failure->file.empty() && failure->line == 0, "it is of no file");
    (void)doff::fuzz::message(*failure);
    return 0;
  }
  require(!reading.unknown, "what is no option is refused");
  doff::fuzz::check_bounds(options);
  require(options.command == (reading.command < words.size()
                                  ? words.argv() + reading.command
                                  : nullptr),
          "COMMAND begins where the options end");
  for (const char* const text : {options.user, options.chdir, options.path,
                                 options.shell, options.config})
    require(text == nullptr || words.holds(text), "a value is a word of argv");
  Options again = options;
  require(!doff::parse_command_line(words.argv(), again) &&
              doff::fuzz::same(options, again),
          "twice is once");
  return 0;
}
