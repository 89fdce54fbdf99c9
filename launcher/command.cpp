#include "launcher/command.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>

#include "launcher/called_as.h"
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

struct Variable {
  std::string_view name;  // with its equals sign
  std::string_view value;
};

// `environment` with `variables` in place of its own of those names; one with
// an empty value goes. Refuses if there is no room.
char** with_variables(char** environment, std::span<const Variable> variables) {
  const auto is_replaced = [&](std::string_view entry) {
    return std::ranges::any_of(variables, [&](const Variable& each) {
      return entry.starts_with(each.name);
    });
  };
  const auto require = [](bool there_is_room) {
    if (!there_is_room)
      refuse({.doing = "setting HOME, USER, LOGNAME or SHELL",
              .error = ENAMETOOLONG});
  };
  std::size_t count = 0;
  while (environment[count] != nullptr) ++count;
  const auto texts = map_zeroed<Joined>(variables.size());
  const auto result = map_zeroed<char*>(count + variables.size() + 1);
  require(!texts.empty() && !result.empty());
  char** next = std::remove_copy_if(environment, environment + count,
                                    result.data(), is_replaced);
  for (std::size_t i = 0; i < variables.size(); ++i) {
    if (variables[i].value.empty()) continue;
    *next = texts[i].join(variables[i].name, variables[i].value);
    require(*next++ != nullptr);
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
    char* const name = login ? dashed.join("-", base_name(plain)) : nullptr;
    if (name != nullptr) argv[0] = name;
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

// Whether `path` is this very program, which would become itself for ever.
// /proc need not be there; the path given may be a script's.
bool is_self(const char* path, const char* given) {
  struct stat shell {};
  struct stat self {};
  const auto is_it = [&](const char* own) {
    return stat(own, &self) == 0 && shell.st_dev == self.st_dev &&
           shell.st_ino == self.st_ino;
  };
  return stat(path, &shell) == 0 && (is_it("/proc/self/exe") || is_it(given));
}

// What login(1), su(1) and sshd(8) would have called `shell`, had it been the
// user's: `called` in their way, `-doff-shell`, `doff-shell` or a path.
char* called_like(char* called, const char* shell, Joined& text) {
  if (base_name(called) != "doff-shell") return called;
  if (*called == '-') return text.join("-", base_name(shell));
  if (std::strchr(called, '/') == nullptr)
    return text.join(base_name(shell), "");
  return text.join(shell, "");
}

[[noreturn]] void become_shell(const Options& options, char** environment) {
  const auto shells = options.shell == nullptr
                          ? std::span<const char* const>(kShells)
                          : std::span(&options.shell, 1);
  const bool as_shell = options.called != CalledAs::kDoff;
  std::array<char*, 2> alone{};
  Launch launch{as_shell ? options.shell_argv : alone.data(), environment,
                options.login};
  char* const called = launch.argv[0];
  for (const char* const path : shells) {
    Joined text;
    launch.argv[0] = as_shell ? called_like(called, path, text)
                              : const_cast<char*>(path);  // execve reads it
    if (as_shell && is_self(path, options.self))
      refuse(
          {.doing = "starting",
           .value = path,
           .cause = "this is doff itself",
           .next = "`shell PATH` in /etc/doff/shell.conf names the real one"});
    if (options.called == CalledAs::kDoffShell)
      launch.environment =
          with_variables(environment, std::array{Variable{"SHELL=", path}});
    launch.start(path);
  }
  if (options.shell != nullptr)
    launch.stop(options.shell, "",
                as_shell ? "`shell` in /etc/doff/shell.conf names it" : "");
  launch.stop("a shell", "",
              "tried /bin/bash, /usr/bin/bash, /usr/local/bin/bash, /bin/sh, "
              "/usr/bin/sh; name a COMMAND");
}

}  // namespace

void become(const Options& options, const Plan& plan, char** environment) {
  if (const auto& user = plan.user)
    environment = with_variables(
        environment,
        std::array{Variable{"HOME=", user->home}, Variable{"USER=", user->name},
                   Variable{"LOGNAME=", user->name}});
  if (options.command == nullptr) become_shell(options, environment);

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
