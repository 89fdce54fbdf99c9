#include "helper/runtime/digest.h"

#include <array>
#include <cstdint>

#include "helper/file.h"

namespace doff {

void Digest::add(std::string_view text) {
  sha256_update(&state_, text.size(),
                reinterpret_cast<const std::uint8_t*>(text.data()));
}

std::string Digest::text() {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::array<std::uint8_t, SHA256_DIGEST_SIZE> bytes{};
  sha256_digest(&state_, bytes.size(), bytes.data());
  std::string digits = "sha256:";
  for (const unsigned byte : bytes) {
    digits += kHex[byte >> 4];
    digits += kHex[byte & 15];
  }
  return digits;
}

std::string digest_of(std::string_view bytes) {
  Digest digest;
  digest.add(bytes);
  return digest.text();
}

Result<std::string> digest_of_file(const std::string& path) {
  constexpr std::size_t kLongest = std::size_t{16} << 20;
  Digest digest;
  const auto read = read_pieces(
      path, kLongest, [&digest](std::string_view piece) { digest.add(piece); });
  if (!read) return tl::unexpected(read.error());
  return digest.text();
}

}  // namespace doff
