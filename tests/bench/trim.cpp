// bench_trim [--rounds N] [--json] [--check]: how long `doffctl trim` and
// `jq .` take over a config.json of 1 MB, both from stdin to /dev/null.
//
// A round runs each program once, in turn. Times are CLOCK_MONOTONIC around
// posix_spawn(3) and wait4(2); --check judges the ratio of the medians.
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/measure.h"

namespace {

constexpr double kAtMost = 3;
constexpr std::size_t kSize = 1'000'000;

struct Program {
  const char* name;
  std::vector<const char*> words;
  std::vector<double> times{};  // milliseconds, by round
};

// As engines write it: most of a large spec are mounts.
std::string make_spec() {
  std::string text =
      "{\n  \"ociVersion\": \"1.0.2\",\n  \"process\": {\n"
      "    \"user\": {\"uid\": 1000, \"gid\": 1000},\n"
      "    \"args\": [\"sh\"],\n    \"cwd\": \"/\",\n"
      "    \"capabilities\": {\n      \"bounding\": [\n"
      "        \"CAP_CHOWN\",\n        \"CAP_NET_RAW\"\n      ]\n    }\n  },\n"
      "  \"mounts\": [";
  const char* between = "\n";
  for (int i = 0; text.size() < kSize; ++i) {
    const std::string number = std::to_string(i);
    text.append(between)
        .append("    {\n      \"destination\": \"/data/")
        .append(number)
        .append("\",\n      \"type\": \"bind\",\n      \"source\": \"/srv/")
        .append(number)
        .append(
            "\",\n      \"options\": [\n        \"rbind\",\n        \"ro\"\n"
            "      ]\n    }");
    between = ",\n";
  }
  return text + "\n  ]\n}\n";
}

// A file with a spec, as long as this lives.
class SpecFile {
 public:
  SpecFile() {
    const int fd = mkstemp(path_.data());
    if (fd < 0) return;
    const std::string text = make_spec();
    whole_ = write(fd, text.data(), text.size()) ==
             static_cast<ssize_t>(text.size());
    close(fd);
  }
  ~SpecFile() { unlink(path_.c_str()); }
  SpecFile(const SpecFile&) = delete;
  SpecFile& operator=(const SpecFile&) = delete;

  [[nodiscard]] bool whole() const { return whole_; }
  [[nodiscard]] const char* path() const { return path_.c_str(); }

 private:
  std::string path_ = "/tmp/bench_trim-XXXXXX";
  bool whole_ = false;
};

void print(double trim, double jq, const RoundOptions& options) {
  const double ratio = trim / jq;
  if (options.json) {
    std::printf(
        "{\"rounds\":%zu,\"unit\":\"ms\",\"trim\":%.2f,\"jq\":%.2f,"
        "\"ratio\":%.3f,\"at_most\":%.0f}\n",
        options.rounds, trim, jq, ratio, kAtMost);
    return;
  }
  std::printf("1 MB, %zu rounds, medians in milliseconds\n\n", options.rounds);
  std::printf("%-20s%10.2f\n%-20s%10.2f\n%-20s%10.3f\n\n", "doffctl trim", trim,
              "jq .", jq, "doffctl / jq", ratio);
  std::printf("at most %.0f: %s\n", kAtMost,
              ratio <= kAtMost ? "met" : "not met");
}

}  // namespace

int main(int argc, char** argv) {
  RoundOptions options{.rounds = 25};
  if (!read_round_options(argc, argv, options)) {
    std::cerr << "usage: bench_trim [--rounds N] [--json] [--check]\n";
    return kExitUsage;
  }
  const SpecFile spec;
  if (!spec.whole()) {
    std::cerr << "bench_trim: cannot write " << spec.path() << "\n";
    return kExitMissed;
  }
  std::array<Program, 2> programs = {
      {{"doffctl trim", {DOFFCTL_PATH, "trim", "--cap-drop", "NET_RAW", "-"}},
       {"jq", {"jq", "."}}}};
  if (run(programs[1].words, spec.path()).status != 0) {
    std::cerr << "bench_trim: skipped: jq does not run\n";
    return kExitSkipped;
  }
  for (std::size_t round = 0; round < options.rounds; ++round)
    for (Program& program : programs) {
      const Run result = run(program.words, spec.path());
      if (result.status != 0) {
        std::cerr << "bench_trim: " << program.name << ": status "
                  << result.status << "\n";
        return kExitMissed;
      }
      program.times.push_back(result.wall);
    }
  const double trim = median(programs[0].times);
  const double jq = median(programs[1].times);
  print(trim, jq, options);
  return options.check && trim > kAtMost * jq ? kExitMissed : 0;
}
