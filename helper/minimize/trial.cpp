#include "helper/minimize/trial.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "caps/names.h"
#include "helper/descriptor.h"
#include "helper/words.h"

namespace doff {
namespace {

constexpr int kReportFd = 3;  // where the command's doff writes its report

// A pipe whose reading end we keep, and what came out of it.
struct Channel {
  Descriptor reading;
  Descriptor writing;
  std::string text;

  bool open() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    reading.reset(ends[0]);
    writing.reset(ends[1]);
    return fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
  }

  // Reads what is there, and keeps the end of it.
  void drain() {
    constexpr std::size_t kKept = std::size_t{16} << 10;
    std::array<char, 4096> block{};
    ssize_t size = 0;
    while ((size = read(reading.get(), block.data(), block.size())) > 0) {
      text.append(block.data(), static_cast<std::size_t>(size));
      if (text.size() > 2 * kKept) text.erase(0, text.size() - kKept);
    }
    if (size == 0) reading.reset();  // every writer has closed it
  }
};

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

// The signal mask and the session of the child: as of a program that was
// started anew.
int set_attributes(posix_spawnattr_t& attributes) {
  sigset_t none;
  sigemptyset(&none);
  int error = posix_spawnattr_setsigmask(&attributes, &none);
  if (error == 0)
    error = posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
  return error;
}

int set_descriptors(posix_spawn_file_actions_t& actions, int output,
                    int report) {
  int error = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  if (error == 0)
    error = posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
  if (error == 0)
    error = posix_spawn_file_actions_adddup2(&actions, report, kReportFd);
  if (error == 0)
    error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO,
                                             "/dev/null", O_RDONLY, 0);
  return error;
}

Result<pid_t> spawn(std::vector<std::string> words, int output, int report) {
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_init(&actions);
  pid_t pid = 0;
  int error = set_attributes(attributes);
  if (error == 0) error = set_descriptors(actions, output, report);
  if (error == 0)
    error =
        posix_spawn(&pid, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0)
    return tl::unexpected(Failure{
        .doing = "starting the launcher", .value = words[0], .error = error});
  return pid;
}

enum class Stop : std::uint8_t { kEnded, kTimedOut, kInterrupted };

// Takes in what the process writes until it ends or has to.
Stop watch(int process, int signals, std::chrono::seconds timeout,
           Channel& output, Channel& report) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + timeout;
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return Stop::kTimedOut;
    std::array<pollfd, 4> polled = {{{process, POLLIN, 0},
                                     {signals, POLLIN, 0},
                                     {output.reading.get(), POLLIN, 0},
                                     {report.reading.get(), POLLIN, 0}}};
    poll(polled.data(), polled.size(), static_cast<int>(left.count()));
    if (polled[1].revents != 0) return Stop::kInterrupted;
    if (polled[2].revents != 0) output.drain();
    if (polled[3].revents != 0) report.drain();
    if (polled[0].revents != 0) return Stop::kEnded;
  }
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

Interruption::Interruption() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int each : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, each);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  fd_ = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

// A signal that has come stays pending, and is nobody's concern any more.
Interruption::~Interruption() {
  if (fd_ >= 0) close(fd_);
}

bool Interruption::has_come() const {
  pollfd polled{fd_, POLLIN, 0};
  return poll(&polled, 1, 0) > 0;
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
  Channel output;
  Channel report;
  if (!output.open() || !report.open())
    return tl::unexpected(Failure{.doing = "pipe", .error = errno});
  const auto pid = spawn(launcher_words(experiment, set), output.writing.get(),
                         report.writing.get());
  if (!pid) return tl::unexpected(pid.error());
  output.writing.reset();
  report.writing.reset();

  // glibc 2.36 declares pidfd_open() for C only.
  const Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, *pid, 0)));
  const int open_error = errno;
  const Stop stop = process.get() < 0
                        ? Stop::kEnded
                        : watch(process.get(), interruption.fd(),
                                experiment.timeout, output, report);
  // It leads its session; until it is waited for, its number is its own.
  kill(-*pid, SIGKILL);
  kill(*pid, SIGKILL);
  int status = 0;
  while (waitpid(*pid, &status, 0) < 0 && errno == EINTR) {
  }
  output.drain();
  report.drain();
  if (process.get() < 0)
    return tl::unexpected(Failure{.doing = "pidfd_open", .error = open_error});
  if (stop == Stop::kInterrupted)
    return tl::unexpected(Failure{.doing = "interrupted"});
  if (stop == Stop::kTimedOut)
    return Ending{Ending::Kind::kTimedOut, 0, output.text};
  if (WIFSIGNALED(status))
    return Ending{Ending::Kind::kSignalled, WTERMSIG(status), output.text};
  if (auto refused = refusal(report.text, output.text, set))
    return tl::unexpected(*refused);
  return Ending{Ending::Kind::kExited, WEXITSTATUS(status), output.text};
}

}  // namespace doff
