#include "launcher/output.h"

#include <unistd.h>

#include <cerrno>

#include "caps/names.h"

namespace doff {

Output& Output::operator<<(std::string_view text) {
  for (const char c : text) {
    if (size_ == buffer_.size()) flush();
    buffer_[size_++] = c;
  }
  return *this;
}

Output& Output::operator<<(std::uint32_t number) {
  std::array<char, 10> digits;
  char* first = digits.end();
  do {
    *--first = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number != 0);
  return *this << std::string_view(first, digits.end());
}

Output& Output::operator<<(int number) {
  if (number < 0) *this << "-";
  return *this << (number < 0 ? 0U - static_cast<std::uint32_t>(number)
                              : static_cast<std::uint32_t>(number));
}

Output& Output::hex(CapabilitySet set) {
  const auto digits = doff::hex(set);
  return *this << std::string_view(digits.data(), digits.size());
}

Output& Output::names(CapabilitySet set) {
  list_names(set, [this](std::string_view piece) { *this << piece; });
  return *this;
}

Output& Output::operator<<(CapabilitySet set) {
  constexpr int kFew = 8;
  const CapabilitySet missing = kAllCapabilities - set;
  const bool most =
      !missing.empty() && missing.size() <= kFew && set <= kAllCapabilities;
  hex(set) << (most ? " (all but " : " (");
  return names(most ? missing : set) << ")";
}

Output& Output::quote(std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= ' ' && byte < 0x7f && c != '"' && c != '\\')
      *this << std::string_view(&c, 1);
    else
      *this << "\\u00" << std::string_view(&kHex[byte / 16], 1)
            << std::string_view(&kHex[byte % 16], 1);
  }
  return *this;
}

int Output::flush() {
  const char* rest = buffer_.data();
  while (size_ > 0 && error_ == 0) {
    const ssize_t wrote = write(fd_, rest, size_);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) {
      error_ = errno;
      break;
    }
    rest += wrote;
    size_ -= static_cast<std::size_t>(wrote);
  }
  size_ = 0;
  return error_;
}

}  // namespace doff
