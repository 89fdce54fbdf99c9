#include "helper/runtime/exec.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "caps/names.h"
#include "helper/file.h"
#include "helper/policy/tightened.h"
#include "helper/runtime/applied_policy.h"
#include "helper/runtime/complaint.h"
#include "helper/runtime/container.h"
#include "helper/runtime/exec_line.h"
#include "helper/runtime/inside.h"
#include "helper/runtime/launcher_mount.h"
#include "helper/runtime/low_level.h"
#include "helper/runtime/prepare_spec.h"
#include "helper/runtime/record.h"
#include "helper/spec/trim_spec.h"
#include "helper/words.h"

namespace doff {
namespace {

using Json = nlohmann::ordered_json;

// What is asked for: a process.json and what is read of it for lookups and
// records. (What decides is read by scan_spec, which refuses what two runtimes
// could read in two ways.)
struct Asked {
  std::string source;
  std::string text;
  ScannedProcess process{};
  std::vector<std::string> arguments{};
  std::string path{};  // the last PATH= of its environment, as runc takes it
  std::string cwd = "/";
  std::uint32_t gid = 0;
};

Failure failed(std::string value, std::string cause, std::string next) {
  return {.doing = "exec",
          .value = std::move(value),
          .cause = std::move(cause),
          .next = std::move(next)};
}

Result<Asked> read_asked(std::string text, std::string source) {
  Asked asked{.source = std::move(source), .text = std::move(text)};
  auto spec = scan_spec(asked.text, asked.source);
  if (!spec) return tl::unexpected(spec.error());
  if (spec->kind != SpecKind::kProcess)
    return tl::unexpected(failed(asked.source, "not a process.json", ""));
  asked.process = *std::move(spec->process);
  try {
    const Json json = Json::parse(asked.text);
    if (json.contains("args") && json["args"].is_array())
      asked.arguments = json["args"].get<std::vector<std::string>>();
    if (json.contains("env") && json["env"].is_array())
      for (const Json& each : json["env"])
        if (const auto entry = each.get<std::string>();
            entry.starts_with("PATH="))
          asked.path = entry.substr(5);
    asked.cwd = json.value("cwd", "/");
    if (json.contains("user") && json["user"].is_object())
      asked.gid = json["user"].value("gid", 0U);
  } catch (const Json::exception& error) {
    return tl::unexpected(failed(asked.source, error.what(), ""));
  }
  return asked;
}

Result<Asked> read_asked(const ExecLine& exec,
                         const RunningContainer& container, Grammar grammar) {
  if (!exec.process_file) {
    auto text = process_of(exec, container, grammar);
    if (!text) return tl::unexpected(text.error());
    return read_asked(*std::move(text), "the command line");
  }
  auto text = read_file(*exec.process_file, kLongestSpec);
  if (!text) return tl::unexpected(text.error());
  return read_asked(*std::move(text), *exec.process_file);
}

CapabilitySet united(const SpecSets& sets) {
  return sets.bounding | sets.permitted | sets.effective | sets.inheritable |
         sets.ambient;
}

// What the engine gave the container: engines ask for that again with each
// exec, also for what creation took away.
CapabilitySet given_by_engine(const RunningContainer& container) {
  CapabilitySet given = united(sets_of(container.spec.process));
  const std::string* const told = find_annotation(container.spec, kRemovedKey);
  Words removed;
  if (told != nullptr && add_words(*told, removed)) given |= removed.named;
  return given;
}

// The policy's word on a request for more than the container was given.
std::optional<Failure> judge_request(const SpecSets& asked, CapabilitySet given,
                                     const ConnectPolicy& connect) {
  const CapabilitySet more = united(asked) - given;
  if (more.empty() || connect.privileged == Response::kClamp)
    return std::nullopt;
  // The name that says most, where it is among them.
  const CapabilitySet admin = more & only("SYS_ADMIN");
  const CapabilitySet shown =
      admin.empty() ? CapabilitySet(*more.begin()) : admin;
  const CapabilitySet rest = more - shown;
  return failed(
      names(shown) +
          (rest.empty() ? "" : " and " + std::to_string(rest.size()) + " more"),
      "asks for capabilities that the container does not have, as "
      "exec --privileged does, and the policy refuses that",
      "leave --privileged out, or set connect.privileged to clamp");
}

// An error of the low-level runtime's own kind, which engines look for: found
// here because the launcher, which is there, would be found in its place.
std::optional<std::string> judge_command(const Inside& inside,
                                         const Asked& asked) {
  if (asked.arguments.empty() || asked.path.empty()) return std::nullopt;
  const std::string& name = asked.arguments.front();
  switch (inside.look_up(name, asked.path, asked.cwd)) {
    case Inside::Command::kNotInPath:
      return "exec: \"" + doff::escaped(name) +
             "\": executable file not found in $PATH";
    case Inside::Command::kMissing:
      return "exec: \"" + doff::escaped(name) + "\": stat " +
             doff::escaped(name) + ": no such file or directory";
    case Inside::Command::kNotExecutable:
      return "exec: \"" + doff::escaped(name) + "\": permission denied";
    case Inside::Command::kFound:
    case Inside::Command::kUnknown:
      break;
  }
  return std::nullopt;
}

int listen_fds() {
  constexpr std::uint32_t kMost = 1000;
  // The only thread.
  // NOLINTNEXTLINE(concurrency-mt-unsafe)
  const char* const text = getenv("LISTEN_FDS");
  return static_cast<int>(
      parse_number(text == nullptr ? "" : text, kMost).value_or(0));
}

// doff(1) with the policy as options: there is nothing to read in the
// container, and nothing that it could change.
std::vector<std::string> launcher_words(const std::string& launcher,
                                        const ConnectPolicy& connect,
                                        const SpecSets& after,
                                        const Asked& asked, int kept_fds) {
  std::vector<std::string> words = {
      launcher, "--accept",
      std::string(kVerdictNames[static_cast<std::size_t>(connect.accept)]),
      "--seccomp", connect.seccomp};
  const auto add = [&words](const char* option, const std::string& value) {
    words.insert(words.end(), {option, value});
  };
  if (!after.bounding.empty()) add("--cap-add", names(after.bounding));
  if (!after.ambient.empty()) add("--ambient", names(after.ambient));
  if (!asked.path.empty()) add("--path", asked.path);
  constexpr int kFirstKept = 3;
  for (int fd = kFirstKept; fd < kFirstKept + kept_fds; ++fd)
    add("--keep-fd", std::to_string(fd));
  words.emplace_back("--");
  return words;
}

// A private copy, which ends with the low-level runtime: the engine's own file
// stays as it is, and there is none to remove by somebody who is gone. Above
// all descriptors that are handed on to the container.
Result<std::string> private_file(const std::string& text, int kept_fds) {
  const auto stop = [](const char* doing) {
    return tl::unexpected(Failure{.doing = doing, .error = errno});
  };
  const int made =
      memfd_create("process.json", MFD_ALLOW_SEALING | MFD_CLOEXEC);
  if (made < 0) return stop("memfd_create");
  if (!write_all(made, text)) return stop("writing a private process.json");
  if (fcntl(made, F_ADD_SEALS,
            F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0)
    return stop("sealing a private process.json");
  constexpr int kApart = 16;
  const int fd = fcntl(made, F_DUPFD, 3 + kept_fds + kApart);
  if (fd < 0) return stop("a descriptor for a private process.json");
  close(made);
  return "/proc/self/fd/" + std::to_string(fd);
}

int become_with(const Host& host, const ExecLine& exec,
                const std::string& file) {
  std::vector<std::string> words(host.line.words,
                                 host.line.words + host.line.subcommand_at);
  for (std::string& each : words_with(exec, file))
    words.push_back(std::move(each));
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& each : words) pointers.push_back(each.data());
  pointers.push_back(nullptr);
  return become(host.line, host.low_level, pointers.data());
}

std::string noted_digest(const RunningContainer& container) {
  const std::string* const noted =
      find_annotation(container.spec, kLauncherKey);
  return noted == nullptr ? "" : *noted;
}

// A record that cannot be written holds nobody up, and is told.
void record(const Host& host, const ConnectRecord& line) {
  const auto written = write_record(host.settings, line);
  if (written) return;
  const std::string text = to_text(written.error());
  say(host.line, Level::kWarning, std::array<std::string_view, 1>{text});
}

// One exec, from the container that was found to the end.
class Exec {
 public:
  Exec(const Host& host, ExecLine line, RunningContainer container,
       AppliedPolicy policy, Asked asked)
      : host_(host),
        line_(std::move(line)),
        container_(std::move(container)),
        policy_(std::move(policy)),
        asked_(std::move(asked)),
        launcher_(launcher_path(container_.config, container_.spec)) {
    record_ = {.container = container_.id,
               .uid = asked_.process.uid,
               .gid = asked_.gid,
               .terminal = asked_.process.terminal,
               .arguments = asked_.arguments,
               .before = {},
               .decision = {},
               .cause = {},
               .after = {},
               .policy = policy_.source + " " + policy_.digest};
  }

  int start() {
    const SpecSets theirs = sets_of(container_.spec.process);
    record_.before = asked_for(asked_.text, asked_.process, theirs);
    const ConnectPolicy& connect = policy_.connect;
    if (connect.match == Match::kTerminal && !asked_.process.terminal) {
      record_.after = record_.before;
      note("left");
      return become(host_.line, host_.low_level, host_.line.words);
    }
    if (auto more =
            judge_request(record_.before, given_by_engine(container_), connect))
      return refuse(*more);
    const Inside inside(container_.pid);
    if (auto missing = judge_command(inside, asked_))
      return refuse({.doing = "exec failed", .cause = *missing});
    const bool has_launcher =
        inside.has_launcher(launcher_, noted_digest(container_));
    if (connect.inject && !has_launcher && connect.missing == Response::kRefuse)
      return refuse(no_launcher());
    return go(theirs, connect.inject && has_launcher);
  }

 private:
  [[nodiscard]] Failure no_launcher() const {
    return failed(container_.id,
                  "the launcher is not mounted at " + launcher_ +
                      ": the container was created before doff-runtime, or "
                      "not by it, or what is there has changed",
                  "create the container anew, or set connect.missing to clamp");
  }

  int go(const SpecSets& theirs, bool inject) {
    const CapabilitySet allowed = doff::allowed(policy_.connect);
    // runc's exec hands on no others.
    const bool listens = host_.grammar == Grammar::kGetopt;
    const int kept_fds = line_.preserve_fds + (listens ? listen_fds() : 0);
    const SpecSets after = within(record_.before, theirs.bounding & allowed);
    const auto prepared = prepare_process(
        asked_.text, asked_.source, asked_.process, theirs, allowed,
        inject ? launcher_words(launcher_, policy_.connect, after, asked_,
                                kept_fds)
               : std::vector<std::string>());
    if (!prepared) return refuse(prepared.error());
    record_.after = prepared->after;
    const auto file = private_file(prepared->text, kept_fds);
    if (!file) return refuse(file.error());
    note("started");
    return become_with(host_, line_, *file);
  }

  int refuse(const Failure& failure) {
    record_.cause = to_text(failure);
    note("refused");
    return complain(host_.line, failure);
  }

  void note(std::string decision) {
    const SpecSets& held = record_.after;
    const bool reduced = decision != "left";
    const CapabilitySet allowed = doff::allowed(policy_.connect);
    record_.verdict = judge({.permitted = held.permitted,
                             .effective = held.effective,
                             .inheritable = held.inheritable,
                             .bounding = held.bounding,
                             .ambient = held.ambient,
                             .no_new_privs = reduced},
                            {.keep = allowed, .ambient = allowed});
    record_.decision = std::move(decision);
    record(host_, record_);
  }

  const Host& host_;
  ExecLine line_;
  RunningContainer container_;
  AppliedPolicy policy_;
  Asked asked_;
  std::string launcher_;  // in the container
  ConnectRecord record_;
};

}  // namespace

int start_exec(const Host& host) {
  auto line = read_exec_line(host.line, host.grammar);
  if (!line) return complain(host.line, line.error());
  // As much of a record as is known.
  const auto refuse = [&](const Failure& failure) {
    ConnectRecord refused{.container = line->id,
                          .arguments = line->command,
                          .before = {},
                          .decision = "refused",
                          .cause = to_text(failure),
                          .after = {},
                          .policy = {}};
    doff::record(host, refused);
    return complain(host.line, failure);
  };
  auto container = find_container(line->id, host.line.root, host.grammar);
  if (!container) return refuse(container.error());
  auto policy = read_applied_policy(host.settings, container->spec.annotated);
  if (!policy) return refuse(summary(policy.error()));
  auto asked = read_asked(*line, *container, host.grammar);
  if (!asked) return refuse(asked.error());
  return Exec(host, *std::move(line), *std::move(container), *std::move(policy),
              *std::move(asked))
      .start();
}

}  // namespace doff
