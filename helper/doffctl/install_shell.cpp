// doffctl install-shell: doff-shell in a root file system.
#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "helper/doctor/host.h"
#include "helper/doffctl/beside.h"
#include "helper/doffctl/command.h"
#include "helper/doffctl/commands.h"
#include "helper/failure.h"
#include "helper/file.h"
#include "helper/install_shell/install.h"
#include "helper/install_shell/locks.h"
#include "helper/runtime/digest.h"

namespace doff {
namespace {

struct InstallOptions {
  std::string root;
  std::vector<std::string> users;
  std::string shadow;
  std::string doff;
  bool undo = false;
  bool dry_run = false;
};

std::optional<Failure> find_misuse(const InstallOptions& options) {
  Failure failure{.doing = "install-shell"};
  if (!options.users.empty() && !options.shadow.empty()) {
    failure.cause = "--user and --shadow are two ways, with one shell.conf";
    failure.next = "take one of them";
  } else if (options.undo && !options.doff.empty()) {
    failure.value = "--doff";
    failure.cause = "--undo takes back what is there";
    failure.next = "leave it out";
  } else if (!options.undo && options.users.empty() && options.shadow.empty()) {
    failure.cause = "neither --user nor --shadow is given";
    failure.next =
        "--user NAME is for an account, --shadow /bin/bash for all "
        "who start that shell";
  } else {
    return std::nullopt;
  }
  return failure;
}

// It runs where there is nothing but itself.
Result<Launcher> read_launcher(const std::string& given) {
  const auto path = find_doff(given);
  if (!path) return tl::unexpected(path.error());
  auto text = read_file(*path, kLongestFile);
  if (!text) return tl::unexpected(text.error());
  const auto alone = is_static(*text);
  if (!alone || !*alone)
    return tl::unexpected(Failure{
        .doing = "the launcher",
        .value = *path,
        .cause = alone ? "is linked dynamically: an image need not have its "
                         "libraries"
                       : "not a program for this machine",
        .next = "name a static one with --doff"});
  if (!is_doff(*text))
    return tl::unexpected(Failure{.doing = "the launcher",
                                  .value = *path,
                                  .cause = "not doff",
                                  .next = "name doff itself with --doff"});
  std::string digest = digest_of(*text);
  return Launcher{*path, *std::move(text), std::move(digest)};
}

// The words as they were given, without those that come twice.
std::vector<std::string> once_each(const std::vector<std::string>& words) {
  std::vector<std::string> once;
  for (const std::string& each : words)
    if (std::ranges::find(once, each) == once.end()) once.push_back(each);
  return once;
}

Result<ShellPlan> plan_install(const InstallOptions& options,
                               const Root& root) {
  const auto launcher = read_launcher(options.doff);
  if (!launcher) return tl::unexpected(launcher.error());
  return options.shadow.empty()
             ? plan_for_users(root, once_each(options.users), *launcher)
             : plan_shadow(root, options.shadow, *launcher);
}

void say(const std::string& text) { std::cerr << "doffctl: " << text << "\n"; }

// Under locks, unless nothing is to be changed.
Result<ShellPlan> plan_and_make(const InstallOptions& options,
                                const Root& root) {
  const Result<Descriptor> held =
      options.dry_run ? Result<Descriptor>() : lock_root(root);
  if (!held) return tl::unexpected(held.error());
  auto plan = options.undo
                  ? plan_undo(root, once_each(options.users), options.shadow)
                  : plan_install(options, root);
  if (!plan || plan->changes.empty() || options.dry_run) return plan;
  // What has changed in passwd since it was read is seen by its replace().
  const Result<Descriptor> accounts =
      plan->edits_passwd ? lock_passwd(root) : Result<Descriptor>();
  if (!accounts) return tl::unexpected(accounts.error());
  if (const auto made = make(plan->changes); !made)
    return tl::unexpected(made.error());
  return plan;
}

int install_shell(const InstallOptions& options) {
  if (const auto misuse = find_misuse(options)) return complain(*misuse);
  const auto root = Root::open(options.root);
  if (!root) return complain(root.error());
  const auto plan = plan_and_make(options, *root);
  if (!plan) return complain(plan.error());
  for (const Change& each : plan->changes)
    if (!each.what.empty())
      std::cout << each.path << (options.dry_run ? ": would be " : ": ")
                << each.what << "\n";
  for (const std::string& each : plan->remarks) say(each);
  if (plan->changes.empty())
    say(doff::escaped(options.root) +
        (options.undo ? ": nothing is to be undone"
                      : ": installed already, nothing is changed"));
  else if (options.dry_run)
    say(doff::escaped(options.root) + ": nothing was changed: --dry-run");
  return kExitDone;
}

}  // namespace

void add_install_shell(const Command& doffctl) {
  const auto options = std::make_shared<InstallOptions>();
  const Command command = doffctl.add(
      "install-shell",
      "make doff the shell of accounts, or of an image, in a root directory");
  command.value("ROOTFS", "DIR", options->root, "its directory, such as /")
      .required();
  command.values("--user", "USER", options->users,
                 "give this account doff-shell; may be repeated");
  command.value("--shadow", "PATH", options->shadow,
                "put doff in the place of this shell");
  command.value("--doff", "FILE", options->doff,
                "the launcher; without this, the doff beside doffctl");
  command.flag("--undo", options->undo, "take it back");
  command.flag("--dry-run", options->dry_run,
               "change nothing, and print what would change");
  command.does([options] { return install_shell(*options); });
}

}  // namespace doff
