#include "helper/completion/description.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>
#include <utility>

#include "caps/names.h"
#include "helper/policy/profiles.h"

namespace doff {
namespace {

std::vector<std::string> capability_words() {
  std::vector<std::string> words(kCapabilityNames.begin(),
                                 kCapabilityNames.end());
  words.emplace_back("ALL");
  return words;
}

std::vector<std::string> profile_words() {
  std::vector<std::string> words;
  for (const Profile& each : profiles()) words.emplace_back(each.name);
  return words;
}

// The words of "docker|podman|cri".
std::vector<std::string> choices(std::string_view type) {
  std::vector<std::string> words;
  for (bool more = true; more;) {
    const std::size_t bar = std::min(type.find('|'), type.size());
    words.emplace_back(type.substr(0, bar));
    more = bar < type.size();
    type.remove_prefix(bar + (more ? 1 : 0));
  }
  return words;
}

// What a value is called says what it is: help has the same words.
Values values_of(std::string_view type) {
  if (type == "FILE|NAME") return {Values::Kind::kFiles, profile_words()};
  if (type.find('|') != std::string_view::npos)
    return {Values::Kind::kWords, choices(type)};
  if (type == "CAP,...") return {Values::Kind::kList, capability_words()};
  if (type == "CAP") return {Values::Kind::kWords, capability_words()};
  if (type == "NAME" || type == "PROFILE")
    return {Values::Kind::kWords, profile_words()};
  if (type == "FILE" || type == "DIR") return {Values::Kind::kFiles, {}};
  return {};
}

// A positional is called by its type, or the type stands beside its name.
Values values_of_positional(const CLI::Option& option) {
  Values by_type = values_of(option.get_type_name());
  if (by_type.kind != Values::Kind::kAny) return by_type;
  return values_of(option.get_name(true));
}

DescribedCommand describe_one(const CLI::App& app, const std::string& path) {
  DescribedCommand command{
      .path = path,
      .subcommands = {},
      .options = {},
      .positionals = {},
      .runs_command = path == "minimize" || path == "attack"};
  for (const CLI::Option* const each : app.get_options()) {
    if (each->get_positional()) {
      command.positionals.push_back(values_of_positional(*each));
      command.repeats = each->get_expected_max() > 1;
      continue;
    }
    const bool takes_value = each->get_type_size() != 0;
    for (const std::string& name : each->get_lnames())
      command.options.push_back(
          {"--" + name, each->get_description(), takes_value,
           takes_value ? values_of(each->get_type_name()) : Values{}});
  }
  for (const CLI::App* const each : app.get_subcommands({}))
    command.subcommands.push_back({each->get_name(), each->get_description()});
  return command;
}

}  // namespace

std::vector<DescribedCommand> describe(const CLI::App& app) {
  std::vector<DescribedCommand> commands;
  std::vector<std::pair<const CLI::App*, std::string>> left = {{&app, ""}};
  while (!left.empty()) {
    const auto [next, path] = left.back();
    left.pop_back();
    commands.push_back(describe_one(*next, path));
    auto subcommands = next->get_subcommands({});
    std::ranges::reverse(subcommands);  // the first is to come off first
    for (const CLI::App* const each : subcommands)
      left.emplace_back(each,
                        path + (path.empty() ? "" : " ") + each->get_name());
  }
  return commands;
}

}  // namespace doff
