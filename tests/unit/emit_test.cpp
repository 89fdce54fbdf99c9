#include "helper/emit/emit.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "caps/names.h"
#include "helper/policy/policy.h"
#include "helper/policy/profiles.h"
#include "helper/words.h"

namespace {

using doff::CapabilitySet;
using doff::Form;
using doff::kAllCapabilities;
using doff::only;
using nlohmann::json;

const CapabilitySet kNone;
const CapabilitySet kOne = only("CHOWN");
const CapabilitySet kMany = only("SYS_ADMIN") | only("CHOWN") | only("SETUID");

std::string emitted(const std::string& target, CapabilitySet bounding,
                    Form form = Form::kText) {
  const auto found = doff::find_target(target);
  REQUIRE(found);
  const auto text = doff::emit(*found, bounding, form);
  REQUIRE(text);
  return *text;
}

// Lines that are not comments.
std::string without_comments(const std::string& text) {
  std::string rest;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = text.find('\n', begin) + 1;
    REQUIRE(end != 0);  // the last line has its newline too
    if (text[begin] != '#') rest += text.substr(begin, end - begin);
    begin = end;
  }
  return rest;
}

}  // namespace

TEST_CASE("docker and podman take the same flags") {
  for (const char* target : {"docker", "podman"}) {
    INFO(target);
    CHECK(emitted(target, kNone) == "--cap-drop=ALL\n");
    CHECK(emitted(target, kOne) == "--cap-drop=ALL --cap-add=CHOWN\n");
    CHECK(emitted(target, kMany) ==
          "--cap-drop=ALL --cap-add=CHOWN --cap-add=SETUID "
          "--cap-add=SYS_ADMIN\n");
    CHECK(emitted(target, kAllCapabilities) == "--cap-add=ALL\n");
    CHECK(json::parse(emitted(target, kOne, Form::kJson)) ==
          json({"--cap-drop=ALL", "--cap-add=CHOWN"}));
  }
}

TEST_CASE("everything but one is said by name, not by ALL") {
  const std::string flags =
      emitted("docker", kAllCapabilities - only("SYS_ADMIN"));
  CHECK(flags.starts_with("--cap-drop=ALL --cap-add=CHOWN "));
  CHECK(flags.find("--cap-add=NET_ADMIN ") != std::string::npos);
  CHECK(flags.find("SYS_ADMIN") == std::string::npos);
  CHECK(std::ranges::count(flags, '=') == 41);
}

TEST_CASE("flags need no quotes in a shell") {
  const std::string flags = emitted("docker", kAllCapabilities - only("CHOWN"));
  CHECK(flags.find_first_not_of("-=_ \nABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz") ==
        std::string::npos);
}

TEST_CASE("compose gets two lists of a service") {
  const std::string head = "services:\n  app:\n";
  const std::string dropped = head + "    cap_drop:\n      - ALL\n";
  const std::string added = "    cap_add:\n      - ";
  CHECK(without_comments(emitted("compose", kNone)) == dropped);
  CHECK(without_comments(emitted("compose", kOne)) ==
        dropped + added + "CHOWN\n");
  CHECK(without_comments(emitted("compose", kMany)) ==
        dropped + added + "CHOWN\n      - SETUID\n      - SYS_ADMIN\n");
  CHECK(without_comments(emitted("compose", kAllCapabilities)) ==
        head + added + "ALL\n");
}

TEST_CASE("kubernetes gets a securityContext, its names without CAP_") {
  const std::string head = "securityContext:\n  capabilities:\n";
  const std::string dropped = head + "    drop:\n      - ALL\n";
  const std::string added = "    add:\n      - ";
  CHECK(without_comments(emitted("kubernetes", kNone)) == dropped);
  CHECK(without_comments(emitted("kubernetes", kOne)) ==
        dropped + added + "CHOWN\n");
  CHECK(without_comments(emitted("kubernetes", kMany)) ==
        dropped + added + "CHOWN\n      - SETUID\n      - SYS_ADMIN\n");
  CHECK(without_comments(emitted("kubernetes", kAllCapabilities)) ==
        head + added + "ALL\n");
}

TEST_CASE("systemd's first assignment undoes those of other files") {
  const std::string head = "[Service]\nCapabilityBoundingSet=";
  CHECK(without_comments(emitted("systemd", kNone)) == head + "\n");
  CHECK(without_comments(emitted("systemd", kOne)) ==
        head + "\nCapabilityBoundingSet=CAP_CHOWN\n");
  CHECK(without_comments(emitted("systemd", kMany)) ==
        head + "\nCapabilityBoundingSet=CAP_CHOWN CAP_SETUID CAP_SYS_ADMIN\n");
  CHECK(without_comments(emitted("systemd", kAllCapabilities)) == head + "~\n");
  CHECK(
      json::parse(emitted("systemd", kOne, Form::kJson)) ==
      json::parse(R"({"Service": {"CapabilityBoundingSet": ["CAP_CHOWN"]}})"));
}

TEST_CASE("oci gets all five sets; nothing is inheritable or ambient") {
  const auto expected = [](const json& names) {
    json sets;
    for (const char* set : {"bounding", "effective", "permitted"})
      sets[set] = names;
    sets["inheritable"] = sets["ambient"] = json::array();
    return json{{"process", {{"capabilities", sets}}}};
  };
  for (const Form form : {Form::kText, Form::kJson}) {
    CHECK(json::parse(emitted("oci", kNone, form)) == expected(json::array()));
    CHECK(json::parse(emitted("oci", kOne, form)) ==
          expected(json::array({"CAP_CHOWN"})));
    CHECK(json::parse(emitted("oci", kMany, form)) ==
          expected(json::array({"CAP_CHOWN", "CAP_SETUID", "CAP_SYS_ADMIN"})));
    const json all = json::parse(emitted("oci", kAllCapabilities, form));
    CHECK(all["process"]["capabilities"]["bounding"].size() == 41);
  }
}

TEST_CASE("YAML and its JSON are the same document") {
  for (const char* target : {"compose", "kubernetes"})
    for (const CapabilitySet each : {kNone, kOne, kMany, kAllCapabilities}) {
      INFO(target << " " << doff::names(each));
      const std::string text = emitted(target, each, Form::kJson);
      const YAML::Node yaml = YAML::Load(emitted(target, each));
      const YAML::Node same = YAML::Load(text);  // JSON is YAML
      const auto lists = [](const YAML::Node& node) {
        const YAML::Node parent = node["services"]
                                      ? node["services"]["app"]
                                      : node["securityContext"]["capabilities"];
        std::vector<std::string> words;
        for (const auto& list : parent) {
          words.push_back(list.first.as<std::string>());
          for (const auto& word : list.second)
            words.push_back(word.as<std::string>());
        }
        return words;
      };
      CHECK(lists(yaml) == lists(same));
      CHECK(lists(yaml).size() >= 2);
    }
}

TEST_CASE("every target speaks of nothing but capabilities") {
  for (const doff::Target& target : doff::targets()) {
    if (target.name == "openshell") continue;  // it explains a system
    for (const Form form : {Form::kText, Form::kJson}) {
      const std::string text = emitted(std::string(target.name), kMany, form);
      INFO(text);
      CHECK(text.ends_with("\n"));
      for (const char* other : {"seccomp", "rivileg", "user", "NoNew", "\t"})
        CHECK(text.find(other) == std::string::npos);
    }
  }
}

TEST_CASE("a capability without a name is refused by every target") {
  const CapabilitySet nameless{std::uint64_t{1} << 45};
  for (const doff::Target& target : doff::targets())
    for (const Form form : {Form::kText, Form::kJson}) {
      const auto refused = doff::emit(target, kOne | nameless, form);
      REQUIRE_FALSE(refused);
      CHECK(refused.error().doing == "emit " + std::string(target.name));
      CHECK(refused.error().value == "45");
    }
}

TEST_CASE("an unknown target is told the nearest and all there are") {
  CHECK(doff::target_names() ==
        "docker|podman|compose|kubernetes|systemd|oci|openshell");
  const auto typo = doff::find_target("kubernets");
  REQUIRE_FALSE(typo);
  CHECK(typo.error().value == "kubernets");
  CHECK(typo.error().guess == "kubernetes");
  CHECK(typo.error().next.find(doff::target_names()) != std::string::npos);
  const auto nothing = doff::find_target("");
  REQUIRE_FALSE(nothing);
  CHECK(nothing.error().guess.empty());
  REQUIRE_FALSE(doff::find_target("Docker"));
  CHECK(doff::find_target("Docker").error().guess == "docker");
}

TEST_CASE("a wish begins with what the target gives without one") {
  const auto base = [](const char* name) {
    return doff::find_target(name)->base;
  };
  CHECK(base("docker") == CapabilitySet(0xa80425fb));
  CHECK(base("podman") == CapabilitySet(0x800405fb));
  CHECK(base("kubernetes") == CapabilitySet(0xa80425fb));
  CHECK(base("systemd") == kAllCapabilities);
  CHECK(base("oci") == CapabilitySet(0xa80425fb));
  CHECK(base("openshell") == kNone);
  for (const doff::Target& target : doff::targets())
    CHECK(target.base <= target.most);
}

TEST_CASE("openshell says what is not given") {
  const std::string none = emitted("openshell", kNone);
  CHECK(none.find("# Asked for: none.\n") != std::string::npos);
  CHECK(none.find("# That is what was asked for.\n") != std::string::npos);
  const std::string one = emitted("openshell", kOne);
  CHECK(one.find("# Asked for: CHOWN.\n") != std::string::npos);
  CHECK(one.find("# That is less than was asked for") != std::string::npos);
}

TEST_CASE("openshell says what the supervisor of 0.0.x would lack") {
  const auto profile = doff::find_profile("openshell-supervisor");
  REQUIRE(profile);
  const CapabilitySet needs = doff::all_of(profile->capabilities->allow).named;
  CHECK(emitted("openshell", needs).find("leaves it all of that") !=
        std::string::npos);
  CHECK(emitted("openshell", needs - only("SYS_ADMIN"))
            .find("would take from it:\n#     SYS_ADMIN\n# - ") !=
        std::string::npos);
}

// The keys as OpenShell's own source has them; see openshell.cpp.
TEST_CASE("openshell's gateway.toml has keys that OpenShell knows") {
  const std::string toml = emitted("openshell", kNone);
  for (const char* line :
       {"\n[openshell]\nversion = 2 ", "\n[openshell.gateway]\n",
        "\ncompute_driver = \"docker\" ",
        "\n# [openshell.drivers.kubernetes]\n# default_runtime_class_name = ",
        "\n# allow_driver_config = false "})
    CHECK(toml.find(line) != std::string::npos);
  CHECK(json::parse(emitted("openshell", kNone, Form::kJson)) ==
        json::parse(R"({"openshell": {"version": 2,
                        "gateway": {"compute_driver": "docker"}}})"));
}
