#include "helper/runtime/host.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <string_view>

#include "helper/descriptor.h"
#include "helper/runtime/complaint.h"

namespace doff {
namespace {

// The path that a link of /proc tells; empty, with errno, where it tells none.
std::string told_by(const std::string& link) {
  std::array<char, PATH_MAX> path{};
  const ssize_t size = readlink(link.c_str(), path.data(), path.size());
  if (size > 0 && path[0] == '/')
    return {path.data(), static_cast<std::size_t>(size)};
  if (size >= 0) errno = ENOENT;
  return {};
}

bool names(const std::string& path, const struct stat& file) {
  struct stat there {};
  return stat(path.c_str(), &there) == 0 && there.st_dev == file.st_dev &&
         there.st_ino == file.st_ino;
}

}  // namespace

Failure summary(const Failures& failures) {
  Failure first = failures.front();
  if (failures.size() > 1)
    first.next += std::string(first.next.empty() ? "" : "; ") + "and " +
                  std::to_string(failures.size() - 1) +
                  " more: doffctl policy check";
  return first;
}

int complain(const CommandLine& line, Failure failure) {
  if (failure.error != 0) {
    failure.cause += std::string(failure.cause.empty() ? "" : ": ") +
                     std::string(describe(failure.error));
    failure.error = 0;
  }
  const std::string text = to_text(failure);
  return complain(line, std::array<std::string_view, 1>{text});
}

Result<std::string> find_launcher(const Host& host) {
  const bool named = host.settings.launcher != nullptr;
  std::string path;
  if (named) {
    path = host.settings.launcher;
  } else {
    path = told_by("/proc/self/exe");
    path.resize(path.rfind('/') + 1);  // npos + 1 is 0
    if (!path.empty()) path += "doff";
  }
  const auto failed = [&](std::string cause, int error) {
    return tl::unexpected(Failure{
        .doing = "the launcher",
        .value = path,
        .cause = std::move(cause),
        .error = error,
        .next = named ? "correct the setting `launcher`"
                      : "install doff again, or name one with the setting "
                        "`launcher`"});
  };
  if (path.empty()) return failed("no /proc/self/exe to look beside", errno);
  const Descriptor file(open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat about {};
  if (file.get() < 0 || fstat(file.get(), &about) != 0)
    return failed("", errno);
  if (!S_ISREG(about.st_mode)) return failed("not a regular file", 0);
  if ((about.st_mode & S_IXOTH) == 0)
    return failed("not executable by everybody", 0);
  if ((about.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return failed("writable by others than its owner", 0);
  // A mount's source is where this file is, not a link to it. Where the file is
  // a mount itself, whose source is deleted, /proc knows no path.
  const std::string real =
      told_by("/proc/self/fd/" + std::to_string(file.get()));
  if (names(real, about)) return real;
  if (names(path, about)) return path;
  return failed("another file than a moment ago", 0);
}

}  // namespace doff
