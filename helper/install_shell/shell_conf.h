// doff-shell's configuration in a root file system, as it was found.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "helper/failure.h"
#include "helper/install_shell/launcher.h"
#include "helper/install_shell/notes.h"
#include "helper/install_shell/root.h"

namespace doff {

struct ShellConf {
  std::shared_ptr<const ReadFile> file;  // null: there is none
  std::optional<std::string> shell;      // its option `shell`
};

// Refused, with what to do: a file that doff-shell would refuse, because of
// whose it is or what is in it, and one whose `shell` is doff itself. The
// launcher is run on it, since nobody else knows all its options. Where a
// shadow by `notes` was cut short, its real shell may be a launcher still.
[[nodiscard]] Result<ShellConf> read_shell_conf(const Root& root,
                                                const Launcher& launcher,
                                                const Notes& notes);

// Whether doff-shell starts a user that is not root with the full bounding set
// of a container: it does not by default.
bool says_what_to_accept(const ShellConf& conf);

}  // namespace doff
