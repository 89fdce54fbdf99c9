// doff: reduce this process, prove it from the kernel, become COMMAND.
// Reads from top to bottom as doff(1), "DESCRIPTION", does.
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#include "launcher/apply.h"
#include "launcher/command.h"
#include "launcher/failure.h"
#include "launcher/file.h"
#include "launcher/judge.h"
#include "launcher/observe.h"
#include "launcher/options.h"
#include "launcher/plan.h"
#include "launcher/report.h"
#include "launcher/seccomp.h"

namespace doff {
namespace {

// The configuration file first, so that the command line has the last word.
Options read_options(char** argv) {
  constexpr std::size_t kLimit = std::size_t{64} << 10;
  Options options;
  if (auto failure = parse_command_line(argv, options)) refuse(*failure);
  if (const char* const path = options.config) {
    const auto text = read_file(path, kLimit, Trust::kRootOnly, "config");
    options = {};
    if (auto failure = parse_config(path, text, options)) refuse(*failure);
    if (auto failure = parse_command_line(argv, options)) refuse(*failure);
  }
  return options;
}

// --status: the same plan, look and judgement, and nothing done.
int show_status(const Options& options) {
  const Plan plan = make_plan(options);
  const State state = observe();
  const FilterState filter = find_filter_state(plan.filter, Load::kNotTried);
  const Judgement judgement = judge(plan, state, nullptr, state, filter);
  report(options, {judgement, plan, state, state, filter});
  return judgement.passes(options.accept) ? 0 : kExitRefused;
}

// Returns only the exit status of --dry-run.
int start(const Options& options, char** environment) {
  hide_from_tracers();
  close_descriptors(options);
  const Plan plan = make_plan(options);

  const State before = observe();
  Outcome outcome = apply(plan, before);
  enter(options);
  State after = observe();
  const int error = load_filter(plan.filter);
  outcome.note(Step::kFilter, error);
  const FilterState filter =
      find_filter_state(plan.filter, error == 0 ? Load::kDone : Load::kRefused);
  after.seccomp_mode = observe_seccomp();

  const Judgement judgement = judge(plan, before, &outcome, after, filter);
  const bool accepted = judgement.passes(options.accept);
  report(options, {judgement, plan, before, after, filter});
  if (options.action == Action::kDryRun) return accepted ? 0 : kExitRefused;
  if (!accepted) refuse(judgement, options.accept);
  if (judgement.verdict != Verdict::kSealed) warn(judgement);
  become(options, plan, environment);
}

}  // namespace
}  // namespace doff

int main(int argc, char** argv, char** environment) {
  // An empty argv has no name, and no word behind it (CVE-2021-4034).
  if (argc < 1) doff::refuse({.doing = "reading argv", .error = EINVAL});
  const doff::Options options = doff::read_options(argv);
  if (options.action == doff::Action::kHelp) return doff::print_help();
  if (options.action == doff::Action::kVersion) return doff::print_version();
  if (options.report_fd != STDERR_FILENO &&
      options.report == doff::ReportForm::kNone)
    doff::refuse_option("report-fd",
                        {.cause = "there is no report",
                         .next = "ask for one with --report human or json"});
  if (options.action == doff::Action::kStatus)
    return doff::show_status(options);
  return doff::start(options, environment);
}
