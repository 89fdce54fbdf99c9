// The command line of an OCI runtime, as runc and crun read it. Without
// allocation or exceptions: both programs of doff-runtime compile it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace doff {

// runc's options are those of Go's package flag: one dash or two before any
// name, `-b=X`. crun's are getopt_long(3)'s: `-bX`, and `-td` for two flags.
enum class Grammar : std::uint8_t { kGo, kGetopt };

struct OptionName {
  std::string_view name;  // without dashes
  bool takes_value = false;
};

struct ReadOption {
  std::string_view name;
  const char* value = nullptr;  // NUL-terminated; null: has none
  int words = 1;                // of argv that it is made of
  bool known = false;           // in the table; else its value can only be
                                // one behind `=`
  bool ambiguous = false;       // getopt's: several in the table begin so
};

// The option that `argv` begins with; nothing where that is none: a word that
// is not an option, `-`, `--`, or the end. Of flags in one word, getopt's way,
// the last is the one that is told, and the others must be known flags.
std::optional<ReadOption> read_option(char* const* argv, Grammar grammar,
                                      std::span<const OptionName> known);

// What stands before a subcommand, and which it is.
struct CommandLine {
  const char* settings = nullptr;  // of --doff-settings, which is our own
  char** words = nullptr;          // argv of the low-level runtime, from [1] on
  int subcommand_at = 0;           // in `words`; 0: there is none
  std::string_view subcommand;
  const char* root = nullptr;
  const char* log = nullptr;  // where the engine reads what went wrong
  bool log_is_json = false;
};

// Never fails: what runc or crun would refuse, they are left to refuse. An
// option that nobody here knows has the next word for its value, unless that is
// the name of a subcommand. `argv` must have a name, and live on.
CommandLine read_command_line(char** argv);

// Whether the subcommand starts a process, and so is ours to rewrite.
bool is_rewritten(std::string_view subcommand);

}  // namespace doff
