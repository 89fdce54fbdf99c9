// Any bytes as criu's message about a process: no crash, a message that names
// the file, and the sets that a second reader finds, which takes whatever it
// can.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "helper/runtime/checkpoint.h"
#include "tests/fuzz/invariants.h"

namespace {

using doff::fuzz::require;

std::uint64_t take_varint(std::string_view& text) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; !text.empty(); shift += 7) {
    const auto byte = static_cast<std::uint8_t>(text.front());
    text.remove_prefix(1);
    if (shift < 64) value |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) break;
  }
  return value;
}

// For `handle`, each field of `text`: its number, its type, and its number or
// bytes. Protocol Buffers, "Encoding".
template <typename Handle>
void for_each_field(std::string_view text, const Handle& handle) {
  while (!text.empty()) {
    const std::uint64_t key = take_varint(text);
    std::uint64_t value = 0;
    std::size_t bytes = 0;
    switch (key & 7) {
      case 0:
        value = take_varint(text);
        break;
      case 1:
        bytes = 8;
        break;
      case 2:
        bytes = take_varint(text);
        break;
      default:
        bytes = 4;
    }
    require(bytes <= text.size(), "what was read has all its bytes");
    handle(key, value, text.substr(0, bytes));
    text.remove_prefix(bytes);
  }
}

constexpr std::uint64_t message(unsigned number) { return number << 3 | 2; }

// All bits of words 9 to 12, one by one or packed, in messages 10 in
// messages 5.
std::uint64_t bits_in(std::string_view core) {
  std::uint64_t bits = 0;
  for_each_field(core, [&](auto key, auto, auto thread) {
    if (key != message(5)) return;
    for_each_field(thread, [&](auto inner, auto, auto credentials) {
      if (inner != message(10)) return;
      std::array<unsigned, 4> words{};
      for_each_field(credentials, [&](auto field, auto value, auto packed) {
        const std::uint64_t number = field >> 3;
        if (number < 9 || number > 12) return;
        unsigned& word = words[number - 9];
        const auto take = [&](std::uint64_t bits_of_word) {
          require(word < 2, "a set has no third word");
          bits |= (bits_of_word & 0xffffffff) << (32 * word++);
        };
        if ((field & 7) == 0) take(value);
        while (!packed.empty()) take(take_varint(packed));
      });
      for (const unsigned each : words) require(each == 2, "nor only one");
    });
  });
  return bits;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string core(reinterpret_cast<const char*>(data), size);
  const std::array<std::uint32_t, 3> header = {
      0x54564319, 0x55053847, static_cast<std::uint32_t>(size)};
  const std::string image =
      std::string(reinterpret_cast<const char*>(header.data()), sizeof header) +
      core;
  const auto sets = doff::capabilities_in_core(image, "fuzz");
  if (sets) {
    require(sets->bits() == bits_in(core), "two readers find the same sets");
    return 0;
  }
  require(sets.error().value == "fuzz", "a failure names its file");
  doff::fuzz::check_failure(sets.error());
  return 0;
}
