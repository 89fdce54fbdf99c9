// Capabilities as values: one capability is a number from 0 to 63, a set is
// 64 bits, as in capget(2)'s two 32-bit words and in /proc/PID/status.
#pragma once

#include <bit>
#include <cstdint>

namespace doff {

// A capability's number in <linux/capability.h>. Every value from 0 to 63 is
// valid, with or without a name: a newer kernel may know more than we do.
enum class Capability : std::uint8_t {};

inline constexpr unsigned kCapabilityBits = 64;

constexpr unsigned number(Capability capability) {
  return static_cast<unsigned>(capability);
}

// A set of capabilities. `a <= b` reads "a is within b".
class CapabilitySet {
 public:
  // Walks the members in ascending order.
  class Iterator {
   public:
    constexpr explicit Iterator(std::uint64_t rest) : rest_(rest) {}
    constexpr Capability operator*() const {
      return static_cast<Capability>(std::countr_zero(rest_));
    }
    constexpr Iterator& operator++() {
      rest_ &= rest_ - 1;
      return *this;
    }
    constexpr bool operator==(const Iterator&) const = default;

   private:
    std::uint64_t rest_;
  };

  constexpr CapabilitySet() = default;
  constexpr explicit CapabilitySet(std::uint64_t bits) : bits_(bits) {}
  constexpr explicit CapabilitySet(Capability one)
      : bits_(std::uint64_t{1} << (number(one) % kCapabilityBits)) {}

  [[nodiscard]] constexpr std::uint64_t bits() const { return bits_; }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  [[nodiscard]] constexpr int size() const { return std::popcount(bits_); }
  [[nodiscard]] constexpr bool has(Capability one) const {
    return (bits_ & CapabilitySet(one).bits_) != 0;
  }

  constexpr CapabilitySet operator|(CapabilitySet other) const {
    return CapabilitySet(bits_ | other.bits_);
  }
  constexpr CapabilitySet operator&(CapabilitySet other) const {
    return CapabilitySet(bits_ & other.bits_);
  }
  constexpr CapabilitySet operator-(CapabilitySet other) const {
    return CapabilitySet(bits_ & ~other.bits_);
  }
  constexpr CapabilitySet& operator|=(CapabilitySet other) {
    return *this = *this | other;
  }
  constexpr bool operator==(const CapabilitySet&) const = default;
  constexpr bool operator<=(CapabilitySet other) const {
    return (*this - other).empty();
  }

  [[nodiscard]] constexpr Iterator begin() const { return Iterator(bits_); }
  [[nodiscard]] static constexpr Iterator end() { return Iterator(0); }

 private:
  std::uint64_t bits_ = 0;
};

}  // namespace doff
