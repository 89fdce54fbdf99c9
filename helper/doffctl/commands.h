// The subcommands of doffctl: one function each, in a file of its own.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "helper/failure.h"

namespace CLI {
class App;
}

namespace doff {

// Exit statuses of doffctl, as of grep(1) and diff(1).
inline constexpr int kExitDone = 0;
inline constexpr int kExitNo = 1;  // done, and the answer is no; see doffctl(1)
inline constexpr int kExitFailed = 2;  // wrong usage, or it could not be done

// What main() does in the end, and what it exits with.
using Action = std::function<int()>;

// Each adds its subcommand to `app`; once the person has chosen it and its
// options are read, `chosen` is what it does.
// `command` is what stood behind `--`, which CLI11 would not leave alone.
void add_attack(CLI::App& app, const std::vector<std::string>& command,
                Action& chosen);
void add_audit(CLI::App& app, Action& chosen);
void add_completion(CLI::App& app, Action& chosen);
void add_doctor(CLI::App& app, Action& chosen);
void add_emit(CLI::App& app, Action& chosen);
void add_explain(CLI::App& app, Action& chosen);
void add_hook(CLI::App& app, Action& chosen);
void add_install_shell(CLI::App& app, Action& chosen);
void add_minimize(CLI::App& app, const std::vector<std::string>& command,
                  Action& chosen);
void add_policy(CLI::App& app, Action& chosen);
void add_setup(CLI::App& app, Action& chosen);
void add_trim(CLI::App& app, Action& chosen);

// All of them, as main(), completion and the test of doffctl(1) see them.
void add_commands(CLI::App& app, const std::vector<std::string>& command,
                  Action& chosen);

// `doffctl: FAILURE` on stderr, a line for each. They return kExitFailed.
int complain(const Failure& failure);
int complain_of_all(const Failures& failures);

}  // namespace doff
