#include "helper/install_shell/shell_conf.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string_view>
#include <utility>

#include "helper/child.h"
#include "helper/install_shell/lines.h"

namespace doff {
namespace {

Failure refused(const ReadFile& file, std::string cause, std::string next) {
  return {.doing = "doff-shell's configuration",
          .value = file.path,
          .cause = std::move(cause),
          .next = std::move(next)};
}

// Why the launcher would not take a file of this owner and mode, or nothing.
std::optional<Failure> find_distrust(const ReadFile& file) {
  // A build by another user than root is told of in the end.
  if (file.about.st_uid != 0 && file.about.st_uid != geteuid())
    return refused(file, "not owned by root, and so refused by doff",
                   "chown root it");
  if ((file.about.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return refused(file, "writable by others than root, and so refused by doff",
                   "chmod go-w it");
  return std::nullopt;
}

// What the launcher says on stderr of a file in the directory that is its
// stdin, by the path `config`; "": it takes it. By the path of a descriptor it
// is called doff, whatever its file's name is.
Result<std::string> complaint(const Launcher& launcher, int directory,
                              const std::string& config) {
  const Descriptor program(open(launcher.path.c_str(), O_PATH | O_CLOEXEC));
  if (program.get() < 0)
    return tl::unexpected(Failure{
        .doing = "the launcher", .value = launcher.path, .error = errno});
  constexpr std::chrono::seconds kTimeout{10};
  std::array<Channel, 2> channels = {
      {{.descriptors = {STDOUT_FILENO}}, {.descriptors = {STDERR_FILENO}}}};
  const auto end =
      run_child({.words = {"/proc/self/fd/" + std::to_string(program.get()),
                           "--config", config, "--version"},
                 .timeout = kTimeout,
                 .input = directory},
                channels);
  if (!end) return tl::unexpected(end.error());
  if (end->stop == Stop::kEnded && WIFEXITED(end->status) &&
      WEXITSTATUS(end->status) == 0)
    return "";
  std::string said = channels[1].text.substr(0, channels[1].text.find('\n'));
  return said.empty() ? "it does not start on it" : said;
}

// Why the launcher would not take what is in the file, or nothing.
std::optional<Failure> find_wrong_line(const ReadFile& file,
                                       const Launcher& launcher) {
  const std::string config = "/proc/self/fd/0/" + file.name;
  const auto said = complaint(launcher, file.directory.get(), config);
  if (!said) return said.error();
  if (said->empty()) return std::nullopt;
  // "doff: FILE:LINE: " and what is wrong.
  std::string_view wrong = *said;
  const std::string prefix = "doff: " + config + ":";
  const bool placed = wrong.starts_with(prefix);
  if (placed) wrong.remove_prefix(prefix.size());
  return refused(file,
                 std::string("doff refuses ") +
                     (placed && !wrong.starts_with(' ') ? "line " : "it: ") +
                     printable(wrong),
                 "correct it");
}

}  // namespace

Result<ShellConf> read_shell_conf(const Root& root, const Launcher& launcher,
                                  const Notes& notes) {
  auto read = root.read(kShellConf, kLongestFile);
  if (!read) return tl::unexpected(std::move(read.error()));
  if (!*read) return ShellConf{};
  ShellConf conf{std::make_shared<const ReadFile>(**std::move(read)), {}};
  const ReadFile& file = *conf.file;
  if (auto distrust = find_distrust(file)) return tl::unexpected(*distrust);
  auto shell = configured_shell(file.text, file.path);
  if (!shell) return tl::unexpected(shell.error());
  conf.shell = *std::move(shell);
  // It takes no other file than root's.
  if (file.about.st_uid == 0)
    if (auto wrong = find_wrong_line(file, launcher))
      return tl::unexpected(*wrong);
  if (!conf.shell) return conf;
  const auto program = root.look_at_program(*conf.shell);
  const bool cut_short = !notes.shadowed.empty() &&
                         *conf.shell == real_name(notes.shadowed) && program &&
                         notes.launchers.contains(program->digest);
  if (program && program->is_doff && !cut_short)
    return tl::unexpected(
        refused(file, "its shell, " + escaped(*conf.shell) + ", is doff itself",
                "name the real shell in the line `shell`, or remove the line"));
  return conf;
}

bool says_what_to_accept(const ShellConf& conf) {
  return conf.file && (has_option(conf.file->text, "accept") ||
                       has_option(conf.file->text, "userns"));
}

}  // namespace doff
