#include "launcher/judge.h"

#include <algorithm>
#include <cerrno>

#include "caps/names.h"

namespace doff {
namespace {

// By Step. `lacking` is the cause where `needs` is not held.
struct StepFacts {
  std::string_view call;
  CapabilitySet needs{};
  std::string_view lacking{};
};
constexpr std::array<StepFacts, kSteps> kFacts = {{
    {"setgroups", only("SETGID"), "CAP_SETGID is not effective"},
    {"setresgid", only("SETGID"), "CAP_SETGID is not effective"},
    {"prctl(PR_CAPBSET_DROP)", only("SETPCAP"), "CAP_SETPCAP is not effective"},
    {"setresuid", only("SETUID"), "CAP_SETUID is not effective"},
    {"capset"},
    {"prctl(PR_CAP_AMBIENT)"},
    {"prctl(PR_SET_NO_NEW_PRIVS)"},
    {"seccomp"},
}};

// What must hold, or else is a finding.
struct Check {
  bool holds;
  Step step;  // what should have seen to it
  std::string_view what;
  std::string_view remedy{};
  std::optional<CapabilitySet> excess{};
};

Check within(std::string_view what, CapabilitySet held, CapabilitySet allowed,
             Step step, std::string_view remedy = "") {
  return {held <= allowed, step, what, remedy, held - allowed};
}

constexpr std::string_view kTrim =
    "start doff as root (with CAP_SETPCAP; --user for another user), or create "
    "the container with --cap-drop ALL, or start with --accept inert or "
    "--userns auto";
constexpr std::string_view kOrUserns = " or --userns auto";

Finding explain(const Check& check, const State& before,
                const Outcome* outcome) {
  Finding finding{
      .what = check.what, .excess = check.excess, .remedy = check.remedy};
  if (outcome == nullptr) return finding;
  const StepFacts& facts = kFacts[static_cast<std::size_t>(check.step)];
  finding.call = facts.call;
  finding.error = outcome->error(check.step);
  if (finding.error == 0)
    finding.cause = "it reported success, but the kernel disagrees";
  else if (!(facts.needs <= before.credentials.permitted))
    finding.cause = facts.lacking;
  else if (finding.error == EPERM && !facts.needs.empty())
    finding.cause =
        "denied although the capability is held: by a seccomp filter, an LSM "
        "or the user namespace";
  else
    finding.cause = "it failed";
  return finding;
}

// Whether COMMAND runs as who was asked for, with the ambient capabilities
// that were. An id that the user namespace does not map reads back as 65534,
// which may be the one asked for: so the calls must have succeeded, too.
std::array<Check, 4> checks_as_asked(const Plan& plan, const Outcome& outcome,
                                     const State& after) {
  const auto all = [](const auto& ids, auto id) {
    return std::ranges::count(ids, id) == std::ranges::ssize(ids);
  };
  const auto done = [&](Step step) { return outcome.error(step) == 0; };
  const auto& user = plan.user;
  return {{
      {!user || (all(after.uids, user->uid) && done(Step::kUid)), Step::kUid,
       "the user ids are not those of --user",
       "start doff with CAP_SETUID, or as that user"},
      {!user || (all(after.gids, user->gid) && done(Step::kGid)), Step::kGid,
       "the group ids are not those of --user",
       "start doff with CAP_SETGID, or as that user"},
      {!plan.groups ||
           (std::ranges::is_permutation(*plan.groups, after.groups) &&
            done(Step::kGroups)),
       Step::kGroups, "the supplementary groups are not those asked for",
       "start doff with CAP_SETGID, or use --groups keep"},
      {plan.allowed.ambient <= after.credentials.ambient, Step::kAmbient,
       "not every --ambient capability is ambient",
       "doff itself must hold it: see doff --status"},
  }};
}

}  // namespace

void Judgement::add_no_namespace(const Failure& failure) {
  if (verdict == Verdict::kSealed) return;
  for (Finding& each : list)
    if (each.remedy.ends_with(kOrUserns))
      each.remedy.remove_suffix(kOrUserns.size());
  add({.what = "there is no user namespace of its own",
       .call = failure.value,
       .cause = failure.cause,
       .error = failure.error});
}

Judgement judge(const Plan& plan, const State& before, const Outcome* outcome,
                const State& after, FilterState filter) {
  const Credentials& held = after.credentials;
  const auto [keep, ambient] = plan.allowed;
  const bool readable = after.unreadable.empty();
  // What regain is for may hold without it. hardened and a file are more.
  const bool filtered = filter == FilterState::kNotAsked ||
                        filter == FilterState::kInForce ||
                        (filter == FilterState::kOutside &&
                         plan.filter.kind == FilterKind::kRegain);
  const std::array<Check, 7> checks = {{
      within("CapBnd", held.bounding, keep, Step::kBounding, kTrim),
      within("CapPrm", held.permitted, keep, Step::kSets),
      within("CapEff", held.effective, keep, Step::kSets),
      within("CapInh", held.inheritable, ambient, Step::kSets),
      within("CapAmb", held.ambient, ambient, Step::kAmbient),
      {held.no_new_privs, Step::kNoNewPrivs, "no_new_privs is not set"},
      {filtered, Step::kFilter, "the seccomp filter is not in force",
       plan.filter.kind == FilterKind::kFile
           ? "is the file a program for seccomp, and not denied by an outer "
             "filter?"
           : "an outer filter may forbid it; --seccomp none does without"},
  }};

  Judgement judgement;
  if (!readable)
    judgement.add({.what = "the kernel's state cannot be read back",
                   .call = after.unreadable,
                   .cause = after.error == 0 ? "its answer is impossible" : "",
                   .error = after.error,
                   .remedy = "look for a seccomp filter around doff"});
  for (const Check& check : checks)
    if (!check.holds) judgement.add(explain(check, before, outcome));
  judgement.verdict =
      readable && filtered ? judge(held, plan.allowed) : Verdict::kOpen;
  if (outcome == nullptr) return judgement;
  for (const Check& check : checks_as_asked(plan, *outcome, after)) {
    if (check.holds) continue;
    judgement.add(explain(check, before, outcome));
    judgement.as_asked = false;
  }
  return judgement;
}

}  // namespace doff
