#include "helper/spec/replace_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "helper/file.h"
#include "helper/spec/signals_held.h"

namespace doff {
namespace {

constexpr const char* kAcl = "system.posix_acl_access";
constexpr const char* kNotSynced =
    "the file is the new one, but might not outlive a crash";
constexpr mode_t kNewDirectoryMode = 0755;

Failure failed(std::string doing, const std::string& path, int error) {
  return {.doing = std::move(doing), .value = path, .error = error};
}

Failure refused(const std::string& path, std::string cause, std::string next) {
  return {.doing = "replacing",
          .value = path,
          .cause = std::move(cause),
          .next = std::move(next)};
}

Failure irregular(const std::string& path) {
  return refused(path, "not a regular file", "");
}

// Removes its file, unless that has become the real one.
class TemporaryName {
 public:
  TemporaryName(int directory, std::string name)
      : directory_(directory), name_(std::move(name)) {}
  TemporaryName(const TemporaryName&) = delete;
  TemporaryName& operator=(const TemporaryName&) = delete;
  ~TemporaryName() {
    if (!name_.empty()) unlinkat(directory_, name_.c_str(), 0);
  }

  [[nodiscard]] const char* get() const { return name_.c_str(); }
  void release() { name_.clear(); }

 private:
  int directory_;
  std::string name_;
};

// A list of names, each with its NUL, or an attribute's value; nothing, with
// errno, where there is none.
template <typename Read>
std::optional<std::string> read_sized(const Read& read) {
  std::string bytes;
  while (true) {
    const ssize_t needed = read(nullptr, 0);
    if (needed < 0) return std::nullopt;
    bytes.resize(static_cast<std::size_t>(needed));
    if (needed == 0) return bytes;
    const ssize_t got = read(bytes.data(), bytes.size());
    if (got < 0 && errno == ERANGE) continue;  // it has grown
    if (got < 0) return std::nullopt;
    bytes.resize(static_cast<std::size_t>(got));
    return bytes;
  }
}

std::optional<std::string> attribute(int fd, const char* name) {
  return read_sized([&](char* to, std::size_t size) {
    return fgetxattr(fd, name, to, size);
  });
}

bool unsupported(int error) {
  return error == ENOTSUP || error == ENOSYS || error == ENODATA;
}

// Labels, ACL, user attributes. Not the two that vouch for a content.
bool copy_attributes(int from, int to, Privileges privileges) {
  const auto names = read_sized([&](char* list, std::size_t size) {
    return flistxattr(from, list, size);
  });
  if (!names) return unsupported(errno);
  bool has_acl = false;
  for (std::size_t at = 0; at < names->size();) {
    const std::string name = names->c_str() + at;
    at += name.size() + 1;
    if (name == "security.ima" || name == "security.evm") continue;
    if (name == "security.capability" && privileges == Privileges::kStripped)
      continue;
    has_acl |= name == kAcl;
    const auto value = attribute(from, name.c_str());
    if (!value && !unsupported(errno)) return false;
    if (!value || attribute(to, name.c_str()) == value) continue;
    if (fsetxattr(to, name.c_str(), value->data(), value->size(), 0) != 0 &&
        !unsupported(errno))
      return false;
  }
  // The directory's default ACL may have given it one.
  return has_acl || fremovexattr(to, kAcl) == 0 || unsupported(errno);
}

bool same_moment(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

Result<void> require_unchanged(const ReadFile& file) {
  struct stat now {};
  if (fstatat(file.directory.get(), file.name.c_str(), &now,
              AT_SYMLINK_NOFOLLOW) != 0)
    return tl::unexpected(failed("looking at", file.path, errno));
  const struct stat& then = file.about;
  if (now.st_dev == then.st_dev && now.st_ino == then.st_ino &&
      now.st_size == then.st_size && same_moment(now.st_ctim, then.st_ctim))
    return {};
  return tl::unexpected(
      refused(file.path, "changed since it was read", "try again"));
}

// Some file systems sync directories by themselves, and say EINVAL.
Result<void> sync_directory(int directory, const std::string& path,
                            const char* otherwise) {
  if (fsync(directory) == 0 || errno == EINVAL) return {};
  return tl::unexpected(Failure{.doing = "syncing the directory of",
                                .value = path,
                                .cause = otherwise,
                                .error = errno,
                                .done = true});
}

// A file of its own in `directory`, under a name that goes with `name`.
Result<Descriptor> open_temporary(int directory, const std::string& name,
                                  const std::string& path) {
  Descriptor made(openat(directory, name.c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                         S_IRUSR | S_IWUSR));
  if (made.get() < 0)
    return tl::unexpected(failed("a new file beside", path, errno));
  return made;
}

// Only root may give a file away, but anybody may keep their own.
bool give(int fd, uid_t uid, gid_t gid) {
  struct stat made {};
  if (fstat(fd, &made) != 0) return false;
  return (made.st_uid == uid && made.st_gid == gid) ||
         fchown(fd, uid, gid) == 0;
}

// A new file keeps who made it, unless it stands in for somebody else's.
bool give_to_owner(int fd, const NewFile& file) {
  const struct stat* const owner = file.owner_of;
  return owner == nullptr || give(fd, owner->st_uid, owner->st_gid);
}

// In the order in which one does not undo another: chown(2) clears bits of the
// mode and attributes, an ACL sets the mode's group bits.
Result<void> fill(int fd, const ReadFile& file, std::string_view text,
                  Privileges privileges) {
  const auto fail = [&](const char* doing) {
    return tl::unexpected(failed(doing, file.path, errno));
  };
  if (!write_all(fd, text)) return fail("writing the new");
  if (!give(fd, file.about.st_uid, file.about.st_gid))
    return fail("keeping the owner of");
  if (!copy_attributes(file.file.get(), fd, privileges))
    return fail("keeping the extended attributes of");
  const mode_t kept = privileges == Privileges::kKept ? 07777 : 0777;
  if (fchmod(fd, file.about.st_mode & kept) != 0)
    return fail("keeping the mode of");
  if (fsync(fd) != 0) return fail("syncing the new");
  return {};
}

std::string parent_of(const std::string& path) {
  const std::size_t name_at = path.rfind('/') + 1;  // npos + 1 is 0
  return name_at == 0 ? "." : path.substr(0, name_at);
}

std::string name_of(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

// Directories that are made on the way to a file, and go if it does not come.
class MadeDirectories {
 public:
  MadeDirectories() = default;
  MadeDirectories(const MadeDirectories&) = delete;
  MadeDirectories& operator=(const MadeDirectories&) = delete;
  ~MadeDirectories() {
    for (; !made_.empty(); made_.pop_back()) rmdir(made_.back().c_str());
  }

  Result<void> make(const std::string& path) {
    std::filesystem::path each;
    for (const auto& part : std::filesystem::path(path)) {
      each /= part;
      if (mkdir(each.c_str(), kNewDirectoryMode) == 0) {
        made_.push_back(each);
        if (chmod(each.c_str(), kNewDirectoryMode) == 0) continue;
      } else if (errno == EEXIST) {
        continue;
      }
      return tl::unexpected(failed("making the directory", each, errno));
    }
    return {};
  }
  void keep() { made_.clear(); }

 private:
  std::vector<std::string> made_;
};

}  // namespace

Result<ReadFile> read_to_replace(const std::string& path, std::size_t limit) {
  const std::string parent = parent_of(path);
  const std::string name = name_of(path);
  if (name.empty()) return tl::unexpected(irregular(path));

  Descriptor directory(
      open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0)
    return tl::unexpected(failed("opening the directory of", path, errno));
  Descriptor file(
      openat(directory.get(), name.c_str(),
             O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (file.get() < 0 && errno == ELOOP)
    return tl::unexpected(
        refused(path, "a symbolic link", "name the file itself"));
  if (file.get() < 0) return tl::unexpected(failed("opening", path, errno));
  return read_to_replace(std::move(directory), name, std::move(file), path,
                         limit);
}

Result<ReadFile> read_to_replace(Descriptor directory, std::string name,
                                 Descriptor file, const std::string& path,
                                 std::size_t limit) {
  struct stat about {};
  if (fstat(file.get(), &about) != 0)
    return tl::unexpected(failed("looking at", path, errno));
  if (!S_ISREG(about.st_mode)) return tl::unexpected(irregular(path));
  if (about.st_nlink > 1)
    return tl::unexpected(
        refused(path, "a file with several hard links",
                "the others would keep what was; make a copy"));
  auto text = read_descriptor(file.get(), path, limit);
  if (!text) return tl::unexpected(text.error());
  return ReadFile{path,  std::move(name), std::move(directory), std::move(file),
                  about, *std::move(text)};
}

bool is_unchanged(const ReadFile& file) {
  return require_unchanged(file).has_value();
}

Result<void> replace(const ReadFile& file, std::string_view text,
                     PowerLoss after, Privileges privileges) {
  const int directory = file.directory.get();
  const SignalsHeld held;
  const auto name = random_name(".doffctl-");
  if (!name)
    return tl::unexpected(failed("a new name beside", file.path, errno));
  const auto made = open_temporary(directory, *name, file.path);
  if (!made) return tl::unexpected(made.error());
  TemporaryName temporary(directory, *name);
  if (auto filled = fill(made->get(), file, text, privileges); !filled)
    return filled;
  if (auto same = require_unchanged(file); !same) return same;
  if (renameat(directory, temporary.get(), directory, file.name.c_str()) != 0)
    return tl::unexpected(failed("replacing", file.path, errno));
  temporary.release();
  if (after == PowerLoss::kOldOrNew) return {};
  return sync_directory(directory, file.path, kNotSynced);
}

Result<void> create(const std::string& path, std::string_view text) {
  const SignalsHeld held;
  MadeDirectories parents;
  if (auto made = parents.make(parent_of(path)); !made) return made;
  const Descriptor directory(
      open(parent_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0)
    return tl::unexpected(failed("opening the directory of", path, errno));
  auto created = create(directory.get(), name_of(path), path, {.text = text});
  // Once it is there, all that can fail is to sync its directory.
  if (created || faccessat(directory.get(), name_of(path).c_str(), F_OK,
                           AT_SYMLINK_NOFOLLOW) == 0)
    parents.keep();
  return created;
}

Result<void> create(int directory, const std::string& name,
                    const std::string& path, const NewFile& file) {
  const SignalsHeld held;
  const auto unused = random_name(".doffctl-");
  if (!unused) return tl::unexpected(failed("a new name beside", path, errno));
  const auto made = open_temporary(directory, *unused, path);
  if (!made) return tl::unexpected(made.error());
  TemporaryName temporary(directory, *unused);
  const int fd = made->get();
  if (!write_all(fd, file.text) || !give_to_owner(fd, file) ||
      fchmod(fd, file.mode) != 0 || fsync(fd) != 0)
    return tl::unexpected(failed("writing the new", path, errno));
  // Not rename(2), which would put it in the place of somebody else's.
  if (renameat2(directory, temporary.get(), directory, name.c_str(),
                RENAME_NOREPLACE) != 0)
    return tl::unexpected(failed("making", path, errno));
  temporary.release();
  return sync_directory(directory, path, kNotSynced);
}

Result<void> remove(const ReadFile& file) {
  if (auto same = require_unchanged(file); !same) return same;
  if (unlinkat(file.directory.get(), file.name.c_str(), 0) != 0)
    return tl::unexpected(failed("removing", file.path, errno));
  return sync_directory(file.directory.get(), file.path,
                        "the file is gone, but a crash might bring it back");
}

}  // namespace doff
