// Whether an engine's own file has doff, as `doffctl setup` writes it.
#pragma once

#include <string>
#include <string_view>

#include "helper/failure.h"

namespace doff {

struct InFile {
  std::string file;
  std::string runtime{};  // a path, or words for another one; "": not there
  bool is_default = false;
};

// `engine` is one that setup knows, `runtime` the path that is expected. A file
// that is not there has nothing.
[[nodiscard]] Result<InFile> look_into_file(std::string_view engine,
                                            const std::string& runtime);

// By its name: doff-runtime, wherever it is.
bool is_doff_runtime(std::string_view path);

}  // namespace doff
