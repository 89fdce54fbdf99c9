#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "caps/names.h"
#include "helper/capability_facts.h"
#include "helper/doffctl/command.h"
#include "helper/doffctl/commands.h"
#include "helper/doffctl/short_set.h"
#include "helper/doffctl/table.h"
#include "helper/doffctl/wish_options.h"
#include "helper/file.h"
#include "helper/install_shell/passwd.h"
#include "helper/processes/survey.h"
#include "helper/words.h"

namespace doff {
namespace {

using Json = nlohmann::ordered_json;

struct AuditOptions {
  WishOptions wish;
  std::vector<std::string> pids;
  std::string container;
  bool all = false;
  bool json = false;
};

// Names of users, by /etc/passwd. Not by getpwuid(3): for that a static program
// loads modules of this machine, which want the libc that it was linked with.
class Users {
 public:
  Users() {
    constexpr std::size_t kLongest = std::size_t{16} << 20U;
    const auto text = read_file("/etc/passwd", kLongest);
    if (!text) return;  // numbers have to do
    for (const PasswdLine& line : passwd_lines(*text))
      if (const auto uid = parse_number(line.uid, UINT32_MAX))
        names_.try_emplace(*uid, line.name);
  }

  std::string name(uid_t uid) const {
    const auto at = names_.find(uid);
    return at == names_.end() ? std::to_string(uid) : at->second;
  }

 private:
  std::map<uid_t, std::string> names_;
};

Result<std::vector<Pid>> read_pids(const std::vector<std::string>& words) {
  // Linux goes no higher, proc(5) "pid_max".
  constexpr std::uint32_t kMost = 1U << 22U;
  std::vector<Pid> pids;
  for (const std::string& word : words) {
    const auto pid = parse_number(word, kMost);
    if (!pid || *pid == 0)
      return tl::unexpected(Failure{.doing = "--pid",
                                    .value = word,
                                    .cause = "not the number of a process",
                                    .next = "ps -e shows them"});
    pids.push_back(static_cast<Pid>(*pid));
  }
  std::ranges::sort(pids);
  pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
  return pids;
}

Result<void> check_container(const std::string& id) {
  const auto is_digit = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  };
  if (std::ranges::all_of(id, is_digit)) return {};
  return tl::unexpected(
      Failure{.doing = "--container",
              .value = id,
              .cause = "not the beginning of a container's id, which is of "
                       "digits and the letters a to f",
              .next = "docker ps, podman ps or crictl ps show ids"});
}

// What is left of everything: what the policy says that a container may have.
Checked<CapabilitySet> read_allowed(const WishOptions& options) {
  const auto wish = read_wish(options);
  if (!wish) return tl::unexpected(wish.error());
  if (!wish->policy) return CapabilitySet();
  if (!wish->policy->capabilities)
    return tl::unexpected(
        Failures{{.doing = "audit",
                  .value = wish->policy->source,
                  .cause = "a policy without the section `capabilities` "
                           "allows everything",
                  .next = "add one, see doff-policy(5)"}});
  const CapabilitySet everything(~std::uint64_t{0});
  const auto left =
      resolve(*wish, Semantics::kDocker, everything, kAllCapabilities);
  if (!left) return tl::unexpected(Failures{left.error()});
  return left->set();
}

// What must be so before an answer is worth anything.
Result<void> check_answer(const AuditOptions& options, const Survey& survey) {
  if (!options.pids.empty() && !survey.vanished.empty())
    return tl::unexpected(
        Failure{.doing = "--pid",
                .value = std::to_string(number(survey.vanished.front())),
                .cause = "no such process in this /proc"});
  if (!options.pids.empty() && !survey.refused.empty())
    return tl::unexpected(
        Failure{.doing = "--pid",
                .value = std::to_string(number(survey.refused.front())),
                .cause = "its status may not be read",
                .next = "run doffctl as root"});
  if (options.container.empty()) return {};
  if (survey.containers.empty())
    return tl::unexpected(
        Failure{.doing = "--container",
                .value = options.container,
                .cause = "no process is in a container of such an id"});
  if (survey.containers.size() > 1)
    return tl::unexpected(
        Failure{.doing = "--container",
                .value = options.container,
                .cause = "several containers' ids begin so: " +
                         survey.containers.begin()->substr(0, 12) + ", " +
                         std::next(survey.containers.begin())->substr(0, 12),
                .next = "give more of it"});
  return {};
}

std::string_view name(UserNamespace where) {
  constexpr std::array<std::string_view, 3> kNames = {"own", "below",
                                                      "unknown"};
  return kNames[static_cast<std::size_t>(where)];
}

std::string container_cell(const Finding& finding) {
  constexpr std::size_t kShort = 12;  // as engines show them
  if (!finding.container)
    return finding.status.in_pid_namespace_below ? "?" : "-";
  const std::string_view engine = finding.container->engine;
  return std::string(engine) + (engine.empty() ? "" : ":") +
         finding.container->id.substr(0, kShort);
}

// The sets that say more than the two which every process is judged by.
std::string other_sets(const Credentials& above) {
  std::string text;
  const auto add = [&](const char* set_name, CapabilitySet set) {
    if (!set.empty())
      text += (text.empty() ? "" : " ") + std::string(set_name) + "=" +
              short_set(set);
  };
  add("prm",
      above.permitted == above.effective ? CapabilitySet() : above.permitted);
  add("inh", above.inheritable);
  add("amb", above.ambient);
  return text.empty() ? "-" : text;
}

Colour colour_of(const Finding& finding) {
  const bool here = finding.user_namespace != UserNamespace::kBelow;
  const CapabilitySet high = finding.above.effective & of_danger(Danger::kHigh);
  if (here && !high.empty()) return Colour::kRed;
  return here && finding.verdict == Verdict::kOpen ? Colour::kYellow
                                                   : Colour::kPlain;
}

// A terminal has room for little.
void drop_column_of_dashes(std::ptrdiff_t column,
                           std::vector<std::string>& titles,
                           std::vector<Row>& rows) {
  const auto cell = [column](std::vector<std::string>& cells) {
    return cells.begin() + column;
  };
  if (std::ranges::any_of(rows,
                          [&](Row& row) { return *cell(row.cells) != "-"; }))
    return;
  titles.erase(cell(titles));
  for (Row& row : rows) row.cells.erase(cell(row.cells));
}

void print_table(const std::vector<Finding>& findings) {
  const Users users;
  std::vector<Row> rows;
  rows.reserve(findings.size());
  for (const Finding& each : findings)
    rows.push_back(
        {{std::to_string(number(each.pid)),
          users.name(each.status.effective_uid), container_cell(each),
          std::string(name(each.verdict)), each.above.no_new_privs ? "1" : "0",
          std::string(name(each.user_namespace)),
          short_set(each.above.effective), short_set(each.above.bounding),
          other_sets(each.above), each.command},
         colour_of(each)});
  std::vector<std::string> titles = {
      "PID",    "USER",      "CONTAINER", "VERDICT", "NNP",
      "USERNS", "EFFECTIVE", "BOUNDING",  "OTHERS",  "COMMAND"};
  drop_column_of_dashes(8, titles, rows);  // OTHERS, which most have none of
  std::cout << table(titles, rows, describe_stdout());
}

Json json_finding(const Finding& finding, const Users& users) {
  const Credentials& held = finding.status.credentials;
  const Credentials& above = finding.above;
  Json container;
  if (finding.container)
    container = {{"engine", finding.container->engine},
                 {"id", finding.container->id}};
  Json exceeding = Json::array();
  for (const Capability each : above.permitted | above.effective |
                                   above.inheritable | above.bounding |
                                   above.ambient)
    exceeding.push_back(canonical_name(each));
  return {{"pid", number(finding.pid)},
          {"uid", finding.status.effective_uid},
          {"user", users.name(finding.status.effective_uid)},
          {"name", finding.status.name},
          {"command", finding.command},
          {"in_container", in_container(finding.status, finding.container)},
          {"container", std::move(container)},
          {"verdict", name(finding.verdict)},
          {"no_new_privs", held.no_new_privs},
          {"user_namespace", name(finding.user_namespace)},
          {"effective", hex_text(held.effective)},
          {"permitted", hex_text(held.permitted)},
          {"inheritable", hex_text(held.inheritable)},
          {"bounding", hex_text(held.bounding)},
          {"ambient", hex_text(held.ambient)},
          {"above", std::move(exceeding)}};
}

void print_json(const std::vector<Finding>& findings) {
  const Users users;
  Json list = Json::array();
  for (const Finding& each : findings)
    list.push_back(json_finding(each, users));
  // ASCII alone: a command may hold DEL and C1 controls, which terminals obey.
  std::cout << list.dump(2, ' ', true, Json::error_handler_t::replace) << "\n";
}

// On stderr, so that stdout is the answer alone.
void print_notes(const Survey& survey) {
  if (!survey.refused.empty())
    std::cerr << "doffctl: note: " << survey.refused.size()
              << " processes could not be read\n";
  if (std::ranges::any_of(survey.findings, [](const Finding& each) {
        return each.user_namespace == UserNamespace::kBelow;
      }))
    std::cerr << "doffctl: note: USERNS below: these capabilities count only "
                 "in that user namespace, not on this host\n";
}

int exit_status(const Survey& survey) {
  const bool any = std::ranges::any_of(
      survey.findings,
      [](const Finding& each) { return holds_any(each.above); });
  if (any) return kExitNo;
  if (survey.refused.empty()) return kExitDone;
  return complain({.doing = "audit",
                   .cause = "nothing is above what is allowed, but not every "
                            "process could be read",
                   .next = "run doffctl as root"});
}

int audit(const AuditOptions& options) {
  const auto allowed = read_allowed(options.wish);
  if (!allowed) return complain_of_all(allowed.error());
  if (const auto fine = check_container(options.container); !fine)
    return complain(fine.error());
  auto pids = read_pids(options.pids);
  if (!pids) return complain(pids.error());
  const auto proc = Proc::open();
  if (!proc) return complain(proc.error());
  if (pids->empty()) {
    pids = proc->pids();
    if (!pids) return complain(pids.error());
  }
  const Survey found = survey(*proc, *pids,
                              {.allowed = *allowed,
                               .only_containers = !options.all,
                               .container = options.container,
                               .everything = !options.pids.empty()});
  if (const auto answer = check_answer(options, found); !answer)
    return complain(answer.error());
  if (options.json)
    print_json(found.findings);
  else if (!found.findings.empty())
    print_table(found.findings);
  else
    std::cout << "nothing above what is allowed: looked at " << found.looked_at
              << " processes"
              << (options.all ? "" : ", and told of those in containers")
              << "\n";
  if (!options.json) print_notes(found);
  return exit_status(found);
}

}  // namespace

void add_audit(const Command& doffctl) {
  const auto options = std::make_shared<AuditOptions>();
  const Command command = doffctl.add(
      "audit", "Show processes in containers that hold more than is allowed");
  const Option pid = command.values("--pid", "N", options->pids,
                                    "look at this process, in a container or "
                                    "not; may be repeated");
  const Option container =
      command.value("--container", "ID", options->container,
                    "look at the container whose id begins so");
  container.excludes(pid);
  command.flag("--all", options->all, "look at every process of the host")
      .excludes(pid)
      .excludes(container);
  add_policy_options(command, options->wish);
  command.flag("--json", options->json, "print JSON, for programs");
  command.does([options] { return audit(*options); });
}

}  // namespace doff
