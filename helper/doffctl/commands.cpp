#include "helper/doffctl/commands.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "helper/doffctl/usage.h"
#include "helper/doffctl/version.h"
#include "helper/failure.h"

namespace doff {
namespace {

// CLI11's own title is `Subcommands`.
void title_commands(CLI::App& app) {
  std::vector<CLI::App*> left{&app};
  while (!left.empty()) {
    CLI::App* const next = left.back();
    left.pop_back();
    for (CLI::App* const each : next->get_subcommands({})) {
      each->group("Commands");
      left.push_back(each);
    }
  }
}

}  // namespace

void add_commands(CLI::App& app, const std::vector<std::string>& command,
                  Action& chosen) {
  app.formatter(std::make_shared<HelpFormatter>());
  app.set_version_flag("--version", "doffctl " DOFF_VERSION,
                       "print the version");
  app.set_help_flag("--help", "print this");
  app.require_subcommand(1);
  const Command doffctl(app, chosen);
  add_trim(doffctl);
  add_policy(doffctl);
  add_emit(doffctl);
  add_explain(doffctl);
  add_audit(doffctl);
  add_minimize(doffctl, command);
  add_hook(doffctl);
  add_setup(doffctl);
  add_install_shell(doffctl);
  add_doctor(doffctl);
  add_attack(doffctl, command);
  add_completion(doffctl);
  title_commands(app);
  app.footer(
      "`doffctl COMMAND --help` lists a command's options; doffctl(1) "
      "says it all.");
}

std::vector<DescribedCommand> described_commands() {
  CLI::App app("", "doffctl");
  Action unused;
  add_commands(app, {}, unused);
  return describe(app);
}

int complain(const Failure& failure) {
  std::cerr << "doffctl: " << to_text(failure) << "\n";
  return kExitFailed;
}

int complain_of_all(const Failures& failures) {
  for (const Failure& each : failures) complain(each);
  return kExitFailed;
}

}  // namespace doff
