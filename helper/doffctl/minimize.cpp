// doffctl minimize: the fewest capabilities with which a command succeeds.
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "caps/names.h"
#include "helper/doffctl/beside.h"
#include "helper/doffctl/command.h"
#include "helper/doffctl/commands.h"
#include "helper/doffctl/explain.h"
#include "helper/doffctl/usage.h"
#include "helper/minimize/ddmin.h"
#include "helper/minimize/trial.h"
#include "helper/words.h"

namespace doff {
namespace {

using std::chrono::seconds;

// As they were typed.
struct MinimizeOptions {
  std::string baseline;
  std::string runs = "2";
  std::string timeout = "60";
  std::string launcher;
  bool json = false;
  bool verbose = false;
};

// As they were understood.
struct Job {
  Experiment experiment;
  CapabilitySet baseline;
  int runs = 0;
  bool json = false;
  bool verbose = false;
};

// What has been seen of the command, for people.
struct Seen {
  int trials = 0;
  std::optional<Ending> last_failure;
};

// As a shell looks it up: doff itself would use directories of its own.
Result<std::string> find_command(const std::string& word) {
  Failure failure{.doing = "the command",
                  .value = word,
                  .cause = "not found in $PATH",
                  .next = "give its path"};
  std::error_code error;
  if (word.find('/') != std::string::npos) {
    if (is_program(word)) return std::filesystem::absolute(word, error);
    failure.cause = "no file that can be run";
    failure.next.clear();
    return tl::unexpected(failure);
  }
  const char* const variable = std::getenv("PATH");
  if (variable == nullptr) {
    failure.cause = "there is no $PATH to find it in";
    return tl::unexpected(failure);
  }
  std::string_view rest = variable;
  while (!word.empty()) {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    const std::filesystem::path directory =
        colon == 0 ? "." : rest.substr(0, colon);
    if (is_program(directory / word))
      return std::filesystem::absolute(directory / word, error);
    if (colon == rest.size()) break;
    rest.remove_prefix(colon + 1);
  }
  return tl::unexpected(failure);
}

Result<int> read_count(const char* option, const std::string& word, int most) {
  const auto count = parse_number(word, static_cast<std::uint32_t>(most));
  if (count && *count > 0) return static_cast<int>(*count);
  return tl::unexpected(
      Failure{.doing = option,
              .value = word,
              .cause = "not a number from 1 to " + std::to_string(most)});
}

// Where to begin: `held`, or a part of it. ALL is what there is.
Result<CapabilitySet> read_baseline(const std::string& text,
                                    CapabilitySet held) {
  if (text.empty() || equal_ignoring_case(text, "ALL")) return held;
  Failure failure{.doing = "--baseline", .value = text};
  CapabilitySet set;
  if (const auto bits = find_hex_set(text)) {
    set = *bits;
  } else if (const auto unknown = add_capabilities(text, set)) {
    failure.value = unknown->word;
    failure.cause =
        unknown->word.empty() ? "an empty name" : "no such capability";
    failure.guess = unknown->nearest;
    failure.next = "names with commas between, ALL, or a number such as 0x3";
    return tl::unexpected(failure);
  }
  if (set <= held) return set;
  failure.cause = "this process does not hold " + names(set - held);
  failure.next = "a trial cannot have what doffctl has not";
  return tl::unexpected(failure);
}

Checked<Job> read_job(const MinimizeOptions& options,
                      const std::vector<std::string>& command) {
  Job job;
  job.experiment.command = command;
  job.json = options.json;
  job.verbose = options.verbose;
  Failures failures;
  const auto take = [&failures](const auto& result, auto& value) {
    if (result)
      value = *result;
    else
      failures.push_back(result.error());
  };
  int timeout = 0;
  take(read_count("--runs", options.runs, 1000), job.runs);
  take(read_count("--timeout", options.timeout, 86400), timeout);
  job.experiment.timeout = seconds(timeout);
  take(find_doff(options.launcher), job.experiment.launcher);
  if (command.empty())
    failures.push_back({.doing = "minimize",
                        .cause = "there is no command",
                        .next = "put it behind two dashes: doffctl minimize "
                                "-- COMMAND [ARG...]"});
  else
    take(find_command(command[0]), job.experiment.command[0]);
  Means means;
  take(own_means(), means);
  job.experiment.ambient = means.needs_ambient;
  take(read_baseline(options.baseline, means.held), job.baseline);
  if (failures.empty() && !means.may_drop)
    failures.push_back(
        {.doing = "minimize",
         .cause = "a trial takes capabilities out of the bounding set, and "
                  "this process has no CAP_SETPCAP for that",
         .next = "run it as root (sudo doffctl minimize ...), in a container "
                 "with --cap-add=SETPCAP"});
  if (!failures.empty()) return tl::unexpected(failures);
  return job;
}

std::string trials(int count) {
  return std::to_string(count) + (count == 1 ? " trial" : " trials");
}

std::string capabilities(CapabilitySet set) {
  const int count = set.size();
  return std::to_string(count) + (count == 1 ? " capability" : " capabilities");
}

// On a terminal one line that is rewritten, with --verbose one for each trial.
class Progress {
 public:
  explicit Progress(const Job& job)
      : verbose_(job.verbose),
        rewrites_(!job.verbose && isatty(STDERR_FILENO) == 1),
        all_(job.baseline),
        timeout_(job.experiment.timeout) {}
  ~Progress() {
    if (rewrites_) std::cerr << "\r\033[K" << std::flush;
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void before(int trial, CapabilitySet set, CapabilitySet best) const {
    if (rewrites_)
      std::cerr << "\r\033[Ktrial " << trial << ": " << capabilities(set)
                << "; enough so far: " << best.size() << std::flush;
  }
  void after(int trial, CapabilitySet set, const Ending& ending) const {
    if (verbose_)
      std::cerr << "trial " << trial << ": " << to_text(ending, timeout_)
                << " with "
                << (set == all_ ? "all " + capabilities(set) : names(set))
                << "\n";
  }

 private:
  bool verbose_;
  bool rewrites_;
  CapabilitySet all_;
  seconds timeout_;
};

std::vector<std::string> flags(CapabilitySet set) {
  // One each: Docker does not split at commas.
  std::vector<std::string> words = {"--cap-drop=ALL"};
  for (const Capability each : set)
    words.push_back("--cap-add=" + short_name(each));
  return words;
}

std::string policy(CapabilitySet set) {
  const std::string list = set.empty() ? "" : names(set, ", ");
  return "version: 1\ncapabilities:\n  drop: [ALL]\n  allow: [" + list + "]\n";
}

void print_json(const Job& job, const SearchResult& finding, const Seen& seen) {
  constexpr std::array<const char*, 3> kAnswers = {"found", "fails",
                                                   "unsteady"};
  nlohmann::ordered_json object = {
      {"result", kAnswers.at(static_cast<std::size_t>(finding.answer))},
      {"command", job.experiment.command},
      {"baseline", hex_text(job.baseline)},
      {"trials", seen.trials}};
  if (finding.answer == Answer::kFound) {
    auto list = nlohmann::ordered_json::array();
    for (const Capability each : finding.set)
      list.push_back(canonical_name(each));
    object["capabilities"] = list;
    object["bounding"] = hex_text(finding.set);
    object["flags"] = flags(finding.set);
    object["policy"] = policy(finding.set);
  }
  using nlohmann::ordered_json;
  std::cout << object.dump(2, ' ', true, ordered_json::error_handler_t::replace)
            << "\n";
}

void print_text(const Job& job, const SearchResult& finding, const Seen& seen) {
  std::cout << doff::escaped(job.experiment.command[0]) << " needs "
            << (finding.set.empty() ? "no capability"
                                    : names(finding.set, ", "))
            << ": " << finding.set.size() << " of " << job.baseline.size()
            << ", found in " << trials(seen.trials) << ".\n\nFlags:\n";
  const char* blank = "";
  for (const std::string& word : flags(finding.set)) {
    std::cout << blank << word;
    blank = " ";
  }
  std::cout << "\n\nPolicy:\n" << policy(finding.set);
}

void show_output(const Seen& seen) {
  if (!seen.last_failure || seen.last_failure->output.empty()) return;
  std::cerr << "The last trial that failed wrote:\n"
            << printable(seen.last_failure->output);
  if (!seen.last_failure->output.ends_with('\n')) std::cerr << "\n";
}

int tell(const Job& job, const SearchResult& finding, const Seen& seen) {
  if (job.json) print_json(job, finding, seen);
  const std::string& command = job.experiment.command[0];
  const std::string after = " (" + trials(seen.trials) + ")";
  switch (finding.answer) {
    case Answer::kFound:
      if (!job.json) print_text(job, finding, seen);
      if (job.verbose) show_output(seen);
      return kExitDone;
    case Answer::kFails:
      complain(
          {.doing = "minimize",
           .value = command,
           .cause = "it fails even with " + capabilities(job.baseline) + ": " +
                    to_text(*seen.last_failure, job.experiment.timeout) + after,
           .next = seen.last_failure->kind == Ending::Kind::kTimedOut
                       ? "give it longer with --timeout"
                       : "make it succeed first"});
      break;
    case Answer::kUnsteady:
      complain({.doing = "minimize",
                .value = command,
                .cause = "with the same " +
                         (finding.set == job.baseline
                              ? capabilities(finding.set)
                              : "capabilities (" + names(finding.set) + ")") +
                         " it succeeds at times and fails at others" + after,
                .next = "make each run begin alike"});
      break;
  }
  show_output(seen);
  return kExitNo;
}

int minimize(const MinimizeOptions& options,
             const std::vector<std::string>& command) {
  const auto job = read_job(options, command);
  if (!job) return complain_of_all(job.error());
  // An ignored SIGCHLD would take the children's statuses away: wait(2).
  static_cast<void>(std::signal(SIGCHLD, SIG_DFL));
  const Interruption interruption;
  Seen seen;
  std::optional<Progress> progress(*job);
  Search search(
      [&](CapabilitySet set) -> Result<bool> {
        progress->before(seen.trials + 1, set, search.best());
        auto ending = try_with(job->experiment, set, interruption);
        if (!ending) return tl::unexpected(ending.error());
        progress->after(++seen.trials, set, *ending);
        const bool success = ending->success();
        if (!success) seen.last_failure = std::move(*ending);
        return success;
      },
      job->runs);
  const auto finding = search.run(job->baseline);
  progress.reset();
  if (finding) return tell(*job, *finding, seen);
  if (!interruption.has_come()) return complain(finding.error());
  std::string known = "nothing is known yet";
  if (search.best() != job->baseline)
    known = "it succeeded with " + names(search.best()) +
            ", and fewer may be enough";
  return complain(
      {.doing = "minimize",
       .value = job->experiment.command[0],
       .cause = "interrupted after " + trials(seen.trials) + ": " + known});
}

}  // namespace

void add_minimize(const Command& doffctl,
                  const std::vector<std::string>& command) {
  const auto options = std::make_shared<MinimizeOptions>();
  const Command sub = doffctl.add(
      "minimize", "find the fewest capabilities that a command needs",
      " -- COMMAND [ARG...]");
  sub.value("--baseline", "CAP,...", options->baseline,
            "begin with these (default: all that are held)");
  sub.value("--runs", "N", options->runs,
            "run N times what the answer rests on (default: 2)");
  sub.value("--timeout", "SECONDS", options->timeout,
            "a trial fails after SECONDS (default: 60)");
  sub.value("--doff", "FILE", options->launcher,
            "the launcher (default: doff beside doffctl)");
  sub.flag("--json", options->json, "print JSON, for programs");
  sub.flag("--verbose", options->verbose,
           "tell each trial, and the last failing output");
  sub.does([options, &command] { return minimize(*options, command); });
}

}  // namespace doff
