#include "launcher/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "launcher/memory.h"

namespace doff {
namespace {

using Result = std::optional<Failure>;

Result check(const struct stat& about, std::size_t limit, Trust trust) {
  if (!S_ISREG(about.st_mode)) return Failure{.cause = "not a regular file"};
  if (trust == Trust::kRootOnly && about.st_uid != 0)
    return Failure{.cause = "not owned by root", .next = "chown root it"};
  if (trust == Trust::kRootOnly && (about.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return Failure{.cause = "writable by others than root",
                   .next = "chmod go-w it"};
  if (static_cast<std::size_t>(about.st_size) > limit)
    return Failure{.cause = "the file is too large"};
  return std::nullopt;
}

// Reads until end of file, so that a file which grows meanwhile is refused
// instead of cut.
Result read_open(int fd, std::size_t limit, Trust trust,
                 std::span<char>& text) {
  struct stat about {};
  if (fstat(fd, &about) != 0)
    return Failure{.cause = "fstat failed", .error = errno};
  if (auto failure = check(about, limit, trust)) return failure;

  const auto size = static_cast<std::size_t>(about.st_size);
  const auto bytes = map_zeroed<char>(size + 1);
  if (bytes.empty()) return Failure{.cause = "no memory", .error = errno};
  std::size_t have = 0;
  while (have <= size) {
    const ssize_t got = read(fd, &bytes[have], size + 1 - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failure{.cause = "read failed", .error = errno};
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  if (have != size) return Failure{.cause = "the file changed while read"};
  text = bytes.first(size);
  return std::nullopt;
}

}  // namespace

Result read_file(const char* path, std::size_t limit, Trust trust,
                 std::span<char>& text) {
  text = {};
  const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY |
                                (trust == Trust::kRootOnly ? O_NOFOLLOW : 0));
  Result failure;
  if (fd >= 0) {
    failure = read_open(fd, limit, trust, text);
    close(fd);
  } else if (errno == ELOOP && trust == Trust::kRootOnly) {
    failure =
        Failure{.cause = "a symbolic link", .next = "name the file itself"};
  } else {
    failure = Failure{.cause = "open failed", .error = errno};
  }
  if (failure) failure->file = path;
  return failure;
}

}  // namespace doff
