// A command of doffctl as its options are declared. CLI11 parses them, behind
// this: each file that includes its headers takes some ten seconds to compile.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace doff {

// What main() does in the end, and what it exits with.
using Action = std::function<int()>;

// An option that was declared.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  void required() const;
  // Not both may be given.
  // NOLINTNEXTLINE(modernize-use-nodiscard): it changes both.
  const Option& excludes(const Option& other) const;

 private:
  CLI::Option* option_;
};

// NAME without dashes, in capitals, is a word behind the options. TYPE is what
// help calls the value, and what completion offers: see helper/completion.
// References must live as long as the command line is parsed.
class Command {
 public:
  // `chosen` becomes what the chosen command does.
  Command(CLI::App& app, Action& chosen) : app_(&app), chosen_(&chosen) {}

  // Another word of the command line: `doffctl NAME`, `doffctl hook NAME`.
  // `behind` is what usage shows behind its options and words.
  [[nodiscard]] Command add(const std::string& name, const std::string& help,
                            const std::string& behind = "") const;
  // One of the commands that were added must be given.
  void needs_command() const;
  // Behind the options in --help.
  void footer(const std::string& text) const;

  Option flag(const std::string& name, bool& given,
              const std::string& help) const;
  Option value(const std::string& name, const std::string& type,
               std::string& value, const std::string& help) const;
  // As often as wanted: with the option's name each time.
  Option values(const std::string& name, const std::string& type,
                std::vector<std::string>& values,
                const std::string& help) const;

  void does(const Action& action) const;

 private:
  CLI::App* app_;
  Action* chosen_;
};

}  // namespace doff
