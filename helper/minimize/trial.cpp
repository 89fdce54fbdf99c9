#include "helper/minimize/trial.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "caps/names.h"
#include "helper/words.h"

namespace doff {
namespace {

constexpr int kReportFd = 3;  // where the command's doff writes its report

std::vector<std::string> launcher_words(const Experiment& experiment,
                                        CapabilitySet set) {
  const std::string list = names(set);
  std::vector<std::string> words = {experiment.launcher,
                                    "--cap-add",
                                    list,
                                    "--seccomp",
                                    "none",
                                    "--pdeathsig",
                                    "KILL",
                                    "--report",
                                    "json",
                                    "--report-fd",
                                    std::to_string(kReportFd)};
  if (experiment.ambient) words.insert(words.end(), {"--ambient", list});
  words.emplace_back("--");
  words.insert(words.end(), experiment.command.begin(),
               experiment.command.end());
  return words;
}

// With a word of its own from doff that it did start the command, 125 is the
// command's. Without, what is on stderr is why not.
std::optional<Failure> refusal(const std::string& report,
                               const std::string& output, CapabilitySet set) {
  const auto told = nlohmann::json::parse(report, nullptr, false);
  if (told.is_object() && told.contains("accepted") && told["accepted"] == true)
    return std::nullopt;
  std::string_view why = output;
  while (why.ends_with('\n')) why.remove_suffix(1);
  return Failure{.doing = "a trial with",
                 .value = names(set),
                 .cause = why.empty() ? "the launcher says nothing: is it doff?"
                                      : printable(why)};
}

}  // namespace

Result<Means> own_means() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
  if (syscall(SYS_capget, &header, data.data()) != 0)
    return tl::unexpected(Failure{.doing = "capget", .error = errno});
  const auto joined = [](std::uint32_t low, std::uint32_t high) {
    return CapabilitySet(std::uint64_t{high} << 32 | low);
  };
  const CapabilitySet permitted = joined(data[0].permitted, data[1].permitted);
  Means means;
  for (const Capability each : permitted)
    if (prctl(PR_CAPBSET_READ, number(each)) == 1)
      means.held |= CapabilitySet(each);
  means.may_drop =
      only("SETPCAP") <= joined(data[0].effective, data[1].effective);
  means.needs_ambient = geteuid() != 0;
  return means;
}

std::string to_text(const Ending& ending, std::chrono::seconds timeout) {
  switch (ending.kind) {
    case Ending::Kind::kExited:
      return "exit status " + std::to_string(ending.number);
    case Ending::Kind::kSignalled:
      if (const char* const name = sigabbrev_np(ending.number))
        return std::string("killed by SIG") + name;
      return "killed by signal " + std::to_string(ending.number);
    case Ending::Kind::kTimedOut:
      break;
  }
  return "still running after " + std::to_string(timeout.count()) + " s";
}

Result<Ending> try_with(const Experiment& experiment, CapabilitySet set,
                        const Interruption& interruption) {
  std::array<Channel, 2> channels = {
      {{.descriptors = {STDOUT_FILENO, STDERR_FILENO}},
       {.descriptors = {kReportFd}}}};
  const auto& [output, report] = channels;
  const auto end = run_child({.words = launcher_words(experiment, set),
                              .timeout = experiment.timeout,
                              .interruption = &interruption},
                             channels);
  if (!end) return tl::unexpected(end.error());
  if (end->stop == Stop::kInterrupted)
    return tl::unexpected(Failure{.doing = "interrupted"});
  if (end->stop == Stop::kTimedOut)
    return Ending{Ending::Kind::kTimedOut, 0, output.text};
  if (WIFSIGNALED(end->status))
    return Ending{Ending::Kind::kSignalled, WTERMSIG(end->status), output.text};
  if (auto refused = refusal(report.text, output.text, set))
    return tl::unexpected(*refused);
  return Ending{Ending::Kind::kExited, WEXITSTATUS(end->status), output.text};
}

}  // namespace doff
