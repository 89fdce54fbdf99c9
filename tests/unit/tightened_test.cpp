#include "helper/policy/tightened.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "caps/names.h"
#include "helper/policy/keys.h"

namespace {

using doff::allowed;
using doff::CapabilitySet;
using doff::ConnectPolicy;
using doff::only;
using doff::tightened;

// The section `connect` of FILE, which says `lines`.
ConnectPolicy connect(const std::string& lines, const char* file = "a") {
  const auto policy = doff::parse_policy("version: 1\nconnect: " + lines, file);
  if (!policy) FAIL(doff::to_text(policy.error().front()) << " in " << lines);
  return policy->connect;
}

// "KILL of a:2, ALL of b:2"
std::string said(const ConnectPolicy& policy) {
  std::string text;
  for (const doff::PolicyWord& each : policy.allow)
    text += (text.empty() ? "" : ", ") +
            (each.word.all ? "ALL" : doff::names(each.word.named)) + " of " +
            each.place.file + ":" + std::to_string(each.place.line);
  return text;
}

// `key: value` in either order with `key: other` leaves `key: strict`.
struct Row {
  std::string key;
  std::string one;
  std::string other;
  std::string strict;
};

bool same(const ConnectPolicy& a, const ConnectPolicy& b) {
  return allowed(a) == allowed(b) && a.accept == b.accept &&
         a.seccomp == b.seccomp && a.privileged == b.privileged &&
         a.inject == b.inject && a.match == b.match && a.missing == b.missing;
}

}  // namespace

TEST_CASE("allowed: the names of the list, and ALL is each that has one") {
  CHECK(allowed(connect("{}")) == CapabilitySet());
  CHECK(allowed(connect("{allow: [KILL, chown]}")) ==
        (only("KILL") | only("CHOWN")));
  CHECK(allowed(connect("{allow: [ALL]}")) == doff::kAllCapabilities);
  CHECK(allowed(connect("{allow: [KILL, ALL]}")) == doff::kAllCapabilities);
}

TEST_CASE("of two values of a key, the stricter one is left") {
  const std::vector<Row> rows = {
      {"accept", "open", "open", "open"},
      {"accept", "open", "inert", "inert"},
      {"accept", "open", "sealed", "sealed"},
      {"accept", "inert", "inert", "inert"},
      {"accept", "inert", "sealed", "sealed"},
      {"seccomp", "none", "none", "none"},
      {"seccomp", "none", "regain", "regain"},
      {"seccomp", "none", "hardened", "hardened"},
      {"seccomp", "regain", "regain", "regain"},
      {"seccomp", "regain", "hardened", "hardened"},
      {"privileged", "clamp", "clamp", "clamp"},
      {"privileged", "clamp", "refuse", "refuse"},
      {"inject", "false", "false", "false"},
      {"inject", "false", "true", "true"},
      {"match", "terminal", "terminal", "terminal"},
      {"match", "terminal", "all", "all"},
      {"missing", "clamp", "clamp", "clamp"},
      {"missing", "clamp", "refuse", "refuse"},
      {"allow", "[ALL]", "[ALL]", "[ALL]"},
      {"allow", "[ALL]", "[KILL, CHOWN]", "[KILL, CHOWN]"},
      {"allow", "[ALL, KILL]", "[CHOWN]", "[CHOWN]"},
      {"allow", "[ALL]", "[]", "[]"},
      {"allow", "[KILL, CHOWN]", "[MKNOD, KILL]", "[KILL]"},
      {"allow", "[KILL]", "[CHOWN]", "[]"},
      {"allow", "[KILL]", "[]", "[]"},
  };
  // The weakest that there is, so that what is left is the key's own doing.
  const std::string weakest =
      "accept: open, seccomp: none, privileged: clamp, inject: false, "
      "match: terminal, missing: clamp, allow: [ALL]";
  const auto with = [&](const std::string& key, const std::string& value) {
    std::string lines = weakest;
    const std::size_t at = lines.find(key + ":");
    REQUIRE(at != std::string::npos);
    const std::size_t end = std::min(lines.find(", ", at), lines.size());
    lines.replace(at, end - at, key + ": " + value);
    return connect("{" + lines + "}");
  };
  for (const Row& row : rows) {
    INFO(row.key << ": " << row.one << " and " << row.other);
    const ConnectPolicy one = with(row.key, row.one);
    const ConnectPolicy other = with(row.key, row.other);
    CHECK(same(tightened(one, other), with(row.key, row.strict)));
    CHECK(same(tightened(other, one), with(row.key, row.strict)));
  }
  for (const doff::PolicyKey& key : doff::kPolicyKeys) {
    INFO(key.name << " has a row");
    CHECK((key.section != "connect" ||
           std::ranges::find(rows, key.name, &Row::key) != rows.end()));
  }
}

TEST_CASE("what is left of allow stands where the side that decides says it") {
  const auto both = [](const char* a, const char* b) {
    const std::string in_a = std::string("{allow: ") + a + "}";
    const std::string in_b = std::string("{allow: ") + b + "}";
    return said(tightened(connect(in_a, "a"), connect(in_b, "b")));
  };
  CHECK(both("[ALL]", "[KILL,\n CHOWN]") == "KILL of b:2, CHOWN of b:3");
  CHECK(both("[KILL,\n CHOWN]", "[ALL]") == "KILL of a:2, CHOWN of a:3");
  CHECK(both("[ALL]", "[ALL]") == "ALL of a:2");
  CHECK(both("[KILL, CHOWN]", "[\n CHOWN, MKNOD]") == "CHOWN of a:2");
  CHECK(both("[KILL]", "[CHOWN]").empty());
}

TEST_CASE("a filter that nobody knows is never left out") {
  ConnectPolicy strange;
  strange.seccomp = "own";
  CHECK(tightened(strange, connect("{seccomp: hardened}")).seccomp == "own");
  CHECK(tightened(connect("{seccomp: hardened}"), strange).seccomp == "own");
}

TEST_CASE("the defaults are the strictest but for the filter hardened") {
  const ConnectPolicy defaults;
  ConnectPolicy hardened;
  hardened.seccomp = "hardened";
  for (const char* const lines :
       {"{allow: [ALL], accept: open, seccomp: none, privileged: clamp, "
        "inject: false, match: terminal}",
        "{}"})
    CHECK(same(tightened(defaults, connect(lines)), defaults));
  CHECK(same(tightened(defaults, hardened), hardened));
}
