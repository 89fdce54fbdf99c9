#include "launcher/command.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "launcher/memory.h"

namespace doff {
namespace {

constexpr std::array<const char*, 5> kShells = {"/bin/bash", "/usr/bin/bash",
                                                "/usr/local/bin/bash",
                                                "/bin/sh", "/usr/bin/sh"};
constexpr std::array<std::string_view, 6> kDirectories = {
    "/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/",
    "/usr/bin/",        "/sbin/",          "/bin/"};

// `first` and `second` as one string; no longer string fits in a path.
struct Joined {
  std::array<char, PATH_MAX> bytes{};

  // Returns null if there is no room.
  char* join(std::string_view first, std::string_view second) {
    if (first.size() + second.size() >= bytes.size()) return nullptr;
    *std::ranges::copy(second, std::ranges::copy(first, bytes.data()).out).out =
        '\0';
    return bytes.data();
  }
};

// `environment` with the HOME, USER and LOGNAME of `user` in place of its own;
// USER and LOGNAME go where the uid has no name. Null if there is no room.
char** with_user(char** environment, const Account& user) {
  struct Variable {
    std::string_view name;
    std::string_view value;
  };
  const std::array<Variable, 3> variables = {
      {{"HOME=", user.home}, {"USER=", user.name}, {"LOGNAME=", user.name}}};
  std::size_t count = variables.size() + 1;
  for (char** each = environment; *each != nullptr; ++each) ++count;
  const auto texts = map_zeroed<Joined>(variables.size());
  const auto result = map_zeroed<char*>(count);  // and so terminated
  if (texts.empty() || result.empty()) return nullptr;
  auto next = result.begin();
  for (char** each = environment; *each != nullptr; ++each) {
    bool replaced = false;
    for (const Variable& variable : variables)
      replaced |= std::string_view(*each).starts_with(variable.name);
    if (!replaced) *next++ = *each;
  }
  for (std::size_t i = 0; i < variables.size(); ++i) {
    if (variables[i].value.empty()) continue;
    *next = texts[i].join(variables[i].name, variables[i].value);
    if (*next++ == nullptr) return nullptr;
  }
  return result.data();
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

  [[nodiscard]] Failure failure(const char* name, const char* looked) const {
    std::string_view next = looked;
    if (found && error == EPERM)
      next =
          "a file with capabilities that this process may not have, such "
          "as ping, does not start: capabilities(7)";
    else if (found && error == ENOENT)
      next = "the interpreter that it names is not there";
    else if (found && error == ENOEXEC)
      next = "a script needs a first line that names its interpreter";
    else if (found)
      next = "";
    return {.doing = "starting",
            .value = name,
            .error = error,
            .next = next,
            .exit_status = found ? kExitNotExecutable : kExitNotFound};
  }
};

Failure become_shell(char** environment, bool login) {
  std::array<char*, 2> argv{};
  Launch launch{argv.data(), environment, login};
  for (const char* const path : kShells) {
    argv[0] = const_cast<char*>(path);  // which execve(2) only reads
    launch.start(path);
  }
  return launch.failure("a shell",
                        "tried /bin/bash, /usr/bin/bash, /usr/local/bin/bash, "
                        "/bin/sh, /usr/bin/sh; name a COMMAND");
}

}  // namespace

Failure become(const Options& options, const Plan& plan, char** environment) {
  if (plan.user) environment = with_user(environment, *plan.user);
  if (environment == nullptr)
    return {.doing = "setting HOME, USER and LOGNAME", .error = ENAMETOOLONG};
  if (options.command == nullptr)
    return become_shell(environment, options.login);

  const char* const name = options.command[0];
  Launch launch{options.command, environment, options.login};
  if (*name == '\0' || std::strchr(name, '/') != nullptr) {
    launch.start(name);
    return launch.failure(name, "");
  }
  Joined path;
  for (const std::string_view directory : kDirectories)
    if (path.join(directory, name) != nullptr) launch.start(path.bytes.data());
  return launch.failure(name,
                        "looked in /usr/local/sbin, /usr/local/bin, /usr/sbin, "
                        "/usr/bin, /sbin and /bin; `env NAME` searches $PATH");
}

}  // namespace doff
