#include "helper/install_shell/locks.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "helper/file.h"

namespace doff {
namespace {

constexpr const char* kPwdLock = "/etc/.pwd.lock";

bool is_held(int error) { return error == EWOULDBLOCK || error == EACCES; }

// Whether `try_lock` succeeds in the end; if not, with its errno.
template <typename Try>
bool wait_for(const Try& try_lock) {
  constexpr std::chrono::milliseconds kALittle{20};
  constexpr int kTries = 250;
  for (int tries = 1; !try_lock(); ++tries) {
    if (!is_held(errno) || tries == kTries) return false;
    std::this_thread::sleep_for(kALittle);
  }
  return true;
}

Failure failed(const std::string& path) {
  return {.doing = "locking", .value = path, .error = errno};
}

// What is there is not opened before it is known to be a file.
Result<Descriptor> open_pwd_lock(const Root& root) {
  const auto directory = root.open_directory(parent_in_root(kPwdLock));
  if (!directory) return tl::unexpected(directory.error());
  const std::string name = name_in_root(kPwdLock);
  Descriptor made(openat(directory->get(), name.c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                         S_IRUSR | S_IWUSR));
  if (made.get() >= 0) return made;
  if (errno != EEXIST) return tl::unexpected(failed(root.shown(kPwdLock)));
  const Descriptor entry(
      openat(directory->get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat about {};
  if (entry.get() < 0 || fstat(entry.get(), &about) != 0)
    return tl::unexpected(failed(root.shown(kPwdLock)));
  if (!S_ISREG(about.st_mode))
    return tl::unexpected(Failure{.doing = "locking",
                                  .value = root.shown(kPwdLock),
                                  .cause = "not a regular file",
                                  .next = "remove it"});
  const std::string path = "/proc/self/fd/" + std::to_string(entry.get());
  Descriptor file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (file.get() < 0) return tl::unexpected(failed(root.shown(kPwdLock)));
  return file;
}

// Who has a lock that `wanted` would be in conflict with, for people.
std::string holder(int fd, struct flock wanted) {
  if (fcntl(fd, F_GETLK, &wanted) != 0 || wanted.l_type == F_UNLCK ||
      wanted.l_pid <= 0)
    return "another process";
  const std::string pid = std::to_string(wanted.l_pid);
  constexpr std::size_t kLongestName = 64;
  auto name = read_file("/proc/" + pid + "/comm", kLongestName);
  if (!name) return "process " + pid;
  while (name->ends_with('\n')) name->pop_back();
  return "process " + pid + ", " + escaped(*name) + ",";
}

}  // namespace

Result<Descriptor> lock_root(const Root& root) {
  Result<Descriptor> directory = root.open_directory("/");
  if (!directory) return directory;
  if (wait_for([&] { return flock(directory->get(), LOCK_EX | LOCK_NB) == 0; }))
    return directory;
  Failure failure = failed(root.shown("/"));
  if (is_held(failure.error)) {
    failure.error = 0;
    failure.cause = "another process, such as another install-shell, holds it";
    failure.next = "try again when that has ended; fuser(1) names it";
  }
  return tl::unexpected(failure);
}

Result<Descriptor> lock_passwd(const Root& root) {
  Result<Descriptor> file = open_pwd_lock(root);
  if (!file) return file;
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (wait_for([&] { return fcntl(file->get(), F_SETLK, &whole) == 0; }))
    return file;
  Failure failure = failed(root.shown(kPwdLock));
  if (is_held(failure.error)) {
    failure.error = 0;
    failure.cause = holder(file->get(), whole) +
                    " holds it, and may be changing the accounts";
    failure.next = "try again when that has ended";
  }
  return tl::unexpected(failure);
}

}  // namespace doff
