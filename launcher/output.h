// Text on a descriptor. Everything that doff says is put together here.
#pragma once

#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <string_view>

#include "caps/names.h"

namespace doff {

// Buffers, and writes when full and when destroyed.
class Output {
 public:
  explicit Output(int fd) : fd_(fd) {}
  ~Output() { flush(); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  Output& operator<<(std::string_view text) {
    for (const char c : text) {
      if (size_ == buffer_.size()) flush();
      buffer_[size_++] = c;
    }
    return *this;
  }

  Output& operator<<(long number) {
    std::array<char, 20> text;
    const char* const end = std::to_chars(text.begin(), text.end(), number).ptr;
    return *this << std::string_view(text.begin(), end);
  }

  Output& hex(CapabilitySet set) {
    const auto digits = doff::hex(set);
    return *this << std::string_view(digits.data(), digits.size());
  }

  Output& names(CapabilitySet set) {
    list_names(set, [this](std::string_view piece) { *this << piece; });
    return *this;
  }

  // For people: hex and names, or what is missing from all of them.
  Output& operator<<(CapabilitySet set) {
    constexpr int kFew = 8;
    const CapabilitySet missing = kAllCapabilities - set;
    const bool most =
        !missing.empty() && missing.size() <= kFew && set <= kAllCapabilities;
    hex(set) << (most ? " (all but " : " (");
    return names(most ? missing : set) << ")";
  }

  // Somebody else's bytes. All but printable ASCII, quotes and backslashes
  // becomes \u00XX: harmless on a terminal.
  Output& quote(std::string_view bytes) {
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

  // 0, or the errno of the first write that failed.
  int flush() {
    std::size_t done = 0;
    while (done < size_ && error_ == 0) {
      const ssize_t wrote = write(fd_, &buffer_[done], size_ - done);
      if (wrote > 0)
        done += static_cast<std::size_t>(wrote);
      else if (wrote == 0 || errno != EINTR)
        error_ = wrote == 0 ? EIO : errno;
    }
    size_ = 0;
    return error_;
  }

 private:
  int fd_;
  int error_ = 0;
  std::size_t size_ = 0;
  std::array<char, 1024> buffer_;
};

}  // namespace doff
