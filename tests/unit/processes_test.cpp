// What is made of /proc's texts, and in which order it is told.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "caps/names.h"
#include "helper/processes/container.h"
#include "helper/processes/finding.h"
#include "helper/processes/proc.h"
#include "helper/processes/status.h"
#include "helper/processes/survey.h"

namespace {

using doff::CapabilitySet;
using doff::Credentials;
using doff::Finding;
using doff::only;
using doff::Pid;
using doff::UserNamespace;

const std::string kStatus =
    "Name:\tsleep\n"
    "Umask:\t0022\n"
    "State:\tS (sleeping)\n"
    "Uid:\t1\t1500\t3\t4\n"
    "VmSize:\t    2596 kB\n"
    "Threads:\t3\n"
    "NSpid:\t4711\t7\n"
    "CapInh:\t0000000000000001\n"
    "CapPrm:\t0000000000000002\n"
    "CapEff:\t0000000000000004\n"
    "CapBnd:\t00000004a82c35fb\n"
    "CapAmb:\t8000000000000000\n"
    "NoNewPrivs:\t1\n"
    "Seccomp:\t2\n";

std::string replaced(std::string text, const std::string& what,
                     const std::string& by) {
  const std::size_t where = text.find(what);
  REQUIRE(where != std::string::npos);
  return text.replace(where, what.size(), by);
}

const std::string kId(64, 'a');
const std::string kOther(64, 'b');

}  // namespace

TEST_CASE("a status is read") {
  const auto status = doff::parse_status(kStatus);
  REQUIRE(status);
  CHECK(status->name == "sleep");
  CHECK(status->effective_uid == 1500);
  CHECK(status->threads == 3);
  CHECK(status->has_memory);
  CHECK(status->in_pid_namespace_below);
  CHECK(status->credentials.inheritable == CapabilitySet(1));
  CHECK(status->credentials.permitted == CapabilitySet(2));
  CHECK(status->credentials.effective == CapabilitySet(4));
  CHECK(status->credentials.bounding == CapabilitySet(0x4a82c35fb));
  CHECK(status->credentials.ambient.bits() == 0x8000000000000000);
  CHECK(status->credentials.no_new_privs);
}

TEST_CASE("a status of another kind") {
  const auto same_pid = doff::parse_status(
      replaced(kStatus, "NSpid:\t4711\t7\n", "NSpid:\t4711\n"));
  REQUIRE(same_pid);
  CHECK_FALSE(same_pid->in_pid_namespace_below);
  const auto kernel =
      doff::parse_status(replaced(kStatus, "VmSize:\t    2596 kB\n", ""));
  REQUIRE(kernel);
  CHECK_FALSE(kernel->has_memory);
  const auto old =
      doff::parse_status(replaced(kStatus, "NoNewPrivs:\t1\n", ""));
  REQUIRE(old);
  CHECK_FALSE(old->credentials.no_new_privs);
  // The kernel writes a newline in a name as \n, so it cannot add a line.
  const auto name = doff::parse_status(
      replaced(kStatus, "Name:\tsleep", "Name:\tCapBnd:\t0 \\n: x"));
  REQUIRE(name);
  CHECK(name->name == "CapBnd:\t0 \\n: x");
}

TEST_CASE("a damaged status is none") {
  CHECK_FALSE(doff::parse_status(""));
  for (const char* line :
       {"Uid:\t1\t1500\t3\t4\n", "CapInh:\t0000000000000001\n",
        "CapPrm:\t0000000000000002\n", "CapEff:\t0000000000000004\n",
        "CapBnd:\t00000004a82c35fb\n", "CapAmb:\t8000000000000000\n"}) {
    INFO(line);
    CHECK_FALSE(doff::parse_status(replaced(kStatus, line, "")));
  }
  for (const char* digits : {"", "x", "1x", "-1", "11112222333344445"}) {
    INFO(digits);
    CHECK_FALSE(
        doff::parse_status(replaced(kStatus, "00000004a82c35fb", digits)));
  }
  CHECK_FALSE(doff::parse_status(replaced(kStatus, "1500", "root")));
  CHECK_FALSE(doff::parse_status(replaced(kStatus, "Threads:\t3", "Threads:")));
  CHECK_FALSE(doff::parse_status(replaced(kStatus, "Umask:", "Umask")));
  // Cut anywhere before the last of the lines that must be there has ended.
  const std::size_t needed = kStatus.find("NoNewPrivs");
  for (std::size_t size = 0; size < needed; ++size)
    CHECK_FALSE(doff::parse_status(kStatus.substr(0, size)));
}

TEST_CASE("threads hold together what each of them holds") {
  const Credentials a = {.permitted = CapabilitySet(1),
                         .effective = CapabilitySet(2),
                         .inheritable = CapabilitySet(4),
                         .bounding = CapabilitySet(8),
                         .ambient = CapabilitySet(16),
                         .no_new_privs = true};
  const Credentials both = doff::united(a, {.permitted = CapabilitySet(32),
                                            .effective = {},
                                            .inheritable = {},
                                            .bounding = CapabilitySet(64),
                                            .ambient = {},
                                            .no_new_privs = false});
  CHECK(both.permitted == CapabilitySet(33));
  CHECK(both.effective == CapabilitySet(2));
  CHECK(both.inheritable == CapabilitySet(4));
  CHECK(both.bounding == CapabilitySet(72));
  CHECK(both.ambient == CapabilitySet(16));
  CHECK_FALSE(both.no_new_privs);
  CHECK(doff::united(a, a).no_new_privs);
}

TEST_CASE("a control group names the container") {
  struct Case {
    const char* what;
    std::string cgroup;
    const char* engine;  // nullptr: no container
  };
  const std::string pod = "/kubepods/burstable/pod0f9c3b1e-1c2d/";
  const std::string slice =
      "/kubepods.slice/kubepods-besteffort.slice/"
      "kubepods-besteffort-pod0f9c3b1e_1c2d.slice";
  const Case cases[] = {
      {"Docker, cgroupfs, v2", "0::/docker/" + kId + "\n", "docker"},
      {"Docker, cgroupfs, v1",
       "12:pids:/docker/" + kId + "\n1:name=systemd:/docker/" + kId + "\n",
       "docker"},
      {"Docker, systemd, v2", "0::/system.slice/docker-" + kId + ".scope\n",
       "docker"},
      {"Docker, systemd, v1",
       "3:cpu,cpuacct:/system.slice/docker-" + kId + ".scope\n", "docker"},
      {"Docker, rootless",
       "0::/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" +
           kId + ".scope\n",
       "docker"},
      {"Docker, a process below", "0::/docker/" + kId + "/init.scope\n",
       "docker"},
      {"Podman, cgroupfs", "0::/libpod_parent/libpod-" + kId + "\n", "podman"},
      {"Podman, systemd", "0::/machine.slice/libpod-" + kId + ".scope\n",
       "podman"},
      {"Podman, systemd, with a group for the payload",
       "0::/machine.slice/libpod-" + kId + ".scope/container\n", "podman"},
      {"Podman's conmon", "0::/machine.slice/libpod-conmon-" + kId + ".scope\n",
       nullptr},
      {"containerd, systemd",
       "0::" + slice + "/cri-containerd-" + kId + ".scope\n", "cri"},
      {"containerd, cgroupfs, v1", "5:memory:" + pod + kId + "\n", "cri"},
      {"containerd, systemd's path with cgroupfs's driver",
       "0::/system.slice/containerd.service/kubepods-pod0f9c.slice:"
       "cri-containerd:" +
           kId + "\n",
       "cri"},
      {"containerd, no parent", "0::/k8s.io/" + kId + "\n", "cri"},
      {"CRI-O, systemd", "0::" + slice + "/crio-" + kId + ".scope\n", "crio"},
      {"CRI-O, cgroupfs", "0::" + pod + "crio-" + kId + "\n", "crio"},
      {"CRI-O's conmon", "0::" + slice + "/crio-conmon-" + kId + ".scope\n",
       nullptr},
      {"nerdctl", "0::/system.slice/nerdctl-" + kId + ".scope\n", "nerdctl"},
      {"ctr", "0::/default/" + kId + "\n", ""},
      {"runc", "4:devices:/" + kId + "\n", ""},
      {"only one hierarchy tells", "9:pids:/\n0::/docker/" + kId, "docker"},
      {"Docker in Docker", "0::/docker/" + kOther + "/docker/" + kId + "\n",
       "docker"},
      {"Podman in Docker",
       "0::/docker/" + kOther + "/libpod_parent/libpod-" + kId + "\n",
       "podman"},
      {"a service whose name ends as a container's",
       "0::/system.slice/backup-docker-" + kId + ".scope\n", nullptr},
      {"a service", "0::/system.slice/ssh.service\n", nullptr},
      {"the first", "0::/\n", nullptr},
      {"an id that is too short", "0::/docker/" + kId.substr(1) + "\n",
       nullptr},
      {"an id that is too long", "0::/docker-a" + kId + ".scope\n", nullptr},
      {"an id in upper case", "0::/docker/" + std::string(64, 'A') + "\n",
       nullptr},
      {"no path", "0::\nrubbish\n\n", nullptr},
      {"nothing", "", nullptr},
  };
  for (const Case& each : cases) {
    INFO(each.what);
    const auto found = doff::find_containers(each.cgroup);
    REQUIRE(found.empty() == (each.engine == nullptr));
    if (!found.empty())
      CHECK(found.front() == doff::Container{each.engine, kId});
  }
}

TEST_CASE("a container is found above whatever is nested in it") {
  using Containers = std::vector<doff::Container>;
  const std::string third(64, 'c');
  CHECK(doff::find_containers("0::/system.slice/docker-" + kId +
                              ".scope/docker-" + kOther + ".scope/x\n") ==
        Containers{{"docker", kOther}, {"docker", kId}});
  CHECK(doff::find_containers("2:pids:/docker/" + kId + "/" + third +
                              "\n0::/docker/" + kId + "/libpod-" + kOther) ==
        Containers{{"", third}, {"docker", kId}, {"podman", kOther}});
  CHECK(doff::find_containers("2:pids:/docker/" + kId + "\n0::/docker/" +
                              kId) == Containers{{"docker", kId}});
}

TEST_CASE("what is above what is allowed") {
  const Credentials held = {.permitted = CapabilitySet(0b11),
                            .effective = CapabilitySet(0b01),
                            .inheritable = CapabilitySet(0b11),
                            .bounding = CapabilitySet(0b111),
                            .ambient = CapabilitySet(0b10),
                            .no_new_privs = true};
  const Credentials above = doff::above(held, CapabilitySet(0b01));
  CHECK(above.permitted == CapabilitySet(0b10));
  CHECK(above.effective == CapabilitySet());
  CHECK(above.inheritable == CapabilitySet(0b10));
  CHECK(above.bounding == CapabilitySet(0b110));
  CHECK(above.ambient == CapabilitySet(0b10));
  CHECK(above.no_new_privs);
  CHECK(doff::holds_any(above));
  CHECK_FALSE(doff::holds_any(doff::above(held, CapabilitySet(0b111))));
  for (CapabilitySet Credentials::*set :
       {&Credentials::permitted, &Credentials::effective,
        &Credentials::inheritable, &Credentials::bounding,
        &Credentials::ambient}) {
    Credentials one;
    one.*set = CapabilitySet(1);
    CHECK(doff::holds_any(one));
  }
}

TEST_CASE("the most dangerous come first") {
  const auto finding = [](int pid, UserNamespace where, doff::Verdict verdict,
                          CapabilitySet effective, CapabilitySet bounding) {
    Finding made{.pid = static_cast<Pid>(pid)};
    made.above.effective = made.above.permitted = effective;
    made.above.bounding = bounding;
    made.verdict = verdict;
    made.user_namespace = where;
    return made;
  };
  using enum UserNamespace;
  using enum doff::Verdict;
  const CapabilitySet all = doff::kAllCapabilities;
  const CapabilitySet admin = only("SYS_ADMIN");
  const CapabilitySet harmless = only("KILL") | only("LEASE");
  // As they have to come out; the pids stand against that order.
  const std::vector<Finding> expected = {
      finding(20, kOurs, kOpen, admin | only("BPF"), all),
      finding(19, kUnknown, kOpen, admin | harmless, all),
      finding(18, kOurs, kOpen, admin, admin),
      finding(17, kOurs, kOpen, harmless, all),
      finding(16, kOurs, kOpen, harmless, admin),
      finding(15, kOurs, kOpen, harmless, harmless),
      finding(14, kOurs, kOpen, {}, admin),
      finding(13, kOurs, kOpen, {}, harmless),
      finding(11, kOurs, kOpen, {}, only("KILL")),
      finding(12, kOurs, kOpen, {}, only("LEASE")),
      finding(10, kOurs, kInert, {}, all),
      finding(9, kBelow, kOpen, all, all),
      finding(8, kBelow, kInert, {}, all),
  };
  std::vector<Finding> sorted(expected.rbegin(), expected.rend());
  std::ranges::sort(sorted, std::ranges::greater(), doff::weigh);
  for (std::size_t i = 0; i < expected.size(); ++i)
    CHECK(sorted[i].pid == expected[i].pid);
}

TEST_CASE("this process is found where it is") {
  const auto proc = doff::Proc::open();
  REQUIRE(proc);
  const Pid own{getpid()};
  const auto pids = proc->pids();
  REQUIRE(pids);
  CHECK(std::ranges::is_sorted(*pids));
  CHECK(std::ranges::count(*pids, own) == 1);
  const auto status = proc->status(own);
  REQUIRE(status);
  CHECK(status->effective_uid == geteuid());
  CHECK(status->has_memory);
  CHECK(status->thread == own);
  CHECK(proc->user_namespace(own) == UserNamespace::kOurs);
  CHECK(proc->command_line(own).find("helper_tests") != std::string::npos);
}

TEST_CASE("a process that is gone has vanished, and is no failure") {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) _exit(0);
  REQUIRE(waitpid(child, nullptr, 0) == child);
  const auto proc = doff::Proc::open();
  REQUIRE(proc);
  const Pid gone{child};
  const auto status = proc->status(gone);
  REQUIRE_FALSE(status);
  CHECK(status.error() == doff::Missing::kVanished);
  CHECK(proc->containers(gone).empty());
  CHECK(proc->user_namespace(gone) == UserNamespace::kUnknown);
  CHECK(proc->command_line(gone).empty());
  const std::vector<Pid> both = {Pid{getpid()}, gone};
  const auto found = doff::survey(
      *proc, both, {.allowed = {}, .container = {}, .everything = true});
  CHECK(found.looked_at == 1);
  CHECK(found.vanished == std::vector<Pid>{gone});
  CHECK(found.refused.empty());
}

TEST_CASE("many processes are each looked at once, by several threads") {
  const auto proc = doff::Proc::open();
  REQUIRE(proc);
  const std::vector<Pid> many(1001, Pid{getpid()});
  const auto found = doff::survey(
      *proc, many, {.allowed = {}, .container = {}, .everything = true});
  CHECK(found.looked_at == many.size());
  CHECK(found.findings.size() == many.size());
  CHECK(doff::survey(*proc, {}, {.allowed = {}, .container = {}}).looked_at ==
        0);
}
