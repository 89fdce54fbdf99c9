#include "helper/setup/podman.h"

#include "helper/setup/toml_engine.h"

namespace doff {
namespace {

TomlEngine engine_for(const std::string& runtime) {
  const TomlPath runtimes = {"engine", "runtimes"};
  return {.runtimes = runtimes,
          .path = {},
          .defaults = {"engine"},
          .by_default = "runtime",
          .settings = {{runtimes, std::string(kRuntimeName),
                        "[" + toml_string(runtime) + "]"}}};
}

}  // namespace

Result<Registered> register_with_podman(const std::optional<std::string>& text,
                                        const std::string& source,
                                        const Registration& registration) {
  return register_in_toml(text, source, registration,
                          engine_for(registration.runtime));
}

Result<Remainder> unregister_from_podman(const std::string& text,
                                         const std::string& source) {
  return remainder(text, source, engine_for("").ours());
}

}  // namespace doff
