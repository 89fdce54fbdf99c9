// The settings of doff-runtime, which is given no options by engines:
// /etc/doff/runtime.conf. Without allocation or exceptions.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace doff {

inline constexpr const char* kSettingsFile = "/etc/doff/runtime.conf";
inline constexpr const char* kPolicyFile = "/etc/doff/policy.yaml";

// Pointers are into the text that was read, or literals; NUL-terminated.
struct Settings {
  const char* runtime = nullptr;   // null: the first that there is
  const char* launcher = nullptr;  // null: the doff beside doff-runtime
  const char* policy = nullptr;    // null: kPolicyFile, if it is there
  // `none`, `journald`, `syslog`, or an absolute path.
  const char* record = "none";
  bool record_arguments = false;
};

// What is wrong, for a message; all views live as long as the text does.
struct SettingsFault {
  unsigned line = 0;  // 0: the whole file
  std::string_view name{};
  std::string_view value{};
  std::string_view cause{};
  std::string_view next{};
  // Settings::runtime is what the file says all the same: enough to end and to
  // show containers, not to start any.
  bool runtime_known = false;
};

// Reads lines `NAME VALUE`, as the launcher's configuration files have them:
// blanks around, `#` before a comment, each name once. Writes a NUL behind
// each value.
std::optional<SettingsFault> parse_settings(std::span<char> text,
                                            Settings& settings);

// Reads `path`, or kSettingsFile if that is null, into `buffer` and then into
// `settings`. That kSettingsFile is not there is no fault. It must be a regular
// file that fits, and that nobody but its owner may write.
std::optional<SettingsFault> read_settings(const char* path,
                                           std::span<char> buffer,
                                           Settings& settings);

}  // namespace doff
