// install-shell --user: a login shell.
#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "helper/install_shell/install.h"
#include "helper/install_shell/lines.h"
#include "helper/install_shell/passwd.h"
#include "helper/install_shell/planner.h"

namespace doff {
namespace {

constexpr mode_t kProgramMode = 0755;
constexpr mode_t kFileMode = 0644;

// The shell behind the field of a user, where doff can become it.
Result<std::string> find_real_shell(const Root& root, const PasswdLine& line,
                                    const Launcher& launcher) {
  Failure failure{.doing = "the shell of " + escaped(line.name),
                  .value = std::string(line.shell)};
  if (const auto odd = find_odd_field(line.shell)) {
    failure.cause = *odd;
    return tl::unexpected(failure);
  }
  std::string shell = started_shell(line.shell);
  const std::string name = name_in_root(shell);
  if (name == "nologin" || name == "false") {
    failure.cause = "this account is not to log in";
    failure.next = "for one that is to, give it a real shell first";
    return tl::unexpected(failure);
  }
  const auto program = root.look_at_program(shell);
  if (!program) {
    failure.cause = program.error().cause;
    failure.error = program.error().error;
    failure.next = "give the account a shell that is there";
  } else if (program->digest == launcher.digest) {
    failure.cause = "is doff already";
    failure.next = "nothing is to be done for it";
  } else if (program->is_doff) {
    failure.cause = "is another version of doff";
    failure.next =
        "give the account its real shell first, with usermod(8) --shell";
  } else {
    return shell;
  }
  return tl::unexpected(failure);
}

// By whatever path: /bin may be a link.
bool has_doff_shell(const Root& root, const PasswdLine& line) {
  return is_same_entry(root, std::string(line.shell), kDoffShell);
}

void note_user(Notes& notes, const PasswdLine& line) {
  std::erase_if(notes.users, [&](const FormerShell& each) {
    return each.user == line.name;
  });
  notes.users.push_back({std::string(line.name), std::string(line.shell)});
}

Result<void> add_launcher(Planner& planner, const Launcher& launcher) {
  const Root& root = planner.root;
  const auto about = root.look_at(kDoffShell);
  if (!about) return tl::unexpected(about.error());
  if (!*about) {
    for (const char* const each : {"/usr", "/usr/bin"})
      if (auto needed = planner.need_directory(each, planner.plan.changes);
          !needed)
        return needed;
    planner.plan.changes.push_back(make_file(
        root, kDoffShell, launcher.text, kProgramMode, "made: the launcher"));
    planner.notes.made.insert(kDoffShell);
    planner.notes.launchers.insert(launcher.digest);
    return {};
  }
  // A package may have it as a link to doff.
  if (const auto there = root.look_at_program(kDoffShell);
      there && there->digest == launcher.digest)
    return {};
  const auto digest = root.digest_of_entry(kDoffShell);
  if (!digest) return tl::unexpected(digest.error());
  if (!planner.notes.launchers.contains(*digest))
    return tl::unexpected(
        Failure{.doing = "the launcher",
                .value = root.shown(kDoffShell),
                .cause = "something else is there by that name",
                .next = "remove it; or if it is doff, name it with --doff"});
  const auto file = read_shared(root, kDoffShell);
  if (!file) return tl::unexpected(file.error());
  planner.plan.changes.push_back(
      renew_launcher(root, *file, kDoffShell, launcher.text));
  planner.notes.launchers.insert(launcher.digest);
  return {};
}

Result<void> add_to_shells(Planner& planner) {
  const Root& root = planner.root;
  const std::string what = std::string("added ") + kDoffShell;
  const auto file = read_shared(root, kShells);
  if (!file) return tl::unexpected(file.error());
  if (!*file) {
    planner.plan.changes.push_back(
        make_file(root, kShells, with_line(kShellsWithoutFile, kDoffShell),
                  kFileMode, "made: " + what));
    planner.notes.made.insert(kShells);
  } else if (!has_line((*file)->text, kDoffShell)) {
    planner.plan.changes.push_back(
        edit_file(root, *file, kShells, with_line((*file)->text, kDoffShell),
                  "edited: " + what));
    planner.notes.edited.insert(kShells);
  }
  return {};
}

// The text of the passwd as it becomes, and what is said of it.
struct Edited {
  std::string text;
  std::string what;
  bool refusable = false;  // of somebody who is not root
};
Result<Edited> edit_passwd(Planner& planner, const ReadFile& passwd,
                           const std::vector<std::string>& users,
                           const Launcher& launcher) {
  Edited edited{.text = passwd.text, .what = ""};
  for (const std::string& user : users) {
    const auto line = find_user(edited.text, user, passwd.path);
    if (!line) return tl::unexpected(line.error());
    if (has_doff_shell(planner.root, *line)) continue;
    const auto shell = find_real_shell(planner.root, *line, launcher);
    if (!shell) return tl::unexpected(shell.error());
    if (edited.what.empty())
      if (auto configured =
              planner.configure(*shell, "that of " + escaped(user));
          !configured)
        return tl::unexpected(configured.error());
    note_user(planner.notes, *line);
    if (!is_root(*line))
      edited.refusable = true;
    else
      planner.plan.remarks.push_back(
          escaped(user) +
          " has no power any more where it logs in: keep another way in for "
          "the administrator open, and try it first");
    edited.what.append(edited.what.empty() ? "" : ", ")
        .append(escaped(user))
        .append(" from ")
        .append(escaped(*shell));
    edited.text = with_shell(edited.text, *line, kDoffShell);
  }
  return edited;
}

// Before anything else: different shells of those who are named.
Result<void> require_one_shell(const Root& root, const ReadFile& passwd,
                               const std::vector<std::string>& users) {
  std::optional<PasswdLine> first;
  for (const std::string& user : users) {
    const auto line = find_user(passwd.text, user, passwd.path);
    if (!line) return tl::unexpected(line.error());
    if (has_doff_shell(root, *line)) continue;
    if (!first) first = *line;
    if (started_shell(line->shell) != started_shell(first->shell))
      return tl::unexpected(Failure{
          .doing = "--user",
          .value = user,
          .cause = "its shell is " + escaped(started_shell(line->shell)) +
                   ", and that of " + escaped(first->name) + " is " +
                   escaped(started_shell(first->shell)),
          .next = escaped(root.shown(kShellConf)) +
                  " serves all users of doff-shell, which need one shell: "
                  "give them one first, with usermod(8) --shell, or leave one "
                  "out"});
  }
  return {};
}

}  // namespace

Result<ShellPlan> plan_for_users(const Root& root,
                                 const std::vector<std::string>& users,
                                 const Launcher& launcher) {
  auto planner = Planner::begin(root, launcher);
  if (!planner) return tl::unexpected(planner.error());
  const auto passwd = read_shared(root, kPasswd);
  if (!passwd) return tl::unexpected(passwd.error());
  if (!*passwd)
    return tl::unexpected(
        Failure{.doing = "opening",
                .value = root.shown(kPasswd),
                .error = ENOENT,
                .next = "is this the root of a file system with accounts?"});
  if (auto one = require_one_shell(root, **passwd, users); !one)
    return tl::unexpected(one.error());
  if (!planner->notes.shadowed.empty())
    return tl::unexpected(Failure{
        .doing = "--user",
        .value = users.front(),
        .cause = escaped(planner->notes.shadowed) +
                 " is shadowed: whoever has it as a login shell has doff",
        .next =
            "to have it otherwise, undo that first: " + undo_command(root)});
  if (auto added = add_launcher(*planner, launcher); !added)
    return tl::unexpected(added.error());
  auto edited = edit_passwd(*planner, **passwd, users, launcher);
  if (!edited) return tl::unexpected(edited.error());
  if (auto added = add_to_shells(*planner); !added)
    return tl::unexpected(added.error());
  if (edited->what.empty()) return planner->finish();
  planner->plan.changes.push_back(edit_file(
      root, *passwd, kPasswd, edited->text, "edited: " + edited->what));
  planner->plan.edits_passwd = true;
  if (edited->refusable) planner->remark_on_refusal();
  return planner->finish();
}

}  // namespace doff
