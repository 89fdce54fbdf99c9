#include <set>
#include <string>

#include "helper/completion/description.h"

namespace doff {
namespace {

constexpr const char* kHead =
    R"(# Completes doffctl in fish. Made by `doffctl completion fish`.

# __doffctl_at N PATH...: PATH is the command typed so far, with N words behind
# it; `any` for any number.
function __doffctl_at
    set -l expected $argv[2..]
    set -l words
    set -l is_value 0
    for token in (commandline -opc)[2..]
        if test $is_value = 1
            set is_value 0
            continue
        end
        switch $token
            case --
                return 1
            case $__doffctl_value_options
                set is_value 1
            case '-*'
            case '*'
                set -a words $token
        end
    end
    set -l behind (math (count $words) - (count $expected))
    test $behind -ge 0; or return 1
    for i in (seq (count $expected))
        test "$words[$i]" = "$expected[$i]"; or return 1
    end
    test $argv[1] = any; or test $argv[1] = $behind
end

# What comes behind `--` is a command line of its own.
function __doffctl_command
    set -l tokens (commandline -opc)
    set -l dashes (contains -i -- -- $tokens)
    set -l rest (string escape -- $tokens[(math $dashes + 1)..])
    complete -C (string join ' ' -- $rest (commandline -ct))
end

complete -c doffctl -f
)";

// In single quotes fish knows \' and \\ alone.
std::string fish_word(const std::string& text) {
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') word += '\\';
    word += c;
  }
  return word + "'";
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& each : words)
    text += (text.empty() ? "" : " ") + each;
  return text;
}

// `complete` for when `count` words are behind the command.
std::string line(const DescribedCommand& command, const std::string& count) {
  return "complete -c doffctl -n " +
         fish_word("__doffctl_at " + count + (command.path.empty() ? "" : " ") +
                   command.path);
}

std::string offer(const Values& values) {
  switch (values.kind) {
    case Values::Kind::kAny:
      return "";
    case Values::Kind::kFiles:
      if (values.words.empty()) return " -F";
      return " -F -a " + fish_word(joined(values.words));
    case Values::Kind::kWords:
      return " -a " + fish_word(joined(values.words));
    case Values::Kind::kList:
      break;
  }
  return " -a " + fish_word("(__fish_complete_list , 'string split \" \" \"" +
                            joined(values.words) + "\"')");
}

std::string option_line(const DescribedCommand& command,
                        const DescribedOption& option) {
  const std::string count = command.subcommands.empty() ? "any" : "0";
  std::string text = line(command, count) + " -l " + option.name.substr(2) +
                     " -d " + fish_word(option.help);
  if (!option.takes_value) return text;
  text += option.values.kind == Values::Kind::kFiles ? " -r" : " -x";
  return text + offer(option.values);
}

std::string lines_of(const DescribedCommand& command) {
  std::string text;
  for (const Described& each : command.subcommands)
    text += line(command, "0") + " -a " + each.name + " -d " +
            fish_word(each.help) + "\n";
  for (const DescribedOption& each : command.options)
    text += option_line(command, each) + "\n";
  for (std::size_t n = 0; n < command.positionals.size(); ++n) {
    const bool last = n + 1 == command.positionals.size();
    const std::string count =
        last && command.repeats ? "any" : std::to_string(n);
    const std::string offered = offer(command.positionals[n]);
    if (!offered.empty()) text += line(command, count) + offered + "\n";
  }
  if (command.runs_command)
    text += "complete -c doffctl -n " +
            fish_word("contains -- -- (commandline -opc); and contains " +
                      command.path + " (commandline -opc)") +
            " -a '(__doffctl_command)'\n";
  return text;
}

}  // namespace

std::string fish_completion(const std::vector<DescribedCommand>& commands) {
  std::string script = kHead;
  std::set<std::string> value_options;
  for (const DescribedCommand& command : commands)
    for (const DescribedOption& each : command.options)
      if (each.takes_value) value_options.insert(each.name);
  script += "set -g __doffctl_value_options";
  for (const std::string& each : value_options) script += " " + each;
  script += "\n";
  for (const DescribedCommand& each : commands) script += lines_of(each);
  return script;
}

}  // namespace doff
