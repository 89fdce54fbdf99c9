#include "launcher/called_as.h"

#include <algorithm>
#include <array>

namespace doff {
namespace {

constexpr auto kShells = std::to_array<std::string_view>(
    {"sh", "bash", "rbash", "dash", "ash", "zsh", "ksh", "mksh", "fish"});

}  // namespace

std::string_view base_name(const char* path) {
  std::string_view name = path;
  name.remove_prefix(name.rfind('/') + 1);  // npos + 1 is 0
  if (name.starts_with('-') && name.data() == path) name.remove_prefix(1);
  return name;
}

CalledAs called_as(const char* argv0, const char* path) {
  for (const char* const word : {argv0, path}) {
    const std::string_view name = base_name(word);
    if (name == "doff" || name == ".doff") return CalledAs::kDoff;
    if (name == "doff-shell") return CalledAs::kDoffShell;
    if (std::ranges::count(kShells, name) != 0) return CalledAs::kShell;
  }
  return CalledAs::kDoff;
}

}  // namespace doff
