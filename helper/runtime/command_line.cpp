#include "helper/runtime/command_line.h"

#include <algorithm>
#include <array>

namespace doff {
namespace {

constexpr std::array<OptionName, 14> kGlobal = {{
    {"cgroup-manager", true},
    {"criu", true},
    {"debug"},
    {"h"},
    {"help"},
    {"log", true},
    {"log-format", true},
    {"log-level", true},
    {"root", true},
    {"rootless", true},
    {"systemd-cgroup"},
    {"v"},
    {"version"},
    {"V"},
}};

// runc 1.1's to 1.3's and crun 1.8's to 1.28's.
constexpr std::array<std::string_view, 22> kSubcommands = {
    "checkpoint", "completion", "create", "delete",  "events", "exec",
    "features",   "h",          "help",   "init",    "kill",   "list",
    "mounts",     "pause",      "ps",     "restore", "resume", "run",
    "spec",       "start",      "state",  "update"};
constexpr std::array<std::string_view, 4> kRewritten = {"create", "exec",
                                                        "restore", "run"};

const OptionName* find(std::span<const OptionName> known,
                       std::string_view name) {
  for (const OptionName& each : known)
    if (each.name == name) return &each;
  return nullptr;
}

// getopt_long(3) takes the beginning of a name for it, where no other begins
// so. Go's flags do not; to read one of those so does no harm, runc refuses it.
const OptionName* find_beginning(std::span<const OptionName> known,
                                 std::string_view beginning, bool& ambiguous) {
  const OptionName* found = nullptr;
  for (const OptionName& each : known) {
    if (each.name == beginning) {
      ambiguous = false;
      return &each;
    }
    if (!each.name.starts_with(beginning)) continue;
    ambiguous = found != nullptr;
    found = &each;
  }
  return ambiguous ? nullptr : found;
}

// `-tdX`: flags, and at most one option at the end that takes `X`.
std::optional<ReadOption> read_cluster(const char* letters, char* const* argv,
                                       std::span<const OptionName> known) {
  for (;; ++letters) {
    const std::string_view name(letters, 1);
    const OptionName* const row = find(known, name);
    if (row == nullptr) return ReadOption{.name = name};
    if (row->takes_value) {
      if (letters[1] != '\0')
        return ReadOption{.name = name, .value = letters + 1, .known = true};
      return ReadOption{
          .name = name, .value = argv[1], .words = 2, .known = true};
    }
    if (letters[1] == '\0') return ReadOption{.name = name, .known = true};
  }
}

}  // namespace

std::optional<ReadOption> read_option(char* const* argv, Grammar grammar,
                                      std::span<const OptionName> known) {
  if (argv[0] == nullptr) return std::nullopt;
  const std::string_view word = argv[0];
  if (word.size() < 2 || word[0] != '-' || word == "--") return std::nullopt;
  const bool two = word[1] == '-';
  if (!two && grammar == Grammar::kGetopt)
    return read_cluster(argv[0] + 1, argv, known);

  std::string_view text = word;
  text.remove_prefix(two ? 2 : 1);
  const std::size_t equals = text.find('=');
  ReadOption read{.name = {text.data(), std::min(equals, text.size())}};
  const OptionName* const row =
      two ? find_beginning(known, read.name, read.ambiguous)
          : find(known, read.name);
  read.known = row != nullptr;
  if (read.known) read.name = row->name;
  if (equals != std::string_view::npos) {
    read.value = text.data() + equals + 1;
  } else if (row != nullptr && row->takes_value) {
    read.value = argv[1];
    read.words = 2;
  }
  return read;
}

CommandLine read_command_line(char** argv) {
  CommandLine line;
  if (argv[1] != nullptr && argv[2] != nullptr &&
      std::string_view(argv[1]) == "--doff-settings") {
    line.settings = argv[2];
    argv += 2;
  }
  line.words = argv;
  int at = 1;
  // Before the subcommand both grammars read the same words the same way.
  while (const auto option = read_option(argv + at, Grammar::kGo, kGlobal)) {
    if (option->words == 2 && option->value == nullptr) return line;
    if (option->name == "root") line.root = option->value;
    if (option->name == "log") line.log = option->value;
    if (option->name == "log-format" && option->value != nullptr)
      line.log_is_json = std::string_view(option->value) == "json";
    at += option->words;
    const bool may_be_value = !option->known && option->value == nullptr;
    if (may_be_value && argv[at] != nullptr && argv[at][0] != '-' &&
        std::ranges::find(kSubcommands, argv[at]) == kSubcommands.end())
      ++at;
  }
  if (argv[at] != nullptr && std::string_view(argv[at]) == "--") ++at;
  if (argv[at] == nullptr) return line;
  line.subcommand_at = at;
  line.subcommand = argv[at];
  return line;
}

bool is_rewritten(std::string_view subcommand) {
  return std::ranges::find(kRewritten, subcommand) != kRewritten.end();
}

}  // namespace doff
