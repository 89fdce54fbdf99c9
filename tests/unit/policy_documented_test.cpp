// The tables of the policy document, held against doff-policy(5).
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "caps/verdict.h"
#include "helper/failure.h"
#include "helper/policy/keys.h"
#include "helper/policy/policy.h"

namespace {

using Lines = std::vector<std::string>;

Lines page() {
  std::ifstream file(DOFF_POLICY_PAGE);
  REQUIRE(file);
  Lines lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

constexpr std::string_view kItem = ".It Cm ";

// What the page says of each `SECTION.KEY`: the lines up to the next one.
std::map<std::string, Lines> described() {
  std::map<std::string, Lines> keys;
  Lines* lines = nullptr;
  for (const std::string& line : page()) {
    if (line.starts_with(".Sh")) lines = nullptr;
    if (line.starts_with(kItem) && line.find('.', 1) != std::string::npos) {
      const std::string key = line.substr(kItem.size());
      INFO(key << " is described once");
      CHECK_FALSE(keys.contains(key));
      lines = &keys[key];
    } else if (lines != nullptr) {
      lines->push_back(line);
    }
  }
  return keys;
}

Lines values_in(const Lines& lines) {
  Lines values;
  for (const std::string& line : lines)
    if (line.starts_with(kItem)) values.push_back(line.substr(kItem.size()));
  std::ranges::sort(values);
  return values;
}

// `.Cm WORD .` behind "The default is".
std::string default_in(const Lines& lines) {
  const auto found = std::ranges::find(lines, "The default is");
  if (found == lines.end()) return "";
  const std::string line = *(found + 1);
  return line.substr(4, line.find(' ', 4) - 4);
}

Lines sorted(std::span<const std::string_view> words) {
  Lines lines(words.begin(), words.end());
  std::ranges::sort(lines);
  return lines;
}

std::string replaced(std::string text, std::string_view from,
                     std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos;
       at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

}  // namespace

TEST_CASE("doff-policy(5) describes each key, and no other") {
  auto keys = described();
  for (const doff::PolicyKey& key : doff::kPolicyKeys) {
    const std::string name =
        std::string(key.section) + "." + std::string(key.name);
    INFO(name);
    CHECK(keys.contains(name));
    keys.erase(name);
  }
  CHECK(keys.empty());
  const Lines lines = page();
  for (const std::string_view section : doff::kPolicySections) {
    INFO(section);
    CHECK(std::ranges::count(lines, ".It Cm " + std::string(section)) == 1);
  }
  for (const std::string_view section : doff::kOpenShellSections) {
    INFO(section);
    CHECK(std::ranges::any_of(lines, [&](const std::string& line) {
      return line.starts_with(".Cm " + std::string(section));
    }));
  }
}

TEST_CASE("doff-policy(5) describes each value, and no other") {
  auto keys = described();
  for (const doff::PolicyKey& key : doff::kPolicyKeys) {
    const std::string name =
        std::string(key.section) + "." + std::string(key.name);
    INFO(name);
    const Lines values = values_in(keys[name]);
    switch (key.takes) {
      case doff::PolicyKey::Takes::kOneOf:
        CHECK(values == sorted(key.words));
        break;
      case doff::PolicyKey::Takes::kBoolean:
        CHECK(values == Lines{"false", "true"});
        break;
      case doff::PolicyKey::Takes::kCapabilities:
        CHECK(values.empty());
    }
  }
}

TEST_CASE("doff-policy(5) has the defaults right") {
  auto keys = described();
  const doff::ConnectPolicy connect;
  CHECK(default_in(keys["connect.accept"]) == name(connect.accept));
  CHECK(default_in(keys["connect.seccomp"]) == connect.seccomp);
  CHECK(default_in(keys["connect.privileged"]) ==
        doff::kResponseNames[static_cast<std::size_t>(connect.privileged)]);
  CHECK(default_in(keys["connect.inject"]) ==
        (connect.inject ? "true" : "false"));
  CHECK(default_in(keys["connect.match"]) ==
        doff::kMatchNames[static_cast<std::size_t>(connect.match)]);
  CHECK(default_in(keys["connect.missing"]) ==
        doff::kResponseNames[static_cast<std::size_t>(connect.missing)]);
  CHECK(std::ranges::count(keys["connect.allow"],
                           "The default is the empty list.") == 1);
}

TEST_CASE("the examples of doff-policy(5) are policies") {
  int examples = 0;
  std::string text;
  bool inside = false;
  for (const std::string& line : page()) {
    if (line == ".Ed" && text.starts_with("version: ")) {
      INFO(text);
      CHECK(doff::parse_policy(text, "example"));
      ++examples;
    }
    if (line == ".Ed") inside = false;
    if (inside) text += line + "\n";
    if (line.starts_with(".Bd")) {
      text.clear();
      inside = true;
    }
  }
  CHECK(examples == 2);
}

TEST_CASE("the diagnostics in doff-policy(5) are what is said") {
  const Lines lines = page();
  const Lines documents = {
      "version: 1\ncapabilities:\n  drop: [ALL]\n  alow: [KILL]\n",
      "version: 1\ncapabilities:\n  drop: [CHOWN]\n  allow: [KILL]\n",
      "version: 1\ncapabilities:\n  drop: ALL\n",
      "version: \"1\"\nconnect: {}\n",
      "version: 1\n"
      "capabilities:\n"
      "  drop: [ALL]\n"
      "  allow: [KILL\n"
      "connect: {}\n",
  };
  for (const std::string& document : documents) {
    const auto policy = doff::parse_policy(document, "policy.yaml");
    REQUIRE_FALSE(policy);
    REQUIRE(policy.error().size() == 1);
    const std::string said = doff::to_text(policy.error().front());
    INFO(said);
    CHECK(std::ranges::count(
              lines, ".It \"" + replaced(said, "\"", "\\(dq") + "\"") == 1);
  }
  CHECK(std::ranges::count_if(lines, [](const std::string& line) {
          return line.starts_with(".It \"");
        }) == static_cast<long>(documents.size()));
}
