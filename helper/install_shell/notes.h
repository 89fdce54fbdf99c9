// What `doffctl install-shell` has changed in a root file system, as it notes
// it there for --undo. Pure.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "helper/failure.h"

namespace doff {

// Paths are those of the root file system.
inline constexpr const char* kPasswd = "/etc/passwd";
inline constexpr const char* kShells = "/etc/shells";
inline constexpr const char* kDoffShell = "/usr/bin/doff-shell";
inline constexpr const char* kShellConf = "/etc/doff/shell.conf";
inline constexpr const char* kNotes = "/etc/doff/install-shell.state";

struct FormerShell {
  std::string user;
  std::string shell;  // the field as it was
  bool operator==(const FormerShell&) const = default;
};

// All of it may have been done or not: it is noted before.
struct Notes {
  std::vector<FormerShell> users;
  std::string shadowed;             // a shell's path; "": none
  std::string shell;                // what shell.conf was given; "": nothing
  std::set<std::string> launchers;  // digests of what was copied
  std::set<std::string> made;       // files and directories
  std::set<std::string> edited;     // files that got one line
  bool operator==(const Notes&) const = default;
};

std::string to_text(const Notes& notes);

// Refuses, with the place in `source`, whatever to_text() would not have
// written: the file is of a root file system that nobody vouches for.
[[nodiscard]] Result<Notes> parse_notes(std::string_view text,
                                        const std::string& source);

// Why `path` is none of a shell that the launcher would stand in for, or
// nothing. `doing` and `value` are left to the caller.
std::optional<Failure> find_odd_shell(std::string_view path);

// Why the field of a passwd cannot stand in a configuration file, or nothing.
std::optional<std::string> find_odd_field(std::string_view shell);

// Where the shell that is shadowed goes: beside itself.
std::string real_name(std::string_view path_or_name);

}  // namespace doff
