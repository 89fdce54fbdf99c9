// The proof: each filter, evaluated, answers what the statement says.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstring>
#include <set>
#include <sstream>

#include "bpf.h"
#include "evidence.h"
#include "launcher/seccomp.h"
#include "statement.h"
#include "subjects.h"

namespace {

using statement::Architecture;
using statement::Profile;

// The flags with which glibc starts a thread and a process.
constexpr std::uint64_t kPthread = 0x003d0f00;
constexpr std::uint64_t kFork = 0x01200011;
constexpr std::uint64_t kVfork = 0x00004111;

std::string describe(const Architecture& architecture, const Evidence& evidence,
                     std::uint32_t action) {
  std::ostringstream text;
  const seccomp_data& call = evidence.call;
  text << std::hex << "call 0x" << static_cast<std::uint32_t>(call.nr) << " ("
       << architecture.call(call.nr) << "), token 0x" << call.arch
       << ", arguments";
  for (const auto each : call.args) text << " 0x" << each;
  text << ": the filter answers 0x" << action << ", the statement 0x"
       << evidence.expected;
  return text.str();
}

std::uint32_t answer(const Subject& subject, std::string_view name,
                     std::uint64_t first = 0, std::uint64_t second = 0) {
  const int number = subject.architecture.number(name);
  REQUIRE(number >= 0);
  return bpf::Program(subject.code)
      .run({.nr = number,
            .arch = subject.architecture.token,
            .instruction_pointer = 0,
            .args = {first, second, 0, 0, 0, 0}});
}

}  // namespace

TEST_CASE("each filter answers every call as its profile states") {
  for (const Subject& subject : subjects()) {
    const bpf::Program program(subject.code);
    std::vector<bool> visited(subject.code.size());
    const auto all =
        evidence(subject.profile, subject.architecture, subject.code);
    std::size_t wrong = 0;
    std::string examples;
    for (const Evidence& each : all) {
      const std::uint32_t action = program.run(each.call, &visited);
      if (action == each.expected) continue;
      if (++wrong <= 10)
        examples += "\n  " + describe(subject.architecture, each, action);
    }
    std::printf("%s: %zu instructions, %zu evaluations, %zu wrong\n",
                subject.name().c_str(), subject.code.size(), all.size(), wrong);
    INFO(subject.name() << ": " << wrong << " of " << all.size()
                        << " answers are wrong, such as" << examples);
    CHECK(wrong == 0);
    INFO("every instruction is reached by some of the evidence");
    CHECK(std::ranges::count(visited, false) == 0);
  }
}

TEST_CASE("the launcher carries the very filters that are proven") {
  for (const Subject& subject : subjects()) {
#ifdef __x86_64__
    if (subject.architecture.name != "x86_64") continue;
#endif
    INFO(subject.name());
    doff::Filter filter;
    const char* const word =
        subject.profile == Profile::kRegain ? "regain" : "hardened";
    REQUIRE(!doff::find_filter(word, filter));
    REQUIRE(filter.program.size() == subject.code.size());
    CHECK(std::memcmp(filter.program.data(), subject.code.data(),
                      subject.code.size_bytes()) == 0);
  }
}

TEST_CASE("the evidence meets every answer, on every side") {
  for (const Subject& subject : subjects()) {
    INFO(subject.name());
    const auto all =
        evidence(subject.profile, subject.architecture, subject.code);
    for (const std::uint32_t answer :
         {statement::kAllow, statement::kKillProcess,
          statement::kPermissionDenied, statement::kNoSuchCall})
      CHECK(std::ranges::count(all, answer, &Evidence::expected) > 0);
    std::set<int> numbers;
    for (const Evidence& each : all)
      if (each.call.arch == subject.architecture.token)
        numbers.insert(each.call.nr);
    for (int number = 0; number < 1024; ++number) {
      CHECK(numbers.contains(number));
      CHECK(numbers.contains(0x40000000 + number));
    }
  }
}

TEST_CASE("every name in the statement is a call of the architecture") {
  const std::vector<std::string_view> x86_only = {"iopl", "ioperm",
                                                  "modify_ldt"};
  for (const Subject& subject : subjects()) {
    INFO(subject.name());
    std::vector<std::string_view> missing;
#define CALL(name) \
  if (subject.architecture.number(#name) < 0) missing.emplace_back(#name);
#include "names.inc"
#undef CALL
    CHECK(missing == (subject.architecture.has_x32
                          ? std::vector<std::string_view>{}
                          : x86_only));
  }
}

TEST_CASE("regain leaves debuggers, build tools and runtimes alone") {
  constexpr std::uint64_t kUnshareFiles = 0x00000600;  // FS | FILES
  constexpr std::uint64_t kTcgets = 0x5401;
  constexpr std::uint64_t kWindowSize = 0x5413;
  for (const Subject& subject : subjects()) {
    if (subject.profile != Profile::kRegain) continue;
    INFO(subject.name());
    for (const char* const name :
         {"ptrace", "process_vm_readv", "perf_event_open", "userfaultfd",
          "io_uring_setup", "bpf", "keyctl", "mount", "chroot",
          "name_to_handle_at", "personality", "memfd_create", "seccomp",
          "landlock_create_ruleset", "rseq", "execve"}) {
      INFO(name);
      CHECK(answer(subject, name) == statement::kAllow);
    }
    for (const std::uint64_t flags : {kPthread, kFork, kVfork})
      CHECK(answer(subject, "clone", flags) == statement::kAllow);
    CHECK(answer(subject, "unshare", kUnshareFiles) == statement::kAllow);
    CHECK(answer(subject, "ioctl", 0, kTcgets) == statement::kAllow);
    CHECK(answer(subject, "ioctl", 0, kWindowSize) == statement::kAllow);
  }
}

TEST_CASE("both profiles let a shell start threads, processes and programs") {
  for (const Subject& subject : subjects()) {
    INFO(subject.name());
    for (const std::uint64_t flags : {kPthread, kFork, kVfork})
      CHECK(answer(subject, "clone", flags) == statement::kAllow);
    for (const char* const name : {"execve", "wait4", "kill", "prctl",
                                   "seccomp", "capset", "setuid", "futex"})
      CHECK(answer(subject, name) == statement::kAllow);
  }
}

TEST_CASE("a call that a tracer skips is allowed: its number is -1") {
  for (const Subject& subject : subjects()) {
    INFO(subject.name());
    CHECK(bpf::Program(subject.code)
              .run({.nr = -1,
                    .arch = subject.architecture.token,
                    .instruction_pointer = 0,
                    .args = {}}) == statement::kAllow);
  }
}
