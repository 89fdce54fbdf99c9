#include "helper/install_shell/root.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include "helper/file.h"
#include "helper/install_shell/launcher.h"
#include "helper/runtime/digest.h"

namespace doff {
namespace {

Failure failed(const char* doing, const std::string& path, int error) {
  Failure failure{.doing = doing, .value = path, .error = error};
  if (error == ENOSYS)
    failure.next = "this needs openat2(2), of Linux 5.6";
  else if (error == ELOOP)
    failure.next = "links go round in a circle";
  return failure;
}

bool is_missing(int error) { return error == ENOENT || error == ENOTDIR; }

// The file that `entry`, of O_PATH, is: no other one can come in its place.
Descriptor reopen(const Descriptor& entry) {
  const std::string path = "/proc/self/fd/" + std::to_string(entry.get());
  return Descriptor(
      open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

}  // namespace

std::string parent_in_root(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

std::string name_in_root(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

std::string beside_in_root(std::string_view path, std::string_view name) {
  const std::size_t after_slash = path.rfind('/') + 1;
  return std::string(path.substr(0, after_slash)).append(name);
}

Root::Root(std::string path, Descriptor directory)
    : path_(std::move(path)), directory_(std::move(directory)) {}

Result<Root> Root::open(const std::string& path) {
  Descriptor directory(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0)
    return tl::unexpected(Failure{.doing = "the root file system",
                                  .value = path,
                                  .error = errno,
                                  .next = "name the directory that it is in"});
  return Root(path, std::move(directory));
}

std::string Root::shown(std::string_view path) const {
  std::string shown = path_;
  while (shown.ends_with('/')) shown.pop_back();
  return shown.append(path);
}

Descriptor Root::open_inside(const std::string& path, int flags) const {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  // EAGAIN: something in it was renamed meanwhile, says openat2(2).
  for (int tries = 1;; ++tries) {
    const long fd =
        syscall(SYS_openat2, directory_.get(), path.c_str(), &how, sizeof(how));
    if (fd >= 0 || errno != EAGAIN || tries == 128)
      return Descriptor(static_cast<int>(fd));
  }
}

Result<Descriptor> Root::open_directory(const std::string& path) const {
  Descriptor directory = open_inside(path, O_RDONLY | O_DIRECTORY);
  if (directory.get() < 0)
    return tl::unexpected(failed("opening the directory", shown(path), errno));
  return directory;
}

Result<std::optional<struct stat>> Root::look_at(
    const std::string& path) const {
  const Descriptor directory =
      open_inside(parent_in_root(path), O_PATH | O_DIRECTORY);
  struct stat about {};
  if (directory.get() >= 0 &&
      fstatat(directory.get(), name_in_root(path).c_str(), &about,
              AT_SYMLINK_NOFOLLOW) == 0)
    return about;
  if (is_missing(errno)) return std::nullopt;
  return tl::unexpected(failed("looking at", shown(path), errno));
}

Result<std::optional<ReadFile>> Root::read(const std::string& path,
                                           std::size_t limit) const {
  Descriptor directory =
      open_inside(parent_in_root(path), O_RDONLY | O_DIRECTORY);
  const std::string name = name_in_root(path);
  const Descriptor entry(directory.get() < 0
                             ? -1
                             : openat(directory.get(), name.c_str(),
                                      O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (entry.get() < 0 && errno == ENOENT) return std::nullopt;
  struct stat about {};
  if (entry.get() < 0 || fstat(entry.get(), &about) != 0)
    return tl::unexpected(failed("opening", shown(path), errno));
  if (!S_ISREG(about.st_mode))
    return tl::unexpected(
        Failure{.doing = "reading",
                .value = shown(path),
                .cause = S_ISLNK(about.st_mode)
                             ? "a symbolic link, which is not followed"
                             : "not a regular file"});
  Descriptor file = reopen(entry);
  if (file.get() < 0)
    return tl::unexpected(failed("opening", shown(path), errno));
  auto read = read_to_replace(std::move(directory), name, std::move(file),
                              shown(path), limit);
  if (!read) return tl::unexpected(read.error());
  return std::optional(*std::move(read));
}

std::optional<struct stat> Root::follow(const std::string& path) const {
  const Descriptor entry = open_inside(path, O_PATH);
  struct stat about {};
  if (entry.get() < 0 || fstat(entry.get(), &about) != 0) return std::nullopt;
  return about;
}

Result<Root::Program> Root::look_at_program(const std::string& path) const {
  const Descriptor entry = open_inside(path, O_PATH);
  Program program{};
  if (entry.get() < 0 || fstat(entry.get(), &program.about) != 0)
    return tl::unexpected(failed("looking at", shown(path), errno));
  const struct stat& about = program.about;
  constexpr mode_t kAnyMayExecute = S_IXUSR | S_IXGRP | S_IXOTH;
  if (!S_ISREG(about.st_mode) || (about.st_mode & kAnyMayExecute) == 0)
    return tl::unexpected(Failure{.doing = "looking at",
                                  .value = shown(path),
                                  .cause = S_ISREG(about.st_mode)
                                               ? "not executable"
                                               : "not a regular file"});
  const auto bytes = bytes_of(entry, about, path);
  if (!bytes) return tl::unexpected(bytes.error());
  if (!*bytes) return program;
  program.digest = digest_of(**bytes);
  program.is_doff = is_doff(**bytes);
  return program;
}

Result<std::string> Root::digest_of_entry(const std::string& path) const {
  const Descriptor directory =
      open_inside(parent_in_root(path), O_PATH | O_DIRECTORY);
  const Descriptor entry(
      directory.get() < 0 ? -1
                          : openat(directory.get(), name_in_root(path).c_str(),
                                   O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat about {};
  if (entry.get() < 0 && is_missing(errno)) return "";
  if (entry.get() < 0 || fstat(entry.get(), &about) != 0)
    return tl::unexpected(failed("looking at", shown(path), errno));
  if (!S_ISREG(about.st_mode)) return "";
  const auto bytes = bytes_of(entry, about, path);
  if (!bytes) return tl::unexpected(bytes.error());
  return *bytes ? digest_of(**bytes) : "";
}

Result<std::optional<std::string>> Root::bytes_of(
    const Descriptor& entry, const struct stat& about,
    const std::string& path) const {
  if (about.st_size > static_cast<off_t>(kLongestFile)) return std::nullopt;
  const Descriptor file = reopen(entry);
  if (file.get() < 0)
    return tl::unexpected(failed("opening", shown(path), errno));
  auto bytes = read_descriptor(file.get(), shown(path), kLongestFile);
  if (!bytes) return tl::unexpected(bytes.error());
  return std::optional(*std::move(bytes));
}

}  // namespace doff
