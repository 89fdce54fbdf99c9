#include "helper/install_shell/change.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <set>
#include <utility>

#include "helper/spec/signals_held.h"

namespace doff {
namespace {

constexpr mode_t kDirectoryMode = 0755;

Failure failed(const char* doing, const std::string& path) {
  return {.doing = doing, .value = path, .error = errno};
}

// After a change, which stays.
Failure failed_behind(const char* doing, const std::string& path) {
  Failure failure = failed(doing, path);
  failure.done = true;
  return failure;
}

Result<void> sync(const Descriptor& directory, const std::string& path) {
  if (fsync(directory.get()) == 0 || errno == EINVAL) return {};
  return tl::unexpected(failed_behind("syncing the directory of", path));
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

// Renames `name` to `path` beside it, by renameat2(2) with `flags`, where one
// of `launchers` is at `path`: what somebody else has put there stays.
Result<void> give_back(const Root& root, const std::string& path,
                       const std::string& name,
                       const std::set<std::string>& launchers, unsigned flags) {
  const auto digest = root.digest_of_entry(path);
  if (!digest) return tl::unexpected(digest.error());
  if (!launchers.contains(*digest)) return {};
  const auto directory = root.open_directory(parent_in_root(path));
  if (!directory) return tl::unexpected(directory.error());
  if (renameat2(directory->get(), name.c_str(), directory->get(),
                name_in_root(path).c_str(), flags) != 0)
    return tl::unexpected(failed("restoring", root.shown(path)));
  return sync(*directory, root.shown(path));
}

// That one of `launchers` is at `name` beside `path`, and none at `path` yet.
Result<void> require_launcher_beside(const Root& root, const std::string& path,
                                     const std::string& name,
                                     const std::set<std::string>& launchers) {
  const std::string beside = beside_in_root(path, name);
  const auto waiting = root.digest_of_entry(beside);
  const auto shell = root.digest_of_entry(path);
  if (!waiting) return tl::unexpected(waiting.error());
  if (!shell) return tl::unexpected(shell.error());
  Failure failure{.doing = "exchanging names with", .next = "try again"};
  if (!launchers.contains(*waiting)) {
    failure.value = root.shown(beside);
    failure.cause = "it is not the launcher any more";
  } else if (launchers.contains(*shell)) {
    failure.value = root.shown(path);
    failure.cause = "it is a launcher by now";
  } else {
    return {};
  }
  return tl::unexpected(failure);
}

std::string list_of(const Changes& changes, std::size_t begin,
                    std::size_t end) {
  std::string text;
  for (std::size_t i = begin; i < end; ++i)
    text.append(text.empty() ? "" : ", ").append(changes[i].path);
  return text.empty() ? "nothing" : text;
}

// `failure` of the change `at`, with what has become of it all.
Failure taken_back(const Changes& changes, std::size_t at, Failure failure) {
  std::string left;
  bool undone = true;
  const std::size_t end = at + (failure.done ? 1 : 0);
  for (std::size_t i = end; i-- > 0;) {
    if (!changes[i].take_back) {
      undone = false;
      continue;
    }
    if (const auto back = changes[i].take_back(); !back)
      left += (left.empty() ? "" : ", ") + to_text(back.error());
  }
  if (!failure.next.empty()) failure.next += "; ";
  if (!undone)
    failure.next += "done: " + list_of(changes, 0, end) +
                    "; not done: " + list_of(changes, end, changes.size()) +
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

Change make_directory(const Root& root, const std::string& path) {
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
      return tl::unexpected(failed_behind("the mode of", root.shown(path)));
    return sync(*parent, root.shown(path));
  };
  return {escaped(root.shown(path)), "made", make,
          remove_directory(root, path).make};
}

Change remove_directory(const Root& root, const std::string& path) {
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
  return {escaped(root.shown(path)), "removed, if it is empty", make, {}};
}

Change make_file(const Root& root, const std::string& path,
                 const std::string& text, mode_t mode, std::string_view what) {
  const auto make = [&root, path, text, mode]() -> Result<void> {
    const auto parent = root.open_directory(parent_in_root(path));
    if (!parent) return tl::unexpected(parent.error());
    return create(parent->get(), name_in_root(path), root.shown(path),
                  {.text = text, .mode = mode});
  };
  const auto take_back = [&root, path, text] {
    return unmake_file(root, path, text);
  };
  return {escaped(root.shown(path)), std::string(what), make, take_back};
}

Change edit_file(const Root& root, const std::shared_ptr<const ReadFile>& file,
                 const std::string& path, const std::string& text,
                 std::string_view what) {
  const auto take_back = [&root, file, path, text] {
    return unedit_file(root, path, text, file->text);
  };
  return {escaped(root.shown(path)), std::string(what),
          [file, text] { return replace(*file, text); }, take_back};
}

Change renew_launcher(const Root& root,
                      const std::shared_ptr<const ReadFile>& file,
                      const std::string& path, const std::string& text) {
  Change change =
      edit_file(root, file, path, text, "replaced by this launcher");
  change.make = [file, text] {
    return replace(*file, text, PowerLoss::kNew, Privileges::kStripped);
  };
  return change;
}

Change remove_file(const Root& root,
                   const std::shared_ptr<const ReadFile>& file,
                   const std::string& path) {
  return {escaped(root.shown(path)),
          "removed",
          [file] { return remove(*file); },
          {}};
}

Change make_stand_in(const Root& root, const std::string& path,
                     const std::string& text, const struct stat& like) {
  const auto make = [&root, path, text, like]() -> Result<void> {
    const auto parent = root.open_directory(parent_in_root(path));
    if (!parent) return tl::unexpected(parent.error());
    constexpr mode_t kPermissions = 0777;
    return create(
        parent->get(), name_in_root(path), root.shown(path),
        {.text = text, .mode = like.st_mode & kPermissions, .owner_of = &like});
  };
  const auto take_back = [&root, path, text] {
    return unmake_file(root, path, text);
  };
  return {escaped(root.shown(path)), "", make, take_back};
}

Change exchange(const Root& root, const std::string& path,
                const std::string& name,
                const std::set<std::string>& launchers) {
  const auto make = [&root, path, name, launchers]() -> Result<void> {
    if (auto right = require_launcher_beside(root, path, name, launchers);
        !right)
      return right;
    const auto parent = root.open_directory(parent_in_root(path));
    if (!parent) return tl::unexpected(parent.error());
    if (renameat2(parent->get(), name.c_str(), parent->get(),
                  name_in_root(path).c_str(), RENAME_EXCHANGE) != 0) {
      Failure failure = failed("exchanging names with", root.shown(path));
      if (failure.error == EINVAL) failure.cause = "this file system cannot";
      return tl::unexpected(failure);
    }
    return sync(*parent, root.shown(path));
  };
  const auto take_back = [&root, path, name, launchers] {
    return give_back(root, path, name, launchers, RENAME_EXCHANGE);
  };
  return {escaped(root.shown(path)),
          "replaced by the launcher; what it was is now " +
              escaped(root.shown(beside_in_root(path, name))),
          make, take_back};
}

Change step_back(const Root& root, const std::string& path,
                 const std::string& name,
                 const std::set<std::string>& launchers) {
  const auto make = [&root, path, name, launchers] {
    return give_back(root, path, name, launchers, 0);
  };
  return {escaped(root.shown(path)), "put back to what it was", make, {}};
}

}  // namespace doff
