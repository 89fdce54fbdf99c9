#include "launcher/apply.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "caps/names.h"

namespace doff {
namespace {

// Puts a descriptor of its own into the range, to see it closed.
void close_range(unsigned first, unsigned last) {
  if (first > last) return;
  int canary = -1;
  for (int fd = 0; fd <= 2 && canary < 0; ++fd)
    canary = fcntl(fd, F_DUPFD, static_cast<int>(first));
  if (syscall(SYS_close_range, first, last, 0) == 0 &&
      (canary < 0 || static_cast<unsigned>(canary) > last ||
       fcntl(canary, F_GETFD) < 0))
    return;
  // Before Linux 5.9, and under filters that do not know the call. Not up to
  // RLIMIT_NOFILE, below which a descriptor may have been opened before it was
  // lowered, but to the default of fs.nr_open.
  for (unsigned fd = first; fd <= std::min(last, 1U << 20); ++fd)
    close(static_cast<int>(fd));
}

// Then failing to set them changes nothing. The overflow id stands for every
// group that the user namespace does not map, so it is never surely the same.
bool already_held(std::span<const Gid> wanted, std::span<const Gid> held) {
  constexpr Gid kOverflow{65534};
  return std::ranges::is_permutation(wanted, held) &&
         std::ranges::count(held, kOverflow) == 0;
}

bool is_report(const Options& options, int fd) {
  return options.report != ReportForm::kNone && fd == options.report_fd;
}

long set_capabilities(CapabilitySet permitted, CapabilitySet inheritable) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  for (unsigned half = 0; half < 2; ++half) {
    data[half].effective = data[half].permitted =
        static_cast<std::uint32_t>(permitted.bits() >> (half * 32));
    data[half].inheritable =
        static_cast<std::uint32_t>(inheritable.bits() >> (half * 32));
  }
  return syscall(SYS_capset, &header, data.data());
}

}  // namespace

void hide_from_tracers() { prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

void mark_descriptors(const Options& options) {
  for (int fd = 3; fd < kNameableFds; ++fd) {
    const bool kept = options.keep_fd[static_cast<std::size_t>(fd)];
    if (!kept && !is_report(options, fd)) continue;
    if (fcntl(fd, F_SETFD, kept ? 0 : FD_CLOEXEC) != 0)
      refuse_option(
          kept ? "keep-fd" : "report-fd",
          {.cause = "a descriptor that it names is not open", .error = errno});
  }
}

void close_descriptors(const Options& options) {
  unsigned first = 3;
  for (unsigned fd = first; fd < kNameableFds; ++fd) {
    if (!options.keep_fd[fd] && !is_report(options, static_cast<int>(fd)))
      continue;
    close_range(first, fd - 1);
    first = fd + 1;
  }
  close_range(first, UINT_MAX);
}

// Groups and gid come before the uid, which takes CAP_SETGID away with it. The
// bounding set falls before the uid too: leaving uid 0 empties the effective
// set, and with it goes the CAP_SETPCAP that every drop needs.
Outcome apply(const Plan& plan, const State& before) {
  Outcome outcome;
  const auto note = [&](Step step, long result) {
    outcome.note(step, result == 0 ? 0 : errno);
  };
  const Credentials& held = before.credentials;
  const CapabilitySet ambient = plan.allowed.ambient & held.permitted;

  if (held.effective != held.permitted)
    note(Step::kSets, set_capabilities(held.permitted, held.inheritable));
  if (plan.groups) {
    const auto& groups = *plan.groups;
    const long result = syscall(SYS_setgroups, groups.size(), groups.data());
    if (!already_held(groups, before.groups)) note(Step::kGroups, result);
  }
  if (plan.user) {
    const Gid gid = plan.user->gid;
    note(Step::kGid, syscall(SYS_setresgid, gid, gid, gid));
  }

  // Needs CAP_SETPCAP for a capability that is absent, too, so takes only what
  // is there; CAP_SETPCAP itself last.
  constexpr CapabilitySet kLast = only("SETPCAP");
  const CapabilitySet excess = held.bounding - plan.allowed.keep;
  for (const CapabilitySet part : {excess - kLast, excess & kLast})
    for (const Capability each : part)
      note(Step::kBounding, prctl(PR_CAPBSET_DROP, number(each), 0, 0, 0));

  if (plan.user) {
    const Uid uid = plan.user->uid;
    // Leaving uid 0 empties the permitted set as well, of which ambient must
    // be a part; KEEPCAPS prevents that. execve clears the flag; so do we.
    if (!ambient.empty()) prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
    note(Step::kUid, syscall(SYS_setresuid, uid, uid, uid));
    if (!ambient.empty()) prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
  }

  note(Step::kAmbient,
       prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
  note(Step::kSets, set_capabilities(plan.permitted & held.permitted, ambient));
  for (const Capability each : ambient)
    note(Step::kAmbient,
         prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number(each), 0, 0));
  if (ambient != plan.allowed.ambient) outcome.note(Step::kAmbient, EPERM);
  note(Step::kNoNewPrivs, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  return outcome;
}

void enter(const Options& options) {
  struct stat wanted {};
  struct stat entered {};
  if (options.chdir != nullptr &&
      (stat(options.chdir, &wanted) != 0 || chdir(options.chdir) != 0 ||
       stat(".", &entered) != 0 || wanted.st_dev != entered.st_dev ||
       wanted.st_ino != entered.st_ino))
    refuse_option("chdir", {.value = options.chdir, .error = errno});
  // getcwd(2) shows a directory outside of the root directory without a slash
  // in front (CVE-2024-21626); getcwd(3) would hide it. One that was deleted
  // has no name, and may be outside as well.
  std::array<char, PATH_MAX> path{};
  const long size = syscall(SYS_getcwd, path.data(), path.size());
  if (size <= 0 || path[0] != '/')
    refuse({.doing = "looking at the working directory",
            .cause = "it is deleted, or outside of the root directory",
            .error = size < 0 ? errno : 0,
            .next = "--chdir / leaves it"});
  int signal = 0;
  if (options.pdeathsig != 0 &&
      (prctl(PR_SET_PDEATHSIG, options.pdeathsig, 0, 0, 0) != 0 ||
       prctl(PR_GET_PDEATHSIG, &signal, 0, 0, 0) != 0 ||
       signal != options.pdeathsig))
    refuse_option("pdeathsig", {.cause = "prctl", .error = errno});
}

}  // namespace doff
