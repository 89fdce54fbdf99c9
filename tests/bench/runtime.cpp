// bench_runtime [--rounds N] [--json] [--check]: how long runc takes, and
// doff-runtime in front of it, for `state`, for `exec` and for `create`.
//
// Both have a container of their own from bundles that are alike. A round runs
// both programs four times, in turn, and counts the fastest of each: runc takes
// half as long again when the kernel or Go's scheduler is in its way, which has
// nothing to do with who called it. Times are CLOCK_MONOTONIC around
// posix_spawn(3) and wait4(2); --check judges the ratios of the medians of the
// rounds. Outside of the time, what a measured `create` made is deleted, and
// its bundle gets the config.json that an engine would write. Bundles are on a
// tmpfs, as those of Docker and containerd below /run are.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/measure.h"

namespace {

namespace fs = std::filesystem;

constexpr const char* kBusybox = "/bin/busybox";
constexpr std::size_t kRuns = 4;  // of each program in a round

using Line = std::vector<std::string>;

int status_of(const Line& line) {
  std::vector<const char*> words;
  for (const std::string& each : line) words.push_back(each.c_str());
  return run(words, "/dev/null").status;
}

void replace_first(std::string& text, std::string_view from,
                   std::string_view to) {
  if (const auto at = text.find(from); at != std::string::npos)
    text.replace(at, from.size(), to);
}

// A runtime, a bundle and a container that sleeps, all in a directory that goes
// with it.
class Side {
 public:
  Side(std::string name, Line runtime)
      : name_(std::move(name)), runtime_(std::move(runtime)) {
    std::string path = "/dev/shm/bench_runtime-XXXXXX";
    if (mkdtemp(path.data()) == nullptr) return;
    directory_ = path;
    runtime_.insert(runtime_.end(), {"--root", path + "/state"});
    ready_ =
        make_bundle() &&
        status_of(line({"run", "--detach", "--bundle", bundle(), up()})) == 0;
  }
  ~Side() {
    if (directory_.empty()) return;
    for (const std::string& id : {up(), created()})
      if (fs::exists(directory_ / "state" / id))
        status_of(line({"delete", "--force", id}));
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
  }
  Side(const Side&) = delete;
  Side& operator=(const Side&) = delete;

  [[nodiscard]] bool ready() const { return ready_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  // Ids, which name control groups too: nobody else's.
  [[nodiscard]] std::string up() const { return id("up"); }
  [[nodiscard]] std::string created() const { return id("created"); }
  [[nodiscard]] std::string bundle() const { return directory_ / "bundle"; }
  void write_config() const {
    std::ofstream(bundle() + "/config.json") << config_;
  }
  [[nodiscard]] Line line(const Line& rest) const {
    Line all = runtime_;
    all.insert(all.end(), rest.begin(), rest.end());
    return all;
  }

 private:
  [[nodiscard]] std::string id(const char* which) const {
    return "doff-bench-" + std::to_string(getpid()) + "-" + name_ + "-" + which;
  }

  bool make_bundle() {
    const fs::path root = directory_ / "bundle" / "rootfs";
    for (const char* each : {"bin", "proc", "dev", "sys", "tmp"})
      fs::create_directories(root / each);
    fs::copy_file(kBusybox, root / "bin" / "busybox");
    if (status_of({"runc", "spec", "--bundle", bundle()}) != 0) return false;
    std::stringstream text;
    text << std::ifstream(bundle() + "/config.json").rdbuf();
    config_ = text.str();
    replace_first(config_, "\"terminal\": true", "\"terminal\": false");
    replace_first(config_, "\"sh\"", R"("/bin/busybox", "sleep", "1000")");
    write_config();
    return true;
  }

  std::string name_;
  Line runtime_;
  fs::path directory_;
  std::string config_;  // as an engine would write it
  bool ready_ = false;
};

struct Measure {
  const char* name;
  double at_most;
  bool creates;
  std::string subcommand;
  Line command;  // behind the id
  std::array<std::vector<double>, 2> times{};

  [[nodiscard]] double ratio() const {
    return median(times[1]) / median(times[0]);
  }
};

// Nothing, and says so, where it fails.
std::optional<double> time_of(const Measure& measure, const Side& side) {
  Line words = side.line({measure.subcommand});
  if (measure.creates) side.write_config();
  if (measure.creates) words.insert(words.end(), {"--bundle", side.bundle()});
  words.push_back(measure.creates ? side.created() : side.up());
  words.insert(words.end(), measure.command.begin(), measure.command.end());
  std::vector<const char*> pointers;
  for (const std::string& each : words) pointers.push_back(each.c_str());
  const Run result = run(pointers, "/dev/null");
  if (result.status != 0) {
    std::cerr << "bench_runtime: " << side.name() << " " << measure.name
              << ": status " << result.status << "\n";
    return std::nullopt;
  }
  if (measure.creates)
    status_of(side.line({"delete", "--force", side.created()}));
  return result.wall;
}

// Who comes first takes turns.
bool round_of(Measure& measure, const std::array<const Side*, 2>& sides) {
  std::array<double, 2> fastest = {};
  for (std::size_t turn = 0; turn < kRuns; ++turn)
    for (const std::size_t i : {turn % 2, 1 - turn % 2}) {
      const auto time = time_of(measure, *sides[i]);
      if (!time) return false;
      fastest[i] = turn == 0 ? *time : std::min(fastest[i], *time);
    }
  for (const std::size_t i : {0U, 1U}) measure.times[i].push_back(fastest[i]);
  return true;
}

void print(const std::vector<Measure>& measures, const RoundOptions& options) {
  if (!options.json)
    std::printf(
        "%zu rounds, medians in milliseconds\n\n%-10s%10s%16s%10s%10s\n",
        options.rounds, "", "runc", "doff-runtime", "ratio", "at most");
  const char* between = "{";
  for (const Measure& each : measures) {
    const double low = median(each.times[0]);
    const double ours = median(each.times[1]);
    if (options.json)
      std::printf(
          "%s\"%s\":{\"runc\":%.2f,\"doff_runtime\":%.2f,\"ratio\":%.3f,"
          "\"at_most\":%.2f}",
          between, each.name, low, ours, each.ratio(), each.at_most);
    else
      std::printf("%-10s%10.2f%16.2f%10.3f%10.2f\n", each.name, low, ours,
                  each.ratio(), each.at_most);
    between = ",";
  }
  if (options.json)
    std::printf(",\"rounds\":%zu,\"unit\":\"ms\"}\n", options.rounds);
}

}  // namespace

int main(int argc, char** argv) {
  RoundOptions options{.rounds = 50};
  if (!read_round_options(argc, argv, options)) {
    std::cerr << "usage: bench_runtime [--rounds N] [--json] [--check]\n";
    return kExitUsage;
  }
  if (geteuid() != 0 || !fs::exists(kBusybox) ||
      status_of({"runc", "--version"}) != 0) {
    std::cerr
        << "bench_runtime: skipped: needs root, runc and busybox-static\n";
    return kExitSkipped;
  }
  const Side low("runc", {"runc"});
  const Side ours("doff-runtime", {DOFF_RUNTIME_PATH});
  if (!low.ready() || !ours.ready()) {
    std::cerr << "bench_runtime: skipped: no container could be made here\n";
    return kExitSkipped;
  }
  std::vector<Measure> measures = {
      {"state", 1.10, false, "state", {}},
      {"exec", 1.05, false, "exec", {"/bin/busybox", "true"}},
      {"create", 1.05, true, "create", {}}};
  bool met = true;
  for (Measure& each : measures) {
    for (std::size_t i = 0; i < options.rounds; ++i)
      if (!round_of(each, {&low, &ours})) return kExitMissed;
    met = met && each.ratio() <= each.at_most;
  }
  print(measures, options);
  return options.check && !met ? kExitMissed : 0;
}
