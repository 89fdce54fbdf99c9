// A program as a whole, timed from outside. Times are in milliseconds.
#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <ctime>
#include <string_view>
#include <vector>

inline constexpr int kExitMissed = 1;  // a ratio is not what --check wants
inline constexpr int kExitUsage = 2;
inline constexpr int kExitSkipped = 77;  // something to compare with is missing

struct Run {
  int status;  // the exit status; -1: not started or killed
  double wall;
  double processor;  // on all processors together
};

inline double now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) * 1e3 +
         static_cast<double>(time.tv_nsec) / 1e6;
}

inline double milliseconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e3 +
         static_cast<double>(time.tv_usec) / 1e3;
}

// Looks the program up in $PATH. Its stdin is `input`, its stdout /dev/null.
inline Run run(const std::vector<const char*>& words, const char* input) {
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
  rusage usage{};
  if (error != 0 || wait4(child, &status, 0, &usage) != child)
    return {-1, 0, 0};
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, now() - start,
          milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime)};
}

// Not empty.
inline double median(std::vector<double> values) {
  const auto middle =
      values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

// Of a command line: a number, at least 1.
inline bool read_count(const char* text, std::size_t& count) {
  const char* const end = text + std::strlen(text);
  const auto parsed = std::from_chars(text, end, count);
  return parsed.ec == std::errc{} && parsed.ptr == end && count > 0;
}

struct RoundOptions {
  std::size_t rounds;
  bool json = false;
  bool check = false;
};

// [--rounds N] [--json] [--check]; false: something else.
inline bool read_round_options(int argc, char** argv, RoundOptions& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--json") {
      options.json = true;
    } else if (word == "--check") {
      options.check = true;
    } else if (word == "--rounds" && i + 1 < argc) {
      if (!read_count(argv[++i], options.rounds)) return false;
    } else {
      return false;
    }
  }
  return true;
}
