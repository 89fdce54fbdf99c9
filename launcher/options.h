// The request: the command line, or a configuration file's lines, as a value.
// Pure: nothing is opened, looked up or changed here.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "caps/capability_set.h"
#include "caps/verdict.h"
#include "launcher/failure.h"

namespace doff {

enum class Action : std::uint8_t { kRun, kStatus, kDryRun, kHelp, kVersion };
// By which name this program was called; that decides whose its words are.
enum class CalledAs : std::uint8_t { kDoff, kDoffShell, kShell };
enum class GroupsRule : std::uint8_t { kUnsaid, kKeep, kClear, kInit };
enum class UsernsRule : std::uint8_t { kNever, kAuto, kAlways };
enum class ReportForm : std::uint8_t { kNone, kHuman, kJson };

// Descriptors that --keep-fd and --report-fd may name: 0 to 1023. (More than
// RLIMIT_NOFILE's customary soft limit, and a set that fits two cache lines.)
inline constexpr int kNameableFds = 1024;

// The options of doff-shell, and of doff in the place of a shell.
inline constexpr const char* kShellConfig = "/etc/doff/shell.conf";

// Pointers are into argv or into the text given to parse_config(), are
// NUL-terminated, and null where the option was not given.
struct Options {
  CapabilitySet add;
  CapabilitySet drop;  // wins over `add`
  CapabilitySet ambient;
  const char* user = nullptr;      // USER[:GROUP]
  const char* seccomp = "regain";  // none, a profile's name, or a file's
  const char* chdir = nullptr;
  const char* path = nullptr;   // DIR:DIR..., as execvp(3) takes PATH
  const char* shell = nullptr;  // absolute; null: the first of the usual ones
  const char* config = nullptr;
  char** command = nullptr;     // NUL-terminated argv of COMMAND; null: a shell
  char** shell_argv = nullptr;  // where not called doff: argv as it was given,
  const char* self = "";        // and the path
  int pdeathsig = 0;            // 0: none
  int report_fd = 2;
  Action action = Action::kRun;
  GroupsRule groups = GroupsRule::kUnsaid;
  Verdict accept = Verdict::kSealed;
  UsernsRule userns = UsernsRule::kNever;
  ReportForm report = ReportForm::kNone;
  CalledAs called = CalledAs::kDoff;
  bool login = false;
  std::array<bool, kNameableFds> keep_fd{};
};

// One row for each option: the parser, --help, configuration files and the
// test of doff(1) all read this table.
struct Option {
  std::string_view name;
  std::string_view argument;  // its name in --help; empty: takes none
  std::string_view help;
  // Sets the option to `value` ("" where it takes none), or says what is
  // wrong with it: cause, and where it helps value, guess and next.
  std::optional<Failure> (*set)(Options&, const char* value);
  bool in_file = true;  // may stand in a configuration file
};
std::span<const Option> option_table();

// Reads argv[1..] into `options`, on top of what is there. The first `--` or
// the first word that is not an option ends the options.
std::optional<Failure> parse_command_line(char** argv, Options& options);

// Reads a configuration file's text: a line for each option, its name without
// dashes, blanks, its value; `#` starts a comment line. Writes a NUL behind
// each value, so `text` must be writable and outlive `options`.
std::optional<Failure> parse_config(std::string_view file, std::span<char> text,
                                    Options& options);

}  // namespace doff
