// The command line of `exec`, as runc and crun read it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "helper/failure.h"
#include "helper/runtime/command_line.h"
#include "helper/runtime/container.h"

namespace doff {

struct ExecLine {
  std::optional<std::string> process_file;  // --process
  std::string id;
  std::vector<std::string> command;  // where there is no file
  // What describes the process where no file does.
  std::optional<std::string> cwd;
  std::vector<std::string> env;     // NAME=VALUE
  std::optional<std::string> user;  // UID[:GID]
  std::vector<std::string> additional_gids;
  std::optional<std::string> label;
  std::optional<std::string> apparmor;
  std::vector<std::string> capabilities;  // which runc adds and crun sets
  bool terminal = false;
  int preserve_fds = 0;
  // All other options, with their values, as the low-level runtime gets them.
  std::vector<std::string> others;
};

// Reads what stands behind `exec`. An unknown option is passed on; where it
// could have the next word for a value, and that matters, it is refused.
[[nodiscard]] Result<ExecLine> read_exec_line(const CommandLine& line,
                                              Grammar grammar);

// A process.json made of it and of the container's own process, as the runtime
// itself would.
[[nodiscard]] Result<std::string> process_of(const ExecLine& exec,
                                             const RunningContainer& container,
                                             Grammar grammar);

// The words from `exec` on with which the low-level runtime starts the process
// of `file` in the same container.
[[nodiscard]] std::vector<std::string> words_with(const ExecLine& exec,
                                                  const std::string& file);

}  // namespace doff
