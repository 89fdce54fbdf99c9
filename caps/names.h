// The names of capabilities: the one table, and the text forms built on it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "caps/capability_set.h"

namespace doff {

// capabilities(7) without the prefix CAP_; a name's place is its number.
// Linux 5.9 added the last. tests/unit/names_test.cpp holds the table against
// <linux/capability.h>, libcap-ng and the running kernel.
// clang-format off
inline constexpr std::array<std::string_view, 41> kCapabilityNames = {
    /*  0 */ "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER",
    /*  4 */ "FSETID", "KILL", "SETGID", "SETUID",
    /*  8 */ "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST",
    /* 12 */ "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
    /* 16 */ "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE",
    /* 20 */ "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
    /* 24 */ "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD",
    /* 28 */ "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
    /* 32 */ "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM",
    /* 36 */ "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
    /* 40 */ "CHECKPOINT_RESTORE"};
// clang-format on

// What `ALL` means: every capability that has a name. A bit that a newer
// kernel adds has none yet, so keeping ALL does not keep it.
inline constexpr CapabilitySet kAllCapabilities{
    (std::uint64_t{1} << kCapabilityNames.size()) - 1};

constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  };
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

// In any case, without prefix: "setpcap".
constexpr std::optional<Capability> find_capability(std::string_view name) {
  for (std::size_t i = 0; i < kCapabilityNames.size(); ++i)
    if (equal_ignoring_case(name, kCapabilityNames[i]))
      return static_cast<Capability>(i);
  return std::nullopt;
}

// A set of one, for a name in the source; a wrong one does not compile.
consteval CapabilitySet only(std::string_view name) {
  return CapabilitySet(find_capability(name).value());
}

// Decimal digits only, up to `most`.
constexpr std::optional<std::uint32_t> parse_number(std::string_view digits,
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

// How many characters to insert, delete or replace, regardless of case, to
// make `b` of `a`; 32, many, where either is longer than that. Levenshtein's,
// one row at a time: `row[j]` is the distance between the part of `a` read so
// far and the first j characters of `b`.
constexpr std::size_t edit_distance(std::string_view a, std::string_view b) {
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

// The first of those entries of `names` that are nearest to `word`, or "" if
// none is within a third of its length.
template <typename Names>
constexpr std::string_view nearest_name(std::string_view word,
                                        const Names& names) {
  std::string_view best;
  std::size_t fewest = word.size() / 3 + 2;
  for (const std::string_view name : names) {
    const std::size_t edits = edit_distance(word, name);
    if (edits >= fewest) continue;
    best = name;
    fewest = edits;
  }
  return best;
}

// A word that is no capability, and the name nearest to it (empty: none is).
struct UnknownCapability {
  std::string_view word;
  std::string_view nearest;
};

// The word without CAP_, if something is behind it.
constexpr std::string_view without_prefix(std::string_view word) {
  constexpr std::string_view kPrefix = "CAP_";
  if (word.size() > kPrefix.size() &&
      equal_ignoring_case({word.data(), kPrefix.size()}, kPrefix))
    word.remove_prefix(kPrefix.size());
  return word;
}

// 0 to 63, without spare zeros.
constexpr std::optional<Capability> find_number(std::string_view word) {
  const auto number = parse_number(word, kCapabilityBits - 1);
  if (!number || (word.size() > 1 && word[0] == '0')) return std::nullopt;
  return static_cast<Capability>(*number);
}

// Adds to `set` the capabilities of a comma list, `NET_RAW,cap_chown,13,ALL`:
// any case, `CAP_` optional, numbers 0 to 63, `ALL`, and `NONE` for no
// capability. At the first word that is none of these, returns it and leaves
// `set` as it was. An empty word is unknown, so "" and "A,,B" are errors.
constexpr std::optional<UnknownCapability> add_capabilities(
    std::string_view list, CapabilitySet& set) {
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

// The 16 hexadecimal digits of /proc/PID/status. No terminating NUL.
constexpr std::array<char, 16> hex(CapabilitySet set) {
  std::array<char, 16> digits{};
  std::uint64_t rest = set.bits();
  for (char& digit : digits) {
    digit = "0123456789abcdef"[rest >> 60];
    rest <<= 4;
  }
  return digits;
}

// Gives `put` the pieces of the set's text form, which add_capabilities()
// reads back to the same set: `none`, or `all` for the named ones together,
// names in ascending order, numbers for bits without a name.
template <typename Put>
constexpr void list_names(CapabilitySet set, const Put& put) {
  const bool all = kAllCapabilities <= set;
  if (all) put(std::string_view("all"));
  if (set.empty()) put(std::string_view("none"));
  std::string_view separator = all ? "," : "";
  for (const Capability each : all ? set - kAllCapabilities : set) {
    const unsigned n = number(each);
    const std::array digits = {static_cast<char>('0' + n / 10),
                               static_cast<char>('0' + n % 10)};
    put(separator);
    put(n < kCapabilityNames.size() ? kCapabilityNames[n]
                                    : std::string_view(digits.data(), 2));
    separator = ",";
  }
}

}  // namespace doff
