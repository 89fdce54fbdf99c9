// doff-runtime in the configuration of an engine: the text of a file as it is,
// and as it becomes. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "helper/failure.h"

namespace doff {

// What engines know it by.
inline constexpr std::string_view kRuntimeName = "doff";

struct Registration {
  std::string runtime;  // doff-runtime's path, as find_odd_path() takes it
  bool as_default = false;
};

struct Registered {
  std::string text;                // as it was: all of it was there already
  std::vector<std::string> notes;  // what a person has to know, besides
};

// What stays without it; nothing: the file was made by register_with().
using Remainder = std::optional<std::string>;

// `text` is nothing where there is no file. Refused, with the place in
// `source`: what is not of the file's format, or has another type where we
// look; another runtime by our name; a default that could not be restored.
using Register = Result<Registered> (*)(const std::optional<std::string>& text,
                                        const std::string& source,
                                        const Registration& registration);
// The exact reverse, where nothing else has changed since; otherwise only what
// is ours goes. The same text: nothing of ours is in it.
using Unregister = Result<Remainder> (*)(const std::string& text,
                                         const std::string& source);

struct EngineConfiguration {
  std::string_view name;
  std::string_view file;  // where it looks, as it comes
  // What a person does to have it take effect, and --undo.
  std::string_view afterwards;
  std::string_view after_undo;
  Register add;
  Unregister remove;
};
// In the order in which people list them.
std::span<const EngineConfiguration> engines();

// Why a path cannot stand in each of the formats as it is, or nothing.
std::optional<std::string> find_odd_path(std::string_view path);

// Is it doff-runtime, wherever it is?
bool is_ours(std::string_view path);

// Another runtime has our name.
Failure taken(const std::string& path, Place place);
// A key is not of the type that engines read there.
Failure wrong_type(std::string key, const std::string& wanted, Place place);

}  // namespace doff
