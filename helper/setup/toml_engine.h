// What is alike in registering with each engine that has its configuration in
// TOML. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "helper/setup/registration.h"
#include "helper/setup/toml_settings.h"
#include "helper/setup/toml_text.h"

namespace doff {

struct TomlEngine {
  TomlPath runtimes;       // the table of them
  TomlPath path;           // in a runtime, its program; none: it is a list
  TomlPath defaults;       // the table with the key below
  std::string by_default;  // the key of the default's name
  std::vector<Setting> settings;  // for the runtime itself
  OurPaths besides{};             // what else `settings` may set

  [[nodiscard]] OurPaths ours() const;
};

// The path of our runtime there, or nothing. Refused: another one's.
[[nodiscard]] Result<std::string> find_registered(const toml::table& tree,
                                                  const std::string& source,
                                                  const TomlEngine& engine);

// As of Register, without notes. `engine` is for `text` without what is ours.
[[nodiscard]] Result<Registered> register_in_toml(
    const std::optional<std::string>& text, const std::string& source,
    const Registration& registration, const TomlEngine& engine);

// `path` as TOML writes it.
std::string toml_string(const std::string& path);

}  // namespace doff
