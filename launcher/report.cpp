#include "launcher/report.h"

#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "launcher/failure.h"
#include "launcher/output.h"
#include "version.h"

namespace doff {
namespace {

constexpr std::array<std::string_view, 4> kFilterStates = {
    "not-asked", "in-force", "outside", "absent"};

// Values of State, as text that is right in JSON; sets and lists have a form
// of their own for people.
using Put = void (*)(Output&, const State&, bool json);

template <CapabilitySet Credentials::*kSet>
void put_set(Output& out, const State& state, bool json) {
  const CapabilitySet set = state.credentials.*kSet;
  if (json) out << "{\"hex\":\"";
  out.hex(set);
  if (json) (out << "\",\"names\":\"").names(set) << "\"}";
}

template <auto State::*kNumber>
void put_number(Output& out, const State& state, bool /*json*/) {
  out << state.*kNumber;
}

void put_no_new_privs(Output& out, const State& state, bool json) {
  const bool set = state.credentials.no_new_privs;
  out << (json ? (set ? "true" : "false") : (set ? "1" : "0"));
}

template <auto State::*kList>
void put_list(Output& out, const State& state, bool json) {
  if (json) out << "[";
  if (!json && std::empty(state.*kList)) out << "none";
  std::string_view between;
  for (const auto id : state.*kList) {
    out << between << static_cast<long>(id);
    between = json ? "," : " ";
  }
  if (json) out << "]";
}

struct Fact {
  std::string_view human;  // as in /proc/PID/status, 12 wide
  std::string_view json;
  Put put;
};
constexpr std::array<Fact, 11> kFacts = {{
    {"CapInh      ", "inheritable", put_set<&Credentials::inheritable>},
    {"CapPrm      ", "permitted", put_set<&Credentials::permitted>},
    {"CapEff      ", "effective", put_set<&Credentials::effective>},
    {"CapBnd      ", "bounding", put_set<&Credentials::bounding>},
    {"CapAmb      ", "ambient", put_set<&Credentials::ambient>},
    {"NoNewPrivs  ", "no_new_privs", put_no_new_privs},
    {"Securebits  ", "securebits", put_number<&State::securebits>},
    {"Seccomp     ", "seccomp_mode", put_number<&State::seccomp_mode>},
    {"Uid         ", "uids", put_list<&State::uids>},
    {"Gid         ", "gids", put_list<&State::gids>},
    {"Groups      ", "groups", put_list<&State::groups>},
}};

void put_json(Output& out, const State& state) {
  std::string_view between = "{\"";
  for (const Fact& fact : kFacts) {
    out << between << fact.json << "\":";
    fact.put(out, state, true);
    between = ",\"";
  }
  out << "}";
}

// "CapBnd holds 0000000000002000 (NET_RAW): prctl(PR_CAPBSET_DROP):
// CAP_SETPCAP is not effective (Operation not permitted)"
Output& operator<<(Output& out, const Finding& finding) {
  out << finding.what;
  if (finding.excess) out << " holds " << *finding.excess;
  if (!finding.call.empty()) out << ": " << finding.call;
  if (!finding.cause.empty()) out << ": " << finding.cause;
  if (finding.error != 0) out << " (" << std::strerror(finding.error) << ")";
  return out;
}

std::string_view filter_name(const Report& report) {
  return kFilterNames[static_cast<std::size_t>(report.plan.filter.kind)];
}

std::string_view filter_state(const Report& report) {
  return kFilterStates[static_cast<std::size_t>(report.filter)];
}

void put_human(Output& out, const Report& report, Verdict accept) {
  out << "verdict     " << name(report.judgement.verdict)
      << (report.judgement.passes(accept) ? ", accepted" : ", refused")
      << "\nfilter      " << filter_name(report) << ", " << filter_state(report)
      << "\n";
  if (report.entered) out << "userns      entered\n";
  for (const Fact& fact : kFacts) {
    out << fact.human;
    fact.put(out, report.before, false);
    if (&report.before != &report.after) {
      out << "  ->  ";
      fact.put(out, report.after, false);
    }
    out << "\n";
  }
  for (const Finding& finding : report.judgement.findings())
    out << "reason      " << finding << "\n";
}

void put_json(Output& out, const Report& report, Verdict accept) {
  out << "{\"doff\":\"" DOFF_VERSION "\",\"verdict\":\""
      << name(report.judgement.verdict) << "\",\"accept\":\"" << name(accept)
      << "\",\"accepted\":"
      << (report.judgement.passes(accept) ? "true" : "false")
      << ",\"filter\":\"" << filter_name(report) << "\",\"filter_state\":\""
      << filter_state(report)
      << "\",\"userns\":" << (report.entered ? "true" : "false")
      << ",\"reasons\":[";
  std::string_view between = "\"";
  for (const Finding& finding : report.judgement.findings()) {
    out << between << finding << "\"";
    between = ",\"";
  }
  out << "],\"before\":";
  put_json(out, report.before);
  out << ",\"after\":";
  put_json(out, report.after);
  out << "}\n";
}

// What was not written was not told.
int finish(Output& out, std::string_view doing) {
  if (const int error = out.flush()) refuse({.doing = doing, .error = error});
  return 0;
}

[[noreturn]] void end(Output& out, int exit_status) {
  out.flush();
  std::exit(exit_status);
}

}  // namespace

void refuse(const Failure& failure) {
  Output out(STDERR_FILENO);
  out << "doff: ";
  if (!failure.file.empty()) out.quote(failure.file) << ":";
  if (failure.line != 0) out << failure.line << ":";
  if (!failure.file.empty()) out << " ";
  if (failure.is_option && failure.line == 0) out << "--";
  out.quote(failure.doing);
  if (!failure.value.empty()) (out << " '").quote(failure.value) << "'";
  if (!failure.cause.empty())
    out << (failure.doing.empty() ? "" : ": ") << failure.cause;
  if (failure.error != 0) out << ": " << std::strerror(failure.error);
  if (!failure.guess.empty()) out << "; did you mean " << failure.guess << "?";
  if (!failure.looked_in.empty())
    (out << " (looked in ").quote(failure.looked_in) << ")";
  if (!failure.next.empty()) out << " (" << failure.next << ")";
  end(out << "\n", failure.exit_status);
}

void refuse_option(std::string_view option, Failure failure) {
  failure.doing = option;
  failure.is_option = !option.empty();
  refuse(failure);
}

void refuse(const Judgement& judgement, const Options& options) {
  const bool as_shell = options.called != CalledAs::kDoff;
  Output out(STDERR_FILENO);
  // By the first words doffctl knows a program as doff:
  // install_shell/launcher.h.
  out << "doff: refused to start " << (as_shell ? "the shell" : "COMMAND")
      << ": ";
  if (judgement.verdict < options.accept)
    out << "this process is " << name(judgement.verdict) << ", not "
        << name(options.accept) << "\n";
  else
    out << "it would not run as asked\n";
  for (const Finding& finding : judgement.findings()) {
    out << "doff:   " << finding;
    if (!finding.remedy.empty()) out << "; " << finding.remedy;
    out << "\n";
  }
  if (as_shell)
    out << "doff:   root puts options into " << kShellConfig
        << ", as lines without dashes: doff-shell(1)\n";
  end(out, kExitRefused);
}

void warn(const Judgement& judgement) {
  Output out(STDERR_FILENO);
  out << "doff: " << name(judgement.verdict);
  std::string_view between = ": ";
  for (const Finding& finding : judgement.findings()) {
    out << between << finding;
    between = "; ";
  }
  out << "\n";
}

void report(const Options& options, const Report& report) {
  const bool runs = options.action == Action::kRun;
  if (runs && options.report == ReportForm::kNone) return;
  Output out(runs ? options.report_fd : STDOUT_FILENO);
  if (options.report == ReportForm::kJson)
    put_json(out, report, options.accept);
  else
    put_human(out, report, options.accept);
  finish(out, "writing the report");
}

int print_help() {
  constexpr std::size_t kColumn = 20;
  Output out(STDOUT_FILENO);
  out << "usage: doff [OPTION...] [--] [COMMAND [ARG...]]\n"
         "Start COMMAND (default: a shell) with no capability and no way to "
         "get one.\n";
  for (const Option& option : option_table()) {
    const std::size_t used = option.name.size() + 1 + option.argument.size();
    out << "  --" << option.name << " " << option.argument
        << std::string_view("                    ", kColumn - used)
        << option.help << "\n";
  }
  out << "Exit status: COMMAND's; 125 refused, 126 not executable, 127 not "
         "found.\n";
  return finish(out, "writing");
}

int print_version() {
  Output out(STDOUT_FILENO);
  out << "doff " DOFF_VERSION "\n";
  return finish(out, "writing");
}

}  // namespace doff
