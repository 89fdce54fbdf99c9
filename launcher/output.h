// Text on a descriptor. Everything that doff says is put together here.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "caps/capability_set.h"

namespace doff {

// Buffers, and writes when full and when destroyed.
class Output {
 public:
  explicit Output(int fd) : fd_(fd) {}
  ~Output() { flush(); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  Output& operator<<(std::string_view text);
  Output& operator<<(long number);
  // For people: hex and names, or what is missing from all of them.
  Output& operator<<(CapabilitySet set);
  Output& hex(CapabilitySet set);
  Output& names(CapabilitySet set);
  // Somebody else's bytes. All but printable ASCII, quotes and backslashes
  // becomes \u00XX: harmless on a terminal.
  Output& quote(std::string_view bytes);
  // 0, or the errno of the first write that failed.
  int flush();

 private:
  int fd_;
  int error_ = 0;
  std::size_t size_ = 0;
  std::array<char, 1024> buffer_;
};

}  // namespace doff
