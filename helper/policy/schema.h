// The policy document's shape for editors: a JSON Schema.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace doff {

// Draft 7, which editors' YAML servers know. What it refuses, parse_policy()
// refuses; not all the other way round, since a schema can't say that a word
// must not stand in two lists, or which key is there twice.
nlohmann::ordered_json policy_schema();

}  // namespace doff
