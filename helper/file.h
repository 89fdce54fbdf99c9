// Reading what a person named, whole.
#pragma once

#include <cstddef>
#include <string>

#include "helper/failure.h"

namespace doff {

// All of `path`, or of stdin for "-"; at most `limit` bytes. Takes regular
// files and pipes; a FIFO that nobody writes to does not block it.
[[nodiscard]] Result<std::string> read_file(const std::string& path,
                                            std::size_t limit);

// The same of an open descriptor, which stays the caller's. `name` is for
// messages.
[[nodiscard]] Result<std::string> read_descriptor(int fd,
                                                  const std::string& name,
                                                  std::size_t limit);

}  // namespace doff
