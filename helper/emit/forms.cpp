#include "helper/emit/forms.h"

#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "caps/names.h"
#include "helper/words.h"

namespace doff {
namespace {

using Json = nlohmann::ordered_json;
using Names = std::vector<std::string>;

// What to drop and what to add, in that order, wherever both are lists.
struct Lists {
  Names drop;
  Names add;
};

// Without CAP_, which containerd's CRI would put before it a second time, and
// runc then skip.
Lists lists(CapabilitySet bounding) {
  if (kAllCapabilities <= bounding) return {.drop = {}, .add = {"ALL"}};
  Lists both{.drop = {"ALL"}, .add = {}};
  for (const Capability each : bounding) both.add.push_back(short_name(each));
  return both;
}

Names canonical_names(CapabilitySet bounding) {
  Names names;
  for (const Capability each : bounding) names.push_back(canonical_name(each));
  return names;
}

Names flags(CapabilitySet bounding) {
  const Lists both = lists(bounding);
  Names words;
  for (const std::string& each : both.drop)
    words.push_back("--cap-drop=" + each);
  for (const std::string& each : both.add) words.push_back("--cap-add=" + each);
  return words;
}

std::string joined(const Names& words) {
  std::string text;
  for (const std::string& each : words) {
    if (!text.empty()) text += ' ';
    text += each;
  }
  return text;
}

// A key and its list in YAML, at that indentation; nothing for an empty list.
std::string yaml_list(std::string_view key, const Names& words,
                      std::size_t indentation) {
  if (words.empty()) return {};
  const std::string blanks(indentation, ' ');
  std::string text = blanks + std::string(key) + ":\n";
  for (const std::string& each : words)
    text.append(blanks).append("  - ").append(each).append("\n");
  return text;
}

// The same in JSON.
void put_list(Json& object, const char* key, const Names& words) {
  if (!words.empty()) object[key] = words;
}

std::string document(const Json& json) { return json.dump(2) + "\n"; }

}  // namespace

std::string container_flags(CapabilitySet bounding) {
  return joined(flags(bounding)) + "\n";
}

std::string container_flags_json(CapabilitySet bounding) {
  return document(Json(flags(bounding)));
}

// Lists of several files are merged, not replaced (compose-spec, "Merge"), so a
// file of overrides could not take back what another adds.
std::string compose_service(CapabilitySet bounding) {
  const Lists both = lists(bounding);
  return "# In place of cap_drop and cap_add of your service, here `app`. In "
         "a second file\n"
         "# (docker compose -f) they would be added to the lists of the "
         "first.\n"
         "services:\n"
         "  app:\n" +
         yaml_list("cap_drop", both.drop, 4) +
         yaml_list("cap_add", both.add, 4);
}

std::string compose_service_json(CapabilitySet bounding) {
  const Lists both = lists(bounding);
  Json service = Json::object();
  put_list(service, "cap_drop", both.drop);
  put_list(service, "cap_add", both.add);
  return document({{"services", {{"app", service}}}});
}

std::string security_context(CapabilitySet bounding) {
  const Lists both = lists(bounding);
  return "# In every entry of a Pod's spec.containers, spec.initContainers "
         "and\n"
         "# spec.ephemeralContainers (kubectl debug): each has its own.\n"
         "securityContext:\n"
         "  capabilities:\n" +
         yaml_list("drop", both.drop, 4) + yaml_list("add", both.add, 4);
}

std::string security_context_json(CapabilitySet bounding) {
  const Lists both = lists(bounding);
  Json capabilities = Json::object();
  put_list(capabilities, "drop", both.drop);
  put_list(capabilities, "add", both.add);
  return document({{"securityContext", {{"capabilities", capabilities}}}});
}

// systemd.exec(5): assignments add up; an empty one undoes those before it,
// and so does `~`, which begins with everything.
std::string systemd_drop_in(CapabilitySet bounding) {
  std::string text =
      "# As /etc/systemd/system/NAME.service.d/capabilities.conf. Commands "
      "with the\n"
      "# prefix `+` are not held to it.\n"
      "[Service]\n";
  if (kAllCapabilities <= bounding) return text + "CapabilityBoundingSet=~\n";
  text += "CapabilityBoundingSet=\n";
  if (!bounding.empty())
    text += "CapabilityBoundingSet=" + joined(canonical_names(bounding)) + "\n";
  return text;
}

std::string systemd_drop_in_json(CapabilitySet bounding) {
  return document(
      {{"Service", {{"CapabilityBoundingSet", canonical_names(bounding)}}}});
}

// runtime-spec, config.md "Linux Process". Permitted and effective are what
// engines give to uid 0: a process may hold no more than its bounding set, and
// with less a container of root would lose what the wish leaves it.
// Inheritable and ambient are empty: with the one, a file with `+ei` gives
// capabilities to any user (CVE-2022-24769), with the other every program has
// them.
std::string oci_process(CapabilitySet bounding) {
  const Names names = canonical_names(bounding);
  return document({{"process",
                    {{"capabilities",
                      {{"bounding", names},
                       {"effective", names},
                       {"permitted", names},
                       {"inheritable", Json::array()},
                       {"ambient", Json::array()}}}}}});
}

}  // namespace doff
