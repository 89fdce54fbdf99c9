#include "launcher/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "launcher/failure.h"
#include "launcher/memory.h"

namespace doff {

std::span<char> read_file(const char* path, std::size_t limit, Trust trust,
                          std::string_view option) {
  const auto stop = [&](std::string_view cause, std::string_view next = "") {
    refuse_option(option, {.cause = cause, .next = next, .file = path});
  };
  const auto stop_by_errno = [&](std::string_view call) {
    refuse_option(option, {.cause = call, .error = errno, .file = path});
  };

  const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY |
                                (trust.root_only ? O_NOFOLLOW : 0));
  if (fd < 0 && errno == ENOENT && trust.may_be_absent) return {};
  if (fd < 0 && errno == ELOOP && trust.root_only)
    stop("a symbolic link", "name the file itself");
  if (fd < 0) stop_by_errno("open failed");

  struct stat about {};
  if (fstat(fd, &about) != 0) stop_by_errno("fstat failed");
  if (!S_ISREG(about.st_mode)) stop("not a regular file");
  constexpr uid_t kOverflow = 65534;
  const bool unmapped = about.st_uid == kOverflow && geteuid() != kOverflow;
  if (trust.root_only && about.st_uid != 0 &&
      !(unmapped && trust.may_be_unmapped))
    stop("not owned by root", "chown root it");
  if (trust.root_only && (about.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    stop("writable by others than root", "chmod go-w it");
  const auto size = static_cast<std::size_t>(about.st_size);
  if (size > limit) stop("the file is too large");

  // Until end of file, so that a file which grows meanwhile is refused instead
  // of cut.
  const auto bytes = map_zeroed<char>(size + 1);
  if (bytes.empty()) stop_by_errno("no memory");
  std::size_t have = 0;
  while (have <= size) {
    const ssize_t got = read(fd, &bytes[have], size + 1 - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) stop_by_errno("read failed");
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  if (have != size) stop("the file changed while read");
  close(fd);
  return bytes.first(size);
}

}  // namespace doff
