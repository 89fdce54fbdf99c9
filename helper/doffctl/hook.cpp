// doffctl hook: the capabilities of each container that Podman creates.
//
// A precreate hook is given the container's spec and gives back the one that
// the runtime gets; oci-hooks(5). Seen with Podman 4.3: it refuses the
// container if the hook ends with anything but 0, is killed, or prints no JSON;
// what the hook says on stderr it throws away; and a hook whose program is not
// there it leaves out without a word.
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "helper/descriptor.h"
#include "helper/doffctl/command.h"
#include "helper/doffctl/commands.h"
#include "helper/doffctl/wish_options.h"
#include "helper/failure.h"
#include "helper/file.h"
#include "helper/spec/trim_spec.h"

namespace doff {
namespace {

using nlohmann::ordered_json;

// What Podman runs: it is there, and fails if doffctl is not.
constexpr const char* kEnv = "/usr/bin/env";

Checked<Wish> read_what_to_keep(const WishOptions& options) {
  // Before stdin is read as a policy.
  if (options.policy == "-")
    return tl::unexpected(
        Failures{{.doing = "--policy",
                  .value = "-",
                  .cause = "stdin is where the spec comes from",
                  .next = "name a file"}});
  return read_wish_to_create(options, "hook");
}

// Where stderr leads nowhere, Podman's own does: that is where the person is.
// If it can't be had, nobody is told, but the container is refused all the
// same.
void speak_through_the_parent() {
  struct stat ours {};
  const dev_t null = makedev(1, 3);
  if (fstat(STDERR_FILENO, &ours) != 0 || !S_ISCHR(ours.st_mode) ||
      ours.st_rdev != null)
    return;
  // The parent's own descriptor, with its place in the file: of a file opened
  // anew, Podman would write over what stands there.
  const Descriptor parent(
      static_cast<int>(syscall(SYS_pidfd_open, getppid(), 0)));
  const Descriptor theirs(static_cast<int>(
      syscall(SYS_pidfd_getfd, parent.get(), STDERR_FILENO, 0)));
  if (theirs.get() >= 0) dup2(theirs.get(), STDERR_FILENO);
}

int precreate(const WishOptions& options) {
  speak_through_the_parent();
  const auto wish = read_what_to_keep(options);
  if (!wish) return complain_of_all(wish.error());
  const auto spec = read_file("-", kLongestSpec);
  if (!spec) return complain(spec.error());
  auto trimmed = trim_spec(*spec, "stdin", *wish, Widen::kRefuse);
  if (!trimmed) {
    if (trimmed.error().doing == "--cap-add")
      trimmed.error().next = "a hook only takes away: let Podman give it";
    return complain(trimmed.error());
  }
  std::cout << trimmed->text;
  return kExitDone;
}

Result<std::string> own_path() {
  std::error_code error;
  const std::string path =
      std::filesystem::read_symlink("/proc/self/exe", error).string();
  if (error)
    return tl::unexpected(
        Failure{.doing = "/proc/self/exe", .error = error.value()});
  if (path.find('=') != std::string::npos)
    return tl::unexpected(
        Failure{.doing = "hook json",
                .value = path,
                .cause = "env would take a path with = for a variable",
                .next = "install doffctl elsewhere"});
  for (const std::string& program : {path, std::string(kEnv)})
    if (access(program.c_str(), X_OK) != 0)
      return tl::unexpected(
          Failure{.doing = "hook json", .value = program, .error = errno});
  return path;
}

Result<std::vector<std::string>> precreate_words(const WishOptions& options) {
  const auto doffctl = own_path();
  if (!doffctl) return tl::unexpected(doffctl.error());
  std::vector<std::string> words = {"env", *doffctl, "hook", "precreate"};
  const auto add = [&words](const char* option, const std::string& value) {
    words.insert(words.end(), {option, value});
  };
  if (!options.policy.empty()) {
    std::error_code error;
    const auto path = std::filesystem::absolute(options.policy, error);
    if (error)
      return tl::unexpected(Failure{.doing = "--policy",
                                    .value = options.policy,
                                    .error = error.value()});
    add("--policy", path.string());
  }
  if (!options.profile.empty()) add("--profile", options.profile);
  for (const std::string& list : options.cap_add) add("--cap-add", list);
  for (const std::string& list : options.cap_drop) add("--cap-drop", list);
  return words;
}

int print_json(const WishOptions& options) {
  const auto wish = read_what_to_keep(options);
  if (!wish) return complain_of_all(wish.error());
  const auto words = precreate_words(options);
  if (!words) return complain(words.error());
  const ordered_json document = {{"version", "1.0.0"},
                                 {"hook", {{"path", kEnv}, {"args", *words}}},
                                 {"when", {{"always", true}}},
                                 {"stages", {"precreate"}}};
  try {
    std::cout << document.dump(2) << "\n";
  } catch (const ordered_json::exception&) {
    return complain({.doing = "hook json",
                     .cause = "a path that is not UTF-8 has no place in JSON",
                     .next = "rename it"});
  }
  return kExitDone;
}

}  // namespace

void add_hook(const Command& doffctl) {
  const Command hook = doffctl.add(
      "hook", "Trim each container that Podman creates, as its hook");
  hook.needs_command();
  const auto add = [&hook](const char* name, const char* help,
                           int (*action)(const WishOptions&)) {
    const auto options = std::make_shared<WishOptions>();
    const Command command = hook.add(name, help);
    add_policy_options(command, *options);
    add_capability_options(command, *options);
    command.does([options, action] { return action(*options); });
  };
  add("precreate", "Read a spec on stdin, print it trimmed: what Podman runs",
      precreate);
  add("json", "Print the file for hooks.d that has Podman run precreate",
      print_json);
}

}  // namespace doff
