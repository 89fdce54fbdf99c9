// install-shell --shadow: the launcher in the place of a shell.
#include <sys/stat.h>

#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include "helper/install_shell/install.h"
#include "helper/install_shell/planner.h"

namespace doff {
namespace {

Failure refused(const Root& root, const std::string& path, std::string cause,
                std::string next) {
  return {.doing = "--shadow",
          .value = root.shown(path),
          .cause = std::move(cause),
          .next = std::move(next)};
}

// `asked` where it was meant as a path that begins outside, at ROOTFS's own.
std::optional<std::string> path_inside(const Root& root,
                                       const std::string& asked) {
  const std::string outside = root.shown("/");
  if (outside == "/" || !asked.starts_with(outside)) return std::nullopt;
  return asked.substr(outside.size() - 1);
}

// The launcher beside the shell, unless a plan that was cut short has put it
// there. It changes places with the shell in the end, so that nothing that is
// there at any moment is lost, whatever it is.
Result<void> add_stand_in(Planner& planner, const std::string& path,
                          const Launcher& launcher, const struct stat& shell) {
  const std::string real = real_name(path);
  const auto about = planner.root.look_at(real);
  if (!about) return tl::unexpected(about.error());
  if (!*about) {
    planner.plan.changes.push_back(
        make_stand_in(planner.root, real, launcher.text, shell));
    return {};
  }
  const auto digest = planner.root.digest_of_entry(real);
  if (!digest) return tl::unexpected(digest.error());
  if (planner.notes.shadowed == path && *digest == launcher.digest) return {};
  return tl::unexpected(refused(planner.root, real,
                                "something is there by the name that the real "
                                "shell is to have",
                                "move it away"));
}

// The launcher is there, by install-shell: it may be an older one.
Result<ShellPlan> renew(Planner planner, const std::string& path,
                        const std::string& digest, const Launcher& launcher) {
  const std::string real = real_name(path);
  const auto kept = planner.root.look_at_program(real);
  if (!kept) return tl::unexpected(kept.error());
  if (kept->is_doff)
    return tl::unexpected(refused(planner.root, real,
                                  "is doff, not the real shell that was here",
                                  "put a shell there by that name"));
  if (digest == launcher.digest) return planner.finish();
  const auto file = read_shared(planner.root, path);
  if (!file) return tl::unexpected(file.error());
  planner.notes.launchers.insert(launcher.digest);
  planner.plan.changes.push_back(
      renew_launcher(planner.root, *file, path, launcher.text));
  return planner.finish();
}

}  // namespace

bool is_same_entry(const Root& root, const std::string& one,
                   const std::string& other) {
  if (one == other) return true;
  if (other.empty() || name_in_root(one) != name_in_root(other)) return false;
  const auto first = root.open_directory(parent_in_root(one));
  const auto second = root.open_directory(parent_in_root(other));
  struct stat a {};
  struct stat b {};
  return first && second && fstat(first->get(), &a) == 0 &&
         fstat(second->get(), &b) == 0 && a.st_dev == b.st_dev &&
         a.st_ino == b.st_ino;
}

Result<ShellPlan> plan_shadow(const Root& root, const std::string& asked,
                              const Launcher& launcher) {
  if (auto odd = find_odd_shell(asked)) {
    odd->doing = "--shadow";
    odd->value = asked;
    if (const auto inside = path_inside(root, asked);
        inside && !asked.starts_with('/'))
      odd->next = "PATH begins at ROOTFS: " + escaped(*inside);
    return tl::unexpected(*odd);
  }
  auto planner = Planner::begin(root, launcher);
  if (!planner) return tl::unexpected(planner.error());
  const std::string& before = planner->notes.shadowed;
  const bool again = is_same_entry(root, asked, before);
  const std::string path = again ? before : asked;
  if (!again && (!before.empty() || !planner->notes.users.empty()))
    return tl::unexpected(
        refused(root, path,
                before.empty() ? "accounts have doff-shell here already"
                               : escaped(before) + " is shadowed already",
                "one shell.conf names one real shell; undo that first: " +
                    undo_command(root)));
  const auto about = root.look_at(path);
  if (!about) return tl::unexpected(about.error());
  if (!*about) {
    const auto inside = path_inside(root, asked);
    return tl::unexpected(
        refused(root, path, "there is no such shell",
                inside ? "PATH begins at ROOTFS: " + escaped(*inside) : ""));
  }
  if (!S_ISREG((*about)->st_mode) && !S_ISLNK((*about)->st_mode))
    return tl::unexpected(
        refused(root, path, "neither a regular file nor a link to one", ""));
  const auto program = root.look_at_program(path);
  if (!program) return tl::unexpected(program.error());
  const auto digest = root.digest_of_entry(path);
  if (!digest) return tl::unexpected(digest.error());
  if (again && planner->notes.launchers.contains(*digest))
    return renew(*std::move(planner), path, *digest, launcher);
  if (program->digest == launcher.digest)
    return tl::unexpected(
        refused(root, path, "is doff already", "nothing is to be done for it"));
  if (program->is_doff)
    return tl::unexpected(refused(
        root, path, "is another version of doff, and not by install-shell",
        "put the real shell there first"));
  // Before the notes say so of a new one.
  if (auto added = add_stand_in(*planner, path, launcher, program->about);
      !added)
    return tl::unexpected(added.error());
  planner->notes.shadowed = path;
  planner->notes.launchers.insert(launcher.digest);
  if (auto configured =
          planner->configure(real_name(path), "that of " + escaped(path));
      !configured)
    return tl::unexpected(configured.error());
  planner->remark_on_refusal();
  planner->plan.changes.push_back(exchange(
      root, path, name_in_root(real_name(path)), planner->notes.launchers));
  return planner->finish();
}

}  // namespace doff
