#include "helper/child.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "helper/descriptor.h"

namespace doff {
namespace {

// A channel's two ends, of which we keep the reading one.
struct Pipe {
  Channel* channel = nullptr;
  Descriptor reading{};
  Descriptor writing{};

  bool open() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    reading.reset(ends[0]);
    writing.reset(ends[1]);
    return fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
  }

  // Reads what is there, and keeps the end of it.
  void drain() {
    std::array<char, 4096> block{};
    std::string& text = channel->text;
    ssize_t size = 0;
    while ((size = read(reading.get(), block.data(), block.size())) > 0) {
      text.append(block.data(), static_cast<std::size_t>(size));
      if (text.size() > 2 * channel->kept)
        text.erase(0, text.size() - channel->kept);
    }
    if (size == 0) reading.reset();  // every writer has closed it
  }
};

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

int set_descriptors(posix_spawn_file_actions_t& actions, int input,
                    std::span<Pipe> pipes) {
  int error = input < 0 ? posix_spawn_file_actions_addopen(
                              &actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
                        : posix_spawn_file_actions_adddup2(&actions, input,
                                                           STDIN_FILENO);
  for (const Pipe& pipe : pipes)
    for (const int each : pipe.channel->descriptors)
      if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, pipe.writing.get(),
                                                 each);
  return error;
}

Result<pid_t> spawn(const Child& child, std::span<Pipe> pipes) {
  std::vector<std::string> words = child.words;
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
  if (error == 0) error = set_descriptors(actions, child.input, pipes);
  if (error == 0)
    error =
        posix_spawn(&pid, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0)
    return tl::unexpected(
        Failure{.doing = "starting", .value = words[0], .error = error});
  return pid;
}

// Takes in what the process writes until it ends or has to.
Stop watch(int process, const Child& child, std::span<Pipe> pipes) {
  using Clock = std::chrono::steady_clock;
  using std::chrono::milliseconds;
  constexpr milliseconds kOften{250};
  const auto deadline = Clock::now() + child.timeout;
  while (true) {
    auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return Stop::kTimedOut;
    if (child.waiting) left = std::min(left, kOften);
    std::vector<pollfd> polled = {
        {process, POLLIN, 0},
        {child.interruption == nullptr ? -1 : child.interruption->fd(), POLLIN,
         0}};
    for (const Pipe& each : pipes)
      polled.push_back({each.reading.get(), POLLIN, 0});
    if (poll(polled.data(), polled.size(), static_cast<int>(left.count())) ==
            0 &&
        child.waiting)
      child.waiting();
    if (polled[1].revents != 0) return Stop::kInterrupted;
    for (std::size_t i = 0; i < pipes.size(); ++i)
      if (polled[i + 2].revents != 0) pipes[i].drain();
    if (polled[0].revents != 0) return Stop::kEnded;
  }
}

}  // namespace

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

Result<ChildEnd> run_child(const Child& child, std::span<Channel> channels) {
  std::vector<Pipe> pipes(channels.size());
  for (std::size_t i = 0; i < pipes.size(); ++i) {
    pipes[i].channel = &channels[i];
    if (!pipes[i].open())
      return tl::unexpected(Failure{.doing = "pipe", .error = errno});
  }
  const auto pid = spawn(child, pipes);
  if (!pid) return tl::unexpected(pid.error());
  for (Pipe& each : pipes) each.writing.reset();

  // glibc 2.36 declares pidfd_open() for C only.
  const Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, *pid, 0)));
  const int open_error = errno;
  ChildEnd end;
  if (process.get() >= 0) end.stop = watch(process.get(), child, pipes);
  // It leads its session; until it is waited for, its number is its own.
  kill(-*pid, SIGKILL);
  kill(*pid, SIGKILL);
  while (waitpid(*pid, &end.status, 0) < 0 && errno == EINTR) {
  }
  for (Pipe& each : pipes) each.drain();
  if (process.get() < 0)
    return tl::unexpected(Failure{.doing = "pidfd_open", .error = open_error});
  return end;
}

}  // namespace doff
