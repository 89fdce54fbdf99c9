#include "helper/install_shell/notes.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <utility>

#include "caps/names.h"

namespace doff {
namespace {

// By these names the launcher knows that it stands in for a shell;
// doff-shell(1).
constexpr auto kShellNames = std::to_array<std::string_view>(
    {"sh", "bash", "rbash", "dash", "ash", "zsh", "ksh", "mksh", "fish"});

// What --undo may remove or take a line from.
constexpr auto kMayBeMade = std::to_array<std::string_view>(
    {"/etc", "/etc/doff", "/usr", "/usr/bin", kDoffShell, kShellConf, kShells});
constexpr auto kMayBeEdited =
    std::to_array<std::string_view>({kShellConf, kShells});

constexpr std::string_view kTitle =
    "# What doffctl install-shell has changed; its --undo reads this.\n";

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < ' ' || byte == 0x7f;
}

bool is_digest(std::string_view text) {
  constexpr std::string_view kPrefix = "sha256:";
  constexpr std::size_t kDigits = 64;
  return text.starts_with(kPrefix) && text.size() == kPrefix.size() + kDigits &&
         text.find_first_not_of("0123456789abcdef", kPrefix.size()) ==
             std::string_view::npos;
}

bool add_user(std::string_view value, Notes& notes) {
  const std::size_t colon = value.find(':');
  if (colon == 0 || colon == std::string_view::npos) return false;
  const std::string_view shell = value.substr(colon + 1);
  if (find_odd_field(shell)) return false;
  notes.users.push_back(
      {std::string(value.substr(0, colon)), std::string(shell)});
  return true;
}

bool add_to(std::set<std::string>& paths,
            std::span<const std::string_view> known, std::string_view value) {
  if (std::ranges::find(known, value) == known.end()) return false;
  paths.emplace(value);
  return true;
}

bool add(std::string_view key, std::string_view value, Notes& notes) {
  if (key == "user") return add_user(value, notes);
  if (key == "made") return add_to(notes.made, kMayBeMade, value);
  if (key == "line") return add_to(notes.edited, kMayBeEdited, value);
  if (key == "shadow") {
    notes.shadowed = value;
    return !find_odd_shell(value);
  }
  if (key == "shell") {
    notes.shell = value;
    return !value.empty() && !find_odd_field(value);
  }
  if (key != "launcher" || !is_digest(value)) return false;
  notes.launchers.emplace(value);
  return true;
}

}  // namespace

std::string to_text(const Notes& notes) {
  std::string text(kTitle);
  const auto add_line = [&](const char* key, const std::string& value) {
    text.append(key).append(" ").append(value).append("\n");
  };
  for (const FormerShell& each : notes.users)
    add_line("user", each.user + ":" + each.shell);
  if (!notes.shadowed.empty()) add_line("shadow", notes.shadowed);
  if (!notes.shell.empty()) add_line("shell", notes.shell);
  for (const std::string& each : notes.launchers) add_line("launcher", each);
  for (const std::string& each : notes.made) add_line("made", each);
  for (const std::string& each : notes.edited) add_line("line", each);
  return text;
}

Result<Notes> parse_notes(std::string_view text, const std::string& source) {
  Notes notes;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    const std::size_t blank = std::min(line.find(' '), line.size());
    const bool whole = end != std::string_view::npos;
    const bool comment = line.starts_with('#');
    if (!whole || (!comment &&
                   !add(line.substr(0, blank),
                        line.substr(std::min(blank + 1, line.size())), notes)))
      return tl::unexpected(
          Failure{.doing = "the line",
                  .value = std::string(line),
                  .cause = "not as install-shell writes it",
                  .next = "if its author is not known, start from the image "
                          "again",
                  .place = {source, number, 1}});
    text.remove_prefix(end + 1);
  }
  return notes;
}

std::optional<Failure> find_odd_shell(std::string_view path) {
  if (!path.starts_with('/'))
    return Failure{
        .cause = "not an absolute path",
        .next =
            "it begins at ROOTFS: " +
            escaped((path.find('/') == std::string_view::npos ? "/bin/" : "/") +
                    std::string(path.empty() ? "bash" : path))};
  if (const auto odd = find_odd_field(path)) return Failure{.cause = *odd};
  const std::string_view name = path.substr(path.rfind('/') + 1);
  if (std::ranges::find(kShellNames, name) != kShellNames.end())
    return std::nullopt;
  std::string known;
  for (const std::string_view each : kShellNames)
    known.append(known.empty() ? "" : " ").append(each);
  return Failure{.cause =
                     "not a shell's name, by which doff would know what "
                     "it stands for",
                 .guess = std::string(nearest_name(name, kShellNames)),
                 .next = "one of " + known};
}

std::optional<std::string> find_odd_field(std::string_view shell) {
  if (shell.empty()) return std::nullopt;
  if (!shell.starts_with('/')) return "not an absolute path";
  if (std::ranges::any_of(shell, is_control)) return "has a control character";
  if (shell.ends_with(' ')) return "ends in a blank";
  if (shell.find(':') != std::string_view::npos) return "has a colon";
  return std::nullopt;
}

std::string real_name(std::string_view path_or_name) {
  return std::string(path_or_name) + ".doff-real";
}

}  // namespace doff
