// doffctl: what may a container hand out, seen and trimmed from outside.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "helper/doffctl/commands.h"
#include "helper/doffctl/usage.h"
#include "helper/failure.h"

namespace {

int run(int argc, char** argv) {
  // CLI11 eats options from behind `--`: what stands there is not for it.
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  const auto dashes = std::ranges::find(words, "--");
  std::vector<std::string> command;
  if (dashes != words.end()) command.assign(dashes + 1, words.end());
  words.erase(dashes, words.end());
  std::ranges::reverse(words);  // as CLI::App::parse wants them

  CLI::App app("See and trim the capabilities that containers may hand out.",
               "doffctl");
  doff::Action chosen;
  doff::add_commands(app, command, chosen);
  if (argc < 2) {
    std::cerr << app.help();
    return doff::kExitFailed;
  }
  try {
    app.parse(words);
  } catch (const CLI::Success& answer) {  // --help, --version
    return app.exit(answer);
  } catch (const CLI::ParseError& error) {
    return doff::complain(doff::explain(app, error));
  }
  if (!command.empty() && !app.got_subcommand("minimize") &&
      !app.got_subcommand("attack"))
    return doff::complain(
        {.doing = "the command line",
         .value = "--",
         .cause = "only `minimize` and `attack` take a command"});
  if (const auto empty = doff::find_empty_value(app))
    return doff::complain(*empty);
  return chosen();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const int status = run(argc, argv);
    std::cout.flush();
    if (!std::cout)
      return doff::complain({.doing = "writing to stdout", .error = errno});
    return status;
  } catch (const std::exception& error) {  // memory, or a defect of ours
    return doff::complain({.doing = "doffctl", .cause = error.what()});
  }
}
