// install-shell --undo.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "helper/install_shell/install.h"
#include "helper/install_shell/lines.h"
#include "helper/install_shell/passwd.h"
#include "helper/install_shell/planner.h"

namespace doff {
namespace {

using Done = Result<void>;

// A file that install-shell has made or given a line, as it was: gone if there
// is nothing else in it, without the line if there is.
Done restore(const Root& root, const Notes& notes, const std::string& path,
             const std::string& whole, const std::string& line,
             ShellPlan& plan) {
  const bool made = notes.made.contains(path);
  if (!made && !notes.edited.contains(path)) return {};
  const auto file = read_shared(root, path);
  if (!file) return tl::unexpected(file.error());
  if (!*file) return {};
  const std::string& text = (*file)->text;
  if (made && text == whole)
    plan.changes.push_back(remove_file(root, *file, path));
  else if (has_line(text, line))
    plan.changes.push_back(edit_file(root, *file, path,
                                     without_line(text, line),
                                     "edited: without " + escaped(line)));
  return {};
}

// Somebody in the `passwd` that is to be who would have no shell any more, for
// whom install-shell has no other one. Another path, as by a merged /usr or a
// link, leads to the launcher as well.
std::optional<Failure> find_stranded(const Root& root,
                                     const std::string& passwd) {
  const auto launcher = root.follow(kDoffShell);
  std::map<std::string_view, bool> known;
  const auto is_launcher = [&](std::string_view shell) {
    const auto [at, is_new] = known.try_emplace(shell, shell == kDoffShell);
    if (is_new && !at->second && launcher && shell.starts_with('/')) {
      const auto other = root.follow(std::string(shell));
      at->second = other && other->st_dev == launcher->st_dev &&
                   other->st_ino == launcher->st_ino;
    }
    return at->second;
  };
  for (const PasswdLine& line : passwd_lines(passwd))
    if (is_launcher(line.shell))
      return Failure{.doing = "removing",
                     .value = root.shown(kDoffShell),
                     .cause = "it is the shell of " + escaped(line.name) +
                              ", and not by install-shell alone",
                     .next = "give that account another one first",
                     .place = {root.shown(kPasswd), line.number, 1}};
  return std::nullopt;
}

Done undo_launcher(const Root& root, const Notes& notes, ShellPlan& plan) {
  if (!notes.made.contains(kDoffShell)) return {};
  const auto about = root.look_at(kDoffShell);
  if (!about) return tl::unexpected(about.error());
  if (!*about) return {};
  const auto digest = root.digest_of_entry(kDoffShell);
  if (!digest) return tl::unexpected(digest.error());
  if (!notes.launchers.contains(*digest))
    return tl::unexpected(
        Failure{.doing = "removing",
                .value = root.shown(kDoffShell),
                .cause = "it is not what install-shell put there",
                .next = "if nobody needs it, remove it"});
  const auto file = read_shared(root, kDoffShell);
  if (!file) return tl::unexpected(file.error());
  plan.changes.push_back(remove_file(root, *file, kDoffShell));
  return {};
}

Done undo_shadow(const Root& root, const Notes& notes, ShellPlan& plan) {
  const std::string& path = notes.shadowed;
  if (path.empty()) return {};
  const std::string beside = real_name(path);
  const auto about = root.look_at(beside);
  const auto real = root.digest_of_entry(beside);
  const auto shell = root.digest_of_entry(path);
  if (!about) return tl::unexpected(about.error());
  if (!real) return tl::unexpected(real.error());
  if (!shell) return tl::unexpected(shell.error());
  const bool installed = notes.launchers.contains(*shell);
  const bool kept = *about && !notes.launchers.contains(*real);
  Failure failure{.doing = "restoring", .value = root.shown(path)};
  if (installed && kept) {
    plan.changes.push_back(
        step_back(root, path, name_in_root(beside), notes.launchers));
    return {};
  }
  if (installed) {
    failure.cause =
        escaped(root.shown(beside)) + ", which it was, is not there any more";
    failure.next = "put a shell there by that name";
    return tl::unexpected(failure);
  }
  if (kept) {
    failure.cause = "it is not the launcher any more, which was put there";
    failure.next = "what it was before is " + escaped(root.shown(beside)) +
                   ": move it there, or if nobody needs it, remove it";
    return tl::unexpected(failure);
  }
  // It was cut short, or is undone.
  if (!*about) return {};
  const auto file = read_shared(root, beside);
  if (!file) return tl::unexpected(file.error());
  plan.changes.push_back(remove_file(root, *file, beside));
  return {};
}

// The accounts of `notes` that `users` selects get their shells back, and leave
// `notes`. The text that passwd has then.
std::string undo_users(const Root& root, const std::vector<std::string>& users,
                       Notes& notes,
                       const std::shared_ptr<const ReadFile>& passwd,
                       ShellPlan& plan) {
  std::string text = passwd ? passwd->text : "";
  std::string what;
  for (const FormerShell& each : notes.users) {
    if (!users.empty() && std::ranges::find(users, each.user) == users.end())
      continue;
    const auto line = find_user(text, each.user, root.shown(kPasswd));
    if (!line || line->shell == each.shell) continue;
    if (!is_same_entry(root, std::string(line->shell), kDoffShell)) {
      plan.remarks.push_back("the shell of " + escaped(each.user) + " is " +
                             escaped(line->shell) + " by now, and stays");
      continue;
    }
    what.append(what.empty() ? "" : ", ")
        .append(escaped(each.user))
        .append(" has ")
        .append(escaped(started_shell(each.shell)))
        .append(" again");
    text = with_shell(text, *line, each.shell);
  }
  std::erase_if(notes.users, [&](const FormerShell& each) {
    return users.empty() || std::ranges::find(users, each.user) != users.end();
  });
  if (!what.empty())
    plan.changes.push_back(
        edit_file(root, passwd, kPasswd, text, "edited: " + what));
  plan.edits_passwd = !what.empty();
  return text;
}

Done undo_everything(const Root& root, const Notes& notes, ShellPlan& plan) {
  const std::string in_conf = "shell " + notes.shell;
  const std::string shells = with_line(kShellsWithoutFile, kDoffShell);
  for (const auto& done :
       {undo_shadow(root, notes, plan),
        restore(root, notes, kShells, shells, kDoffShell, plan),
        restore(root, notes, kShellConf, in_conf + "\n", in_conf, plan),
        undo_launcher(root, notes, plan)})
    if (!done) return done;
  return {};
}

// The last of it: as long as there are notes, --undo can go on.
void remove_notes(const Root& root, const Notes& notes,
                  const std::shared_ptr<const ReadFile>& file,
                  ShellPlan& plan) {
  plan.changes.push_back(remove_file(root, file, kNotes));
  for (const char* const each : {"/usr/bin", "/usr", "/etc/doff", "/etc"})
    if (notes.made.contains(each))
      plan.changes.push_back(remove_directory(root, each));
}

}  // namespace

std::string undo_command(const Root& root) {
  return "doffctl install-shell " + escaped(root.path()) + " --undo";
}

Result<ShellPlan> plan_undo(const Root& root,
                            const std::vector<std::string>& users,
                            const std::string& shadow) {
  ShellPlan plan;
  const auto file = read_shared(root, kNotes);
  if (!file) return tl::unexpected(file.error());
  if (!*file) return plan;
  auto notes = parse_notes((*file)->text, (*file)->path);
  if (!notes) return tl::unexpected(notes.error());
  const Notes before = *notes;
  for (const std::string& each : users)
    if (std::ranges::find(before.users, each, &FormerShell::user) ==
        before.users.end())
      plan.remarks.push_back(escaped(each) +
                             ": install-shell has not changed it");
  if (!shadow.empty() && !is_same_entry(root, shadow, before.shadowed)) {
    plan.remarks.push_back(escaped(shadow) +
                           ": install-shell has not changed it");
    return plan;
  }
  const auto passwd = read_shared(root, kPasswd);
  if (!passwd) return tl::unexpected(passwd.error());
  const std::string text = undo_users(root, users, *notes, *passwd, plan);
  if (!notes->users.empty() || (!users.empty() && *notes == before)) {
    if (*notes != before)
      plan.changes.push_back(edit_file(root, *file, kNotes, to_text(*notes),
                                       "edited: without them"));
    return plan;
  }
  if (notes->made.contains(kDoffShell))
    if (const auto stranded = find_stranded(root, text))
      return tl::unexpected(*stranded);
  if (auto undone = undo_everything(root, *notes, plan); !undone)
    return tl::unexpected(undone.error());
  remove_notes(root, *notes, *file, plan);
  return plan;
}

}  // namespace doff
