// TOML as toml++ reads it, with places in the text. For the files of this room
// alone: it is a large header.
#pragma once

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "helper/failure.h"

namespace doff {

using TomlPath = std::vector<std::string>;

// Refuses, with the place, what is not TOML 1.0; equal keys are not.
[[nodiscard]] Result<toml::table> parse_toml(std::string_view text,
                                             const std::string& source);

// What is there, or nullptr.
const toml::node* find(const toml::table& tree, const TomlPath& path);

Place place_of(const toml::node& node, const std::string& source);

// The table at `path`, or nothing where there is none; refused where something
// else is, there or on the way.
[[nodiscard]] Result<const toml::table*> find_table(const toml::table& tree,
                                                    const TomlPath& path,
                                                    const std::string& source);
// The same of a string.
[[nodiscard]] Result<const toml::value<std::string>*> find_string(
    const toml::table& tree, const TomlPath& path, const std::string& source);

// A key with each of `path`, quoted where it has to be: a."b.c".d
std::string dotted(const TomlPath& path);

// The byte of `text` at a place of toml++'s, which counts characters.
std::size_t offset_of(std::string_view text, toml::source_position at);

}  // namespace doff
