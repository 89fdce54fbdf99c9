// doffctl doctor: is doff in front of the engines of this host, and does what
// they start in a container really come out sealed?
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "caps/names.h"
#include "helper/child.h"
#include "helper/doctor/calls.h"
#include "helper/doctor/check.h"
#include "helper/doctor/engine.h"
#include "helper/doctor/host.h"
#include "helper/doctor/login_shell.h"
#include "helper/doffctl/command.h"
#include "helper/doffctl/commands.h"
#include "helper/doffctl/table.h"
#include "helper/failure.h"

namespace doff {
namespace {

struct DoctorOptions {
  std::vector<std::string> engines;
  std::string settings;
  bool json = false;
};

// A line on a terminal once the whole takes more than a second.
class Progress {
 public:
  Progress() = default;
  ~Progress() {
    if (!shown_.empty()) std::cerr << "\r\033[K" << std::flush;
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(const std::string& step) {
    const auto passed = std::chrono::steady_clock::now() - begin_;
    if (!terminal_ || passed < std::chrono::seconds(1) || step == shown_)
      return;
    shown_ = step;
    std::cerr << "\r\033[Kwaiting for " << step << std::flush;
  }

 private:
  const bool terminal_ = isatty(STDERR_FILENO) == 1;
  const std::chrono::steady_clock::time_point begin_ =
      std::chrono::steady_clock::now();
  std::string shown_;
};

Colour colour_of(Outcome outcome) {
  if (outcome == Outcome::kWrong) return Colour::kRed;
  return outcome == Outcome::kNote ? Colour::kYellow : Colour::kPlain;
}

// A line for each; on a terminal, as many as it takes: nothing is cut.
void print_text(const Checks& checks) {
  const Output output = describe_stdout();
  const auto label = [](const Check& each) {
    return each.of + " " + each.what;
  };
  std::size_t widest = 0;
  for (const Check& each : checks)
    widest = std::max(widest, label(each).size());
  const auto print = [&](std::string head, std::string_view result,
                         const std::string& text, Colour colour) {
    constexpr std::size_t kResult = 7;  // skipped
    head.resize(widest + 2, ' ');
    head.append(result).resize(widest + 2 + kResult + 2, ' ');
    std::string lines = output.width == 0
                            ? head + text + "\n"
                            : paragraph(head, head.size(), text, output);
    lines.pop_back();
    std::cout << coloured(lines, colour, output) << "\n";
  };
  print("CHECK", "RESULT", "DETAIL", Colour::kBold);
  for (const Check& each : checks)
    print(label(each), name(each.outcome),
          printable(each.detail) +
              (each.next.empty() ? "" : "; " + printable(each.next)),
          colour_of(each.outcome));
}

void print_json(const Checks& checks) {
  using Json = nlohmann::ordered_json;
  Json list = Json::array();
  for (const Check& each : checks)
    list.push_back({{"of", each.of},
                    {"check", each.what},
                    {"result", name(each.outcome)},
                    {"detail", each.detail},
                    {"next", each.next}});
  std::cout << Json{{"ok", !any_wrong(checks)}, {"checks", std::move(list)}}
                   .dump(2, ' ', true, Json::error_handler_t::replace)
            << "\n";
}

std::vector<std::string_view> engine_names() {
  std::vector<std::string_view> names;
  for (const Patient& each : patients()) names.push_back(each.name);
  return names;
}

Result<void> check_names(const std::vector<std::string>& words) {
  const auto names = engine_names();
  for (const std::string& word : words)
    if (std::ranges::find(names, word) == names.end())
      return tl::unexpected(
          Failure{.doing = "doctor",
                  .value = word,
                  .cause = "no such engine",
                  .guess = std::string(nearest_name(word, names)),
                  .next = "docker, podman, containerd or crio"});
  return {};
}

bool is_installed(const Patient& patient) {
  return std::ranges::all_of(patient.programs, [](std::string_view each) {
    return find_program(each).has_value();
  });
}

Checks check_all(const DoctorOptions& options, Calls& calls) {
  HostFacts host;
  Checks checks = check_host(options.settings, host);
  if (auto shell = check_login_shell(host.launcher, calls))
    checks.push_back(*std::move(shell));
  const bool named = !options.engines.empty();
  bool any = false;
  for (const Patient& each : patients()) {
    if (named ? std::ranges::find(options.engines, each.name) ==
                    options.engines.end()
              : !is_installed(each))
      continue;
    any = true;
    std::ranges::move(check_engine(each, host, calls),
                      std::back_inserter(checks));
  }
  if (!any)
    checks.push_back({"host", "engines", Outcome::kWrong,
                      "none of docker, podman, containerd and crio is there",
                      "install one"});
  judge_registrations(checks, named);
  return checks;
}

int doctor(const DoctorOptions& options) {
  if (const auto known = check_names(options.engines); !known)
    return complain(known.error());
  if (geteuid() != 0)
    return complain({.doing = "doctor",
                     .cause = "engines, and the processes in their containers, "
                              "are root's to ask",
                     .next = "run it as root: sudo doffctl doctor"});
  // An ignored SIGCHLD would take the children's statuses away: wait(2).
  static_cast<void>(std::signal(SIGCHLD, SIG_DFL));
  const Interruption interruption;
  Checks checks;
  {
    Progress progress;
    Calls calls(interruption,
                [&](const std::string& step) { progress.show(step); });
    checks = check_all(options, calls);
  }
  if (interruption.has_come()) {
    const auto left = std::ranges::find(checks, kCleanUp, &Check::what);
    if (left != checks.end())
      return complain(
          {.doing = "interrupted", .cause = left->detail, .next = left->next});
    return complain(
        {.doing = "interrupted", .cause = "what was made has been removed"});
  }
  if (options.json)
    print_json(checks);
  else
    print_text(checks);
  return any_wrong(checks) ? kExitNo : kExitDone;
}

}  // namespace

void add_doctor(const Command& doffctl) {
  const auto options = std::make_shared<DoctorOptions>();
  const Command command = doffctl.add(
      "doctor", "Check this host, with a command in a throw-away container");
  command.values("ENGINE", "docker|podman|containerd|crio", options->engines,
                 "check these; without any, those that are installed");
  command.value("--doff-settings", "FILE", options->settings,
                "doff-runtime's settings, where the engines give it these");
  command.flag("--json", options->json, "print JSON, for programs");
  command.does([options] { return doctor(*options); });
}

}  // namespace doff
