#include <elf.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "caps/names.h"
#include "helper/doctor/calls.h"
#include "helper/doctor/check.h"
#include "helper/doctor/engine.h"
#include "helper/doctor/host.h"
#include "helper/doctor/image.h"
#include "helper/doctor/login_shell.h"
#include "helper/doctor/sealed.h"
#include "helper/policy/policy.h"

using doff::Check;
using doff::Outcome;

namespace {

const std::string kNothing = "0000000000000000";
const std::string kDocker = "00000000a80425fb";

struct Sets {
  std::string inheritable = kNothing;
  std::string permitted = kNothing;
  std::string effective = kNothing;
  std::string bounding = kNothing;
  std::string ambient = kNothing;
};

// As the kernel writes /proc/PID/status, but for what nobody here reads.
std::string status(const Sets& sets, int no_new_privs, int seccomp,
                   int filters) {
  return "Name:\tdoff-doctor\nUid:\t0\t0\t0\t0\nThreads:\t1\nCapInh:\t" +
         sets.inheritable + "\nCapPrm:\t" + sets.permitted + "\nCapEff:\t" +
         sets.effective + "\nCapBnd:\t" + sets.bounding + "\nCapAmb:\t" +
         sets.ambient + "\nNoNewPrivs:\t" + std::to_string(no_new_privs) +
         "\nSeccomp:\t" + std::to_string(seccomp) + "\nSeccomp_filters:\t" +
         std::to_string(filters) + "\n";
}

const std::string kFirst =
    status({kNothing, kDocker, kDocker, kDocker, kNothing}, 0, 2, 1);

// What is wrong with it, or "".
std::string fault(const std::string& command, const std::string& first = kFirst,
                  const doff::ConnectPolicy& policy = {}) {
  const auto result = doff::judge_command(command, first, policy);
  return result ? "" : result.error().cause;
}

doff::ConnectPolicy that_allows(std::string_view name) {
  doff::ConnectPolicy policy;
  doff::Words words;
  words.named = doff::CapabilitySet(*doff::find_capability(name));
  policy.allow = {{.word = words, .place = {}}};
  return policy;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a command with five empty sets and a filter more is sealed") {
  const auto result = doff::judge_command(status({}, 1, 2, 2), kFirst, {});
  REQUIRE(result);
  CHECK(*result == "sealed: five empty sets, no_new_privs, seccomp filter");
}

TEST_CASE("a command that holds anything in any set is not sealed") {
  const auto with = [](std::string Sets::*set) {
    Sets sets;
    sets.*set = "0000000000000400";
    return fault(status(sets, 1, 2, 2));
  };
  CHECK(has(with(&Sets::bounding), "inert: bounding has NET_BIND_SERVICE"));
  CHECK(has(with(&Sets::permitted), "permitted has NET_BIND_SERVICE"));
  CHECK(has(with(&Sets::effective), "effective has NET_BIND_SERVICE"));
  CHECK(has(with(&Sets::inheritable), "inheritable has NET_BIND_SERVICE"));
  CHECK(has(with(&Sets::ambient), "ambient has NET_BIND_SERVICE"));
}

TEST_CASE("a command is measured by what the policy allows it") {
  const doff::ConnectPolicy policy = that_allows("NET_BIND_SERVICE");
  const Sets allowed{"0000000000000400", "0000000000000400", "0000000000000400",
                     "0000000000000400", kNothing};
  CHECK(fault(status(allowed, 1, 2, 2), kFirst, policy).empty());
  Sets more = allowed;
  more.bounding = "0000000000000401";
  CHECK(
      has(fault(status(more, 1, 2, 2), kFirst, policy), "bounding has CHOWN"));
}

TEST_CASE("a command without no_new_privs or a filter of ours is not sealed") {
  CHECK(has(fault(status({}, 0, 2, 2)), "open: no_new_privs is not set"));
  CHECK(has(fault(status({}, 1, 0, 0)), "no seccomp filter"));
  CHECK(has(fault(status({}, 1, 2, 1)), "no seccomp filter but the engine's"));
}

TEST_CASE("no filter is asked for where the policy asks for none") {
  doff::ConnectPolicy policy;
  policy.seccomp = "none";
  CHECK(fault(status({}, 1, 0, 0), kFirst, policy).empty());
  policy = {};
  policy.inject = false;
  CHECK(fault(status({}, 1, 2, 1), kFirst, policy).empty());
}

TEST_CASE("a status that was cut proves nothing") {
  const std::string whole = status({}, 1, 2, 2);
  CHECK_FALSE(fault(whole.substr(0, whole.find("CapBnd"))).empty());
  CHECK_FALSE(fault("").empty());
}

TEST_CASE("an archive has whole blocks, and sums that are right") {
  std::string archive;
  doff::append_file(archive, "a/file", std::string(513, 'x'));
  REQUIRE(archive.size() == std::size_t{3} * 512);
  CHECK(archive.substr(0, 7) == std::string("a/file\0", 7));
  CHECK(archive.substr(257, 5) == "ustar");
  CHECK(archive.substr(124, 12) == std::string("00000001001\0", 12));
  std::size_t sum = 0;
  for (std::size_t i = 0; i < 512; ++i)
    sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(archive[i]);
  CHECK(std::stoul(archive.substr(148, 6), nullptr, 8) == sum);
  doff::end_archive(archive);
  CHECK(archive.size() == std::size_t{5} * 512);
}

TEST_CASE("the image's program is static, and for this machine") {
  const auto alone = doff::is_static(doff::wait_program());
  REQUIRE(alone);
  CHECK(*alone);
}

TEST_CASE("a program with an interpreter is not static") {
  Elf64_Ehdr header{};
  std::string file(doff::wait_program());
  file.copy(reinterpret_cast<char*>(&header), sizeof header);
  const Elf64_Word kind = PT_INTERP;
  file.replace(header.e_phoff, sizeof kind,
               reinterpret_cast<const char*>(&kind), sizeof kind);
  const auto alone = doff::is_static(file);
  REQUIRE(alone);
  CHECK_FALSE(*alone);
}

TEST_CASE("what is cut or no program at all is neither") {
  const std::string file(doff::wait_program());
  for (const std::size_t size : {0U, 4U, 63U, 64U, 100U}) {
    INFO(size);
    CHECK_FALSE(doff::is_static(file.substr(0, size)));
  }
  CHECK_FALSE(doff::is_static("#!/bin/sh\n" + std::string(100, '#')));
}

TEST_CASE("docker info says what is registered and by default") {
  const auto standing = doff::read_docker_info(
      R"({"ServerVersion":"20.10.24","DefaultRuntime":"runc","Runtimes":)"
      R"({"runc":{"path":"runc"},"doff":{"path":"/usr/bin/doff-runtime"}}})");
  REQUIRE(standing);
  CHECK(standing->version == "20.10.24");
  CHECK(standing->registered == "/usr/bin/doff-runtime");
  CHECK(standing->by_default == "runc");
  CHECK_FALSE(standing->is_default);
}

TEST_CASE("docker info without a daemon says why") {
  const auto standing = doff::read_docker_info(
      R"({"ServerErrors":["Cannot connect to unix:///x"],"Runtimes":null})");
  REQUIRE_FALSE(standing);
  CHECK(standing.error().cause == "Cannot connect to unix:///x");
}

TEST_CASE("a default by another name is doff's if its path is") {
  const auto standing =
      doff::read_docker_info(R"({"DefaultRuntime":"safe","Runtimes":)"
                             R"({"safe":{"path":"/usr/bin/doff-runtime"}}})");
  REQUIRE(standing);
  CHECK(standing->is_default);
  CHECK(standing->registered.empty());
}

TEST_CASE("podman info says the same, one runtime at a time") {
  const std::string usual =
      R"({"host":{"ociRuntime":{"name":"crun","path":"/usr/bin/crun"}},)"
      R"("version":{"Version":"4.3.1"}})";
  const auto without = doff::read_podman_info(usual, std::nullopt);
  REQUIRE(without);
  CHECK(without->version == "4.3.1");
  CHECK(without->registered.empty());
  CHECK_FALSE(without->is_default);
  const auto with = doff::read_podman_info(
      usual,
      R"({"host":{"ociRuntime":{"name":"doff","path":"/bin/doff-runtime"}}})");
  REQUIRE(with);
  CHECK(with->registered == "/bin/doff-runtime");
}

TEST_CASE("an answer of another program is refused") {
  for (const char* const text : {"", "[]", "{}", "podman", R"({"host":1})"}) {
    INFO(text);
    CHECK_FALSE(doff::read_docker_info(text));
    CHECK_FALSE(doff::read_podman_info(text, std::nullopt));
  }
}

TEST_CASE("doff that is not registered is wrong where it ought to be") {
  const auto checks = [](Outcome docker, Outcome podman) {
    return doff::Checks{{"docker", doff::kRegistered, docker, ""},
                        {"podman", doff::kRegistered, podman, ""}};
  };
  auto elsewhere = checks(Outcome::kOk, Outcome::kNote);
  doff::judge_registrations(elsewhere, /*named=*/false);
  CHECK_FALSE(doff::any_wrong(elsewhere));
  auto named = checks(Outcome::kOk, Outcome::kNote);
  doff::judge_registrations(named, /*named=*/true);
  CHECK(named[1].outcome == Outcome::kWrong);
  auto nowhere = checks(Outcome::kNote, Outcome::kNote);
  doff::judge_registrations(nowhere, /*named=*/false);
  CHECK(nowhere[0].outcome == Outcome::kWrong);
  CHECK(nowhere[1].outcome == Outcome::kWrong);
}

TEST_CASE("a failure's remedy stands apart from what is wrong") {
  const Check check = doff::wrong(
      "host", "policy",
      {.doing = "capabilities.allow", .value = "FOO", .next = "correct it"});
  CHECK(check.outcome == Outcome::kWrong);
  CHECK(check.detail == "capabilities.allow \"FOO\"");
  CHECK(check.next == "correct it");
}

TEST_CASE("an option of a configuration is what its last line says") {
  using doff::find_option;
  CHECK(find_option("shell /bin/bash\n", "shell") == "/bin/bash");
  CHECK(find_option("shell /a\n \tshell\t /b b \t\n", "shell") == "/b b");
  CHECK(find_option("accept inert\nshell /bin/dash", "shell") == "/bin/dash");
  CHECK(find_option("accept inert\nshell /bin/dash", "accept") == "inert");
  CHECK_FALSE(find_option("", "shell"));
  CHECK_FALSE(find_option("\n\n#shell /bin/bash\n", "shell"));
  CHECK_FALSE(find_option("shell\nshells /bin/bash\n", "shell"));
}

TEST_CASE("an engine that does not answer is waited for only so long") {
  const doff::Interruption interruption;
  const doff::Calls calls(
      interruption, [](const std::string&) {}, std::chrono::seconds{1});
  const auto answer = calls.run({"/bin/sh", "-c", "echo yes; sleep 5"});
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().cause == "no answer within 1 s");
  CHECK(calls.run({"/bin/sh", "-c", "echo yes"}) == "yes\n");
}
