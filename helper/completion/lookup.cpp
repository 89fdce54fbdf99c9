#include "helper/completion/lookup.h"

#include <array>

namespace doff {
namespace {

Lookup lookup_of(const std::string& key, const Values& values) {
  constexpr std::array<const char*, 4> kKinds = {"any", "files", "words",
                                                 "list"};
  Lookup lookup{key, kKinds.at(static_cast<std::size_t>(values.kind)), {}};
  for (const std::string& word : values.words)
    lookup.words.push_back({word, ""});
  return lookup;
}

void add_lookups(const DescribedCommand& command,
                 std::vector<Lookup>& lookups) {
  const std::string path = command.path + " ";
  Lookup options{path + "-", "options", {}};
  for (const DescribedOption& each : command.options) {
    options.words.push_back({each.name, each.help});
    if (each.takes_value)
      lookups.push_back(lookup_of(path + each.name, each.values));
  }
  lookups.push_back(options);
  for (std::size_t n = 0; n < command.positionals.size(); ++n)
    lookups.push_back(
        lookup_of(path + std::to_string(n), command.positionals[n]));
  if (command.repeats)
    lookups.push_back(lookup_of(path + "*", command.positionals.back()));
  if (command.runs_command) lookups.push_back({path + "--", "run", {}});
  if (command.subcommands.empty()) return;
  lookups.push_back({path + "0", "subcommands", command.subcommands});
  for (const Described& each : command.subcommands)
    lookups.push_back({path + each.name, "subcommand", {}});
}

}  // namespace

std::vector<Lookup> lookups_of(const std::vector<DescribedCommand>& commands) {
  std::vector<Lookup> lookups;
  for (const DescribedCommand& each : commands) add_lookups(each, lookups);
  return lookups;
}

std::string shell_word(const std::string& text) {
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'')
      word += "'\\''";
    else
      word += c;
  }
  return word + "'";
}

}  // namespace doff
