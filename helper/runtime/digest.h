// SHA-256, as container tools write it.
#pragma once

#include <nettle/sha2.h>

#include <string>
#include <string_view>

#include "helper/failure.h"

namespace doff {

class Digest {
 public:
  Digest() { sha256_init(&state_); }
  void add(std::string_view text);
  // `sha256:` and 64 digits. What is added later begins anew.
  std::string text();

 private:
  sha256_ctx state_{};
};

std::string digest_of(std::string_view bytes);

// Of a file, of at most 16 MiB.
[[nodiscard]] Result<std::string> digest_of_file(const std::string& path);

}  // namespace doff
