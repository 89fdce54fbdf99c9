// doff-shell in a root file system: for accounts, as their login shell, or in
// the place of one of its shells. What is decided here is made by make().
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "helper/failure.h"
#include "helper/install_shell/change.h"
#include "helper/install_shell/launcher.h"
#include "helper/install_shell/notes.h"
#include "helper/install_shell/root.h"

namespace doff {

struct ShellPlan {
  Changes changes;
  std::vector<std::string> remarks;  // what a person has to know, besides
  bool edits_passwd = false;         // to be made under lock_passwd()
};

// What install-shell noted in `root`; nothing: it has done nothing there.
[[nodiscard]] Result<std::optional<Notes>> read_notes(const Root& root);

// How each of `users` gets /usr/bin/doff-shell, in an order in which each of
// them has a shell that starts at any moment. No changes: they have it.
// Refused: users with different shells, since there is one shell.conf.
[[nodiscard]] Result<ShellPlan> plan_for_users(
    const Root& root, const std::vector<std::string>& users,
    const Launcher& launcher);

// The same of a shell by its path, which is moved aside.
[[nodiscard]] Result<ShellPlan> plan_shadow(const Root& root,
                                            const std::string& asked,
                                            const Launcher& launcher);

// The way back, for `users` alone if there are any, for the shell `shadow` if
// there is one, else for everything. Refused is what would lose what somebody
// else has changed since, or take the shell away from somebody.
[[nodiscard]] Result<ShellPlan> plan_undo(const Root& root,
                                          const std::vector<std::string>& users,
                                          const std::string& shadow);

// What a person types to have it all as it was.
[[nodiscard]] std::string undo_command(const Root& root);

// Whether both paths are one entry of one directory: /bin may be a link.
[[nodiscard]] bool is_same_entry(const Root& root, const std::string& one,
                                 const std::string& other);

}  // namespace doff
