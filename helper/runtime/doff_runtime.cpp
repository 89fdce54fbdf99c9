// doff-runtime: an OCI runtime in front of runc or crun. What starts a process
// goes through doff-runtime-rewrite; everything else becomes the low-level
// runtime at once, so this program is as small as the launcher, and built as
// it is. Both stay one process with it: nobody is left who could wait, or miss
// a signal.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <string_view>

#include "helper/runtime/command_line.h"
#include "helper/runtime/complaint.h"
#include "helper/runtime/low_level.h"
#include "helper/runtime/settings.h"

namespace doff {
namespace {

// The program beside this one, with the whole command line.
int become_rewriter(const CommandLine& line, char** argv) {
  constexpr std::string_view kName = "doff-runtime-rewrite";
  std::array<char, PATH_MAX> path{};
  const ssize_t size = readlink("/proc/self/exe", path.data(), path.size());
  const std::string_view own(path.data(),
                             size < 0 ? 0 : static_cast<std::size_t>(size));
  const std::size_t directory = own.rfind('/') + 1;
  if (directory == 0 || directory + kName.size() >= path.size())
    return complain(line,
                    std::array<std::string_view, 2>{
                        "finding doff-runtime-rewrite by /proc/self/exe: ",
                        describe(size < 0 ? errno : ENAMETOOLONG)});
  *std::ranges::copy(kName, &path[directory]).out = '\0';
  execve(path.data(), argv, environ);
  return complain(
      line, std::array<std::string_view, 5>{
                "starting \"", path.data(), "\": ", describe(errno),
                "; no container is started without it: install doff again"});
}

int run(char** argv) {
  const CommandLine line = read_command_line(argv);
  if (is_rewritten(line.subcommand)) return become_rewriter(line, argv);
  std::array<char, 16384> buffer;
  Settings settings;
  // Who wants to end a container should be able to, whatever else is wrong.
  const auto fault = read_settings(line.settings, buffer, settings);
  if (fault && !fault->runtime_known) return complain_of_settings(line, *fault);
  const char* const path = find_low_level(settings);
  if (path == nullptr) return complain_of_low_level(line, settings);
  return become(line, path, line.words);
}

}  // namespace
}  // namespace doff

int main(int argc, char** argv) {
  if (argc < 1) return 1;  // nobody to become, and no name to complain by
  return doff::run(argv);
}
