// A container that runs, as the low-level runtime wrote it down.
#pragma once

#include <string>
#include <string_view>

#include "helper/failure.h"
#include "helper/runtime/command_line.h"
#include "helper/spec/scan_spec.h"

namespace doff {

struct RunningContainer {
  std::string id;
  std::int32_t pid = 0;  // its first process, of our pid namespace
  std::string bundle{};  // absolute
  std::string source{};  // BUNDLE/config.json
  std::string config{};  // its text, which is that of prepare_config()
  ScannedSpec spec{};
};

// Reads the state of `id` below `root` (--root; null: the runtime's own
// default), as runc (state.json) or crun (status) keeps it, and the bundle's
// config.json. Which of the two is asked `grammar` says.
[[nodiscard]] Result<RunningContainer> find_container(const std::string& id,
                                                      const char* root,
                                                      Grammar grammar);

}  // namespace doff
