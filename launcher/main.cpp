// doff: reduce this process, prove it from the kernel, become COMMAND.
// Reads from top to bottom as doff(1), "DESCRIPTION", does.
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <optional>
#include <span>

#include "launcher/apply.h"
#include "launcher/command.h"
#include "launcher/file.h"
#include "launcher/judge.h"
#include "launcher/observe.h"
#include "launcher/options.h"
#include "launcher/plan.h"
#include "launcher/report.h"
#include "launcher/seccomp.h"

namespace doff {
namespace {

constexpr std::size_t kConfigLimit = std::size_t{64} << 10;

// The configuration file first, so that the command line has the last word.
std::optional<Failure> read_options(char** argv, Options& options) {
  if (auto failure = parse_command_line(argv, options)) return failure;
  if (options.config == nullptr) return std::nullopt;
  const char* const path = options.config;
  std::span<char> text;
  if (auto failure = read_file(path, kConfigLimit, Trust::kRootOnly, text)) {
    failure->doing = "config";
    failure->is_option = true;
    return failure;
  }
  options = {};
  if (auto failure = parse_config(path, text, options)) return failure;
  return parse_command_line(argv, options);
}

// Options that mean something only together.
std::optional<Failure> check_together(const Options& options) {
  if (options.report_fd == STDERR_FILENO || options.report != ReportForm::kNone)
    return std::nullopt;
  return Failure{.doing = "report-fd",
                 .cause = "there is no report",
                 .next = "ask for one with --report human or json",
                 .is_option = true};
}

// The exit status of an output: an answer that was not written is none.
int finish(int error) {
  return error == 0 ? 0 : refuse({.doing = "writing", .error = error});
}

// Returns 0, or the exit status of a report that was not written.
int tell(const Options& options, const Report& report) {
  const bool stdout_only = options.action != Action::kRun;
  const int fd = stdout_only ? STDOUT_FILENO : options.report_fd;
  int error = 0;
  if (options.report == ReportForm::kJson)
    error = report_json(fd, report);
  else if (options.report == ReportForm::kHuman || stdout_only)
    error = report_human(fd, report);
  return error == 0 ? 0
                    : refuse({.doing = "writing the report", .error = error});
}

bool acceptable(const Judgement& judgement, Verdict accept) {
  return judgement.verdict >= accept && judgement.as_asked;
}

// --status: the same plan, look and judgement, and nothing done.
int show_status(const Options& options) {
  Plan plan;
  if (auto failure = make_plan(options, plan)) return refuse(*failure);
  const State state = observe();
  const FilterState filter = find_filter_state(plan.filter, Load::kNotTried);
  const Judgement judgement = judge(plan, state, nullptr, state, filter);
  const bool accepted = acceptable(judgement, options.accept);
  if (const int failed = tell(options, {judgement, plan, state, state, filter,
                                        options.accept, accepted}))
    return failed;
  return accepted ? 0 : kExitRefused;
}

// Returns only the exit status of a refusal, or of --dry-run.
int start(const Options& options, char** environment) {
  hide_from_tracers();
  if (auto failure = close_descriptors(options)) return refuse(*failure);
  Plan plan;
  if (auto failure = make_plan(options, plan)) return refuse(*failure);

  const State before = observe();
  Outcome outcome = apply(plan, before);
  if (auto failure = enter(options)) return refuse(*failure);
  State after = observe();
  const int error = load_filter(plan.filter);
  outcome.note(Step::kFilter, error);
  const FilterState filter =
      find_filter_state(plan.filter, error == 0 ? Load::kDone : Load::kRefused);
  after.seccomp_mode = observe_seccomp();

  const Judgement judgement = judge(plan, before, &outcome, after, filter);
  const bool accepted = acceptable(judgement, options.accept);
  if (const int failed = tell(options, {judgement, plan, before, after, filter,
                                        options.accept, accepted}))
    return failed;
  if (options.action == Action::kDryRun) return accepted ? 0 : kExitRefused;
  if (!accepted) return refuse(judgement, options.accept);
  if (judgement.verdict != Verdict::kSealed) warn(judgement);
  return refuse(become(options, plan, environment));
}

int launch(char** argv, char** environment) {
  Options options;
  if (auto failure = read_options(argv, options)) return refuse(*failure);
  if (options.action == Action::kHelp) return finish(print_help());
  if (options.action == Action::kVersion) return finish(print_version());
  if (auto failure = check_together(options)) return refuse(*failure);
  if (options.action == Action::kStatus) return show_status(options);
  return start(options, environment);
}

}  // namespace
}  // namespace doff

// An empty argv has no name, and no word behind it (CVE-2021-4034).
int main(int argc, char** argv, char** environment) {
  if (argc < 1) return doff::refuse({.doing = "reading argv", .error = EINVAL});
  return doff::launch(argv, environment);
}
