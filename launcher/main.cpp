// doff: reduce this process, prove it from the kernel, become COMMAND.
// Reads from top to bottom as doff(1), "DESCRIPTION", does.
#include <sys/auxv.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <span>

#include "launcher/apply.h"
#include "launcher/called_as.h"
#include "launcher/command.h"
#include "launcher/failure.h"
#include "launcher/file.h"
#include "launcher/judge.h"
#include "launcher/observe.h"
#include "launcher/options.h"
#include "launcher/plan.h"
#include "launcher/report.h"
#include "launcher/seccomp.h"
#include "launcher/user_namespace.h"

namespace doff {
namespace {

// What execve(2) was given: getauxval(3). The kernel puts it there.
const char* path_given() {
  const auto* const path = std::bit_cast<const char*>(getauxval(AT_EXECFN));
  return path == nullptr ? "" : path;
}

constexpr std::size_t kLongestConfig = std::size_t{64} << 10;

// The configuration file first, so that the command line has the last word.
Options read_options(char** argv) {
  Options options;
  if (auto failure = parse_command_line(argv, options)) refuse(*failure);
  if (const char* const path = options.config) {
    const auto text =
        read_file(path, kLongestConfig, {.root_only = true}, "config");
    options = {};
    if (auto failure = parse_config(path, text, options)) refuse(*failure);
    if (auto failure = parse_command_line(argv, options)) refuse(*failure);
  }
  return options;
}

// doff-shell(1): every word is the shell's.
Options read_shell_options(char** argv, CalledAs called) {
  Options options;
  options.called = called;
  options.shell_argv = argv;
  options.self = path_given();
  // Within --userns root is not mapped, nor is anybody but the caller.
  const bool alone = is_alone_in_namespace();
  const Trust trust = {
      .root_only = true, .may_be_absent = true, .may_be_unmapped = alone};
  const auto text = read_file(kShellConfig, kLongestConfig, trust, "");
  if (auto failure = parse_config(kShellConfig, text, options))
    refuse(*failure);
  if (called == CalledAs::kShell && options.shell == nullptr)
    refuse({.doing = "finding the shell that doff stands for",
            .value = argv[0],
            .cause = "no line `shell PATH`",
            .next = "doff-shell(1)",
            .file = kShellConfig});
  // There is one already.
  if (alone && options.userns == UsernsRule::kAlways)
    options.userns = UsernsRule::kAuto;
  return options;
}

// Whether this is a shell within a shell of ours, whose descriptors come from
// there, as `make -j` and `bash <(...)` need them: nothing is left to be taken
// away, and the filter answers as ours does. In the place of a shell, where no
// filter can be loaded, the two cannot be told apart, and must not be broken.
bool is_within(const Options& options, const Plan& plan, const State& before) {
  return options.called != CalledAs::kDoff &&
         judge(before.credentials, plan.allowed) >= options.accept &&
         (is_in_force(Filter{}) ||
          (options.called == CalledAs::kShell && is_loading_denied()));
}

// --status: the same plan, look and judgement, and nothing done.
int show_status(const Options& options) {
  const Plan plan = make_plan(options);
  const State state = observe();
  const FilterState filter = find_filter_state(plan.filter, Load::kNotTried);
  const Judgement judgement = judge(plan, state, nullptr, state, filter);
  report(options, {judgement, plan, state, state, filter, false});
  return judgement.passes(options.accept) ? 0 : kExitRefused;
}

// The user namespace of --userns.
struct Namespace {
  bool entered = false;
  std::span<const Gid> groups{};     // as they were seen outside
  std::optional<Failure> failure{};  // why `auto` did not enter
};

// Applies `plan` here or, as far as it is about capabilities, in there. Ids,
// groups and what falls anyhow come first: inside nobody has the right to them.
// The permitted set stays for that long, since uid 0 is mapped only by who
// holds CAP_SETFCAP (user_namespaces(7)).
Namespace apply_with_namespace(const Options& options, Plan plan,
                               const State& before, Outcome& outcome) {
  const CapabilitySet permitted = plan.permitted;
  plan.permitted = before.credentials.permitted;
  const Outcome identity = apply(plan, before);
  const State outside = observe();
  plan.permitted = permitted;
  plan.user.reset();
  plan.groups.reset();

  Namespace own;
  const bool always = options.userns == UsernsRule::kAlways;
  if (always || !(outside.credentials.bounding <= plan.allowed.keep)) {
    own.failure = enter_user_namespace();
    if (always && own.failure) refuse(*own.failure);
    own.entered = !own.failure;
    own.groups = outside.groups;
  }
  outcome = apply(plan, own.entered ? observe() : outside);
  for (const Step each : {Step::kGroups, Step::kGid, Step::kUid})
    outcome.note(each, identity.error(each));
  return own;
}

// Returns only the exit status of --dry-run.
int start(const Options& options, char** environment) {
  hide_from_tracers();
  const Plan plan = make_plan(options);
  const State before = observe();
  mark_descriptors(options);
  if (!is_within(options, plan, before)) close_descriptors(options);

  Outcome outcome;
  Namespace own;
  if (options.userns == UsernsRule::kNever)
    outcome = apply(plan, before);
  else
    own = apply_with_namespace(options, plan, before, outcome);
  enter(options);
  State after = observe();
  // getgroups(2) shows those that are not mapped as nobody's.
  if (own.entered) after.groups = own.groups;
  const int error = load_filter(plan.filter);
  outcome.note(Step::kFilter, error);
  const FilterState filter =
      find_filter_state(plan.filter, error == 0 ? Load::kDone : Load::kRefused);
  after.seccomp_mode = observe_seccomp();

  Judgement judgement = judge(plan, before, &outcome, after, filter);
  if (own.failure) judgement.add_no_namespace(*own.failure);
  const bool accepted = judgement.passes(options.accept);
  report(options, {judgement, plan, before, after, filter, own.entered});
  if (options.action == Action::kDryRun) return accepted ? 0 : kExitRefused;
  if (!accepted) refuse(judgement, options);
  if (judgement.verdict != Verdict::kSealed) warn(judgement);
  become(options, plan, environment);
}

}  // namespace
}  // namespace doff

int main(int argc, char** argv, char** environment) {
  // An empty argv has no name, and no word behind it (CVE-2021-4034).
  if (argc < 1) doff::refuse({.doing = "reading argv", .error = EINVAL});
  const doff::CalledAs called = doff::called_as(argv[0], doff::path_given());
  const doff::Options options = called == doff::CalledAs::kDoff
                                    ? doff::read_options(argv)
                                    : doff::read_shell_options(argv, called);
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
