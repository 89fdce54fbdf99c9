#include "launcher/command.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "launcher/failure.h"
#include "launcher/memory.h"

namespace doff {
namespace {

constexpr std::array kShells = {"/bin/bash", "/usr/bin/bash",
                                "/usr/local/bin/bash", "/bin/sh",
                                "/usr/bin/sh"};
constexpr std::string_view kPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Strings as one; no longer string fits in a path.
struct Joined {
  std::array<char, PATH_MAX> bytes;

  // Returns null if there is no room.
  char* join(std::string_view first, std::string_view second,
             std::string_view third = "") {
    if (first.size() + second.size() + third.size() >= bytes.size())
      return nullptr;
    char* end = std::ranges::copy(first, bytes.data()).out;
    end = std::ranges::copy(second, end).out;
    *std::ranges::copy(third, end).out = '\0';
    return bytes.data();
  }
};

// `environment` with the HOME, USER and LOGNAME of `user` in place of its own;
// USER and LOGNAME go where the uid has no name. Null if there is no room.
char** with_user(char** environment, const Account& user) {
  constexpr std::array<std::string_view, 3> kNames = {
      "HOME=", "USER=", "LOGNAME="};
  const std::array values = {user.home, user.name, user.name};
  const auto is_replaced = [&](std::string_view entry) {
    return std::ranges::any_of(
        kNames, [&](std::string_view name) { return entry.starts_with(name); });
  };
  std::size_t count = 0;
  while (environment[count] != nullptr) ++count;
  const auto texts = map_zeroed<Joined>(kNames.size());
  const auto result = map_zeroed<char*>(count + kNames.size() + 1);
  if (texts.empty() || result.empty()) return nullptr;
  char** next = std::remove_copy_if(environment, environment + count,
                                    result.data(), is_replaced);
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (values[i].empty()) continue;
    *next = texts[i].join(kNames[i], values[i]);
    if (*next++ == nullptr) return nullptr;
  }
  return result.data();
}

std::string_view remedy(int error) {
  switch (error) {
    case EPERM:
      return "a file with capabilities that this process may not have, such "
             "as ping, does not start: capabilities(7)";
    case ENOENT:
      return "the interpreter that it names is not there";
    case ENOEXEC:
      return "a script needs a first line that names its interpreter";
    default:
      return "";
  }
}

// execve(2)s each path until one starts. What was there and did not start
// decides the error over what was not there.
struct Launch {
  char** argv;
  char** environment;
  bool login;
  int error = ENOENT;
  bool found = false;

  void start(const char* path) {
    Joined dashed;
    char* const plain = argv[0];
    const char* const slash = std::strrchr(plain, '/');
    if (login) argv[0] = dashed.join("-", slash == nullptr ? plain : slash + 1);
    execve(path, argv, environment);
    const int failed = errno;
    argv[0] = plain;
    // ENOENT for a file that is there is about the interpreter it names.
    if ((failed == ENOENT || failed == ENOTDIR) && access(path, F_OK) != 0)
      return;
    error = failed;
    found = true;
  }

  // As execvp(3) does, but for scripts without a first line. A file that may
  // not be executed, and an interpreter that is not there, end no search.
  void search(std::string_view path) {
    const std::string_view name = argv[0];
    Joined joined;
    for (bool more = true; more;) {
      const std::string_view directory(path.data(),
                                       std::min(path.find(':'), path.size()));
      more = directory.size() < path.size();
      path.remove_prefix(directory.size() + (more ? 1 : 0));
      // An empty one is the current directory.
      if (joined.join(directory, directory.empty() ? "" : "/", name) == nullptr)
        continue;
      start(joined.bytes.data());
      if (found && error != EACCES && error != ENOENT) return;
    }
  }

  // `looked_in` and `next` are about a command that was not found.
  [[noreturn]] void stop(const char* name, std::string_view looked_in,
                         std::string_view next) const {
    refuse({.doing = "starting",
            .value = name,
            .error = error,
            .looked_in = found ? "" : looked_in,
            .next = found ? remedy(error) : next,
            .exit_status = found ? kExitNotExecutable : kExitNotFound});
  }
};

[[noreturn]] void become_shell(char** environment, bool login) {
  std::array<char*, 2> argv{};
  Launch launch{argv.data(), environment, login};
  for (const char* const path : kShells) {
    argv[0] = const_cast<char*>(path);  // which execve(2) only reads
    launch.start(path);
  }
  launch.stop("a shell", "",
              "tried /bin/bash, /usr/bin/bash, /usr/local/bin/bash, /bin/sh, "
              "/usr/bin/sh; name a COMMAND");
}

}  // namespace

void become(const Options& options, const Plan& plan, char** environment) {
  if (plan.user) environment = with_user(environment, *plan.user);
  if (environment == nullptr)
    refuse({.doing = "setting HOME, USER and LOGNAME", .error = ENAMETOOLONG});
  if (options.command == nullptr) become_shell(environment, options.login);

  const char* const name = options.command[0];
  Launch launch{options.command, environment, options.login};
  if (*name == '\0' || std::strchr(name, '/') != nullptr) {
    launch.start(name);
    launch.stop(name, "", "");
  }
  const std::string_view path = options.path == nullptr ? kPath : options.path;
  launch.search(path);
  launch.stop(name, path,
              options.path == nullptr ? "`env NAME` searches $PATH" : "");
}

}  // namespace doff
