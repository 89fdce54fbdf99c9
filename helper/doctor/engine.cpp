#include "helper/doctor/engine.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include "helper/doctor/registered.h"
#include "helper/doctor/sealed.h"
#include "helper/file.h"
#include "helper/processes/proc.h"

namespace doff {
namespace {

constexpr const char* kInstalled = "installed";
constexpr const char* kReachable = "reachable";
constexpr const char* kDefault = "default";
constexpr const char* kExec = "exec";
constexpr std::size_t kLongestStatus = std::size_t{64} << 10;

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& each : words)
    text.append(text.empty() ? "" : " ").append(each);
  return text;
}

std::string status_path(Pid pid) {
  return "/proc/" + std::to_string(number(pid)) + "/status";
}

std::string pid_namespace(Pid pid) {
  std::error_code error;
  return std::filesystem::read_symlink(
             "/proc/" + std::to_string(number(pid)) + "/ns/pid", error)
      .string();
}

// In the container of `first`, once it is the command: the launcher, before it
// is, and the runtime have other command lines.
Result<Pid> await_command(const Proc& proc, Pid first,
                          const std::string& command, const Calls& calls) {
  constexpr std::chrono::seconds kPatience{10};
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  const std::string space = pid_namespace(first);
  while (!calls.interrupted() && std::chrono::steady_clock::now() < deadline) {
    const auto pids = proc.pids();
    if (!pids) return tl::unexpected(pids.error());
    for (const Pid each : *pids)
      if (proc.command_line(each) == command && pid_namespace(each) == space)
        return each;
    calls.wait_a_little("a command in the container");
  }
  return tl::unexpected(
      Failure{.doing = "a command in a container",
              .cause = "the engine says that it started one, but after " +
                       std::to_string(kPatience.count()) + " s none is there",
              .next = "see what `exec` into a container of yours says"});
}

// From the making of the container to what there is to say of the command.
Result<std::string> look_at_command(ThrowAway& container,
                                    const ConnectPolicy& policy,
                                    const Calls& calls) {
  const auto proc = Proc::open();
  if (!proc) return tl::unexpected(proc.error());
  if (const auto started = container.start(); !started)
    return tl::unexpected(started.error());
  const auto first = container.first_process();
  if (!first) return tl::unexpected(first.error());
  // An engine that puts an init in front has it in its arguments.
  if (proc->command_line(*first).find(joined(container.first_command())) ==
      std::string::npos)
    return tl::unexpected(
        Failure{.doing = "the first process of the container",
                .value = std::to_string(number(*first)),
                .cause = "is not of this /proc",
                .next = "run doffctl on the host that the engine is on"});
  if (const auto connected =
          container.connect(policy.match == Match::kTerminal);
      !connected)
    return tl::unexpected(connected.error());
  const auto pid =
      await_command(*proc, *first, joined(container.command()), calls);
  if (!pid) return tl::unexpected(pid.error());
  const auto command = read_file(status_path(*pid), kLongestStatus);
  if (!command) return tl::unexpected(command.error());
  const auto before = read_file(status_path(*first), kLongestStatus);
  if (!before) return tl::unexpected(before.error());
  return judge_command(*command, *before, policy);
}

// What an engine has forgotten may still run.
Result<void> await_end(const ThrowAway& container, const Calls& calls) {
  constexpr std::chrono::seconds kPatience{2};
  const auto proc = Proc::open();
  if (!proc) return tl::unexpected(proc.error());
  const std::vector<std::string> commands = {joined(container.first_command()),
                                             joined(container.command())};
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (true) {
    const auto pids = proc->pids();
    if (!pids) return tl::unexpected(pids.error());
    const auto runs = std::ranges::find_if(*pids, [&](Pid each) {
      return std::ranges::count(commands, proc->command_line(each)) != 0;
    });
    if (runs == pids->end()) return {};
    if (std::chrono::steady_clock::now() >= deadline)
      return tl::unexpected(
          Failure{.doing = "cleaning up",
                  .value = "process " + std::to_string(number(*runs)),
                  .cause = "it still runs, and its engine does not know of it",
                  .next = "kill -KILL " + std::to_string(number(*runs))});
    calls.wait_a_little("the end of the container");
  }
}

// Adds the checks of one engine to a list.
class Examination {
 public:
  Examination(const Patient& patient, const HostFacts& host, Calls& calls)
      : patient_(patient), host_(host), calls_(calls) {}

  Checks run() && {
    if (find_client() && ask() && check_registration()) {
      check_default();
      prove();
    }
    return std::move(checks_);
  }

 private:
  void add(const char* what, Outcome outcome, std::string detail,
           std::string next = "") {
    checks_.push_back({std::string(patient_.name), what, outcome,
                       std::move(detail), std::move(next)});
  }
  void add_wrong(const char* what, Failure failure) {
    checks_.push_back(
        wrong(std::string(patient_.name), what, std::move(failure)));
  }
  void skip(std::initializer_list<const char*> checks, const char* why) {
    for (const char* const each : checks) add(each, Outcome::kSkipped, why);
  }

  bool find_client() {
    for (const std::string_view each : patient_.programs) {
      const auto path = find_program(each);
      if (!path) {
        add_wrong(kInstalled,
                  {.doing = "the program",
                   .value = std::string(each),
                   .cause = "is not in /usr, / or /usr/local, in bin or sbin",
                   .next = "install " + std::string(patient_.name)});
        skip({kReachable, kRegistered, kDefault, kExec}, "it is not installed");
        return false;
      }
      if (client_.empty()) client_ = *path;
    }
    add(kInstalled, Outcome::kOk, client_);
    return true;
  }

  bool ask() {
    auto standing = patient_.ask(calls_, client_, host_);
    if (!standing) {
      add_wrong(kReachable, standing.error());
      if (checks_.back().next.empty())
        checks_.back().next = "is it running, and may root speak to it?";
      skip({kRegistered, kDefault, kExec}, "it does not answer");
      return false;
    }
    standing_ = *std::move(standing);
    add(kReachable, Outcome::kOk,
        standing_.version.empty() ? "it answers"
                                  : "version " + standing_.version);
    return true;
  }

  bool check_registration() {
    const std::string& path = standing_.registered;
    if (path.empty()) {
      add(kRegistered, Outcome::kNote,
          "the runtime doff is not in " + standing_.where,
          "doffctl setup " + std::string(patient_.name) + " --write");
      skip({kDefault, kExec}, "doff is not registered");
      return false;
    }
    std::error_code error;
    if (path.starts_with('/') && !is_doff_runtime(path))
      add_wrong(kRegistered, {.doing = "the runtime doff",
                              .value = path,
                              .cause = "is another program than doff-runtime",
                              .next = "take it out, then: doffctl setup " +
                                      std::string(patient_.name) + " --write"});
    else if (std::filesystem::equivalent(path, host_.runtime, error))
      add(kRegistered, Outcome::kOk, path);
    else
      add(kRegistered, Outcome::kOk,
          path + ", which is not the one beside doffctl");
    return true;
  }

  void check_default() {
    if (standing_.is_default) {
      add(kDefault, Outcome::kOk, "every container gets it");
      return;
    }
    const std::string& other = standing_.by_default;
    add(kDefault, Outcome::kNote,
        "it is " + (other.empty() ? "another runtime" : other) +
            ": a container that does not name doff is not protected",
        "doffctl setup " + std::string(patient_.name) + " --default --write");
  }

  void prove() {
    if (!host_.connect) {
      add(kExec, Outcome::kSkipped,
          "what is right is not known: the policy is wrong");
      return;
    }
    if (patient_.throw_away == nullptr) {
      add(kExec, Outcome::kSkipped,
          "its own tools make no container without a registry",
          "start a pod of the class, `kubectl exec` into it, and see "
          "doffctl audit");
      return;
    }
    if (host_.connect->match == Match::kTerminal && !patient_.gives_terminals) {
      add(kExec, Outcome::kSkipped,
          "the policy is for terminals, and its client gives none here");
      return;
    }
    const auto container = patient_.throw_away(calls_, client_, host_);
    auto sealed = look_at_command(*container, *host_.connect, calls_);
    if (sealed)
      add(kExec, Outcome::kOk, *sealed);
    else
      add_wrong(kExec, sealed.error());
    calls_.clean_up(true);
    if (auto removed = container->remove(); !removed)
      add_wrong(kCleanUp, removed.error());
    if (auto ended = await_end(*container, calls_); !ended)
      add_wrong(kCleanUp, ended.error());
    calls_.clean_up(false);
  }

  const Patient& patient_;
  const HostFacts& host_;
  Calls& calls_;
  std::string client_;
  Standing standing_;
  Checks checks_;
};

}  // namespace

std::span<const Patient> patients() {
  constexpr auto kInDocker = [](const Calls& calls, const std::string& client,
                                const HostFacts& /*host*/) {
    return throw_away_in_docker(calls, client);
  };
  constexpr auto kInContainerd =
      [](const Calls& calls, const std::string& client, const HostFacts& host) {
        return throw_away_in_containerd(calls, client, host.runtime);
      };
  static const std::array<Patient, 4> kPatients = {
      {{"docker", {"docker", "dockerd"}, ask_docker, kInDocker},
       {"podman", {"podman"}, ask_podman, kInDocker},
       {"containerd",
        {"ctr", "containerd"},
        ask_containerd,
        kInContainerd,
        /*gives_terminals=*/false},
       {"crio", {"crio"}, ask_crio, nullptr}}};
  return kPatients;
}

Checks check_engine(const Patient& patient, const HostFacts& host,
                    Calls& calls) {
  return Examination(patient, host, calls).run();
}

void judge_registrations(Checks& checks, bool named) {
  const auto is = [](const Check& each, Outcome outcome) {
    return each.what == kRegistered && each.outcome == outcome;
  };
  if (!named && std::ranges::any_of(checks, [&](const Check& each) {
        return is(each, Outcome::kOk);
      }))
    return;
  for (Check& each : checks)
    if (is(each, Outcome::kNote)) each.outcome = Outcome::kWrong;
}

}  // namespace doff
