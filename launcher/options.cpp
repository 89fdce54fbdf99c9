#include "launcher/options.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <type_traits>

#include "caps/names.h"

namespace doff {
namespace {

using Result = std::optional<Failure>;

// The setters of the table below, each for one member of Options.

template <CapabilitySet Options::*kSet>
Result add_to(Options& options, const char* list) {
  const auto unknown = add_capabilities(list, options.*kSet);
  if (!unknown) return std::nullopt;
  return Failure{.value = unknown->word,
                 .cause = unknown->word.empty() ? "an empty name in the list"
                                                : "no such capability",
                 .guess = unknown->nearest};
}

template <const char* Options::*kString>
Result set_string(Options& options, const char* value) {
  options.*kString = value;
  return std::nullopt;
}

template <auto Options::*kMember, auto kValue>
Result set_to(Options& options, const char* /*none*/) {
  options.*kMember = kValue;
  return std::nullopt;
}

// The place of `word` among kWords, counted from kFirst.
template <auto Options::*kMember, const auto& kWords, int kFirst>
Result choose(Options& options, const char* word) {
  using Member = std::remove_reference_t<decltype(options.*kMember)>;
  const auto found = std::ranges::find(kWords, std::string_view(word));
  if (found == kWords.end())
    return Failure{.cause = "no such choice",
                   .guess = nearest_name(word, kWords)};
  options.*kMember = static_cast<Member>(kFirst + (found - kWords.begin()));
  return std::nullopt;
}
constexpr auto kGroupsRules =
    std::to_array<std::string_view>({"keep", "clear", "init"});
constexpr auto kUsernsRules =
    std::to_array<std::string_view>({"never", "auto", "always"});
constexpr auto kReportForms =
    std::to_array<std::string_view>({"human", "json"});
// signal(7): 1 to 31, the same on x86-64 and arm64.
constexpr auto kSignals = std::to_array<std::string_view>(
    {"HUP",  "INT",    "QUIT", "ILL",   "TRAP", "ABRT", "BUS",  "FPE",
     "KILL", "USR1",   "SEGV", "USR2",  "PIPE", "ALRM", "TERM", "STKFLT",
     "CHLD", "CONT",   "STOP", "TSTP",  "TTIN", "TTOU", "URG",  "XCPU",
     "XFSZ", "VTALRM", "PROF", "WINCH", "IO",   "PWR",  "SYS"});

Result set_pdeathsig(Options& options, const char* word) {
  constexpr std::uint32_t kLastSignal = 64;
  const auto number = parse_number(word, kLastSignal);
  if (number && *number > 0) {
    options.pdeathsig = static_cast<int>(*number);
    return std::nullopt;
  }
  const bool prefixed = std::string_view(word).starts_with("SIG");
  auto failure = choose<&Options::pdeathsig, kSignals, 1>(
      options, prefixed ? word + 3 : word);
  if (failure) failure->next = "a signal's name in capitals, or 1 to 64";
  return failure;
}

constexpr Failure kNoDescriptor{.cause = "not a number from 0 to 1023"};

Result add_keep_fd(Options& options, const char* word) {
  const auto fd = parse_number(word, kNameableFds - 1);
  if (!fd) return kNoDescriptor;
  options.keep_fd[*fd] = true;
  return std::nullopt;
}

Result set_report_fd(Options& options, const char* word) {
  const auto fd = parse_number(word, kNameableFds - 1);
  if (!fd) return kNoDescriptor;
  options.report_fd = static_cast<int>(*fd);
  return std::nullopt;
}

Result set_shell(Options& options, const char* path) {
  if (*path != '/') return Failure{.cause = "not an absolute path"};
  options.shell = path;
  return std::nullopt;
}

constexpr bool kNotInFile = false;
constexpr std::array<Option, 21> kTable = {{
    {"cap-add", "CAP,...", "keep these capabilities (default: none; ALL)",
     add_to<&Options::add>},
    {"cap-drop", "CAP,...", "drop these; wins over --cap-add",
     add_to<&Options::drop>},
    {"ambient", "CAP,...", "of those kept, raise these for COMMAND",
     add_to<&Options::ambient>},
    {"user", "USER[:GROUP]", "become this user; names or numbers",
     set_string<&Options::user>},
    {"groups", "HOW", "keep, clear or init (with --user: init)",
     choose<&Options::groups, kGroupsRules, 1>},
    {"accept", "VERDICT", "weakest to start with: sealed, inert, open",
     choose<&Options::accept, kVerdictNames, 0>},
    {"userns", "HOW", "a user namespace: never (default), auto, always",
     choose<&Options::userns, kUsernsRules, 0>},
    {"seccomp", "FILTER", "regain (default), hardened, none or FILE.bpf",
     set_string<&Options::seccomp>},
    {"keep-fd", "N", "leave descriptor N open, as 0, 1 and 2 are", add_keep_fd},
    {"chdir", "DIR", "start in DIR, entered as the new user",
     set_string<&Options::chdir>},
    {"path", "DIR:DIR...", "where COMMAND without a slash is looked up",
     set_string<&Options::path>},
    {"shell", "PATH", "the shell to start where there is no COMMAND",
     set_shell},
    {"login", "", "put a dash before COMMAND's name, as login(1)",
     set_to<&Options::login, true>},
    {"pdeathsig", "SIG", "signal to COMMAND when its parent dies",
     set_pdeathsig},
    {"config", "FILE", "read FILE's options before these",
     set_string<&Options::config>, kNotInFile},
    {"report", "FORM", "tell what was done: human or json",
     choose<&Options::report, kReportForms, 1>},
    {"report-fd", "N", "tell it on descriptor N (default: 2)", set_report_fd},
    {"status", "", "print this process's state and change nothing",
     set_to<&Options::action, Action::kStatus>, kNotInFile},
    {"dry-run", "", "do all but start COMMAND, and print the result",
     set_to<&Options::action, Action::kDryRun>, kNotInFile},
    {"help", "", "print this", set_to<&Options::action, Action::kHelp>,
     kNotInFile},
    {"version", "", "print the version",
     set_to<&Options::action, Action::kVersion>, kNotInFile},
}};

const Option* find_option(std::string_view name) {
  const auto* const found = std::ranges::find(kTable, name, &Option::name);
  return found == kTable.end() ? nullptr : found;
}

Failure unknown_option(std::string_view name, std::string_view next) {
  std::array<std::string_view, kTable.size()> names;
  std::ranges::transform(kTable, names.begin(), &Option::name);
  return {.doing = name,
          .cause = "no such option",
          .guess = nearest_name(name, names),
          .next = next};
}

// `value` is null where none was given.
Result set_option(const Option& option, const char* value, Options& options) {
  Result failure;
  if (option.argument.empty() && value != nullptr)
    failure = Failure{.cause = "takes no value"};
  else if (!option.argument.empty() && value == nullptr)
    failure = Failure{.cause = "needs a value"};
  else if (value != nullptr && *value == '\0')
    failure = Failure{.cause = "the value is empty"};
  else
    failure = option.set(options, value);
  if (!failure) return std::nullopt;
  failure->doing = option.name;
  failure->is_option = true;
  if (failure->next.empty()) failure->next = option.help;
  if (failure->value.empty() && value != nullptr) failure->value = value;
  return failure;
}

// Cuts the blanks off both ends of a NUL-terminated line.
char* trimmed(char* line) {
  line += std::strspn(line, " \t");
  std::size_t size = std::strlen(line);
  while (size > 0 && (line[size - 1] == ' ' || line[size - 1] == '\t')) --size;
  line[size] = '\0';
  return line;
}

Result parse_config_line(char* line, Options& options) {
  char* const name = trimmed(line);
  if (*name == '\0' || *name == '#') return std::nullopt;
  char* const blank = name + std::strcspn(name, " \t");
  const char* const value = *blank == '\0' ? nullptr : trimmed(blank + 1);
  *blank = '\0';

  const Option* const option = find_option(name);
  if (option == nullptr)
    return unknown_option(
        name, "a line is an option without dashes, a blank, its value");
  if (option->in_file) return set_option(*option, value, options);
  return Failure{.doing = name,
                 .cause = "not an option for a configuration file",
                 .next = "give it on the command line"};
}

}  // namespace

std::span<const Option> option_table() { return kTable; }

Result parse_command_line(char** argv, Options& options) {
  char** next = argv + 1;
  while (*next != nullptr) {
    std::string_view word = *next;
    if (!word.starts_with('-') || word == "-") break;
    ++next;
    if (word == "--") break;
    const char* value = std::strchr(word.data(), '=');
    if (value != nullptr)
      word = {word.data(), static_cast<std::size_t>(value++ - word.data())};

    const Option* const option =
        word.starts_with("--") ? find_option({word.data() + 2, word.size() - 2})
                               : nullptr;
    if (option == nullptr)
      return unknown_option(
          word, "doff --help lists them; a COMMAND with a dash goes behind --");
    if (value == nullptr && !option->argument.empty() && *next != nullptr)
      value = *next++;
    if (auto failure = set_option(*option, value, options)) return failure;
  }
  if (*next != nullptr) options.command = next;
  return std::nullopt;
}

Result parse_config(std::string_view file, std::span<char> text,
                    Options& options) {
  unsigned number = 1;
  for (auto line = text.begin(); line != text.end(); ++number) {
    const auto newline = std::find(line, text.end(), '\n');
    Result failure;
    if (newline == text.end()) {
      failure =
          Failure{.cause = "the last line has no newline; is the file whole?"};
    } else if (std::find(line, newline, '\0') != newline) {
      failure = Failure{.cause = "the line holds a NUL byte"};
    } else {
      *newline = '\0';
      failure = parse_config_line(&*line, options);
    }
    if (failure) {
      failure->file = file;
      failure->line = number;
      return failure;
    }
    line = newline + 1;
  }
  return std::nullopt;
}

}  // namespace doff
