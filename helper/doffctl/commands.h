// The subcommands of doffctl: one function each, in a file of its own.
#pragma once

#include <string>
#include <vector>

#include "helper/completion/description.h"
#include "helper/doffctl/command.h"
#include "helper/failure.h"

namespace CLI {
class App;
}

namespace doff {

// Exit statuses of doffctl, as of grep(1) and diff(1).
inline constexpr int kExitDone = 0;
inline constexpr int kExitNo = 1;  // done, and the answer is no; see doffctl(1)
inline constexpr int kExitFailed = 2;  // wrong usage, or it could not be done

// Each adds its subcommand.
// `command` is what stood behind `--`, which CLI11 would not leave alone.
void add_attack(const Command& doffctl,
                const std::vector<std::string>& command);
void add_audit(const Command& doffctl);
void add_completion(const Command& doffctl);
void add_doctor(const Command& doffctl);
void add_emit(const Command& doffctl);
void add_explain(const Command& doffctl);
void add_hook(const Command& doffctl);
void add_install_shell(const Command& doffctl);
void add_minimize(const Command& doffctl,
                  const std::vector<std::string>& command);
void add_policy(const Command& doffctl);
void add_setup(const Command& doffctl);
void add_trim(const Command& doffctl);

// All of them, for main(); `chosen` becomes what the chosen one does.
void add_commands(CLI::App& app, const std::vector<std::string>& command,
                  Action& chosen);
// As completion and the test of doffctl(1) see them.
std::vector<DescribedCommand> described_commands();

// `doffctl: FAILURE` on stderr, a line for each. They return kExitFailed.
int complain(const Failure& failure);
int complain_of_all(const Failures& failures);

}  // namespace doff
