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
  add_trim(app, chosen);
  add_policy(app, chosen);
  add_emit(app, chosen);
  add_explain(app, chosen);
  add_audit(app, chosen);
  add_minimize(app, command, chosen);
  add_hook(app, chosen);
  add_setup(app, chosen);
  add_install_shell(app, chosen);
  add_doctor(app, chosen);
  add_attack(app, command, chosen);
  add_completion(app, chosen);
  title_commands(app);
  app.footer(
      "`doffctl COMMAND --help` lists a command's options; doffctl(1) "
      "says it all.");
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
