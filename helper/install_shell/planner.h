// What both ways of install-shell have in common: shell.conf, the notes, the
// directories that they are in.
#pragma once

#include <memory>
#include <string>

#include "helper/failure.h"
#include "helper/install_shell/install.h"
#include "helper/install_shell/shell_conf.h"

namespace doff {

class Planner {
 public:
  // Refuses a shell.conf that doff-shell would refuse.
  [[nodiscard]] static Result<Planner> begin(const Root& root,
                                             const Launcher& launcher);

  // doff-shell's real shell will be `shell`, which `why` wants.
  [[nodiscard]] Result<void> configure(const std::string& shell,
                                       const std::string& why);
  // That shell.conf would have the shell of users who are not root refused.
  void remark_on_refusal();
  // So that there is a directory `path`; its parent is one already.
  [[nodiscard]] Result<void> need_directory(const std::string& path,
                                            Changes& changes);
  // All changes, with the notes in front of the others.
  [[nodiscard]] Result<ShellPlan> finish();

  const Root& root;
  Notes notes;
  ShellPlan plan{};

 private:
  Planner(const Root& in, std::shared_ptr<const ReadFile> file, Notes read,
          ShellConf conf);
  std::shared_ptr<const ReadFile> file_;  // of the notes; null: none yet
  Notes before_;
  ShellConf conf_;
};

// As Root::read(), to be kept.
[[nodiscard]] Result<std::shared_ptr<const ReadFile>> read_shared(
    const Root& root, const std::string& path);

}  // namespace doff
