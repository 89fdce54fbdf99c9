#include "helper/policy/schema.h"

#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "caps/names.h"
#include "helper/policy/keys.h"

namespace doff {
namespace {

using Json = nlohmann::ordered_json;

// "[Kk][Ii][Ll][Ll]": JSON Schema has no pattern that ignores case.
std::string in_any_case(std::string_view word) {
  std::string pattern;
  for (const char c : word) {
    if (c >= 'A' && c <= 'Z')
      pattern += {'[', c, static_cast<char>(c | 0x20), ']'};
    else
      pattern += c;
  }
  return pattern;
}

// The enumeration is what editors offer; the pattern is what else is right.
Json capability_schema() {
  Json offered = {"ALL"};
  std::string pattern =
      "^(" + in_any_case("ALL") + "|(" + in_any_case("CAP_") + ")?(";
  std::string_view separator;
  for (const std::string_view name : kCapabilityNames) {
    offered.push_back(name);
    pattern += std::string(separator) + in_any_case(name);
    separator = "|";
  }
  pattern += "))$";
  return {{"type", "string"},
          {"anyOf", {{{"enum", offered}}, {{"pattern", pattern}}}}};
}

Json list_of(const char* definition) {
  return {{"type", "array"},
          {"items", {{"$ref", definition}}},
          {"uniqueItems", true}};
}

Json value_schema(const PolicyKey& key) {
  Json schema = {{"description", key.help}};
  switch (key.takes) {
    case PolicyKey::Takes::kCapabilities:
      schema.update(list_of("#/definitions/capability"));
      break;
    case PolicyKey::Takes::kOneOf:
      schema["enum"] = key.words;
      break;
    case PolicyKey::Takes::kBoolean:
      schema["type"] = "boolean";
      break;
  }
  return schema;
}

Json section_schema(std::string_view section, std::string_view help) {
  Json properties = Json::object();
  for (const PolicyKey& each : kPolicyKeys)
    if (each.section == section)
      properties[std::string(each.name)] = value_schema(each);
  return {{"description", help},
          {"type", "object"},
          {"additionalProperties", false},
          {"properties", properties}};
}

// `allow` gives back of what drop: [ALL] takes, but not ALL.
Json capabilities_schema() {
  Json schema = section_schema(
      "capabilities", "What a container may have, from its creation on.");
  const Json all = {{"type", "string"},
                    {"pattern", "^" + in_any_case("ALL") + "$"}};
  schema["required"] = {"drop"};
  schema["properties"]["drop"]["minItems"] = 1;
  schema["properties"]["allow"]["not"] = {{"contains", all}};
  schema["if"] = {{"required", {"allow"}}};
  schema["then"] = {{"properties", {{"drop", {{"contains", all}}}}}};
  return schema;
}

}  // namespace

nlohmann::ordered_json policy_schema() {
  Json properties = {
      {"version", {{"description", "Always 1."}, {"const", 1}}},
      {"capabilities", capabilities_schema()},
      {"connect",
       section_schema("connect",
                      "What each command gets that is started later in the "
                      "container.")}};
  for (const std::string_view each : kOpenShellSections)
    properties[std::string(each)] = {{"description", "OpenShell's."}};
  return {{"$schema", "http://json-schema.org/draft-07/schema#"},
          {"title", "doff policy"},
          {"type", "object"},
          {"additionalProperties", false},
          {"required", {"version"}},
          {"anyOf",
           {{{"required", {"capabilities"}}}, {{"required", {"connect"}}}}},
          {"properties", properties},
          {"definitions", {{"capability", capability_schema()}}}};
}

}  // namespace doff
