#include "helper/doctor/sealed.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include "caps/capability_set.h"
#include "caps/verdict.h"
#include "helper/policy/tightened.h"
#include "helper/processes/status.h"
#include "helper/words.h"

namespace doff {
namespace {

// proc_pid_status(5), Seccomp: 2 is a filter.
constexpr std::uint32_t kSeccompFilter = 2;

// The number of a line `NAME:\tNUMBER`; nothing where there is none.
std::optional<std::uint32_t> find_number(std::string_view status,
                                         std::string_view name) {
  const std::string key = "\n" + std::string(name) + ":\t";
  const std::size_t at = status.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  status.remove_prefix(at + key.size());
  std::uint32_t value = 0;
  if (std::from_chars(status.data(), status.data() + status.size(), value).ec !=
      std::errc{})
    return std::nullopt;
  return value;
}

// Those of the five sets that hold more than `keep`, each with what.
std::string beyond(const Credentials& held, CapabilitySet keep) {
  using Set = std::pair<std::string_view, CapabilitySet>;
  const std::array<Set, 5> sets = {{{"bounding", held.bounding},
                                    {"permitted", held.permitted},
                                    {"effective", held.effective},
                                    {"inheritable", held.inheritable},
                                    {"ambient", held.ambient}}};
  std::string text;
  for (const auto& [name, set] : sets)
    if (!(set <= keep))
      text.append(text.empty() ? "" : "; ")
          .append(name)
          .append(" has ")
          .append(names(set - keep));
  return text;
}

// Why the filters are not what they ought to be, or nothing. That of an engine
// is no proof of ours, so there must be more than in the first process; Linux
// counts them since 5.9.
std::string missing_filter(std::string_view command, std::string_view first) {
  if (find_number(command, "Seccomp") != kSeccompFilter)
    return "no seccomp filter";
  const auto theirs = find_number(first, "Seccomp_filters");
  const auto both = find_number(command, "Seccomp_filters");
  if (theirs && both && *both <= *theirs)
    return "no seccomp filter but the engine's";
  return "";
}

}  // namespace

Result<std::string> judge_command(std::string_view command,
                                  std::string_view first,
                                  const ConnectPolicy& policy) {
  const auto status = parse_status(command);
  if (!status)
    return tl::unexpected(
        Failure{.doing = "the command's /proc/PID/status",
                .cause = "does not say what it holds",
                .next = "it has ended: is something ending it?"});
  const CapabilitySet keep = allowed(policy);
  const Credentials& held = status->credentials;
  const bool filtered = policy.inject && policy.seccomp != "none";
  std::string wrong = beyond(held, keep);
  const auto add = [&wrong](const std::string& what) {
    if (!what.empty()) wrong.append(wrong.empty() ? "" : "; ").append(what);
  };
  if (!held.no_new_privs) add("no_new_privs is not set");
  if (filtered) add(missing_filter(command, first));
  const Verdict verdict = judge(held, {.keep = keep, .ambient = keep});
  if (!wrong.empty())
    return tl::unexpected(
        Failure{.doing = "a command in a container",
                .cause = "is " + std::string(name(verdict)) + ": " + wrong,
                .next = "find out what the engine runs as `doff`; see "
                        "doff-runtime(8)"});
  return "sealed: " +
         (keep.empty() ? "five empty sets" : "no set beyond " + names(keep)) +
         ", no_new_privs" + (filtered ? ", seccomp filter" : "");
}

}  // namespace doff
