// bench [--rounds N] [--json] [--check]: how long each way to drop everything
// takes, from spawn to exit, around a program that does nothing.
//
// A round runs every command once, in an order shuffled anew (with a fixed
// seed), so that load from elsewhere and what the command before left in the
// caches meet all alike. Times are CLOCK_MONOTONIC around posix_spawn(3),
// which returns after the first execve, and wait4(2). A command's added time
// is its own less that of the direct exec.
//
// A ratio of added times is given in three ways. `medians`: of the added times
// of the medians, and what --check judges. `paired`: the median of each
// round's own ratio, which a slow round does not disturb; a round in which the
// denominator adds nothing counts as the largest. `minima`: of the added times
// of the minima.
#include <linux/capability.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <iostream>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr int kExitMissed = 1;
constexpr int kExitUsage = 2;
constexpr int kExitSkipped = 77;

using Words = std::vector<std::string>;

struct Command {
  std::string name;
  Words words;
  std::string unavailable;      // why it is not measured; empty: it is
  std::vector<double> times{};  // microseconds, by round
};

// Places in the list that make_commands() returns.
enum Place : std::size_t {
  kDirect,
  kFloor,
  kNone,
  kRegain,
  kHardened,
  kSetpriv
};

struct Limit {
  Place of;
  Place to;
  double most;
};
constexpr std::array<Limit, 3> kLimits = {{{kNone, kFloor, 1.25},
                                           {kNone, kSetpriv, 1.0 / 5},
                                           {kRegain, kSetpriv, 1.0 / 3}}};

struct Ratio {
  double medians;
  double paired;
  double minima;
};

// Empty where it is not installed.
std::string find_program(const std::string& name) {
  for (const char* directory : {"/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/",
                                "/usr/local/bin/", "/usr/local/sbin/"})
    if (access((directory + name).c_str(), X_OK) == 0) return directory + name;
  return {};
}

Words operator+(Words first, const Words& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

std::vector<Command> make_commands() {
  const std::string setpriv = find_program("setpriv");
  const std::string capsh = find_program("capsh");
  const std::string no_setpriv = setpriv.empty() ? "not installed" : "";
  const std::string no_capsh = capsh.empty() ? "not installed" : "";
  const Words nothing = {NOTHING_PATH};
  const Words by_setpriv =
      Words{setpriv, "--bounding-set=-all", "--inh-caps=-all",
            "--ambient-caps=-all", "--no-new-privs"} +
      nothing;
  // What follows `--` are bash's arguments.
  const Words by_bash = {"--", "-c", "exec \"$@\"", "--"};
  // The ten of NemoClaw's entrypoint; what is left falls to setpriv.
  const Words ten = {capsh,
                     "--drop=cap_sys_admin,cap_sys_ptrace,cap_net_raw,"
                     "cap_dac_override,cap_sys_chroot,cap_fsetid,cap_setfcap,"
                     "cap_mknod,cap_audit_write,cap_net_bind_service"};
  return {
      {"direct", nothing, ""},
      {"floor", Words{FLOOR_PATH} + nothing, ""},
      {"doff none", Words{DOFF_PATH, "--seccomp", "none"} + nothing, ""},
      {"doff regain", Words{DOFF_PATH} + nothing, ""},
      {"doff hardened", Words{DOFF_PATH, "--seccomp", "hardened"} + nothing,
       ""},
      {"setpriv", by_setpriv, no_setpriv},
      {"capsh",
       Words{capsh, "--no-new-privs", "--noamb", "--inh=", "--drop=all"} +
           by_bash + nothing,
       no_capsh},
      {"capsh, setpriv", ten + by_bash + by_setpriv,
       no_capsh.empty() ? no_setpriv : no_capsh},
  };
}

double now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) * 1e6 +
         static_cast<double>(time.tv_nsec) / 1e3;
}

struct Run {
  int status;  // the exit status; -1: not started or killed
  double microseconds;
};

Run run(Words words) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  const double start = now();
  pid_t child = 0;
  if (posix_spawn(&child, argv[0], nullptr, nullptr, argv.data(), environ) != 0)
    return {-1, 0};
  int status = 0;
  if (wait4(child, &status, 0, nullptr) != child) return {-1, 0};
  const double end = now();
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, end - start};
}

// What cannot do the job here is not measured. Only `direct` has no job.
void try_out(std::vector<Command>& commands) {
  for (Command& command : commands) {
    if (!command.unavailable.empty() || &command == &commands[kDirect])
      continue;
    const int status = run(command.words + Words{"check"}).status;
    if (status == 0) continue;
    command.unavailable = status == 1
                              ? "leaves something behind, or failed"
                              : "failed with status " + std::to_string(status);
  }
}

// False where a command that did its job once fails.
bool measure(std::vector<Command>& commands, std::size_t rounds) {
  std::vector<Command*> order;
  for (Command& command : commands)
    if (command.unavailable.empty()) order.push_back(&command);
  std::minstd_rand random(1);  // NOLINT(cert-msc*): repeatable is better
  for (Command* command : order) run(command->words);  // into the page cache
  for (std::size_t round = 0; round < rounds; ++round) {
    std::ranges::shuffle(order, random);
    for (Command* command : order) {
      const Run result = run(command->words);
      if (result.status != 0) {
        std::cerr << "bench: " << command->name << ": status " << result.status
                  << "\n";
        return false;
      }
      command->times.push_back(result.microseconds);
    }
  }
  return true;
}

// Not empty.
double median(std::vector<double> values) {
  const auto middle =
      values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

double minimum(const std::vector<double>& values) {
  return *std::ranges::min_element(values);
}

// `numerator` of `denominator`, where there is one.
double share(double numerator, double denominator) {
  return denominator > 0 ? numerator / denominator
                         : std::numeric_limits<double>::infinity();
}

std::optional<Ratio> find_ratio(const std::vector<Command>& commands,
                                const Limit& limit) {
  const auto& direct = commands[kDirect].times;
  const auto& of = commands[limit.of].times;
  const auto& to = commands[limit.to].times;
  if (of.empty() || to.empty()) return std::nullopt;
  std::vector<double> paired;
  for (std::size_t i = 0; i < direct.size(); ++i)
    paired.push_back(share(of[i] - direct[i], to[i] - direct[i]));
  return Ratio{
      share(median(of) - median(direct), median(to) - median(direct)),
      median(paired),
      share(minimum(of) - minimum(direct), minimum(to) - minimum(direct))};
}

void print_table(const std::vector<Command>& commands, std::size_t rounds) {
  std::printf("%zu rounds, microseconds\n\n", rounds);
  std::printf("%-16s%10s%10s%16s%16s\n", "", "median", "minimum",
              "added (median)", "added (minimum)");
  const auto& direct = commands[kDirect].times;
  for (const Command& command : commands) {
    if (command.times.empty()) {
      std::printf("%-16s%s\n", command.name.c_str(),
                  command.unavailable.c_str());
      continue;
    }
    const double middle = median(command.times);
    const double least = minimum(command.times);
    std::printf("%-16s%10.1f%10.1f%16.1f%16.1f\n", command.name.c_str(), middle,
                least, middle - median(direct), least - minimum(direct));
  }
  std::printf("\n%-28s%8s%10s%10s%10s\n", "added time over added time", "limit",
              "medians", "paired", "minima");
  for (const Limit& limit : kLimits) {
    const std::string name =
        commands[limit.of].name + " / " + commands[limit.to].name;
    if (const auto ratio = find_ratio(commands, limit))
      std::printf("%-28s%8.3f%10.3f%10.3f%10.3f  %s\n", name.c_str(),
                  limit.most, ratio->medians, ratio->paired, ratio->minima,
                  ratio->medians <= limit.most ? "met" : "not met");
    else
      std::printf("%-28s%8.3f  not measured\n", name.c_str(), limit.most);
  }
}

// JSON has no infinity.
std::string number(double value) {
  if (value == std::numeric_limits<double>::infinity()) return "null";
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.begin(), text.end(), value,
                                 std::chars_format::fixed, 3);
  return {text.data(), end.ptr};
}

void print_json(const std::vector<Command>& commands, std::size_t rounds) {
  std::printf("{\"rounds\":%zu,\"unit\":\"us\",\"commands\":[", rounds);
  const auto& direct = commands[kDirect].times;
  const char* between = "";
  for (const Command& command : commands) {
    std::printf("%s{\"name\":\"%s\",", between, command.name.c_str());
    between = ",";
    if (command.times.empty()) {
      std::printf("\"unavailable\":\"%s\"}", command.unavailable.c_str());
      continue;
    }
    const double middle = median(command.times);
    const double least = minimum(command.times);
    std::printf(
        "\"median\":%s,\"minimum\":%s,\"added_median\":%s,"
        "\"added_minimum\":%s}",
        number(middle).c_str(), number(least).c_str(),
        number(middle - median(direct)).c_str(),
        number(least - minimum(direct)).c_str());
  }
  std::printf("],\"ratios\":[");
  between = "";
  for (const Limit& limit : kLimits) {
    std::printf("%s{\"of\":\"%s\",\"to\":\"%s\",\"limit\":%s,", between,
                commands[limit.of].name.c_str(),
                commands[limit.to].name.c_str(), number(limit.most).c_str());
    between = ",";
    if (const auto ratio = find_ratio(commands, limit))
      std::printf("\"medians\":%s,\"paired\":%s,\"minima\":%s,\"met\":%s}",
                  number(ratio->medians).c_str(), number(ratio->paired).c_str(),
                  number(ratio->minima).c_str(),
                  ratio->medians <= limit.most ? "true" : "false");
    else
      std::printf("\"met\":null}");
  }
  std::printf("]}\n");
}

bool may_drop() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  return syscall(SYS_capget, &header, data.data()) == 0 &&
         (data[0].effective & (1U << CAP_SETPCAP)) != 0;
}

int usage() {
  std::cerr << "usage: bench [--rounds N] [--json] [--check]\n";
  return kExitUsage;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t rounds = 300;
  bool json = false;
  bool check = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--json") {
      json = true;
    } else if (word == "--check") {
      check = true;
    } else if (word == "--rounds" && i + 1 < argc) {
      const char* const text = argv[++i];
      const char* const end = text + std::strlen(text);
      const auto parsed = std::from_chars(text, end, rounds);
      if (parsed.ec != std::errc{} || parsed.ptr != end || rounds == 0)
        return usage();
    } else {
      return usage();
    }
  }
  if (!may_drop()) {
    std::cerr << "bench: needs CAP_SETPCAP, as root has it\n";
    return kExitSkipped;
  }

  std::vector<Command> commands = make_commands();
  try_out(commands);
  for (const Place each : {kFloor, kNone, kRegain, kHardened})
    if (!commands[each].unavailable.empty()) {
      std::cerr << "bench: " << commands[each].name << ": "
                << commands[each].unavailable << "\n";
      return kExitMissed;
    }
  if (!measure(commands, rounds)) return kExitMissed;
  json ? print_json(commands, rounds) : print_table(commands, rounds);
  if (!check) return 0;
  for (const Limit& limit : kLimits) {
    const auto ratio = find_ratio(commands, limit);
    if (ratio && !(ratio->medians <= limit.most)) return kExitMissed;
  }
  return 0;
}
