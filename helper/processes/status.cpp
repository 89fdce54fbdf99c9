#include "helper/processes/status.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "caps/capability_set.h"

namespace doff {
namespace {

constexpr std::string_view kBlank = " \t";

// The first word, which is taken off `text`; "" where there is none.
std::string_view next_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
  const std::string_view word =
      text.substr(0, std::min(text.find_first_of(kBlank), text.size()));
  text.remove_prefix(word.size());
  return word;
}

template <typename Number>
bool read_number(std::string_view word, int base, Number& number) {
  const auto [end, error] =
      std::from_chars(word.data(), word.data() + word.size(), number, base);
  return error == std::errc{} && end == word.data() + word.size();
}

bool read_set(std::string_view value, CapabilitySet& set) {
  std::uint64_t bits = 0;
  if (!read_number(next_word(value), 16, bits)) return false;
  set = CapabilitySet(bits);
  return true;
}

// Real, effective, saved and file system.
bool read_uid(std::string_view value, std::uint32_t& uid) {
  next_word(value);
  return read_number(next_word(value), 10, uid);
}

struct SetLine {
  std::string_view key;
  CapabilitySet Credentials::*set;
};
constexpr std::array<SetLine, 5> kSetLines = {{
    {"CapInh", &Credentials::inheritable},
    {"CapPrm", &Credentials::permitted},
    {"CapEff", &Credentials::effective},
    {"CapBnd", &Credentials::bounding},
    {"CapAmb", &Credentials::ambient},
}};

// Each line that must be there is one of these bits.
constexpr unsigned kUidSeen = 1U << kSetLines.size();
constexpr unsigned kAllSeen = 2 * kUidSeen - 1;

// Whether it begins as one of the lines that read_line knows.
bool may_matter(std::string_view line) {
  constexpr std::string_view kFirst = "CNTUV";
  return line.empty() || kFirst.find(line.front()) != std::string_view::npos;
}

// The bit of the line, if it is one that must be there. False: damaged.
bool read_line(std::string_view key, std::string_view value, Status& status,
               unsigned& seen) {
  if (key.starts_with("Cap")) {
    for (std::size_t i = 0; i < kSetLines.size(); ++i) {
      if (key != kSetLines[i].key) continue;
      seen |= 1U << i;
      return read_set(value, status.credentials.*kSetLines[i].set);
    }
  } else if (key == "Uid") {
    seen |= kUidSeen;
    return read_uid(value, status.effective_uid);
  } else if (key == "Name") {
    value.remove_prefix(std::min<std::size_t>(1, value.size()));
    status.name = value;
  } else if (key == "VmSize") {
    status.has_memory = true;
  } else if (key == "Threads") {
    return read_number(next_word(value), 10, status.threads);
  } else if (key == "NSpid") {
    next_word(value);
    status.in_pid_namespace_below = !next_word(value).empty();
  } else if (key == "NoNewPrivs") {
    status.credentials.no_new_privs = next_word(value) == "1";
  }
  return true;
}

}  // namespace

std::optional<Status> parse_status(std::string_view text) {
  Status status;
  unsigned seen = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    // Of some sixty lines a dozen matter, and this is the hottest loop of all.
    if (!may_matter(line)) continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    if (!read_line(line.substr(0, colon), line.substr(colon + 1), status, seen))
      return std::nullopt;
  }
  if (seen != kAllSeen) return std::nullopt;
  return status;
}

Credentials united(const Credentials& a, const Credentials& b) {
  return {.permitted = a.permitted | b.permitted,
          .effective = a.effective | b.effective,
          .inheritable = a.inheritable | b.inheritable,
          .bounding = a.bounding | b.bounding,
          .ambient = a.ambient | b.ambient,
          .no_new_privs = a.no_new_privs && b.no_new_privs};
}

}  // namespace doff
