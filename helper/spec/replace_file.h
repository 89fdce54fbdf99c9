// A file replaced, made or removed as a whole or not at all.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "helper/descriptor.h"
#include "helper/failure.h"

namespace doff {

// A file that was read, and that is held open so that it is still known.
struct ReadFile {
  std::string path;
  std::string name;  // in `directory`
  Descriptor directory;
  Descriptor file;
  struct stat about;  // as of when it was read
  std::string text;
};

// Reads `path`, at most `limit` bytes. Refuses what replace() could not
// replace without harm: a symbolic link, a file with several links, anything
// but a regular file.
[[nodiscard]] Result<ReadFile> read_to_replace(const std::string& path,
                                               std::size_t limit);

// The same of `name` in `directory`, opened by somebody as `file`: where a path
// must not be followed again. `path` is for messages.
[[nodiscard]] Result<ReadFile> read_to_replace(Descriptor directory,
                                               std::string name,
                                               Descriptor file,
                                               const std::string& path,
                                               std::size_t limit);

// What is at the path when the machine loses power right after.
enum class PowerLoss : std::uint8_t { kNew, kOldOrNew };

// Set-ID bits and file capabilities of what is replaced.
enum class Privileges : std::uint8_t { kKept, kStripped };

// Puts a new file with the same owner, mode, ACL and extended attributes and
// with `text` in the place of `file`. Until the very end it has another name
// and only its owner may read it. On failure that name is gone, and `path` is
// what it was; the one exception is a directory that cannot be synced (it is
// for `kNew` only), after the replacement, of which Failure::done tells. Killed
// at any moment, it leaves the old or the new file at `path`, maybe with
// `.doffctl-…` beside it. SIGINT, SIGTERM and SIGHUP wait until it is done.
//
// Refused: a file that is no longer the one that was read, or has changed
// since. A change within the last microseconds is not seen: the kernel has no
// rename that looks.
[[nodiscard]] Result<void> replace(const ReadFile& file, std::string_view text,
                                   PowerLoss after = PowerLoss::kNew,
                                   Privileges privileges = Privileges::kKept);

// Whether `path` still is the file that was read, and has not changed since.
[[nodiscard]] bool is_unchanged(const ReadFile& file);

// Makes the file `path` with `text`, in mode 0644, in the same way. Refused:
// anything that is there by that name, a symbolic link to nowhere too.
// Directories on the way to it that are missing are made in mode 0755, and are
// gone again on failure.
[[nodiscard]] Result<void> create(const std::string& path,
                                  std::string_view text);

// A file to be made, with no attribute but these.
struct NewFile {
  std::string_view text;
  mode_t mode = 0644;
  // Whose owner and group it gets; null: those of this process.
  const struct stat* owner_of = nullptr;
};

// The same in a directory that is there.
[[nodiscard]] Result<void> create(int directory, const std::string& name,
                                  const std::string& path, const NewFile& file);

// Removes `file`, unless it is no longer the one that was read.
[[nodiscard]] Result<void> remove(const ReadFile& file);

}  // namespace doff
