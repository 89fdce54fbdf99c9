// doff-attack: runs the escape corpus in the shell that starts it.
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/escape/attack.h"

namespace doff::escape {
namespace {

constexpr const char* kUsage = R"(usage: doff-attack [OPTION...] [FAMILY...]
       doff-attack prepare DIR [ROOT]
Tries to get out of what doff left to this shell, and says which families of
attempts hold. FAMILY is a number; without any, all of the default profile.
`prepare`, with privileges, fills DIR with setuid files and files with
capabilities, which belong to the user number ROOT (0).
  --hardened       family 9 too, which `--seccomp hardened` closes
  --prepared DIR   what `prepare` filled
  --launcher FILE  the launcher's file in this root, for family 12; without it,
                   where doff-runtime mounts it
  --json           print JSON
Exit status: 0 all hold, 1 one ESCAPES, 3 none does, but something could not be
tried; 2 wrong usage.
)";

constexpr int kExitHolds = 0;
constexpr int kExitEscapes = 1;
constexpr int kExitUsage = 2;
constexpr int kExitNotTried = 3;

struct Family {
  int number;
  const char* name;
  std::span<const Attempt> (*attempts)();
};
constexpr int kHardened = 9;
constexpr std::array kFamilies = {
    Family{1, "setuid and setgid programs", identity_attempts},
    Family{2, "files with capabilities", identity_attempts},
    Family{3, "a program executed as root", identity_attempts},
    Family{4, "another user or group", identity_attempts},
    Family{5, "capabilities by asking for them", identity_attempts},
    Family{6, "a new user namespace", namespace_attempts},
    Family{7, "another's user namespace", namespace_attempts},
    Family{8, "typing into the terminal", terminal_attempts},
    Family{kHardened, "calls that hardened closes", hardened_attempts},
    Family{10, "a more privileged process", neighbour_attempts},
    Family{12, "the launcher's file", neighbour_attempts},
    Family{14, "what was left open", neighbour_attempts},
};

struct Options {
  bool json = false;
  bool hardened = false;
  std::array<bool, 32> chosen{};
  bool any_chosen = false;
  Setting setting;
};

// An attempt that hangs or dies tells nothing; SIGSYS is a filter's refusal.
Result run_apart(const Attempt& attempt, const Setting& setting) {
  constexpr unsigned kSeconds = 20;
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return not_tried("no pipe");
  const pid_t child = fork();
  if (child < 0) return not_tried("no process can be started");
  if (child == 0) {
    alarm(kSeconds);
    const Result result = attempt.run(setting);
    static_cast<void>(write(ends[1], &result, sizeof result));
    _exit(0);
  }
  close(ends[1]);
  Result result;
  const ssize_t size = read(ends[0], &result, sizeof result);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (size == sizeof result) return result;
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
    return holds("killed by SIGSYS");
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
    return not_tried("it hung");
  return not_tried("it died");
}

const char* outcome_name(Outcome outcome) {
  constexpr std::array kNames = {"holds", "escapes", "not tried"};
  return kNames[static_cast<std::size_t>(outcome)];
}

// How many of a family's attempts, or of all families, came out how.
struct Tally {
  std::array<int, 3> count{};
  void add(Outcome outcome) { ++count[static_cast<std::size_t>(outcome)]; }
  [[nodiscard]] int of(Outcome outcome) const {
    return count[static_cast<std::size_t>(outcome)];
  }
  // What holds only in part has not been tried.
  [[nodiscard]] Outcome whole() const {
    if (of(Outcome::kEscapes) > 0) return Outcome::kEscapes;
    return of(Outcome::kNotTried) > 0 ? Outcome::kNotTried : Outcome::kHolds;
  }
};

struct Tried {
  const char* name = nullptr;
  Result result;
};

// One line: the number, the name, the verdict, and whatever does not hold.
void print_line(const Family& family, std::span<const Tried> tried,
                const Tally& tally) {
  const Outcome whole = tally.whole();
  std::printf("%2d  %-32s %s", family.number, family.name,
              whole == Outcome::kEscapes ? "ESCAPES" : outcome_name(whole));
  const char* separator = "  ";
  for (const Tried& each : tried) {
    if (each.result.outcome == Outcome::kHolds) continue;
    const bool differs = each.result.outcome != whole;
    std::printf("%s%s: %s%s", separator, each.name,
                differs ? "not tried: " : "", each.result.detail.data());
    separator = "; ";
  }
  if (whole == Outcome::kNotTried && tally.of(Outcome::kHolds) > 0)
    std::printf("; the other %d hold", tally.of(Outcome::kHolds));
  std::printf("\n");
}

// Names and details are ours, but for a path's bytes, of which there are none.
void print_json(const Family& family, std::span<const Tried> tried,
                const Tally& tally) {
  std::printf(
      "  {\"family\": %d, \"name\": \"%s\", \"verdict\": \"%s\",\n"
      "   \"attempts\": [",
      family.number, family.name, outcome_name(tally.whole()));
  const char* separator = "";
  for (const Tried& each : tried) {
    std::printf(
        "%s\n    {\"name\": \"%s\", \"verdict\": \"%s\", "
        "\"detail\": \"%s\"}",
        separator, each.name, outcome_name(each.result.outcome),
        each.result.detail.data());
    separator = ",";
  }
  std::printf("]}");
}

// Runs the family's attempts, and prints what came of them.
Outcome run_family(const Family& family, const Options& options, bool first) {
  constexpr std::size_t kMost = 32;
  std::array<Tried, kMost> tried;
  std::size_t count = 0;
  Tally tally;
  for (const Attempt& each : family.attempts()) {
    if (each.family != family.number || count == kMost) continue;
    tried[count] = {each.name, run_apart(each, options.setting)};
    tally.add(tried[count++].result.outcome);
  }
  if (options.json && !first) std::printf(",\n");
  (options.json ? print_json : print_line)(
      family, std::span(tried).first(count), tally);
  static_cast<void>(std::fflush(stdout));
  return tally.whole();
}

int run_corpus(const Options& options) {
  Tally tally;
  if (options.json) std::printf("{\"families\": [\n");
  bool first = true;
  for (const Family& each : kFamilies) {
    const bool wanted =
        options.any_chosen
            ? options.chosen[static_cast<std::size_t>(each.number)]
            : each.number != kHardened || options.hardened;
    if (!wanted) continue;
    tally.add(run_family(each, options, first));
    first = false;
  }
  const int holding = tally.of(Outcome::kHolds);
  const int escaping = tally.of(Outcome::kEscapes);
  const int untried = tally.of(Outcome::kNotTried);
  std::printf(options.json ? "],\n \"hold\": %d, \"escape\": %d, "
                             "\"not_tried\": %d}\n"
                           : "%d hold, %d escape, %d not tried\n",
              holding, escaping, untried);
  // A verdict that nobody could read is none.
  if (std::fflush(stdout) != 0) return kExitUsage;
  if (escaping > 0) return kExitEscapes;
  return untried > 0 ? kExitNotTried : kExitHolds;
}

int misuse(const char* what, const char* value) {
  static_cast<void>(
      std::fprintf(stderr, "doff-attack: %s '%s'\n%s", what, value, kUsage));
  return kExitUsage;
}

// A number and nothing else, or -1.
long read_number(const char* word) {
  char* end = nullptr;
  errno = 0;
  const long number = std::strtol(word, &end, 10);
  return end == word || *end != '\0' || errno != 0 || number < 0 ? -1 : number;
}

// Returns an exit status for wrong usage, or -1.
int read_options(std::span<char*> words, Options& options) {
  for (std::size_t at = 0; at < words.size(); ++at) {
    const std::string_view word = words[at];
    const bool takes_value = word == "--prepared" || word == "--launcher";
    if (takes_value && at + 1 == words.size())
      return misuse("a value is missing after", words[at]);
    if (word == "--json") {
      options.json = true;
    } else if (word == "--hardened") {
      options.hardened = true;
    } else if (word == "--prepared") {
      options.setting.prepared = words[++at];
    } else if (word == "--launcher") {
      options.setting.launcher = words[++at];
    } else if (word.starts_with('-')) {
      return misuse("no such option:", words[at]);
    } else {
      const long number = read_number(words[at]);
      if (std::ranges::find(kFamilies, number, &Family::number) ==
          kFamilies.end())
        return misuse("no family of attempts that a shell makes by itself:",
                      words[at]);
      options.chosen[static_cast<std::size_t>(number)] = true;
      options.any_chosen = true;
    }
  }
  return -1;
}

int tell() {
  const State now = state();
  return write(STDOUT_FILENO, &now, sizeof now) == sizeof now ? 0 : 1;
}

int run(std::span<char*> words) {
  const std::string_view first = words.empty() ? "" : words[0];
  // A copy that runs with more than its caller has does nothing for him.
  if (getauxval(AT_SECURE) != 0 || first == kTell) return tell();
  if (first == "--help") return std::fputs(kUsage, stdout) < 0 ? 1 : 0;
  Options options;
  options.setting.self = std::bit_cast<const char*>(getauxval(AT_EXECFN));
  if (first == "prepare") {
    if (words.size() != 2 && words.size() != 3)
      return misuse("a directory, and perhaps a user, come after", words[0]);
    const long root = words.size() == 3 ? read_number(words[2]) : 0;
    if (root < 0) return misuse("no user's number:", words[2]);
    return prepare(options.setting, words[1], static_cast<unsigned>(root));
  }
  if (const int wrong = read_options(words, options); wrong >= 0) return wrong;
  // Where doff-runtime mounts it: helper/runtime/launcher_mount.h.
  for (const char* const each : {"/dev/.doff", "/.doff"})
    if (options.setting.launcher == nullptr && access(each, F_OK) == 0)
      options.setting.launcher = each;
  return run_corpus(options);
}

}  // namespace
}  // namespace doff::escape

int main(int argc, char** argv) {
  const std::size_t count = argc > 0 ? static_cast<std::size_t>(argc) - 1 : 0;
  return doff::escape::run(std::span(argv + (argc > 0 ? 1 : 0), count));
}
