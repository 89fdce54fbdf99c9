#include "caps/names.h"

#include <algorithm>

namespace doff {
namespace {

constexpr std::string_view kPrefix = "CAP_";

std::string_view without_prefix(std::string_view word) {
  if (word.size() > kPrefix.size() &&
      equal_ignoring_case({word.data(), kPrefix.size()}, kPrefix))
    word.remove_prefix(kPrefix.size());
  return word;
}

// 0 to 63, without spare zeros.
std::optional<Capability> find_number(std::string_view word) {
  const auto number = parse_number(word, kCapabilityBits - 1);
  if (!number || (word.size() > 1 && word[0] == '0')) return std::nullopt;
  return static_cast<Capability>(*number);
}

}  // namespace

std::optional<UnknownCapability> add_capabilities(std::string_view list,
                                                  CapabilitySet& set) {
  CapabilitySet found = set;
  for (bool more = true; more;) {
    const std::string_view word(list.data(),
                                std::min(list.find(','), list.size()));
    more = word.size() < list.size();
    list.remove_prefix(word.size() + (more ? 1 : 0));

    if (equal_ignoring_case(word, "ALL")) {
      found |= kAllCapabilities;
    } else if (const auto named = find_capability(without_prefix(word))) {
      found |= CapabilitySet(*named);
    } else if (const auto numbered = find_number(word)) {
      found |= CapabilitySet(*numbered);
    } else if (!equal_ignoring_case(word, "NONE")) {
      return UnknownCapability{
          word, nearest_name(without_prefix(word), kCapabilityNames)};
    }
  }
  set = found;
  return std::nullopt;
}

std::array<char, 16> hex(CapabilitySet set) {
  std::array<char, 16> digits{};
  std::uint64_t rest = set.bits();
  for (char& digit : digits) {
    digit = "0123456789abcdef"[rest >> 60];
    rest <<= 4;
  }
  return digits;
}

std::optional<std::uint32_t> parse_number(std::string_view digits,
                                          std::uint32_t most) {
  if (digits.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
    if (value > most) return std::nullopt;
  }
  return static_cast<std::uint32_t>(value);
}

// Levenshtein's, one row at a time: `row[j]` is the distance between the part
// of `a` read so far and the first j characters of `b`.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  constexpr std::size_t kLongest = 32;
  if (a.size() > kLongest || b.size() > kLongest) return kLongest;
  std::array<std::size_t, kLongest + 1> row{};
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const bool same = equal_ignoring_case({&a[i], 1}, {&b[j], 1});
      const std::size_t replaced = diagonal + (same ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

}  // namespace doff
