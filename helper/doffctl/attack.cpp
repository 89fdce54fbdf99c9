// doffctl attack: does what doff left to a shell hold against the escape
// corpus?
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "helper/attack/engine.h"
#include "helper/attack/placed.h"
#include "helper/attack/program.h"
#include "helper/child.h"
#include "helper/descriptor.h"
#include "helper/doctor/calls.h"
#include "helper/doffctl/command.h"
#include "helper/doffctl/commands.h"
#include "helper/doffctl/table.h"
#include "helper/failure.h"
#include "helper/file.h"
#include "helper/install_shell/root.h"

namespace doff {
namespace {

constexpr int kExitNotTried = 3;  // doffctl(1), EXIT STATUS

struct AttackOptions {
  std::string container;
  std::string prepare;
  std::string prepared;
  bool here = false;
  bool hardened = false;
  bool json = false;
};

// Where the corpus is run.
struct Target {
  Root root;
  std::vector<std::string> enter;  // what starts a command there; here: none
  std::string root_user = "0";     // who is root there, as it is here
};

std::optional<Failure> find_misuse(const AttackOptions& options,
                                   const std::vector<std::string>& command) {
  Failure failure{.doing = "attack"};
  const int given = (options.here ? 1 : 0) +
                    (options.container.empty() ? 0 : 1) +
                    (options.prepare.empty() ? 0 : 1);
  if (given != 1) {
    failure.cause = given == 0 ? "nothing says which shell is to be attacked"
                               : "--here, --container and --prepare are three "
                                 "things to do";
    failure.next =
        "--here is for this one, --container ID for those that are started in "
        "a container";
  } else if (!options.prepared.empty() && !options.here) {
    failure.value = "--prepared";
    failure.cause = "only --here needs what was prepared before";
    failure.next = "leave it out";
  } else if (!options.prepared.empty() &&
             access(options.prepared.c_str(), X_OK) != 0) {
    failure.doing = "--prepared";
    failure.value = options.prepared;
    failure.error = errno;
    failure.next = "make it as root: doffctl attack --prepare DIR";
  } else if (!options.prepare.empty() && !command.empty()) {
    failure.value = command[0];
    failure.cause = "--prepare starts no command";
    failure.next = "leave it out";
  } else if (!options.container.empty() && geteuid() != 0) {
    failure.cause = "a container's files, and its engine, are root's";
    failure.next = "run it as root: sudo doffctl attack";
  } else {
    return std::nullopt;
  }
  return failure;
}

// `uid_map` is the text of the file, user_namespaces(7).
std::string root_of(const std::string& uid_map) {
  std::istringstream lines(uid_map);
  std::string inside;
  std::string outside;
  std::string count;
  while (lines >> inside >> outside >> count)
    if (inside == "0") return outside;
  return "0";
}

Result<Target> find_target(const AttackOptions& options, const Calls& calls) {
  if (options.container.empty())
    return Root::open("/").map([](Root&& root) {
      return Target{std::move(root), {}};
    });
  auto entry = find_entry(calls, options.container);
  if (!entry) return tl::unexpected(entry.error());
  const std::string process =
      "/proc/" + std::to_string(number(entry->first_process));
  constexpr std::size_t kLongestMap = 65536;
  const auto map = read_file(process + "/uid_map", kLongestMap);
  if (!map) return tl::unexpected(map.error());
  return Root::open(process + "/root").map([&](Root&& root) {
    return Target{std::move(root), std::move(entry->exec), root_of(*map)};
  });
}

// What a program that was run to its end came to.
struct Ended {
  ChildEnd end;
  std::string output;
  std::string errors;
};

Result<Ended> run(std::vector<std::string> words,
                  const Interruption& interruption) {
  constexpr std::chrono::minutes kLongest{5};
  std::array<Channel, 2> channels = {
      {{.descriptors = {STDOUT_FILENO}, .kept = std::size_t{1} << 20},
       {.descriptors = {STDERR_FILENO}}}};
  const auto end = run_child({.words = std::move(words),
                              .timeout = kLongest,
                              .interruption = &interruption},
                             channels);
  if (!end) return tl::unexpected(end.error());
  if (end->stop == Stop::kInterrupted)
    return tl::unexpected(Failure{.doing = "interrupted"});
  return Ended{*end, std::move(channels[0].text), std::move(channels[1].text)};
}

std::string without_newline(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

// Its file in memory, which nobody in a container can exchange for another that
// would then run with our privileges. Inherited, as it copies itself.
Result<Descriptor> program_in_memory() {
  const std::string_view program = attack_program();
  Descriptor file(memfd_create("doff-attack", 0));
  if (file.get() < 0 || pwrite(file.get(), program.data(), program.size(), 0) !=
                            static_cast<ssize_t>(program.size()))
    return tl::unexpected(
        Failure{.doing = "writing doff-attack to memory", .error = errno});
  return file;
}

// What cannot be prepared is told by the attempts that wanted it, and why is
// told here, but where it is clear: a shell without privileges cannot.
Result<void> prepare(const Target& target, const Placed& placed,
                     const Interruption& interruption) {
  // Here it is whoever we are who prepares, and memfd_create() may be denied.
  if (target.enter.empty())
    return run({placed.program(), "prepare", placed.prepared()}, interruption)
        .map([](const auto&) {});
  const auto program = program_in_memory();
  if (!program) return tl::unexpected(program.error());
  const auto path = [](int fd) {
    return "/proc/self/fd/" + std::to_string(fd);
  };
  const Descriptor inherited(dup(placed.directory()));
  const auto ended = run({path(program->get()), "prepare",
                          path(inherited.get()), target.root_user},
                         interruption);
  if (!ended) return tl::unexpected(ended.error());
  if (ended->end.status != 0)
    std::cerr << "doffctl: " << printable(ended->errors) << std::flush;
  return {};
}

Result<std::vector<FamilyOutcome>> run_corpus(
    const AttackOptions& options, const Target& target,
    const std::vector<std::string>& command, const Placed& placed,
    const Interruption& interruption) {
  std::vector<std::string> words = target.enter;
  words.insert(words.end(), command.begin(), command.end());
  const std::string prepared =
      options.prepared.empty() ? placed.prepared() : options.prepared;
  words.insert(words.end(),
               {placed.program(), "--json", "--prepared", prepared});
  if (options.hardened) words.emplace_back("--hardened");
  if (words[0].find('/') == std::string::npos) {
    const auto found = find_program(words[0]);
    if (!found)
      return tl::unexpected(Failure{.doing = "starting",
                                    .value = words[0],
                                    .cause = "no such program in the fixed "
                                             "directories",
                                    .next = "give its path"});
    words[0] = *found;
  }
  const auto ended = run(std::move(words), interruption);
  if (!ended) return tl::unexpected(ended.error());
  auto outcomes = read_outcomes(ended->output);
  if (outcomes) return outcomes;
  Failure failure{.doing = "running doff-attack",
                  .value = options.container,
                  .cause = printable(without_newline(ended->errors))};
  if (ended->end.stop == Stop::kTimedOut)
    failure.cause = "no answer within 5 minutes";
  else if (failure.cause.empty())
    failure.cause = "it told nothing, and ended with status " +
                    std::to_string(WEXITSTATUS(ended->end.status));
  return tl::unexpected(failure);
}

std::size_t count(const std::vector<FamilyOutcome>& families,
                  std::string_view verdict) {
  return static_cast<std::size_t>(
      std::ranges::count(families, verdict, &FamilyOutcome::verdict));
}

// What does not hold, or how much does.
std::string detail_of(const FamilyOutcome& family) {
  if (family.verdict == "holds")
    return "all fail: " + std::to_string(family.attempts.size());
  std::string text;
  for (const AttemptOutcome& each : family.attempts)
    if (each.verdict != "holds")
      text.append(text.empty() ? "" : "; ")
          .append(each.name + ": ")
          .append(each.verdict == family.verdict ? "" : each.verdict + ": ")
          .append(each.detail);
  return text;
}

void print_text(const std::vector<FamilyOutcome>& families) {
  std::vector<Row> rows;
  for (const FamilyOutcome& each : families) {
    const bool escapes = each.verdict == "escapes";
    Row row{{std::to_string(each.number), each.name,
             escapes ? "ESCAPES" : each.verdict, detail_of(each)}};
    if (escapes) row.colour = Colour::kRed;
    if (each.verdict == "not tried") row.colour = Colour::kYellow;
    rows.push_back(std::move(row));
  }
  std::cout << table({"#", "ATTEMPT", "VERDICT", "DETAIL"}, rows,
                     describe_stdout())
            << count(families, "holds") << " hold, "
            << count(families, "escapes") << " escape, "
            << count(families, "not tried") << " not tried\n";
}

void print_json(const std::vector<FamilyOutcome>& families) {
  using Json = nlohmann::ordered_json;
  Json list = Json::array();
  for (const FamilyOutcome& family : families) {
    Json attempts = Json::array();
    for (const AttemptOutcome& each : family.attempts)
      attempts.push_back({{"name", each.name},
                          {"verdict", each.verdict},
                          {"detail", each.detail}});
    list.push_back({{"family", family.number},
                    {"name", family.name},
                    {"verdict", family.verdict},
                    {"attempts", std::move(attempts)}});
  }
  std::cout << Json{{"hold", count(families, "holds")},
                    {"escape", count(families, "escapes")},
                    {"not_tried", count(families, "not tried")},
                    {"families", std::move(list)}}
                   .dump(2, ' ', true, Json::error_handler_t::replace)
            << "\n";
}

int tell(const AttackOptions& options,
         const std::vector<FamilyOutcome>& families) {
  if (options.json)
    print_json(families);
  else
    print_text(families);
  if (count(families, "escapes") > 0) return kExitNo;
  return count(families, "not tried") > 0 ? kExitNotTried : kExitDone;
}

// Fills the directory that --prepared names later.
int prepare_for_later(const AttackOptions& options, const Placed& placed,
                      const Interruption& interruption) {
  const auto ended =
      run({placed.program(), "prepare", options.prepare}, interruption);
  if (!ended) return complain(ended.error());
  if (ended->end.status == 0) return kExitDone;
  return complain({.doing = "--prepare",
                   .value = options.prepare,
                   .cause = printable(without_newline(ended->errors)),
                   .next = "run it as root, with a directory on a file system "
                           "that has set-user-ID bits"});
}

int attack(const AttackOptions& options,
           const std::vector<std::string>& command) {
  if (const auto misuse = find_misuse(options, command))
    return complain(*misuse);
  // An ignored SIGCHLD would take the children's statuses away: wait(2).
  static_cast<void>(std::signal(SIGCHLD, SIG_DFL));
  const Interruption interruption;
  const Calls calls(interruption, [](const std::string& /*step*/) {});
  const auto target = find_target(options, calls);
  if (!target) return complain(target.error());
  auto placed = Placed::make(target->root);
  if (!placed) return complain(placed.error());
  if (!options.prepare.empty())
    return prepare_for_later(options, *placed, interruption);
  if (options.prepared.empty())
    if (const auto made = prepare(*target, *placed, interruption); !made)
      return complain(made.error());
  const auto families =
      run_corpus(options, *target, command, *placed, interruption);
  const auto removed = placed->remove();
  if (!families) complain(families.error());
  if (!removed) complain(removed.error());
  return families && removed ? tell(options, *families) : kExitFailed;
}

}  // namespace

void add_attack(const Command& doffctl,
                const std::vector<std::string>& command) {
  const auto options = std::make_shared<AttackOptions>();
  const Command sub = doffctl.add(
      "attack", "try to get out of a shell, and tell which attempts fail",
      " [-- COMMAND [ARG...]]");
  sub.flag("--here", options->here, "attack from here, by a child of doffctl");
  sub.value("--container", "ID", options->container,
            "attack from what the engine's `exec` starts in it");
  sub.flag("--hardened", options->hardened,
           "try too what `--seccomp hardened` closes");
  sub.value("--prepare", "DIR", options->prepare,
            "only make there, as root, what --here cannot");
  sub.value("--prepared", "DIR", options->prepared,
            "where --prepare has made it, for --here");
  sub.flag("--json", options->json, "print JSON, for programs");
  sub.does([options, &command] { return attack(*options, command); });
}

}  // namespace doff
