// What becomes of a root file system, step by step. Each step looks at things
// again when it is made, because a plan may be shown first, or be old.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "helper/failure.h"
#include "helper/install_shell/root.h"

namespace doff {

struct Change {
  std::string path;  // for people
  // What becomes of it, to go behind "would be"; "": no more than a step to
  // the next change.
  std::string what;
  // On failure nothing has happened, but for Failure::done.
  std::function<Result<void>()> make;
  // Undoes make(), where it was done; nothing: it is not undone.
  std::function<Result<void>()> take_back;
};
using Changes = std::vector<Change>;

// Makes all of them, in order, while signals wait. On failure what was made is
// taken back, last first, and what could not be is named in the failure; of
// changes that are not undone, what was made and what was not.
[[nodiscard]] Result<void> make(const Changes& changes);

// The changes that there are. `root` outlives them.

// Mode 0755.
Change make_directory(const Root& root, const std::string& path);
// Goes only if it is empty, and stays silently if not.
Change remove_directory(const Root& root, const std::string& path);
Change make_file(const Root& root, const std::string& path,
                 const std::string& text, mode_t mode, std::string_view what);
Change edit_file(const Root& root, const std::shared_ptr<const ReadFile>& file,
                 const std::string& path, const std::string& text,
                 std::string_view what);
// The same of a launcher that an older one makes room for. Set-ID bits and file
// capabilities that somebody has given to that one go.
Change renew_launcher(const Root& root,
                      const std::shared_ptr<const ReadFile>& file,
                      const std::string& path, const std::string& text);
Change remove_file(const Root& root,
                   const std::shared_ptr<const ReadFile>& file,
                   const std::string& path);

// A launcher that is to stand in for the shell `like`: it gets its owner, and
// its mode but for set-ID bits.
Change make_stand_in(const Root& root, const std::string& path,
                     const std::string& text, const struct stat& like);
// What is at `path`, a file or a link, and at `name` in its directory change
// places, in one step, where one of `launchers` is at `name` and none at
// `path`; taken back where one is at `path`.
Change exchange(const Root& root, const std::string& path,
                const std::string& name,
                const std::set<std::string>& launchers);
// `name` comes back to `path`, in the place of one of `launchers`.
Change step_back(const Root& root, const std::string& path,
                 const std::string& name,
                 const std::set<std::string>& launchers);

}  // namespace doff
