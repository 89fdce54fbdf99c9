// What changed in a text, as diff -u would say it. Pure.
#pragma once

#include <string>
#include <string_view>

namespace doff {

// Empty if nothing changed. patch(1) makes `after` of `before` with it. Of two
// texts whose changes are far apart and large, all that is between is said to
// have changed. `name` stands in both headers, escaped.
std::string unified_diff(std::string_view before, std::string_view after,
                         std::string_view name);

}  // namespace doff
