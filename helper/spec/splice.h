// New text in place of some bytes of a spec, in the style of those around it.
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "caps/capability_set.h"
#include "helper/spec/scan_spec.h"

namespace doff {

struct Edit {
  Range range;
  std::string text;
};

// `text` with each edit made. They must not overlap.
std::string apply_edits(std::string_view text, std::vector<Edit> edits);

// The capability that exactly `word` is, if it is one.
std::optional<Capability> find_canonical(std::string_view word);

// `array` of `text` with those words that are canonical names of members of
// `wanted`, in their order and spacing, and then the other members. `model` is
// an array whose spacing an empty one takes.
std::string rewrite_array(std::string_view text, const ScannedArray& array,
                          CapabilitySet wanted, const ScannedArray& model);

// Adds `"name": value` before the members of an object.
using Member = std::pair<std::string, std::string>;
Edit add_members(std::string_view text, Range object,
                 const std::vector<Member>& members);

}  // namespace doff
