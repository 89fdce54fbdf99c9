#include "helper/runtime/inside.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "helper/runtime/digest.h"

namespace doff {
namespace {

Descriptor open_inside(int root, const std::string& path, std::uint64_t more) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | more;
  return Descriptor(static_cast<int>(
      syscall(SYS_openat2, root, path.c_str(), &how, sizeof(how))));
}

bool same_file(int file, const std::string& path) {
  struct stat one {};
  struct stat other {};
  return fstat(file, &one) == 0 && stat(path.c_str(), &other) == 0 &&
         one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

// Of a container that was created with an earlier launcher.
bool has_digest(int file, const std::string& digest) {
  const auto found = digest_of_file("/proc/self/fd/" + std::to_string(file));
  return found && *found == digest;
}

}  // namespace

Inside::Inside(std::int32_t pid)
    : root_(open(("/proc/" + std::to_string(pid) + "/root").c_str(),
                 O_PATH | O_DIRECTORY | O_CLOEXEC)) {}

bool Inside::has_launcher(const std::string& path, const std::string& host,
                          const std::string& digest) const {
  const Descriptor file = open_inside(root_.get(), path, RESOLVE_NO_SYMLINKS);
  struct statx about {};
  struct statvfs system {};
  if (file.get() < 0 ||
      statx(file.get(), "", AT_EMPTY_PATH, STATX_MODE, &about) != 0 ||
      fstatvfs(file.get(), &system) != 0)
    return false;
  // Linux 5.8 tells of the root of a mount; before, none is taken for one.
  constexpr unsigned long kFlags = ST_RDONLY | ST_NOSUID;
  return S_ISREG(about.stx_mode) && (about.stx_mode & S_IXOTH) != 0 &&
         (about.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0 &&
         (system.f_flag & kFlags) == kFlags &&
         (same_file(file.get(), host) || has_digest(file.get(), digest));
}

Inside::Command Inside::look_at(const std::string& path,
                                const std::string& cwd) const {
  const std::string whole = path.starts_with('/') ? path : cwd + "/" + path;
  const Descriptor file = open_inside(root_.get(), whole, 0);
  if (file.get() < 0)
    return errno == ENOENT || errno == ENOTDIR ? Command::kMissing
                                               : Command::kUnknown;
  struct stat about {};
  if (fstat(file.get(), &about) != 0) return Command::kUnknown;
  constexpr mode_t kAnyMayExecute = S_IXUSR | S_IXGRP | S_IXOTH;
  return S_ISREG(about.st_mode) && (about.st_mode & kAnyMayExecute) != 0
             ? Command::kFound
             : Command::kNotExecutable;
}

Inside::Command Inside::look_up(const std::string& name,
                                const std::string& path,
                                const std::string& cwd) const {
  if (root_.get() < 0) return Command::kUnknown;
  if (name.find('/') != std::string::npos) return look_at(name, cwd);
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    std::string directory =
        end == begin ? "." : path.substr(begin, end - begin);
    const Command there = look_at(directory.append("/").append(name), cwd);
    if (there == Command::kFound || there == Command::kUnknown) return there;
    begin = end + 1;
  }
  return Command::kNotInPath;
}

}  // namespace doff
