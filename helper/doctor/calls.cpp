#include "helper/doctor/calls.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <thread>
#include <utility>

namespace doff {
namespace {

std::string last_line(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return std::string(text.substr(text.rfind('\n') + 1));  // npos + 1 is 0
}

// `docker run`: the first word that is no option, which each has a value.
std::string step_of(const std::vector<std::string>& words) {
  std::size_t at = 1;
  while (at < words.size() && words[at].starts_with('-')) at += 2;
  return words[0].substr(words[0].rfind('/') + 1) +
         (at < words.size() ? " " + words[at] : "");
}

}  // namespace

std::optional<std::string> find_program(std::string_view name) {
  constexpr std::array<const char*, 6> kDirectories = {
      "/usr/bin/", "/usr/sbin/",      "/bin/",
      "/sbin/",    "/usr/local/bin/", "/usr/local/sbin/"};
  for (const char* const each : kDirectories) {
    std::string path = std::string(each).append(name);
    if (access(path.c_str(), X_OK) == 0) return path;
  }
  return std::nullopt;
}

Result<std::string> Calls::run(std::vector<std::string> words,
                               int input) const {
  if (!cleaning_ && interrupted())
    return tl::unexpected(Failure{.doing = "interrupted"});
  const std::string step = step_of(words);
  std::array<Channel, 2> channels = {
      {{.descriptors = {STDOUT_FILENO}, .kept = std::size_t{1} << 20},
       {.descriptors = {STDERR_FILENO}}}};
  const auto end = run_child({.words = std::move(words),
                              .timeout = limit_,
                              .input = input,
                              .waiting = [&] { waiting_(step); }},
                             channels);
  if (!end) return tl::unexpected(end.error());
  Failure failure{.doing = step};
  if (end->stop == Stop::kTimedOut)
    failure.cause = "no answer within " + std::to_string(limit_.count()) + " s";
  else if (!WIFEXITED(end->status))
    failure.cause = "was killed";
  else if (WEXITSTATUS(end->status) != 0)
    failure.cause = printable(last_line(channels[1].text));
  else
    return std::move(channels[0].text);
  if (failure.cause.empty())
    failure.cause = "exit status " + std::to_string(WEXITSTATUS(end->status));
  return tl::unexpected(failure);
}

void Calls::wait_a_little(const std::string& step) const {
  constexpr std::chrono::milliseconds kALittle{10};
  waiting_(step);
  std::this_thread::sleep_for(kALittle);
}

}  // namespace doff
