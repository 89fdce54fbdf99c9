#include "helper/install_shell/planner.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "helper/install_shell/lines.h"

namespace doff {
namespace {

constexpr mode_t kFileMode = 0644;

// Why the launcher would not take what this file says, or nothing.
std::optional<Failure> find_distrust(const ReadFile& file) {
  Failure failure{.doing = "doff-shell's configuration", .value = file.path};
  // A build by another user than root is told of in the end.
  if (file.about.st_uid != 0 && file.about.st_uid != geteuid()) {
    failure.cause = "not owned by root, and so refused by doff";
    failure.next = "chown root it";
    return failure;
  }
  if ((file.about.st_mode & (S_IWGRP | S_IWOTH)) == 0) return std::nullopt;
  failure.cause = "writable by others than root, and so refused by doff";
  failure.next = "chmod go-w it";
  return failure;
}

}  // namespace

Result<std::shared_ptr<const ReadFile>> read_shared(const Root& root,
                                                    const std::string& path) {
  auto file = root.read(path, kLongestFile);
  if (!file) return tl::unexpected(std::move(file.error()));
  if (!*file) return nullptr;
  return std::make_shared<const ReadFile>(**std::move(file));
}

Result<std::optional<Notes>> read_notes(const Root& root) {
  const auto file = read_shared(root, kNotes);
  if (!file) return tl::unexpected(file.error());
  if (!*file) return std::nullopt;
  auto notes = parse_notes((*file)->text, (*file)->path);
  if (!notes) return tl::unexpected(notes.error());
  return std::optional(*std::move(notes));
}

Planner::Planner(const Root& in, std::shared_ptr<const ReadFile> file,
                 Notes read)
    : root(in),
      notes(std::move(read)),
      file_(std::move(file)),
      before_(notes) {}

Result<Planner> Planner::begin(const Root& root) {
  auto file = read_shared(root, kNotes);
  if (!file) return tl::unexpected(file.error());
  if (!*file) return Planner(root, nullptr, {});
  auto notes = parse_notes((*file)->text, (*file)->path);
  if (!notes) return tl::unexpected(notes.error());
  return Planner(root, *std::move(file), *std::move(notes));
}

Result<void> Planner::configure(const std::string& shell,
                                const std::string& why) {
  const std::string line = "shell " + shell;
  const auto file = read_shared(root, kShellConf);
  if (!file) return tl::unexpected(file.error());
  if (!*file) {
    plan.changes.push_back(
        make_file(root, kShellConf, line + "\n", kFileMode, quoted(line)));
    notes.made.insert(kShellConf);
    notes.shell = shell;
    return {};
  }
  if (auto distrust = find_distrust(**file)) return tl::unexpected(*distrust);
  const auto known = configured_shell((*file)->text, (*file)->path);
  if (!known) return tl::unexpected(known.error());
  if (*known == shell) return {};
  if (*known)
    return tl::unexpected(Failure{
        .doing = "doff-shell's configuration",
        .value = (*file)->path,
        .cause = "its shell is " + quoted(**known) + ", and " + why + " is " +
                 quoted(shell),
        .next =
            "one file serves all users of doff-shell: they need one shell"});
  plan.changes.push_back(edit_file(root, *file, kShellConf,
                                   with_line((*file)->text, line),
                                   "added " + quoted(line)));
  notes.edited.insert(kShellConf);
  notes.shell = shell;
  return {};
}

Result<void> Planner::need_directory(const std::string& path,
                                     Changes& changes) {
  const auto about = root.look_at(path);
  if (!about) return tl::unexpected(about.error());
  if (!*about) {
    changes.push_back(make_directory(root, path));
    notes.made.insert(path);
    return {};
  }
  const auto directory = root.open_directory(path);
  if (!directory) return tl::unexpected(directory.error());
  return {};
}

Result<ShellPlan> Planner::finish() {
  if (plan.changes.empty()) return std::move(plan);
  Changes first;
  for (const char* const each : {"/etc", "/etc/doff"})
    if (auto needed = need_directory(each, first); !needed)
      return tl::unexpected(needed.error());
  const std::string text = to_text(notes);
  if (!file_)
    first.push_back(
        make_file(root, kNotes, text, kFileMode, "what --undo needs"));
  else if (notes != before_)
    first.push_back(edit_file(root, file_, kNotes, text, "what --undo needs"));
  first.insert(first.end(), std::make_move_iterator(plan.changes.begin()),
               std::make_move_iterator(plan.changes.end()));
  plan.changes = std::move(first);
  if (geteuid() != 0)
    plan.remarks.push_back(
        quoted(root.shown(kShellConf)) +
        ": doff refuses it until it is root's: chown 0:0 it in the image");
  return std::move(plan);
}

}  // namespace doff
