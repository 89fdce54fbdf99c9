#include "helper/runtime/settings.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "caps/names.h"
#include "helper/runtime/complaint.h"

namespace doff {
namespace {

using Set = const char* (*)(Settings&, const char*);  // null, or the cause

const char* absolute(const char* value, const char*& setting) {
  if (*value != '/') return "not an absolute path";
  setting = value;
  return nullptr;
}

constexpr std::array<std::string_view, 3> kRecords = {"none", "journald",
                                                      "syslog"};
constexpr std::array<std::string_view, 2> kBooleans = {"no", "yes"};

struct Row {
  std::string_view name;
  Set set;
};
constexpr std::array<Row, 5> kRows = {{
    {"runtime",
     [](Settings& s, const char* v) { return absolute(v, s.runtime); }},
    {"launcher",
     [](Settings& s, const char* v) { return absolute(v, s.launcher); }},
    {"policy",
     [](Settings& s, const char* v) { return absolute(v, s.policy); }},
    {"record",
     [](Settings& s, const char* v) {
       const bool word = std::ranges::find(kRecords, v) != kRecords.end();
       if (word) s.record = v;
       return word || absolute(v, s.record) == nullptr
                  ? nullptr
                  : "not none, journald, syslog or an absolute path";
     }},
    {"record-arguments",
     [](Settings& s, const char* v) {
       const auto* const found = std::ranges::find(kBooleans, v);
       s.record_arguments = found == &kBooleans[1];
       return found == kBooleans.end() ? "not yes or no" : nullptr;
     }},
}};

constexpr std::string_view kBlank = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
  return {text.data(), text.find_last_not_of(kBlank) + 1};
}

// A line's name and value; `text` is what is behind its end.
std::optional<SettingsFault> read_line(std::span<char> line, Settings& settings,
                                       std::array<bool, kRows.size()>& seen) {
  const std::string_view text = trimmed({line.data(), line.size()});
  if (text.empty() || text[0] == '#') return std::nullopt;
  const std::string_view name(
      text.data(), std::min(text.find_first_of(kBlank), text.size()));
  std::string_view rest = text;
  rest.remove_prefix(name.size());
  const std::string_view value = trimmed(rest);
  const auto fault = [&](std::string_view cause, std::string_view next = "") {
    return SettingsFault{
        .name = name, .value = value, .cause = cause, .next = next};
  };
  const auto* const row = std::ranges::find(kRows, name, &Row::name);
  if (row == kRows.end())
    return fault("no such setting",
                 "the settings are runtime, launcher, policy, record and "
                 "record-arguments");
  bool& there = seen[static_cast<std::size_t>(row - kRows.begin())];
  if (std::exchange(there, true)) return fault("given twice", "keep one");
  if (value.empty()) return fault("has no value");
  // There is a byte behind the value: a newline at least.
  line[static_cast<std::size_t>(value.data() - line.data()) + value.size()] =
      '\0';
  if (const char* const cause = row->set(settings, value.data()))
    return fault(cause);
  return std::nullopt;
}

}  // namespace

std::optional<SettingsFault> parse_settings(std::span<char> text,
                                            Settings& settings) {
  if (std::ranges::find(text, '\0') != text.end())
    return SettingsFault{.cause = "has a NUL byte"};
  if (!text.empty() && text.back() != '\n')
    return SettingsFault{.cause = "its last line does not end in a newline"};
  std::array<bool, kRows.size()> seen{};
  std::optional<SettingsFault> first;
  for (unsigned number = 1; !text.empty(); ++number) {
    const auto end =
        static_cast<std::size_t>(std::ranges::find(text, '\n') - text.begin());
    auto fault = read_line(text.first(end + 1), settings, seen);
    if (fault) {
      fault->line = number;
      fault->runtime_known = fault->name != "runtime";
      if (first)
        first->runtime_known = first->runtime_known && fault->runtime_known;
      else
        first = fault;
    }
    text = text.subspan(end + 1);
  }
  return first;
}

std::optional<SettingsFault> read_settings(const char* path,
                                           std::span<char> buffer,
                                           Settings& settings) {
  const int fd = open(path != nullptr ? path : kSettingsFile,
                      O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0 && errno == ENOENT && path == nullptr) return std::nullopt;
  const auto fault = [fd](std::string_view cause, std::string_view next = "") {
    if (fd >= 0) close(fd);
    return SettingsFault{.cause = cause, .next = next};
  };
  if (fd < 0) return fault(describe(errno));
  struct stat about {};
  if (fstat(fd, &about) != 0) return fault(describe(errno));
  if (!S_ISREG(about.st_mode)) return fault("not a regular file");
  if ((about.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return fault("writable by others than its owner", "chmod go-w it");
  std::size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t got = read(fd, &buffer[size], buffer.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fault(describe(errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size == buffer.size()) return fault("too large");
  close(fd);
  return parse_settings(buffer.first(size), settings);
}

}  // namespace doff
