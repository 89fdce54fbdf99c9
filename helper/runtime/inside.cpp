#include "helper/runtime/inside.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

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

bool has_digest(int file, const std::string& digest) {
  const auto found = digest_of_file("/proc/self/fd/" + std::to_string(file));
  return found && *found == digest;
}

bool is_mount_root(int file) {
  struct statx about {};
  // Linux 5.8 tells; before, none is taken for one.
  return statx(file, "", AT_EMPTY_PATH, 0, &about) == 0 &&
         (about.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

// Where the low-level runtime goes: the root of the mount namespace.
Descriptor open_root(std::int32_t pid) {
  const std::string process = "/proc/" + std::to_string(pid);
  constexpr int kFlags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  Descriptor root(open((process + "/root").c_str(), kFlags));
  if (root.get() < 0 || is_mount_root(root.get())) return root;
  // In a thread, which shares descriptors with this one and may have a root of
  // its own; setns(2), "Mount namespaces".
  std::thread([&] {
    const Descriptor space(
        open((process + "/ns/mnt").c_str(), O_RDONLY | O_CLOEXEC));
    if (unshare(CLONE_FS) == 0 && setns(space.get(), CLONE_NEWNS) == 0)
      root.reset(open("/", kFlags));
    else
      root.reset();
  }).join();
  return root;
}

}  // namespace

Inside::Inside(std::int32_t pid) : root_(open_root(pid)) {}

bool Inside::has_launcher(const std::string& path,
                          const std::string& digest) const {
  const Descriptor file = open_inside(root_.get(), path, RESOLVE_NO_SYMLINKS);
  struct statx about {};
  struct statvfs system {};
  if (file.get() < 0 ||
      statx(file.get(), "", AT_EMPTY_PATH, STATX_MODE, &about) != 0 ||
      fstatvfs(file.get(), &system) != 0)
    return false;
  constexpr unsigned long kFlags = ST_RDONLY | ST_NOSUID;
  return S_ISREG(about.stx_mode) && (about.stx_mode & S_IXOTH) != 0 &&
         is_mount_root(file.get()) && (system.f_flag & kFlags) == kFlags &&
         has_digest(file.get(), digest);
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
