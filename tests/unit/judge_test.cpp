#include "launcher/judge.h"

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <random>
#include <string>

#include "caps/names.h"

namespace {

using doff::Capability;
using doff::CapabilitySet;
using doff::FilterKind;
using doff::FilterState;
using doff::Finding;
using doff::Gid;
using doff::Judgement;
using doff::Outcome;
using doff::Plan;
using doff::State;
using doff::Step;
using doff::Uid;
using doff::Verdict;

constexpr CapabilitySet kFull = doff::kAllCapabilities;
constexpr CapabilitySet kNetRaw = doff::only("NET_RAW");
constexpr CapabilitySet kChown = doff::only("CHOWN");
constexpr std::array kGroups = {Gid{4}, Gid{1000}};
constexpr std::array kOtherGroups = {Gid{0}, Gid{4}};

// A run from which everything asked for came: uid 1000, two groups, CHOWN
// kept, regain in force. Each row below spoils it in one way.
struct Run {
  Plan plan;
  State before;
  Outcome outcome;
  State after;
  FilterState filter = FilterState::kInForce;

  Run() {
    plan.allowed.keep = kChown;
    plan.user = doff::Account{
        .name = "alice", .uid = Uid{1000}, .gid = Gid{1000}, .home = "/"};
    plan.groups = kGroups;
    plan.filter.kind = FilterKind::kRegain;
    before.credentials.permitted = kFull;
    before.credentials.effective = kFull;
    before.credentials.bounding = kFull;
    before.groups = kOtherGroups;
    after.credentials.bounding = kChown;
    after.credentials.no_new_privs = true;
    after.uids.fill(Uid{1000});
    after.gids.fill(Gid{1000});
    after.groups = kGroups;
  }

  [[nodiscard]] Judgement judge() const {
    return doff::judge(plan, before, &outcome, after, filter);
  }
  void fails(Step step, int error) { outcome.note(step, error); }
  void lacks(std::string_view name) {
    const CapabilitySet lost(*doff::find_capability(name));
    before.credentials.permitted = before.credentials.permitted - lost;
    before.credentials.effective = before.credentials.effective - lost;
  }
};

constexpr const char* kLied = "reported success, but the kernel disagrees";
constexpr const char* kDenied = "denied although the capability is held";
constexpr const char* kFailed = "it failed";

struct Row {
  const char* statement;
  void (*spoil)(Run&);
  Verdict verdict;
  bool as_asked;
  // Of the only finding; parts of its text.
  const char* what;
  CapabilitySet excess;
  const char* call;
  const char* cause;
  int error;
};
constexpr CapabilitySet kNone;
const Row kRows[] = {
    {"a bounding set without CAP_SETPCAP to drop it",
     [](Run& run) {
       run.after.credentials.bounding = kFull;
       run.lacks("SETPCAP");
       run.fails(Step::kBounding, EPERM);
     },
     Verdict::kInert, true, "CapBnd", kFull - kChown, "PR_CAPBSET_DROP",
     "CAP_SETPCAP is not effective", EPERM},
    {"a bounding drop that is denied although CAP_SETPCAP is held",
     [](Run& run) {
       run.after.credentials.bounding = kChown | kNetRaw;
       run.fails(Step::kBounding, EPERM);
     },
     Verdict::kInert, true, "CapBnd", kNetRaw, "PR_CAPBSET_DROP", kDenied,
     EPERM},
    {"a bounding drop that reports success and did nothing",
     [](Run& run) { run.after.credentials.bounding = kChown | kNetRaw; },
     Verdict::kInert, true, "CapBnd", kNetRaw, "PR_CAPBSET_DROP", kLied, 0},
    {"a bounding drop that fails in another way",
     [](Run& run) {
       run.after.credentials.bounding = kFull;
       run.fails(Step::kBounding, ENOSYS);
     },
     Verdict::kInert, true, "CapBnd", kFull - kChown, "PR_CAPBSET_DROP",
     kFailed, ENOSYS},
    {"one bounding bit that has no name",
     [](Run& run) {
       run.after.credentials.bounding =
           CapabilitySet(static_cast<Capability>(63));
     },
     Verdict::kInert, true, "CapBnd", CapabilitySet(std::uint64_t{1} << 63),
     "PR_CAPBSET_DROP", kLied, 0},
    {"a permitted set that capset claims to have reduced",
     [](Run& run) { run.after.credentials.permitted = kNetRaw | kChown; },
     Verdict::kOpen, true, "CapPrm", kNetRaw, "capset", kLied, 0},
    {"a permitted set that capset would not reduce",
     [](Run& run) {
       run.after.credentials.permitted = kNetRaw;
       run.fails(Step::kSets, EPERM);
     },
     Verdict::kOpen, true, "CapPrm", kNetRaw, "capset", kFailed, EPERM},
    {"an effective set that was not reduced",
     [](Run& run) { run.after.credentials.effective = kFull; }, Verdict::kOpen,
     true, "CapEff", kFull - kChown, "capset", kLied, 0},
    {"an inheritable capability that is kept but not to be ambient",
     [](Run& run) { run.after.credentials.inheritable = kChown; },
     Verdict::kOpen, true, "CapInh", kChown, "capset", kLied, 0},
    {"an inheritable set that capset would not clear",
     [](Run& run) {
       run.after.credentials.inheritable = kNetRaw;
       run.fails(Step::kSets, EINVAL);
     },
     Verdict::kOpen, true, "CapInh", kNetRaw, "capset", kFailed, EINVAL},
    {"an ambient capability that was left",
     [](Run& run) { run.after.credentials.ambient = kNetRaw; }, Verdict::kOpen,
     true, "CapAmb", kNetRaw, "PR_CAP_AMBIENT", kLied, 0},
    {"an ambient set that could not be cleared",
     [](Run& run) {
       run.after.credentials.ambient = kNetRaw;
       run.fails(Step::kAmbient, EPERM);
     },
     Verdict::kOpen, true, "CapAmb", kNetRaw, "PR_CAP_AMBIENT", kFailed, EPERM},
    {"no_new_privs that reports success and is not set",
     [](Run& run) { run.after.credentials.no_new_privs = false; },
     Verdict::kOpen, true, "no_new_privs", kNone, "PR_SET_NO_NEW_PRIVS", kLied,
     0},
    {"no_new_privs that failed",
     [](Run& run) {
       run.after.credentials.no_new_privs = false;
       run.fails(Step::kNoNewPrivs, EPERM);
     },
     Verdict::kOpen, true, "no_new_privs", kNone, "PR_SET_NO_NEW_PRIVS",
     kFailed, EPERM},
    {"a filter that was refused",
     [](Run& run) {
       run.filter = FilterState::kAbsent;
       run.fails(Step::kFilter, EPERM);
     },
     Verdict::kOpen, true, "seccomp filter", kNone, "seccomp", kFailed, EPERM},
    {"a filter that reports success and does not answer",
     [](Run& run) { run.filter = FilterState::kAbsent; }, Verdict::kOpen, true,
     "seccomp filter", kNone, "seccomp", kLied, 0},
    {"an outer refusal of user namespaces in place of hardened",
     [](Run& run) {
       run.plan.filter.kind = FilterKind::kHardened;
       run.filter = FilterState::kOutside;
       run.fails(Step::kFilter, EPERM);
     },
     Verdict::kOpen, true, "seccomp filter", kNone, "seccomp", kFailed, EPERM},
    {"an outer refusal of user namespaces in place of a file",
     [](Run& run) {
       run.plan.filter.kind = FilterKind::kFile;
       run.filter = FilterState::kOutside;
     },
     Verdict::kOpen, true, "seccomp filter", kNone, "seccomp", kLied, 0},
    {"user ids that are still another's, without CAP_SETUID",
     [](Run& run) {
       run.after.uids.fill(Uid{0});
       run.lacks("SETUID");
       run.fails(Step::kUid, EPERM);
     },
     Verdict::kSealed, false, "user ids", kNone, "setresuid",
     "CAP_SETUID is not effective", EPERM},
    {"user ids that could not change although CAP_SETUID is held",
     [](Run& run) {
       run.after.uids.fill(Uid{0});
       run.fails(Step::kUid, EPERM);
     },
     Verdict::kSealed, false, "user ids", kNone, "setresuid", kDenied, EPERM},
    {"user ids that could not change for lack of processes",
     [](Run& run) {
       run.after.uids.fill(Uid{0});
       run.fails(Step::kUid, EAGAIN);
     },
     Verdict::kSealed, false, "user ids", kNone, "setresuid", kFailed, EAGAIN},
    {"a real user id that stayed", [](Run& run) { run.after.uids[0] = Uid{0}; },
     Verdict::kSealed, false, "user ids", kNone, "setresuid", kLied, 0},
    {"an effective user id that stayed",
     [](Run& run) { run.after.uids[1] = Uid{0}; }, Verdict::kSealed, false,
     "user ids", kNone, "setresuid", kLied, 0},
    {"a saved user id that stayed",
     [](Run& run) { run.after.uids[2] = Uid{0}; }, Verdict::kSealed, false,
     "user ids", kNone, "setresuid", kLied, 0},
    {"a file system user id that stayed",
     [](Run& run) { run.after.uids[3] = Uid{0}; }, Verdict::kSealed, false,
     "user ids", kNone, "setresuid", kLied, 0},
    {"group ids that are still another's, without CAP_SETGID",
     [](Run& run) {
       run.after.gids.fill(Gid{0});
       run.lacks("SETGID");
       run.fails(Step::kGid, EPERM);
     },
     Verdict::kSealed, false, "group ids", kNone, "setresgid",
     "CAP_SETGID is not effective", EPERM},
    {"a saved group id that stayed",
     [](Run& run) { run.after.gids[2] = Gid{0}; }, Verdict::kSealed, false,
     "group ids", kNone, "setresgid", kLied, 0},
    {"a file system group id that stayed",
     [](Run& run) { run.after.gids[3] = Gid{0}; }, Verdict::kSealed, false,
     "group ids", kNone, "setresgid", kLied, 0},
    {"supplementary groups that stayed, without CAP_SETGID",
     [](Run& run) {
       run.after.groups = kOtherGroups;
       run.lacks("SETGID");
       run.fails(Step::kGroups, EPERM);
     },
     Verdict::kSealed, false, "supplementary groups", kNone, "setgroups",
     "CAP_SETGID is not effective", EPERM},
    {"supplementary groups that setgroups denied although it may",
     [](Run& run) {
       run.after.groups = kOtherGroups;
       run.fails(Step::kGroups, EPERM);
     },
     Verdict::kSealed, false, "supplementary groups", kNone, "setgroups",
     kDenied, EPERM},
    {"supplementary groups that setgroups claims to have set",
     [](Run& run) { run.after.groups = {}; }, Verdict::kSealed, false,
     "supplementary groups", kNone, "setgroups", kLied, 0},
    {"a supplementary group too many",
     [](Run& run) {
       static constexpr std::array kMore = {Gid{4}, Gid{1000}, Gid{1001}};
       run.after.groups = kMore;
     },
     Verdict::kSealed, false, "supplementary groups", kNone, "setgroups", kLied,
     0},
    {"one supplementary group twice in place of two",
     [](Run& run) {
       static constexpr std::array kTwice = {Gid{4}, Gid{4}};
       run.after.groups = kTwice;
     },
     Verdict::kSealed, false, "supplementary groups", kNone, "setgroups", kLied,
     0},
    {"an --ambient capability that is not ambient",
     [](Run& run) {
       run.plan.allowed.ambient = kChown;
       run.fails(Step::kAmbient, EPERM);
     },
     Verdict::kSealed, false, "ambient", kNone, "PR_CAP_AMBIENT", kFailed,
     EPERM},
    {"an --ambient capability that is said to be, and is not",
     [](Run& run) { run.plan.allowed.ambient = kChown; }, Verdict::kSealed,
     false, "ambient", kNone, "PR_CAP_AMBIENT", kLied, 0},
    {"a state that cannot be read back, however good it looks",
     [](Run& run) {
       run.after.unreadable = "capget";
       run.after.error = EPERM;
     },
     Verdict::kOpen, true, "cannot be read back", kNone, "capget", "", EPERM},
    {"a state that cannot be, however good it looks",
     [](Run& run) { run.after.unreadable = "prctl(PR_CAPBSET_READ)"; },
     Verdict::kOpen, true, "cannot be read back", kNone,
     "prctl(PR_CAPBSET_READ)", "answer is impossible", 0},
};

struct Fine {
  const char* statement;
  void (*change)(Run&);
};
const Fine kFine[] = {
    {"everything as planned", [](Run&) {}},
    {"a bounding set that is emptier than planned",
     [](Run& run) { run.after.credentials.bounding = kNone; }},
    {"a kept capability that is permitted and effective",
     [](Run& run) {
       run.after.credentials.permitted = kChown;
       run.after.credentials.effective = kChown;
     }},
    {"an --ambient capability that is inheritable and ambient",
     [](Run& run) {
       run.plan.allowed.ambient = kChown;
       run.after.credentials.inheritable = kChown;
       run.after.credentials.ambient = kChown;
     }},
    {"a step that failed where the result is as planned all the same",
     [](Run& run) {
       for (const Step step : {Step::kBounding, Step::kSets, Step::kAmbient,
                               Step::kNoNewPrivs, Step::kFilter})
         run.fails(step, EPERM);
     }},
    {"an empty bounding set without CAP_SETPCAP",
     [](Run& run) {
       run.after.credentials.bounding = kNone;
       run.lacks("SETPCAP");
     }},
    {"no filter, where none was asked for",
     [](Run& run) {
       run.plan.filter.kind = FilterKind::kNone;
       run.filter = FilterState::kNotAsked;
     }},
    {"an outer refusal of user namespaces in place of regain",
     [](Run& run) {
       run.filter = FilterState::kOutside;
       run.fails(Step::kFilter, EPERM);
     }},
    {"ids and groups of anybody, where none were asked for",
     [](Run& run) {
       run.plan.user.reset();
       run.plan.groups.reset();
       run.after.uids = {Uid{1}, Uid{2}, Uid{3}, Uid{4}};
       run.after.gids = {Gid{1}, Gid{2}, Gid{3}, Gid{4}};
       run.after.groups = kOtherGroups;
     }},
    {"supplementary groups in another order, as from a user namespace",
     [](Run& run) {
       static constexpr std::array kReversed = {Gid{1000}, Gid{4}};
       run.after.groups = kReversed;
     }},
    {"no supplementary groups, where that was asked for",
     [](Run& run) {
       run.plan.groups = std::span<const Gid>{};
       run.after.groups = {};
     }},
};

bool mentions(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE("what is as planned is sealed, without a finding") {
  for (const Fine& each : kFine) {
    INFO(each.statement);
    Run run;
    each.change(run);
    const Judgement judgement = run.judge();
    CHECK(judgement.verdict == Verdict::kSealed);
    CHECK(judgement.as_asked);
    CHECK(judgement.findings().empty());
  }
}

TEST_CASE("ids that only read back as asked are not as asked") {
  // An id that the user namespace does not map reads back as 65534.
  for (const Step step : {Step::kUid, Step::kGid, Step::kGroups}) {
    Run run;
    run.fails(step, EINVAL);
    CHECK_FALSE(run.judge().as_asked);
    CHECK(run.judge().findings().size() == 1);
  }
}

TEST_CASE("what is weaker than planned is found, with the actual cause") {
  for (const Row& row : kRows) {
    INFO(row.statement);
    Run run;
    row.spoil(run);
    const Judgement judgement = run.judge();
    CHECK(judgement.verdict == row.verdict);
    CHECK(judgement.as_asked == row.as_asked);
    REQUIRE(judgement.findings().size() == 1);
    const Finding& finding = judgement.findings().front();
    INFO(finding.what << " / " << finding.call << " / " << finding.cause);
    CHECK(mentions(finding.what, row.what));
    CHECK(finding.excess.value_or(kNone) == row.excess);
    CHECK(mentions(finding.call, row.call));
    CHECK(mentions(finding.cause, row.cause));
    CHECK(finding.cause.empty() == (*row.cause == '\0'));
    CHECK(finding.error == row.error);
  }
}

TEST_CASE("the residue of a bounding set says how to be rid of it") {
  Run run;
  run.after.credentials.bounding = kFull;
  const Judgement judgement = run.judge();
  REQUIRE(judgement.count == 1);
  for (const char* const way :
       {"CAP_SETPCAP", "--cap-drop ALL", "--accept inert"})
    CHECK(mentions(judgement.findings().front().remedy, way));
}

TEST_CASE("where nothing was attempted no call is blamed") {
  Run run;
  run.after.credentials.bounding = kFull;
  run.after.credentials.permitted = kFull;
  run.after.credentials.no_new_privs = false;
  run.after.uids.fill(Uid{7});
  run.after.groups = {};
  const Judgement judgement = doff::judge(run.plan, run.before, nullptr,
                                          run.after, FilterState::kAbsent);
  CHECK(judgement.verdict == Verdict::kOpen);
  CHECK(judgement.as_asked);
  REQUIRE(judgement.findings().size() == 4);
  for (const Finding& each : judgement.findings()) {
    CHECK(each.call.empty());
    CHECK(each.cause.empty());
    CHECK(each.error == 0);
  }
}

TEST_CASE("everything wrong at once is a finding each, and they all fit") {
  Run run;
  run.plan.allowed.ambient = kChown;
  run.after.credentials = {kNetRaw, kNetRaw, kNetRaw, kNetRaw, kNetRaw, false};
  run.after.uids.fill(Uid{0});
  run.after.gids.fill(Gid{0});
  run.after.groups = {};
  run.after.unreadable = "getgroups";
  run.filter = FilterState::kAbsent;
  Judgement judgement = run.judge();
  judgement.add_no_namespace({.value = "unshare", .error = EPERM});
  CHECK(judgement.verdict == Verdict::kOpen);
  CHECK_FALSE(judgement.as_asked);
  CHECK(judgement.count == judgement.list.size());
  for (const Finding& each : judgement.findings())
    CHECK_FALSE(each.what.empty());
}

TEST_CASE("that there is no user namespace is a finding where one would help") {
  const doff::Failure failure{.value = "unshare", .error = EPERM};
  Run run;
  Judgement sealed = run.judge();
  REQUIRE(sealed.verdict == Verdict::kSealed);
  sealed.add_no_namespace(failure);
  CHECK(sealed.findings().empty());
  run.after.credentials.bounding = kNetRaw;
  Judgement inert = run.judge();
  const std::size_t before = inert.count;
  inert.add_no_namespace(failure);
  REQUIRE(inert.count == before + 1);
  CHECK(inert.findings().back().call == "unshare");
  CHECK(inert.findings().back().error == EPERM);
}

// Whatever comes back: sealed and as asked, or a reason.
TEST_CASE("anything less than sealed and as asked has a finding") {
  std::mt19937_64 random(6);
  const auto sometimes = [&] { return random() % 4 == 0; };
  int sealed = 0;
  for (int round = 0; round < 5000; ++round) {
    Run run;
    const auto spoil = [&](CapabilitySet& set) {
      if (sometimes()) set = CapabilitySet(random() & 0b1111);
    };
    spoil(run.plan.allowed.keep);
    spoil(run.after.credentials.permitted);
    spoil(run.after.credentials.effective);
    spoil(run.after.credentials.inheritable);
    spoil(run.after.credentials.bounding);
    spoil(run.after.credentials.ambient);
    run.plan.allowed.ambient = run.plan.allowed.ambient & run.plan.allowed.keep;
    if (sometimes()) run.after.credentials.no_new_privs = false;
    if (sometimes()) run.filter = FilterState::kAbsent;
    if (sometimes()) run.after.uids[random() % 4] = Uid{0};
    if (sometimes()) run.after.groups = kOtherGroups;
    if (sometimes())
      run.fails(static_cast<Step>(random() % doff::kSteps), EPERM);
    const Judgement judgement = run.judge();
    const bool fine =
        judgement.verdict == Verdict::kSealed && judgement.as_asked;
    REQUIRE(judgement.findings().empty() == fine);
    REQUIRE(judgement.verdict <=
            doff::judge(run.after.credentials, run.plan.allowed));
    if (fine) ++sealed;
  }
  CHECK(sealed > 0);
}
