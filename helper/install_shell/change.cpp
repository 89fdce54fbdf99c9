#include "helper/install_shell/change.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <set>
#include <utility>

#include "helper/runtime/digest.h"
#include "helper/spec/signals_held.h"

namespace doff {
namespace {

constexpr mode_t kDirectoryMode = 0755;

Failure failed(const char* doing, const std::string& path) {
  return {.doing = doing, .value = path, .error = errno};
}

Result<void> sync(const Descriptor& directory, const std::string& path) {
  if (fsync(directory.get()) == 0 || errno == EINVAL) return {};
  return tl::unexpected(failed("syncing the directory of", path));
}

std::string line(const Root& root, std::string_view path,
                 std::string_view what) {
  return quoted(root.shown(path)).append(": ").append(what);
}

// Removes `path` if it is what make_file() made.
Result<void> unmake_file(const Root& root, const std::string& path,
                         std::string_view text) {
  const auto file = root.read(path, kLongestFile);
  if (!file) return tl::unexpected(file.error());
  if (!*file || (*file)->text != text) return {};
  return remove(**file);
}

Result<void> unedit_file(const Root& root, const std::string& path,
                         std::string_view now, std::string_view before) {
  const auto file = root.read(path, kLongestFile);
  if (!file) return tl::unexpected(file.error());
  if (!*file || (*file)->text != now) return {};
  return replace(**file, before);
}

bool same(const struct stat& one, const struct stat& other) {
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

// Two entries of one directory, the links themselves.
struct Pair {
  Descriptor directory;
  struct stat first {};
  struct stat second {};
};
Result<Pair> look_at_pair(const Root& root, const std::string& path,
                          const std::string& name) {
  auto directory = root.open_directory(parent_in_root(path));
  if (!directory) return tl::unexpected(directory.error());
  Pair pair{.directory = *std::move(directory)};
  if (fstatat(pair.directory.get(), name_in_root(path).c_str(), &pair.first,
              AT_SYMLINK_NOFOLLOW) != 0)
    return tl::unexpected(failed("looking at", root.shown(path)));
  if (fstatat(pair.directory.get(), name.c_str(), &pair.second,
              AT_SYMLINK_NOFOLLOW) != 0)
    return tl::unexpected(
        failed("looking at", root.shown(parent_in_root(path) + "/" + name)));
  return pair;
}

// Where another file than a launcher is there by now, it stays.
Result<void> give_back(const Root& root, const std::string& path,
                       const std::string& name,
                       const std::set<std::string>& launchers) {
  const auto digest = root.digest_of_entry(path);
  if (!digest) return tl::unexpected(digest.error());
  if (!launchers.contains(*digest)) return {};
  const auto directory = root.open_directory(parent_in_root(path));
  if (!directory) return tl::unexpected(directory.error());
  if (renameat(directory->get(), name.c_str(), directory->get(),
               name_in_root(path).c_str()) != 0)
    return tl::unexpected(failed("restoring", root.shown(path)));
  return sync(*directory, root.shown(path));
}

std::string list_of(const Changes& changes, std::size_t begin,
                    std::size_t end) {
  std::string text;
  for (std::size_t i = begin; i < end; ++i)
    text += (text.empty() ? "" : ", ") +
            changes[i].what.substr(0, changes[i].what.find(": "));
  return text.empty() ? "nothing" : text;
}

// `failure` of the change `at`, with what has become of it all.
Failure taken_back(const Changes& changes, std::size_t at, Failure failure) {
  std::string left;
  bool undone = true;
  for (std::size_t i = at + 1; i-- > 0;) {
    if (!changes[i].take_back) {
      undone = false;
      continue;
    }
    if (const auto back = changes[i].take_back(); !back)
      left += (left.empty() ? "" : ", ") + to_text(back.error());
  }
  if (!failure.next.empty()) failure.next += "; ";
  if (!undone)
    failure.next += "done: " + list_of(changes, 0, at) +
                    "; not done: " + list_of(changes, at, changes.size()) +
                    "; --undo goes on from there";
  else if (left.empty())
    failure.next += "all is as it was";
  else
    failure.next += "and this is left: " + left;
  return failure;
}

}  // namespace

Result<void> make(const Changes& changes) {
  const SignalsHeld held;
  for (std::size_t i = 0; i < changes.size(); ++i)
    if (auto made = changes[i].make(); !made)
      return tl::unexpected(taken_back(changes, i, std::move(made.error())));
  return {};
}

Change make_directory(const Root& root, std::string path) {
  const auto make = [&root, path]() -> Result<void> {
    const auto parent = root.open_directory(parent_in_root(path));
    if (!parent) return tl::unexpected(parent.error());
    const std::string name = name_in_root(path);
    if (mkdirat(parent->get(), name.c_str(), kDirectoryMode) != 0)
      return tl::unexpected(failed("making", root.shown(path)));
    const Descriptor made(
        openat(parent->get(), name.c_str(),
               O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (made.get() < 0 || fchmod(made.get(), kDirectoryMode) != 0)
      return tl::unexpected(failed("the mode of", root.shown(path)));
    return sync(*parent, root.shown(path));
  };
  return {line(root, path, "made"), make, remove_directory(root, path).make};
}

Change remove_directory(const Root& root, std::string path) {
  const auto make = [&root, path]() -> Result<void> {
    const auto parent = root.open_directory(parent_in_root(path));
    if (!parent && parent.error().error == ENOENT) return {};
    if (!parent) return tl::unexpected(parent.error());
    if (unlinkat(parent->get(), name_in_root(path).c_str(), AT_REMOVEDIR) ==
            0 ||
        errno == ENOENT || errno == ENOTEMPTY || errno == EEXIST)
      return sync(*parent, root.shown(path));
    return tl::unexpected(failed("removing", root.shown(path)));
  };
  return {line(root, path, "removed, if it is empty"), make, {}};
}

Change make_file(const Root& root, std::string path, std::string text,
                 mode_t mode, std::string_view what) {
  const auto make = [&root, path, text, mode]() -> Result<void> {
    const auto parent = root.open_directory(parent_in_root(path));
    if (!parent) return tl::unexpected(parent.error());
    return create(parent->get(), name_in_root(path), root.shown(path),
                  {.text = text, .mode = mode});
  };
  const auto take_back = [&root, path, text] {
    return unmake_file(root, path, text);
  };
  return {line(root, path, what), make, take_back};
}

Change edit_file(const Root& root, std::shared_ptr<const ReadFile> file,
                 std::string path, std::string text, std::string_view what) {
  const auto take_back = [&root, file, path, text] {
    return unedit_file(root, path, text, file->text);
  };
  return {line(root, path, what), [file, text] { return replace(*file, text); },
          take_back};
}

Change remove_file(const Root& root, std::shared_ptr<const ReadFile> file,
                   const std::string& path) {
  return {line(root, path, "removed"), [file] { return remove(*file); }, {}};
}

Change link_beside(const Root& root, std::string path, std::string name) {
  const auto make = [&root, path, name]() -> Result<void> {
    const auto parent = root.open_directory(parent_in_root(path));
    if (!parent) return tl::unexpected(parent.error());
    // Without AT_SYMLINK_FOLLOW: of a link, it is the link that gets it.
    if (linkat(parent->get(), name_in_root(path).c_str(), parent->get(),
               name.c_str(), 0) != 0)
      return tl::unexpected(failed("a second name for", root.shown(path)));
    return sync(*parent, root.shown(path));
  };
  return {
      line(root, parent_in_root(path) + "/" + name, "what " + path + " was"),
      make, unlink_beside(root, path, name).make};
}

Change unlink_beside(const Root& root, std::string path, std::string name) {
  const auto make = [&root, path, name]() -> Result<void> {
    const auto pair = look_at_pair(root, path, name);
    if (!pair && pair.error().error == ENOENT) return {};
    if (!pair) return tl::unexpected(pair.error());
    if (!same(pair->first, pair->second)) return {};
    if (unlinkat(pair->directory.get(), name.c_str(), 0) != 0)
      return tl::unexpected(failed("removing", name));
    return sync(pair->directory, root.shown(path));
  };
  return {line(root, parent_in_root(path) + "/" + name, "removed"), make, {}};
}

Change stand_in(const Root& root, std::string path, std::string name,
                std::string text, const struct stat& like) {
  const auto make = [&root, path, name, text, like]() -> Result<void> {
    const auto pair = look_at_pair(root, path, name);
    if (!pair) return tl::unexpected(pair.error());
    constexpr mode_t kPermissions = 0777;
    return create(pair->directory.get(), name_in_root(path), root.shown(path),
                  {.text = text,
                   .mode = like.st_mode & kPermissions,
                   .owner_of = &like,
                   .instead_of = &pair->second});
  };
  return {line(root, path, "the launcher"), make,
          step_back(root, path, name, {digest_of(text)}).make};
}

Change step_back(const Root& root, std::string path, std::string name,
                 std::set<std::string> launchers) {
  const auto make = [&root, path, name, launchers] {
    return give_back(root, path, name, launchers);
  };
  return {line(root, path, "again what it was"), make, {}};
}

}  // namespace doff
