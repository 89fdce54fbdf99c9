// The names of capabilities: the one table, and the text forms built on it.
#pragma once

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

// A word that is no capability, and the name nearest to it (empty: none is).
struct UnknownCapability {
  std::string_view word;
  std::string_view nearest;
};

// Adds to `set` the capabilities of a comma list, `NET_RAW,cap_chown,13,ALL`:
// any case, `CAP_` optional, numbers 0 to 63, `ALL`, and `NONE` for no
// capability. At the first word that is none of these, returns it and leaves
// `set` as it was. An empty word is unknown, so "" and "A,,B" are errors.
std::optional<UnknownCapability> add_capabilities(std::string_view list,
                                                  CapabilitySet& set);

// The 16 hexadecimal digits of /proc/PID/status. No terminating NUL.
std::array<char, 16> hex(CapabilitySet set);

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

// Decimal digits only, up to `most`.
std::optional<std::uint32_t> parse_number(std::string_view digits,
                                          std::uint32_t most);

// How many characters to insert, delete or replace, regardless of case, to
// make `b` of `a`; 32, many, where either is longer than that.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The first of those entries of `names` that are nearest to `word`, or "" if
// none is within a third of its length.
template <typename Names>
std::string_view nearest_name(std::string_view word, const Names& names) {
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

}  // namespace doff
