#include "helper/doffctl/command.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "helper/doffctl/usage.h"

namespace doff {

void Option::required() const { option_->required(); }

const Option& Option::excludes(const Option& other) const {
  option_->excludes(other.option_);
  return *this;
}

Command Command::add(const std::string& name, const std::string& help,
                     const std::string& behind) const {
  CLI::App* const added = app_->add_subcommand(name, help);
  if (!behind.empty())
    added->formatter(std::make_shared<HelpFormatter>(behind));
  return {*added, *chosen_};
}

void Command::needs_command() const { app_->require_subcommand(1); }

void Command::footer(const std::string& text) const { app_->footer(text); }

Option Command::flag(const std::string& name, bool& given,
                     const std::string& help) const {
  return Option(app_->add_flag(name, given, help));
}

Option Command::value(const std::string& name, const std::string& type,
                      std::string& value, const std::string& help) const {
  return Option(app_->add_option(name, value, help)->type_name(type));
}

// CLI11's own vectors would let an option swallow the word behind its value,
// and split a value at brackets.
Option Command::values(const std::string& name, const std::string& type,
                       std::vector<std::string>& values,
                       const std::string& help) const {
  if (!name.starts_with('-'))
    return Option(app_->add_option(name, values, help)->type_name(type));
  return Option(
      app_->add_option_function<std::string>(
              name,
              [&values](const std::string& word) { values.push_back(word); },
              help)
          ->type_name(type)
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
          ->trigger_on_parse());
}

void Command::does(const Action& action) const {
  app_->callback([chosen = chosen_, action] { *chosen = action; });
}

}  // namespace doff
