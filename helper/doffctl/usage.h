// What doffctl says of its own command line: --help, and what is wrong.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <utility>

#include "helper/failure.h"

namespace doff {

// Help as of CLI11, with sentences before the options and no line that is too
// long for a screen. The line `Usage:` ends in `rest`: what a subcommand takes
// and CLI11 does not know of.
class HelpFormatter : public CLI::Formatter {
 public:
  explicit HelpFormatter(std::string rest = "");

  std::string make_description(const CLI::App* app) const override;
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_option_desc(const CLI::Option* option) const override;
  std::string make_subcommand(const CLI::App* sub) const override;
  std::string make_usage(const CLI::App* app, std::string name) const override;

 private:
  std::string rest_;
};

// `error`, which app.parse() threw, in our words, with the nearest subcommand,
// option or choice.
Failure explain(const CLI::App& app, const CLI::ParseError& error);

// An option or a word that was given and is empty, as a variable that nobody
// set leaves it. Nothing here takes such a value.
std::optional<Failure> find_empty_value(const CLI::App& app);

}  // namespace doff
