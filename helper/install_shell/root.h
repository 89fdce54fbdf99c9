// A root file system that nobody vouches for, as a directory. No link and no
// `..` in it leads outside: openat2(2), RESOLVE_IN_ROOT. Paths are those that a
// process with that root would use.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "helper/descriptor.h"
#include "helper/failure.h"
#include "helper/spec/replace_file.h"

namespace doff {

// Of a file that is read whole: a passwd of this length has 100,000 users.
inline constexpr std::size_t kLongestFile = std::size_t{16} << 20;

std::string parent_in_root(std::string_view path);
std::string name_in_root(std::string_view path);
// The path of `name` in the directory in which `path` is.
std::string beside_in_root(std::string_view path, std::string_view name);

class Root {
 public:
  // `path` is the caller's, and may be a link.
  [[nodiscard]] static Result<Root> open(const std::string& path);

  // As it was given.
  [[nodiscard]] const std::string& path() const { return path_; }
  // What people are shown: the path as it is outside.
  [[nodiscard]] std::string shown(std::string_view path) const;

  [[nodiscard]] Result<Descriptor> open_directory(
      const std::string& path) const;

  // The entry itself, not what it links to; nothing where it, or a directory on
  // the way to it, is not there.
  [[nodiscard]] Result<std::optional<struct stat>> look_at(
      const std::string& path) const;

  // A regular file to be edited, as read_to_replace() takes it. What is not
  // regular is never opened: to open a device can be an act.
  [[nodiscard]] Result<std::optional<ReadFile>> read(const std::string& path,
                                                     std::size_t limit) const;

  // Of the regular file that the entry itself is; "" of anything else, of
  // nothing, and of what is far larger than doff.
  [[nodiscard]] Result<std::string> digest_of_entry(
      const std::string& path) const;

  // What `path` is in the end, links followed within the root; nothing where
  // there is nothing.
  [[nodiscard]] std::optional<struct stat> follow(
      const std::string& path) const;

  // A file that can be run, links followed within the root.
  struct Program {
    struct stat about;
    std::string digest;    // "" of one far larger than doff
    bool is_doff = false;  // of whatever version
  };
  [[nodiscard]] Result<Program> look_at_program(const std::string& path) const;

 private:
  Root(std::string path, Descriptor directory);
  // Of a descriptor of O_PATH, a regular file; nothing of one that is far
  // larger than doff.
  [[nodiscard]] Result<std::optional<std::string>> bytes_of(
      const Descriptor& entry, const struct stat& about,
      const std::string& path) const;
  [[nodiscard]] Descriptor open_inside(const std::string& path,
                                       int flags) const;

  std::string path_;
  Descriptor directory_;
};

}  // namespace doff
