// Reading what a person named, whole; and what writing a file of ours takes.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "helper/failure.h"

namespace doff {

// All of `path`, or of stdin for "-"; at most `limit` bytes. Takes regular
// files and pipes; a FIFO that nobody writes to does not block it.
[[nodiscard]] Result<std::string> read_file(const std::string& path,
                                            std::size_t limit);

// The same of a path, whatever its name, piece by piece: for what need not be
// in memory as a whole. Pieces may have been taken where it fails.
using Take = std::function<void(std::string_view)>;
[[nodiscard]] Result<void> read_pieces(const std::string& path,
                                       std::size_t limit, const Take& take);

// As read_file(), of an open descriptor, which stays the caller's. `name` is
// for messages.
[[nodiscard]] Result<std::string> read_descriptor(int fd,
                                                  const std::string& name,
                                                  std::size_t limit);

// All of `text`, in as many pieces as it takes. False with errno where not.
[[nodiscard]] bool write_all(int fd, std::string_view text);

// `prefix` and 16 digits that nobody guesses, so that nobody can be in the way
// on purpose. Nothing, with errno, where the kernel gives no random bytes.
[[nodiscard]] std::optional<std::string> random_name(std::string prefix);

}  // namespace doff
