// What options are, however they were given: on a command line and as the lines
// of a configuration file they mean the same.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "launcher/options.h"

namespace doff::fuzz {

// An option as it was written; no value is not the same as an empty one.
struct Given {
  std::string name;
  std::optional<std::string> value;
};

// Null: there is none of that name.
const Option* find_option(std::string_view name);

// Every member within its bounds.
void check_bounds(const Options& options);

// But for `command` and `config`, and strings by their text.
bool same(const Options& a, const Options& b);

// Parses `given` both ways, from nothing: both have the same to say. For names
// that are options and may stand in a file.
void check_both_ways(const std::vector<Given>& given);

}  // namespace doff::fuzz
