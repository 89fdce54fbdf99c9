// Reading a file that an option named, and nothing about what it means.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace doff {

struct Trust {
  // Not a link, owned by uid 0, and writable by nobody else: its text decides
  // what a privileged process does.
  bool root_only = false;
  // Where there is none, it is as if it were empty.
  bool may_be_absent = false;
  // An owner whom this user namespace does not map is as good as uid 0, which
  // the one of --userns does not map either. Not the caller, at any rate.
  bool may_be_unmapped = false;
};

// The whole of a regular file of at most `limit` bytes, in memory of its own,
// which lives until execve. Never blocks on a FIFO. Refuses, in the name of
// `option` if it is one that named the file, what it cannot read or may not
// trust.
std::span<char> read_file(const char* path, std::size_t limit, Trust trust,
                          std::string_view option);

}  // namespace doff
