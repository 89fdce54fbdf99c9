#include "helper/processes/proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <string_view>
#include <utility>

namespace doff {
namespace {

// A path below /proc, without an allocation.
class Path {
 public:
  Path(Pid pid, const char* rest) {
    (void)std::snprintf(text_.data(), text_.size(), "%d/%s", number(pid), rest);
  }
  Path(Pid pid, Pid thread, const char* rest) {
    (void)std::snprintf(text_.data(), text_.size(), "%d/task/%d/%s",
                        number(pid), number(thread), rest);
  }
  [[nodiscard]] const char* get() const { return text_.data(); }

 private:
  std::array<char, 64> text_{};
};

// ESRCH is what /proc says of a process that ends between two calls.
Missing reason_of(int error) {
  return error == ENOENT || error == ESRCH ? Missing::kVanished
                                           : Missing::kRefused;
}

// At most `limit` bytes; the kernel gives a file of /proc in one piece where
// there is room for it.
Seen<std::string> read_at(int directory, const char* path, std::size_t limit) {
  const int fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return tl::unexpected(reason_of(errno));
  std::array<char, 4096> buffer;
  std::string text;
  ssize_t got = 0;
  do {
    got = read(fd, buffer.data(), std::min(buffer.size(), limit - text.size()));
    if (got > 0) text.append(buffer.data(), static_cast<std::size_t>(got));
  } while (got == static_cast<ssize_t>(buffer.size()) && text.size() < limit);
  const int error = errno;
  close(fd);
  if (got < 0) return tl::unexpected(reason_of(error));
  return text;
}

// `user:[4026531837]`, or "" where that is not for us.
std::string namespace_at(int directory, const char* path) {
  std::array<char, 64> text;
  const ssize_t size = readlinkat(directory, path, text.data(), text.size());
  if (size <= 0) return {};
  return {text.data(), static_cast<std::size_t>(size)};
}

// The numbers among the names in a directory. Takes the descriptor.
Result<std::vector<Pid>> numbers_in(int fd) {
  DIR* const directory = fd < 0 ? nullptr : fdopendir(fd);
  if (directory == nullptr)
    return tl::unexpected(
        Failure{.doing = "listing", .value = "/proc", .error = errno});
  std::vector<Pid> found;
  // readdir is safe here: the stream is this function's own.
  // NOLINTNEXTLINE(concurrency-mt-unsafe)
  while (const dirent* const entry = readdir(directory)) {
    const std::string_view name = entry->d_name;
    std::int32_t pid = 0;
    const auto [end, error] =
        std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error == std::errc{} && end == name.data() + name.size())
      found.push_back(static_cast<Pid>(pid));
  }
  closedir(directory);
  return found;
}

constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
// More than a status with as many groups as Linux allows, 65,536.
constexpr std::size_t kMostStatus = std::size_t{1} << 20;

Seen<Status> read_status(int directory, const Path& path, Pid thread) {
  const auto text = read_at(directory, path.get(), kMostStatus);
  if (!text) return tl::unexpected(text.error());
  // An empty one is that of a process which has just ended.
  if (text->empty()) return tl::unexpected(Missing::kVanished);
  auto status = parse_status(*text);
  if (!status) return tl::unexpected(Missing::kRefused);
  status->thread = thread;
  return std::move(*status);
}

}  // namespace

bool is_first_user_namespace(std::string_view uid_map) {
  return uid_map == "         0          0 4294967295\n";
}

Result<Proc> Proc::open() {
  const int fd = ::open("/proc", kOpenDirectory);
  if (fd < 0)
    return tl::unexpected(
        Failure{.doing = "opening", .value = "/proc", .error = errno});
  return Proc(fd);
}

Proc::Proc(int fd)
    : fd_(fd), user_namespace_(namespace_at(fd, "self/ns/user")) {
  if (const auto map = read_at(fd, "self/uid_map", kMostStatus))
    first_user_namespace_ = is_first_user_namespace(*map);
}

Proc::Proc(Proc&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      user_namespace_(std::move(other.user_namespace_)),
      first_user_namespace_(other.first_user_namespace_) {}

Proc::~Proc() {
  if (fd_ >= 0) close(fd_);
}

Result<std::vector<Pid>> Proc::pids() const {
  auto found = numbers_in(openat(fd_, ".", kOpenDirectory));
  if (found) std::ranges::sort(*found);
  return found;
}

Seen<Status> Proc::status(Pid pid) const {
  auto status = read_status(fd_, Path(pid, "status"), pid);
  if (!status || status->threads < 2) return status;
  const auto threads =
      numbers_in(openat(fd_, Path(pid, "task").get(), kOpenDirectory));
  if (!threads) return tl::unexpected(Missing::kVanished);
  for (const Pid thread : *threads) {
    if (thread == pid) continue;
    auto other = read_status(fd_, Path(pid, thread, "status"), thread);
    if (!other) {
      if (other.error() == Missing::kRefused) return other;
    } else if (!status->has_memory) {
      // A first thread that has ended stays as a zombie while others live.
      status = std::move(other);
    } else if (other->has_memory) {
      status->credentials = united(status->credentials, other->credentials);
    }
  }
  return status;
}

// /proc/TID is there for every thread, though it is not listed, proc(5).
std::vector<Container> Proc::containers(Pid thread) const {
  const auto cgroup = read_at(fd_, Path(thread, "cgroup").get(), kMostStatus);
  return cgroup ? find_containers(*cgroup) : std::vector<Container>();
}

UserNamespace Proc::user_namespace(Pid thread) const {
  const std::string theirs = namespace_at(fd_, Path(thread, "ns/user").get());
  if (theirs.empty()) return UserNamespace::kUnknown;
  if (theirs == user_namespace_) return UserNamespace::kOurs;
  return first_user_namespace_ ? UserNamespace::kBelow
                               : UserNamespace::kUnknown;
}

std::string Proc::command_line(Pid thread) const {
  auto text = read_at(fd_, Path(thread, "cmdline").get(), 4096).value_or("");
  while (!text.empty() && text.back() == '\0') text.pop_back();
  std::ranges::replace(text, '\0', ' ');
  return text;
}

}  // namespace doff
