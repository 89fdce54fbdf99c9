// Settings that are added to a TOML file as a person would add them, each with
// a comment by which it is known again, and taken away. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "helper/failure.h"
#include "helper/setup/toml_text.h"

namespace doff {

struct Setting {
  TomlPath table;
  std::string key;
  std::string value;  // as TOML writes it
};

// What is ours to set, each a value or a whole table. Nothing else may mean
// something else afterwards.
using OurPaths = std::vector<TomlPath>;

// A key that is there gets the new value, and keeps the old one in a comment.
// One whose table has a header of its own comes right below that. The rest goes
// to the end of the text. Where this would change the meaning of anything but
// `ours`, it is refused, as it is where the table is an inline one.
[[nodiscard]] Result<std::string> add_settings(
    std::string_view text, const std::string& source,
    const std::vector<Setting>& settings, const OurPaths& ours);

// The exact reverse; refused where more than `ours` would go with it.
[[nodiscard]] Result<std::string> remove_settings(std::string_view text,
                                                  const std::string& source,
                                                  const OurPaths& ours);

// `text`, where it holds what `settings` would add to what else is in it;
// otherwise with that in the place of what was added before.
[[nodiscard]] Result<std::string> update_settings(
    std::string_view text, const std::string& source,
    const std::vector<Setting>& settings, const OurPaths& ours);

// A file of ours with nothing in it but settings.
[[nodiscard]] Result<std::string> new_file(const std::vector<Setting>& settings,
                                           const std::string& source,
                                           const OurPaths& ours);

// remove_settings(); nothing, if it was such a file.
[[nodiscard]] Result<std::optional<std::string>> remainder(
    std::string_view text, const std::string& source, const OurPaths& ours);

}  // namespace doff
