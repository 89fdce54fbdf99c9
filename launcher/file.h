// Reading a file that an option named, and nothing about what it means.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "launcher/failure.h"

namespace doff {

enum class Trust : std::uint8_t {
  kAnyOwner,
  // Not a link, owned by uid 0, and writable by nobody else: its text decides
  // what a privileged process does.
  kRootOnly,
};

// Reads the whole of a regular file of at most `limit` bytes into memory of
// its own, which lives until execve. Never blocks on a FIFO. On failure `text`
// is empty, and the Failure's `error` is ENOENT only if there is no such file.
std::optional<Failure> read_file(const char* path, std::size_t limit,
                                 Trust trust, std::span<char>& text);

}  // namespace doff
