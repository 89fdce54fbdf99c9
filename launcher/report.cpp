#include "launcher/report.h"

#include <unistd.h>

#include <cstring>

#include "caps/names.h"
#include "launcher/output.h"
#include "version.h"

namespace doff {
namespace {

constexpr std::array<std::string_view, 4> kFilters = {"none", "regain",
                                                      "hardened", "file"};
constexpr std::array<std::string_view, 4> kFilterStates = {
    "not-asked", "in-force", "outside", "absent"};

struct NamedSet {
  std::string_view human;
  std::string_view json;
  CapabilitySet Credentials::*set;
};
constexpr std::array<NamedSet, 5> kSets = {{
    {"CapInh", "inheritable", &Credentials::inheritable},
    {"CapPrm", "permitted", &Credentials::permitted},
    {"CapEff", "effective", &Credentials::effective},
    {"CapBnd", "bounding", &Credentials::bounding},
    {"CapAmb", "ambient", &Credentials::ambient},
}};

std::string_view filter(const Report& report) {
  return kFilters[static_cast<std::size_t>(report.plan.filter.kind)];
}
std::string_view filter_state(const Report& report) {
  return kFilterStates[static_cast<std::size_t>(report.filter)];
}

// "CapBnd holds 0000000000002000 (NET_RAW): prctl(PR_CAPBSET_DROP):
// CAP_SETPCAP is not effective (Operation not permitted)"
void put(Output& out, const Finding& finding) {
  out << finding.what;
  if (finding.excess) out << " holds " << *finding.excess;
  if (!finding.call.empty()) out << ": " << finding.call;
  if (!finding.cause.empty()) out << ": " << finding.cause;
  if (finding.error != 0) out << " (" << std::strerror(finding.error) << ")";
}

template <typename Ids>
void put_ids(Output& out, const Ids& ids, std::string_view separator) {
  std::string_view between;
  if (std::empty(ids) && separator == " ") out << "none";
  for (const auto id : ids) {
    out << between << static_cast<std::uint32_t>(id);
    between = separator;
  }
}

void put_json(Output& out, const State& state) {
  for (const NamedSet& each : kSets) {
    out << "\"" << each.json << "\":{\"hex\":\"";
    out.hex(state.credentials.*each.set) << "\",\"names\":\"";
    out.names(state.credentials.*each.set) << "\"},";
  }
  out << "\"no_new_privs\":"
      << (state.credentials.no_new_privs ? "true" : "false")
      << ",\"securebits\":" << state.securebits
      << ",\"seccomp_mode\":" << state.seccomp_mode << ",\"uids\":[";
  put_ids(out, state.uids, ",");
  out << "],\"gids\":[";
  put_ids(out, state.gids, ",");
  out << "],\"groups\":[";
  put_ids(out, state.groups, ",");
  out << "]}";
}

// A line a fact, named as in /proc/PID/status: before, and after if it is not
// the same.
template <typename Fact>
void put_change(Output& out, std::string_view name, const Report& report,
                const Fact& fact) {
  out << name;
  fact(report.before);
  if (&report.before != &report.after) {
    out << "  ->  ";
    fact(report.after);
  }
  out << "\n";
}

}  // namespace

int refuse(const Failure& failure) {
  Output out(STDERR_FILENO);
  out << "doff: ";
  if (!failure.file.empty()) out.quote(failure.file) << ":";
  if (failure.line != 0) out << failure.line << ":";
  if (!failure.file.empty()) out << " ";
  out.quote(failure.doing);
  if (!failure.value.empty()) (out << " '").quote(failure.value) << "'";
  if (!failure.cause.empty()) out << ": " << failure.cause;
  if (failure.error != 0) out << ": " << std::strerror(failure.error);
  if (!failure.guess.empty()) out << "; did you mean " << failure.guess << "?";
  if (!failure.next.empty()) out << " (" << failure.next << ")";
  out << "\n";
  return failure.exit_status;
}

int refuse(const Judgement& judgement, Verdict accept) {
  Output out(STDERR_FILENO);
  out << "doff: refused to start COMMAND: this process is "
      << name(judgement.verdict);
  if (judgement.verdict < accept) out << ", not " << name(accept);
  out << "\n";
  for (const Finding& finding : judgement.findings()) {
    out << "doff:   ";
    put(out, finding);
    if (!finding.remedy.empty()) out << "; " << finding.remedy;
    out << "\n";
  }
  return kExitRefused;
}

void warn(const Judgement& judgement) {
  Output out(STDERR_FILENO);
  out << "doff: " << name(judgement.verdict);
  std::string_view between = ": ";
  for (const Finding& finding : judgement.findings()) {
    out << between;
    put(out, finding);
    between = "; ";
  }
  out << "\n";
}

int report_human(int fd, const Report& report) {
  Output out(fd);
  out << "verdict     " << name(report.judgement.verdict)
      << (report.accepted ? ", accepted" : ", refused") << "\nfilter      "
      << filter(report) << ", " << filter_state(report) << "\n";
  for (const NamedSet& each : kSets) {
    out << each.human << "      ";
    put_change(out, "", report, [&](const State& state) {
      out.hex(state.credentials.*each.set);
    });
  }
  put_change(out, "NoNewPrivs  ", report, [&](const State& state) {
    out << (state.credentials.no_new_privs ? "1" : "0");
  });
  put_change(out, "Securebits  ", report,
             [&](const State& state) { out << state.securebits; });
  put_change(out, "Seccomp     ", report,
             [&](const State& state) { out << state.seccomp_mode; });
  put_change(out, "Uid         ", report,
             [&](const State& state) { put_ids(out, state.uids, " "); });
  put_change(out, "Gid         ", report,
             [&](const State& state) { put_ids(out, state.gids, " "); });
  put_change(out, "Groups      ", report,
             [&](const State& state) { put_ids(out, state.groups, " "); });
  for (const Finding& finding : report.judgement.findings()) {
    out << "reason      ";
    put(out, finding);
    out << "\n";
  }
  return out.flush();
}

int report_json(int fd, const Report& report) {
  Output out(fd);
  out << "{\"doff\":\"" DOFF_VERSION "\",\"verdict\":\""
      << name(report.judgement.verdict) << "\",\"accept\":\""
      << name(report.accept)
      << "\",\"accepted\":" << (report.accepted ? "true" : "false")
      << ",\"filter\":\"" << filter(report) << "\",\"filter_state\":\""
      << filter_state(report) << "\",\"reasons\":[";
  std::string_view between = "\"";
  for (const Finding& finding : report.judgement.findings()) {
    out << between;
    put(out, finding);
    out << "\"";
    between = ",\"";
  }
  out << "],\"before\":{";
  put_json(out, report.before);
  out << ",\"after\":{";
  put_json(out, report.after);
  out << "}\n";
  return out.flush();
}

int print_help() {
  Output out(STDOUT_FILENO);
  out << "usage: doff [OPTION...] [--] [COMMAND [ARG...]]\n"
         "Start COMMAND (default: a shell) with no capability and no way to "
         "get one.\n";
  for (const Option& option : option_table()) {
    out << "  --" << option.name << " " << option.argument;
    constexpr std::size_t kWidest = 18;
    for (std::size_t width = option.name.size() + option.argument.size();
         width <= kWidest; ++width)
      out << " ";
    out << option.help << "\n";
  }
  out << "Exit status: COMMAND's; 125 refused, 126 not executable, 127 not "
         "found. See doff(1).\n";
  return out.flush();
}

int print_version() {
  Output out(STDOUT_FILENO);
  out << "doff " DOFF_VERSION "\n";
  return out.flush();
}

}  // namespace doff
