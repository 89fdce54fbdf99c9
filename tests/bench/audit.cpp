// bench_audit [--processes N] [--rounds N] [--json] [--check]: how long
// `doffctl audit --all` and `pscap -a` take over N processes that sleep.
//
// The processes are forked from this one and hold what it holds, so both
// programs have to print all of them. A round runs each program once, in turn,
// with its output to /dev/null. Wall-clock time is CLOCK_MONOTONIC around
// posix_spawn(3) and wait4(2); processor time is wait4's, on all processors
// together. --check judges the ratio of the medians of the wall-clock times.
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <iostream>
#include <string_view>
#include <vector>

#include "tests/bench/measure.h"

namespace {

constexpr double kAtLeast = 3;

struct Options {
  std::size_t processes = 5000;
  std::size_t rounds = 15;
  bool json = false;
  bool check = false;
};

struct Program {
  const char* name;
  std::vector<const char*> words;
  int success;
  std::vector<double> wall{};
  std::vector<double> processor{};
};

// They end with this process, however it ends.
class Sleepers {
 public:
  explicit Sleepers(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const pid_t pid = fork();
      if (pid < 0) break;
      if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (true) pause();
      }
      pids_.push_back(pid);
    }
  }
  ~Sleepers() {
    for (const pid_t pid : pids_) kill(pid, SIGKILL);
    for (const pid_t pid : pids_) waitpid(pid, nullptr, 0);
  }
  Sleepers(const Sleepers&) = delete;
  Sleepers& operator=(const Sleepers&) = delete;

  [[nodiscard]] std::size_t size() const { return pids_.size(); }

 private:
  std::vector<pid_t> pids_;
};

bool read_options(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const bool last = i + 1 == argc;
    if (word == "--json")
      options.json = true;
    else if (word == "--check")
      options.check = true;
    else if (word == "--processes" && !last &&
             read_count(argv[i + 1], options.processes))
      ++i;
    else if (word == "--rounds" && !last &&
             read_count(argv[i + 1], options.rounds))
      ++i;
    else
      return false;
  }
  return true;
}

void print(const std::array<Program, 2>& programs, const Options& options) {
  std::array<double, 4> shown{};
  for (std::size_t i = 0; i < programs.size(); ++i) {
    shown[2 * i] = median(programs[i].wall);
    shown[2 * i + 1] = median(programs[i].processor);
  }
  const double wall = shown[2] / shown[0];
  const double processor = shown[3] / shown[1];
  if (options.json) {
    std::printf(
        "{\"processes\":%zu,\"rounds\":%zu,\"unit\":\"ms\","
        "\"doffctl\":{\"wall\":%.1f,\"processor\":%.1f},"
        "\"pscap\":{\"wall\":%.1f,\"processor\":%.1f},"
        "\"ratio\":{\"wall\":%.2f,\"processor\":%.2f,\"at_least\":%.0f}}\n",
        options.processes, options.rounds, shown[0], shown[1], shown[2],
        shown[3], wall, processor, kAtLeast);
    return;
  }
  std::printf("%zu processes, %zu rounds, medians in milliseconds\n\n",
              options.processes, options.rounds);
  std::printf("%-20s%10s%12s\n", "", "wall", "processor");
  for (std::size_t i = 0; i < programs.size(); ++i)
    std::printf("%-20s%10.1f%12.1f\n", programs[i].name, shown[2 * i],
                shown[2 * i + 1]);
  std::printf("%-20s%10.2f%12.2f\n\nat least %.0f in wall-clock time: %s\n",
              "pscap / doffctl", wall, processor, kAtLeast,
              wall >= kAtLeast ? "met" : "not met");
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!read_options(argc, argv, options)) {
    std::cerr << "usage: bench_audit [--processes N] [--rounds N] [--json] "
                 "[--check]\n";
    return kExitUsage;
  }
  // doffctl answers 1: somebody holds more than nothing.
  std::array<Program, 2> programs = {
      {{"doffctl audit --all", {DOFFCTL_PATH, "audit", "--all"}, 1},
       {"pscap -a", {"pscap", "-a"}, 0}}};
  if (run(programs[1].words, "/dev/null").status != 0) {
    std::cerr << "bench_audit: skipped: pscap (libcap-ng-utils) does not run\n";
    return kExitSkipped;
  }
  const Sleepers sleepers(options.processes);
  if (sleepers.size() != options.processes) {
    std::cerr << "bench_audit: skipped: only " << sleepers.size()
              << " processes could be started\n";
    return kExitSkipped;
  }
  // The first round fills the kernel's caches and is not counted.
  for (std::size_t round = 0; round <= options.rounds; ++round)
    for (Program& program : programs) {
      const Run result = run(program.words, "/dev/null");
      if (result.status != program.success) {
        std::cerr << "bench_audit: " << program.name << ": status "
                  << result.status << "\n";
        return kExitMissed;
      }
      if (round == 0) continue;
      program.wall.push_back(result.wall);
      program.processor.push_back(result.processor);
    }
  print(programs, options);
  const bool met =
      median(programs[1].wall) >= kAtLeast * median(programs[0].wall);
  return options.check && !met ? kExitMissed : 0;
}
