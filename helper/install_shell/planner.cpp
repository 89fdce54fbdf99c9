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
                 Notes read, ShellConf conf)
    : root(in),
      notes(std::move(read)),
      file_(std::move(file)),
      before_(notes),
      conf_(std::move(conf)) {}

Result<Planner> Planner::begin(const Root& root, const Launcher& launcher) {
  auto file = read_shared(root, kNotes);
  if (!file) return tl::unexpected(file.error());
  Result<Notes> notes;
  if (*file) notes = parse_notes((*file)->text, (*file)->path);
  if (!notes) return tl::unexpected(notes.error());
  auto conf = read_shell_conf(root, launcher, *notes);
  if (!conf) return tl::unexpected(conf.error());
  return Planner(root, *std::move(file), *std::move(notes), *std::move(conf));
}

Result<void> Planner::configure(const std::string& shell,
                                const std::string& why) {
  const std::string line = "shell " + shell;
  if (!conf_.file) {
    plan.changes.push_back(make_file(root, kShellConf, line + "\n", kFileMode,
                                     "made: " + escaped(line)));
    notes.made.insert(kShellConf);
    notes.shell = shell;
    return {};
  }
  if (conf_.shell == shell) return {};
  if (conf_.shell)
    return tl::unexpected(Failure{
        .doing = "doff-shell's configuration",
        .value = conf_.file->path,
        .cause = "its shell is " + escaped(*conf_.shell) + ", and " + why +
                 " is " + escaped(shell),
        .next = "one file serves all users of doff-shell: correct the line, or "
                "give them one shell first, with usermod(8) --shell"});
  plan.changes.push_back(edit_file(root, conf_.file, kShellConf,
                                   with_line(conf_.file->text, line),
                                   "edited: added " + escaped(line)));
  notes.edited.insert(kShellConf);
  notes.shell = shell;
  return {};
}

void Planner::remark_on_refusal() {
  if (says_what_to_accept(conf_)) return;
  plan.remarks.push_back(
      escaped(root.shown(kShellConf)) +
      ": users who are not root are refused unless the container is created "
      "with --cap-drop ALL; add a line `userns auto` or `accept inert`: "
      "doff-shell(1)");
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
        make_file(root, kNotes, text, kFileMode, "made: what --undo needs"));
  else if (notes != before_)
    first.push_back(
        edit_file(root, file_, kNotes, text, "edited: what --undo needs"));
  first.insert(first.end(), std::make_move_iterator(plan.changes.begin()),
               std::make_move_iterator(plan.changes.end()));
  plan.changes = std::move(first);
  if (geteuid() != 0)
    plan.remarks.push_back(
        escaped(root.shown(kShellConf)) +
        ": doff refuses it until it is root's: chown 0:0 it in the image");
  return std::move(plan);
}

}  // namespace doff
