// What the profiles promise, said a second time: from the prose of the design
// and of the manual pages, in plain code, with the kernel headers' numbers. It
// shares no table and no library with what builds the filters.
#pragma once

#include <linux/seccomp.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace statement {

enum class Profile : std::uint8_t { kRegain, kHardened };

// The filter's answers, by their exact value.
inline constexpr std::uint32_t kAllow = 0x7fff0000;
inline constexpr std::uint32_t kKillProcess = 0x80000000;
inline constexpr std::uint32_t kPermissionDenied = 0x00050001;  // EPERM
inline constexpr std::uint32_t kNoSuchCall = 0x00050026;        // ENOSYS

inline constexpr std::size_t kNumbers = 1024;

// One architecture: its token (audit.h), and its numbers for the names of
// names.inc. A number that none of them has is "".
struct Architecture {
  std::string_view name;
  std::uint32_t token = 0;
  bool has_x32 = false;
  std::array<std::string_view, kNumbers> calls{};

  // -1: the architecture does not have it.
  [[nodiscard]] int number(std::string_view call) const {
    for (std::size_t i = 0; i < calls.size(); ++i)
      if (calls[i] == call) return static_cast<int>(i);
    return -1;
  }
  [[nodiscard]] std::string_view call(int number) const {
    const auto i = static_cast<std::uint32_t>(number);
    return i < calls.size() ? calls[i] : "";
  }
};

const Architecture& aarch64();
const Architecture& x86_64();

// What the filter of `profile` for `architecture` answers to `call`.
std::uint32_t action(Profile profile, const Architecture& architecture,
                     const seccomp_data& call);

}  // namespace statement
