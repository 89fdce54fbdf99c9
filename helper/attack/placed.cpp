#include "helper/attack/placed.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include "helper/attack/program.h"
#include "helper/file.h"

namespace doff {
namespace {

constexpr const char* kProgram = "doff-attack";
// /dev is a container's own, writable where its root is not, and nosuid.
constexpr std::array kCandidates = {"/tmp", "/var/tmp", "/run",
                                    "/",    "/dev/shm", "/dev"};

struct Candidate {
  Descriptor parent;
  std::string path;  // of the directory made in it
};

// A new directory in `path` where what it holds can be executed, and where
// wanted can be set-user-ID. Nothing, with errno, where not.
std::optional<Candidate> make_in(const Root& root, const std::string& path,
                                 bool with_set_user_id) {
  auto parent = root.open_directory(path);
  if (!parent) {
    errno = parent.error().error;
    return std::nullopt;
  }
  struct statvfs mount {};
  if (fstatvfs(parent->get(), &mount) != 0) return std::nullopt;
  if ((mount.f_flag & ST_NOEXEC) != 0 ||
      (with_set_user_id && (mount.f_flag & ST_NOSUID) != 0)) {
    errno = EACCES;
    return std::nullopt;
  }
  const auto name = random_name(".doff-attack-");
  if (!name || mkdirat(parent->get(), name->c_str(), 0755) != 0)
    return std::nullopt;
  return Candidate{std::move(*parent), (path == "/" ? "" : path) + "/" + *name};
}

std::vector<std::string> names_in(int directory) {
  std::vector<std::string> names;
  // The stream owns a descriptor of its own.
  DIR* const entries =
      fdopendir(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (entries == nullptr) return names;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else reads this stream
  while (const dirent* const entry = readdir(entries))
    names.emplace_back(&entry->d_name[0]);
  closedir(entries);
  return names;
}

}  // namespace

Placed::Placed(Descriptor parent, std::string path, std::string shown)
    : parent_(std::move(parent)),
      path_(std::move(path)),
      shown_(std::move(shown)) {}

Result<Placed> Placed::make(const Root& root) {
  int error = 0;
  for (const bool with_set_user_id : {true, false})
    for (const char* const each : kCandidates) {
      auto made = make_in(root, each, with_set_user_id);
      if (!made) {
        // That a file system is read-only says more than what came after.
        if (error != EROFS) error = errno;
        continue;
      }
      Placed placed(std::move(made->parent), made->path,
                    root.shown(made->path));
      if (const auto filled = placed.fill(); !filled)
        return tl::unexpected(filled.error());
      return placed;
    }
  std::string tried = kCandidates.front();
  for (std::size_t i = 1; i < kCandidates.size(); ++i)
    tried.append(", ").append(kCandidates[i]);
  return tl::unexpected(
      Failure{.doing = "placing doff-attack below",
              .value = root.shown("/"),
              .cause = "none of " + tried + " can be written and executed from",
              .error = error,
              .next = "give it such a directory, as a tmpfs on /tmp"});
}

Result<void> Placed::fill() {
  const std::string name = name_in_root(path_);
  const auto failed = [&] {
    return tl::unexpected(Failure{
        .doing = "placing doff-attack in", .value = shown_, .error = errno});
  };
  directory_.reset(openat(parent_.get(), name.c_str(),
                          O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  // Whatever the umask is, others may come in.
  if (directory_.get() < 0 || fchmod(directory_.get(), 0755) != 0)
    return failed();
  // One that somebody put in its place would lose what it holds in the end.
  constexpr std::size_t kOfAnEmptyOne = 2;  // . and ..
  if (names_in(directory_.get()).size() != kOfAnEmptyOne) {
    there_ = false;
    return tl::unexpected(Failure{.doing = "placing doff-attack in",
                                  .value = shown_,
                                  .cause = "somebody there exchanged it"});
  }
  const Descriptor file(
      openat(directory_.get(), kProgram,
             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0755));
  if (file.get() < 0 || !write_all(file.get(), attack_program()) ||
      fchmod(file.get(), 0755) != 0)
    return failed();
  return {};
}

Placed::~Placed() {
  if (parent_.get() >= 0) static_cast<void>(remove());
}

std::string Placed::program() const { return path_ + "/" + kProgram; }

Result<void> Placed::remove() {
  if (!there_) return {};
  const std::vector<std::string> names = names_in(directory_.get());
  for (const std::string& each : names)
    static_cast<void>(unlinkat(directory_.get(), each.c_str(), 0));
  if (unlinkat(parent_.get(), name_in_root(path_).c_str(), AT_REMOVEDIR) != 0 &&
      errno != ENOENT)
    return tl::unexpected(Failure{.doing = "cleaning up",
                                  .value = shown_,
                                  .error = errno,
                                  .next = "remove that directory"});
  there_ = false;
  return {};
}

}  // namespace doff
