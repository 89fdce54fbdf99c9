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

class Judge {
 public:
  Judgement judgement;

  Judge(const State& before, const Outcome* outcome)
      : before_(before), outcome_(outcome) {}

  void add(const Finding& finding) {
    judgement.list[judgement.count++] = finding;
  }

  void excess(std::string_view set, CapabilitySet held, CapabilitySet allowed,
              Step step, std::string_view remedy = "") {
    if (held <= allowed) return;
    add(explain(step, set, remedy));
    judgement.list[judgement.count - 1].excess = held - allowed;
  }

  void require(bool holds, Step step, std::string_view what,
               std::string_view remedy = "") {
    if (!holds) add(explain(step, what, remedy));
  }

  void require_as_asked(bool holds, Step step, std::string_view what,
                        std::string_view remedy) {
    judgement.as_asked = judgement.as_asked && holds;
    require(holds, step, what, remedy);
  }

 private:
  [[nodiscard]] Finding explain(Step step, std::string_view what,
                                std::string_view remedy) const {
    Finding finding{.what = what, .remedy = remedy};
    if (outcome_ == nullptr) return finding;
    const StepFacts& facts = kFacts[static_cast<std::size_t>(step)];
    finding.call = facts.call;
    finding.error = outcome_->error(step);
    if (finding.error == 0)
      finding.cause = "it reported success, but the kernel disagrees";
    else if (!(facts.needs <= before_.credentials.permitted))
      finding.cause = facts.lacking;
    else if (finding.error == EPERM && !facts.needs.empty())
      finding.cause =
          "denied although the capability is held: by a seccomp "
          "filter, an LSM or the user namespace";
    else
      finding.cause = "it failed";
    return finding;
  }

  const State& before_;
  const Outcome* outcome_;
};

void judge_identity(const Plan& plan, const Outcome& outcome,
                    const State& after, Judge& judge) {
  const auto all = [](const auto& ids, auto id) {
    return std::ranges::count(ids, id) == std::ranges::ssize(ids);
  };
  // An id that the user namespace does not map reads back as 65534, which may
  // be the one asked for: so the calls must have succeeded, too.
  judge.require_as_asked(!plan.user || (all(after.uids, plan.user->uid) &&
                                        outcome.error(Step::kUid) == 0),
                         Step::kUid, "the user ids are not those of --user",
                         "start doff with CAP_SETUID, or as that user");
  judge.require_as_asked(!plan.user || (all(after.gids, plan.user->gid) &&
                                        outcome.error(Step::kGid) == 0),
                         Step::kGid, "the group ids are not those of --user",
                         "start doff with CAP_SETGID, or as that user");
  judge.require_as_asked(
      !plan.groups ||
          (std::ranges::is_permutation(*plan.groups, after.groups) &&
           outcome.error(Step::kGroups) == 0),
      Step::kGroups, "the supplementary groups are not those asked for",
      "start doff with CAP_SETGID, or use --groups keep");
  judge.require_as_asked(plan.allowed.ambient <= after.credentials.ambient,
                         Step::kAmbient,
                         "not every --ambient capability is ambient",
                         "doff itself must hold it: see doff --status");
}

}  // namespace

Judgement judge(const Plan& plan, const State& before, const Outcome* outcome,
                const State& after, FilterState filter) {
  Judge judge(before, outcome);
  const Credentials& held = after.credentials;
  const Allowance& allowed = plan.allowed;
  const bool readable = after.unreadable.empty();
  // What regain is for may hold without it. hardened and a file are more.
  const bool filtered = filter == FilterState::kNotAsked ||
                        filter == FilterState::kInForce ||
                        (filter == FilterState::kOutside &&
                         plan.filter.kind == FilterKind::kRegain);

  if (!readable)
    judge.add({.what = "the kernel's state cannot be read back",
               .call = after.unreadable,
               .cause = after.error == 0 ? "its answer is impossible" : "",
               .error = after.error,
               .remedy = "look for a seccomp filter around doff"});
  judge.excess("CapBnd", held.bounding, allowed.keep, Step::kBounding,
               "start doff as root (with CAP_SETPCAP; --user for another "
               "user), or create the "
               "container with --cap-drop ALL, or start with --accept inert");
  judge.excess("CapPrm", held.permitted, allowed.keep, Step::kSets);
  judge.excess("CapEff", held.effective, allowed.keep, Step::kSets);
  judge.excess("CapInh", held.inheritable, allowed.ambient, Step::kSets);
  judge.excess("CapAmb", held.ambient, allowed.ambient, Step::kAmbient);
  judge.require(held.no_new_privs, Step::kNoNewPrivs,
                "no_new_privs is not set");
  judge.require(filtered, Step::kFilter, "the seccomp filter is not in force",
                plan.filter.kind == FilterKind::kFile
                    ? "is the file a program for seccomp, and not denied by an "
                      "outer filter?"
                    : "an outer filter may forbid it; --seccomp none does "
                      "without");
  if (outcome != nullptr) judge_identity(plan, *outcome, after, judge);

  judge.judgement.verdict =
      readable && filtered ? doff::judge(held, allowed) : Verdict::kOpen;
  return judge.judgement;
}

}  // namespace doff
