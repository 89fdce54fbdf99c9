#include <fcntl.h>
#include <linux/capability.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string_view>

#include "tests/escape/attack.h"

namespace doff::escape {
namespace {

// Of no use to anybody who finds the file.
constexpr std::uint32_t kHarmless = 1U << CAP_NET_BIND_SERVICE;

struct File {
  const char* name;
  unsigned owner;  // beyond root
  mode_t mode;
  std::uint32_t revision;  // of its capabilities; 0: it has none
  bool permitted;
  bool inheritable;
};
constexpr unsigned kWithEffect = VFS_CAP_FLAGS_EFFECTIVE;
constexpr std::array kFiles = {
    File{"setuid-root", 0, 04755, 0, false, false},
    File{"setgid-root", 0, 02755, 0, false, false},
    File{"setuid-other", 1, 06755, 0, false, false},
    File{"ep", 0, 0755, VFS_CAP_REVISION_2 | kWithEffect, true, false},
    File{"p", 0, 0755, VFS_CAP_REVISION_2, true, false},
    File{"ei", 0, 0755, VFS_CAP_REVISION_2 | kWithEffect, false, true},
    File{"rootid", 0, 0755, VFS_CAP_REVISION_3 | kWithEffect, true, false},
};

bool copy(const char* from, int to) {
  const int source = open(from, O_RDONLY | O_CLOEXEC);
  if (source < 0) return false;
  ssize_t size = 0;
  do size = sendfile(to, source, nullptr, 1 << 24);
  while (size > 0);
  close(source);
  return size == 0;
}

// setcap(8) as system call. The kernel's structure is little-endian, as are the
// machines that this is built for.
bool give_capabilities(int file, const File& wanted, unsigned root) {
  vfs_ns_cap_data data{};
  data.magic_etc = wanted.revision;
  data.data[0].permitted = wanted.permitted ? kHarmless : 0;
  data.data[0].inheritable = wanted.inheritable ? kHarmless : 0;
  data.rootid = root;
  const bool third =
      (wanted.revision & VFS_CAP_REVISION_MASK) == VFS_CAP_REVISION_3;
  return fsetxattr(file, "security.capability", &data,
                   third ? XATTR_CAPS_SZ_3 : XATTR_CAPS_SZ_2, 0) == 0;
}

// The mode comes after the owner, and capabilities after both: each change
// takes the later ones away.
bool make(const char* self, int file, const File& wanted, unsigned root) {
  const unsigned owner = root + wanted.owner;
  return copy(self, file) && fchown(file, owner, owner) == 0 &&
         fchmod(file, wanted.mode) == 0 &&
         (wanted.revision == 0 || give_capabilities(file, wanted, root));
}

}  // namespace

int prepare(const Setting& setting, const char* directory, unsigned root) {
  const auto complain = [&](const char* name) {
    static_cast<void>(std::fprintf(stderr,
                                   "doff-attack: preparing '%s/%s': %s\n",
                                   directory, name, errno_name(errno)));
  };
  if (mkdir(directory, 0755) != 0 && errno != EEXIST) return complain(""), 2;
  const int folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return complain(""), 2;
  struct statvfs mount {};
  if (fstatvfs(folder, &mount) == 0 && (mount.f_flag & ST_NOSUID) != 0) {
    static_cast<void>(std::fprintf(
        stderr,
        "doff-attack: preparing '%s': the mount is nosuid, so that no "
        "setuid file and no file capability has an effect: take another\n",
        directory));
    return 2;
  }
  int status = 0;
  for (const File& each : kFiles) {
    unlinkat(folder, each.name, 0);
    const int file = openat(folder, each.name,
                            O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
    if (file >= 0 && make(setting.self, file, each, root)) {
      close(file);
      continue;
    }
    // One that is not what its name says would seem to hold.
    complain(each.name);
    unlinkat(folder, each.name, 0);
    if (file >= 0) close(file);
    status = 3;
  }
  return status;
}

}  // namespace doff::escape
