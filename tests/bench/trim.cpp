// bench_trim [--rounds N] [--json] [--check]: how long `doffctl trim` and
// `jq .` take over a config.json of 1 MB, both from stdin to /dev/null.
//
// A round runs each program once, in turn. Times are CLOCK_MONOTONIC around
// posix_spawn(3) and wait4(2); --check judges the ratio of the medians.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr int kExitMissed = 1;
constexpr int kExitUsage = 2;
constexpr int kExitSkipped = 77;
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

double now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) * 1e3 +
         static_cast<double>(time.tv_nsec) / 1e6;
}

// Milliseconds; less than 0: it did not run, or failed.
double run(const std::vector<const char*>& words, const char* input) {
  std::vector<char*> argv;
  for (const char* word : words) argv.push_back(const_cast<char*>(word));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, input, O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY,
                                   0);
  const double start = now();
  pid_t child = 0;
  const int error =
      posix_spawnp(&child, argv[0], &files, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  int status = 0;
  if (error != 0 || wait4(child, &status, 0, nullptr) != child) return -1;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? now() - start : -1;
}

// Not empty.
double median(std::vector<double> values) {
  const auto middle =
      values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

struct Options {
  std::size_t rounds = 25;
  bool json = false;
  bool check = false;
};

bool read_options(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--json") {
      options.json = true;
    } else if (word == "--check") {
      options.check = true;
    } else if (word == "--rounds" && i + 1 < argc) {
      const char* const text = argv[++i];
      const char* const end = text + std::strlen(text);
      const auto parsed = std::from_chars(text, end, options.rounds);
      if (parsed.ec != std::errc{} || parsed.ptr != end || options.rounds == 0)
        return false;
    } else {
      return false;
    }
  }
  return true;
}

void print(double trim, double jq, const Options& options) {
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
  Options options;
  if (!read_options(argc, argv, options)) {
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
  if (run(programs[1].words, spec.path()) < 0) {
    std::cerr << "bench_trim: skipped: jq does not run\n";
    return kExitSkipped;
  }
  for (std::size_t round = 0; round < options.rounds; ++round)
    for (Program& program : programs) {
      const double time = run(program.words, spec.path());
      if (time < 0) {
        std::cerr << "bench_trim: " << program.name << " failed\n";
        return kExitMissed;
      }
      program.times.push_back(time);
    }
  const double trim = median(programs[0].times);
  const double jq = median(programs[1].times);
  print(trim, jq, options);
  return options.check && trim > kAtMost * jq ? kExitMissed : 0;
}
