#include "helper/setup/crio.h"

#include "helper/setup/toml_engine.h"

namespace doff {
namespace {

TomlEngine engine_for(const std::string& runtime) {
  const TomlPath runtimes = {"crio", "runtime", "runtimes"};
  TomlPath table = runtimes;
  table.emplace_back(kRuntimeName);
  return {.runtimes = runtimes,
          .path = {"runtime_path"},
          .defaults = {"crio", "runtime"},
          .by_default = "default_runtime",
          .settings = {{table, "runtime_path", toml_string(runtime)},
                       {table, "runtime_type", toml_string("oci")},
                       {table, "runtime_root", toml_string("/run/doff")}}};
}

}  // namespace

Result<Registered> register_with_crio(const std::optional<std::string>& text,
                                      const std::string& source,
                                      const Registration& registration) {
  return register_in_toml(text, source, registration,
                          engine_for(registration.runtime));
}

Result<Remainder> unregister_from_crio(const std::string& text,
                                       const std::string& source) {
  return remainder(text, source, engine_for("").ours());
}

}  // namespace doff
