// Reading a file that an option named, and nothing about what it means.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace doff {

enum class Trust : std::uint8_t {
  kAnyOwner,
  kAnyOwnerOrAbsent,  // where there is none, it is as if it were empty
  // Not a link, owned by uid 0, and writable by nobody else: its text decides
  // what a privileged process does.
  kRootOnly,
};

// The whole of a regular file of at most `limit` bytes, in memory of its own,
// which lives until execve. Never blocks on a FIFO. Refuses, in the name of
// `option`, what it cannot read or may not trust.
std::span<char> read_file(const char* path, std::size_t limit, Trust trust,
                          std::string_view option);

}  // namespace doff
