// doff-runtime-rewrite: what doff-runtime becomes for create, run, restore and
// exec. Prepares the spec or the process and becomes the low-level runtime; or
// says why not, and then no container and no command is started.
#include <array>
#include <exception>
#include <string>
#include <string_view>

#include "helper/failure.h"
#include "helper/runtime/command_line.h"
#include "helper/runtime/complaint.h"
#include "helper/runtime/create.h"
#include "helper/runtime/exec.h"
#include "helper/runtime/host.h"
#include "helper/runtime/low_level.h"
#include "helper/runtime/settings.h"

namespace doff {
namespace {

int run(char** argv) {
  Host host{.line = read_command_line(argv)};
  std::array<char, 16384> buffer;
  if (const auto fault =
          read_settings(host.line.settings, buffer, host.settings))
    return complain_of_settings(host.line, *fault);
  host.low_level = find_low_level(host.settings);
  if (host.low_level == nullptr)
    return complain_of_low_level(host.line, host.settings);
  host.grammar = grammar_of(host.low_level);
  if (host.line.subcommand == "exec") return start_exec(host);
  if (const auto prepared = prepare_bundle(host); !prepared)
    return complain(host.line, summary(prepared.error()));
  return become(host.line, host.low_level, host.line.words);
}

}  // namespace
}  // namespace doff

int main(int argc, char** argv) {
  if (argc < 1) return 1;
  try {
    return doff::run(argv);
  } catch (const std::exception& error) {  // memory, or a defect of ours
    const std::string_view what = error.what();
    return doff::complain(doff::read_command_line(argv),
                          std::array<std::string_view, 1>{what});
  }
}
