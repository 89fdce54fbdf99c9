// What holds for every set, not for examples: nothing widens, twice is once,
// and what is written reads back.
#include <array>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "caps/names.h"
#include "helper/policy/keys.h"
#include "helper/policy/tightened.h"
#include "helper/rules.h"
#include "helper/spec/splice.h"
#include "helper/spec/trim_spec.h"
#include "helper/words.h"
#include "tests/unit/set_families.h"

namespace {

using doff::CapabilitySet;
using doff::kAllCapabilities;
using doff::pairs;
using doff::set_families;
using doff::SpecSets;
using doff::Widen;

constexpr int kRandom = 300;

bool is_within(const SpecSets& a, const SpecSets& b) {
  return a.bounding <= b.bounding && a.permitted <= b.permitted &&
         a.effective <= b.effective && a.inheritable <= b.inheritable &&
         a.ambient <= b.ambient;
}

// Five sets of the families, in whichever way.
SpecSets some_sets(std::mt19937_64& random,
                   const std::vector<CapabilitySet>& families) {
  const auto one = [&] { return families[random() % families.size()]; };
  return {one(), one(), one(), one(), one()};
}

SpecSets named(const SpecSets& sets) {
  return {sets.bounding & kAllCapabilities, sets.permitted & kAllCapabilities,
          sets.effective & kAllCapabilities,
          sets.inheritable & kAllCapabilities, sets.ambient & kAllCapabilities};
}

std::string array(CapabilitySet set) {
  std::string text;
  for (const doff::Capability each : set)
    text += (text.empty() ? "\"" : ", \"") + doff::canonical_name(each) + "\"";
  return "[" + text + "]";
}

std::string process(const SpecSets& sets) {
  return R"({"args":["sh"],"cwd":"/","capabilities":{"bounding":)" +
         array(sets.bounding) + R"(,"effective":)" + array(sets.effective) +
         R"(,"permitted":)" + array(sets.permitted) + R"(,"inheritable":)" +
         array(sets.inheritable) + R"(,"ambient":)" + array(sets.ambient) +
         "}}";
}

SpecSets read(const std::string& text) {
  const auto spec = doff::scan_spec(text, "spec");
  REQUIRE(spec);
  return doff::sets_of(spec->process);
}

doff::Wish wish(CapabilitySet add, bool drop_all, CapabilitySet drop) {
  doff::Wish made;
  made.flags.add.named = add;
  made.flags.drop = {drop_all, drop};
  return made;
}

std::string quoted_list(CapabilitySet set) {
  return set.empty() ? "[]" : "[" + doff::names(set, ", ") + "]";
}

}  // namespace

TEST_CASE("property: a name reads back to its capability, each of 64") {
  for (unsigned n = 0; n < doff::kCapabilityBits; ++n) {
    const auto one = static_cast<doff::Capability>(n);
    const std::string name = doff::canonical_name(one);
    const bool has_one = n < doff::kCapabilityNames.size();
    CHECK(doff::find_canonical(name).has_value() == has_one);
    if (has_one) CHECK(doff::find_canonical(name) == one);
    CapabilitySet read;
    CHECK_FALSE(doff::add_capabilities(name, read));
    CHECK(read == CapabilitySet(one));
  }
}

TEST_CASE("property: a list of names reads back, as words and as a set") {
  auto sets = set_families(kRandom);
  for (const CapabilitySet each : pairs()) sets.push_back(each);
  for (const CapabilitySet set : sets) {
    CapabilitySet read;
    REQUIRE_FALSE(doff::add_capabilities(doff::names(set), read));
    REQUIRE(read == set);
    const CapabilitySet known = set & kAllCapabilities;
    if (known.empty()) continue;
    doff::Words words;
    REQUIRE(doff::add_words(doff::names(known), words));
    REQUIRE(words == doff::Words{false, known});
  }
}

TEST_CASE("property: within a plan every set is within what it was") {
  std::mt19937_64 random(1);
  const auto families = set_families(kRandom);
  for (const CapabilitySet plan : families) {
    for (int round = 0; round < 100; ++round) {
      const SpecSets before = some_sets(random, families);
      const SpecSets after = doff::within(before, plan);
      REQUIRE(is_within(after, before));
      REQUIRE(is_within(after, {plan, plan, plan, plan, plan}));
      REQUIRE(after.effective <= after.permitted);
      REQUIRE(after.permitted <= after.bounding);
      REQUIRE(after.ambient <= (after.permitted & after.inheritable));
      REQUIRE(doff::within(after, plan) == after);
    }
  }
}

TEST_CASE("property: no engine's rules drop what is not asked, or add it") {
  const auto families = set_families(20);
  std::mt19937_64 random(2);
  for (std::size_t i = 0; i < doff::kEngines.size(); ++i) {
    for (const CapabilitySet base : families) {
      const CapabilitySet add = families[random() % families.size()];
      const CapabilitySet drop = families[random() % families.size()] - add;
      doff::Request request;
      request.add.named = add;
      request.drop = {random() % 2 == 0, drop};
      doff::Resolution resolution(base);
      REQUIRE(doff::combine(static_cast<doff::Semantics>(i), request,
                            doff::Layer::kFlags, kAllCapabilities, resolution));
      REQUIRE(resolution.set() ==
              (request.drop.all ? add : (base | add) - drop));
    }
  }
}

TEST_CASE("property: a spec's sets read back, and a trim never widens them") {
  std::mt19937_64 random(3);
  const auto families = set_families(kRandom);
  for (const CapabilitySet drop : families) {
    const SpecSets before = named(some_sets(random, families));
    const std::string text = process(before);
    REQUIRE(read(text) == before);
    const CapabilitySet keep =
        CapabilitySet(random()) & before.bounding & kAllCapabilities;
    for (const auto& asked : {wish({}, false, drop & kAllCapabilities),
                              wish({}, true, {}), wish(keep, true, {})}) {
      const auto once = doff::trim_spec(text, "spec", asked, Widen::kRefuse);
      REQUIRE(once);
      REQUIRE(once->before == before);
      REQUIRE(is_within(once->after, before));
      REQUIRE(read(once->text) == once->after);
      REQUIRE((once->after.bounding & asked.flags.drop.named).empty());
      if (asked.flags.drop.all)
        REQUIRE(once->after.bounding == asked.flags.add.named);
      // What was kept by name is there still, so it can be asked for again.
      const auto twice =
          doff::trim_spec(once->text, "spec", asked, Widen::kRefuse);
      REQUIRE(twice);
      REQUIRE(twice->text == once->text);
    }
  }
}

TEST_CASE("property: a policy reads back to what it says") {
  for (const CapabilitySet every : set_families(kRandom)) {
    const CapabilitySet set = every & kAllCapabilities;
    if (set.empty()) continue;
    const auto policy = doff::parse_policy(
        "version: 1\ncapabilities: {drop: [ALL], allow: " + quoted_list(set) +
            "}\nconnect: {allow: " + quoted_list(set) + "}\n",
        "p");
    REQUIRE(policy);
    REQUIRE(doff::all_of(policy->capabilities->allow).named == set);
    REQUIRE(doff::all_of(policy->capabilities->drop).all);
    REQUIRE(doff::allowed(policy->connect) == set);
    const auto dropping = doff::parse_policy(
        "version: 1\ncapabilities: {drop: " + quoted_list(set) + "}\n", "p");
    REQUIRE(dropping);
    REQUIRE(doff::all_of(dropping->capabilities->drop).named == set);
  }
}

namespace {

// Every connect section, but for `allow`: 3 * 3 * 2 * 2 * 2 * 2.
std::vector<std::string> connect_sections() {
  std::vector<std::string> sections;
  for (const auto accept : doff::kVerdictNames)
    for (const auto seccomp : doff::kSeccompNames)
      for (const char* const privileged : {"refuse", "clamp"})
        for (const char* const inject : {"true", "false"})
          for (const char* const match : {"all", "terminal"})
            for (const char* const missing : {"refuse", "clamp"})
              sections.push_back("accept: " + std::string(accept) +
                                 ", seccomp: " + std::string(seccomp) +
                                 ", privileged: " + privileged +
                                 ", inject: " + inject + ", match: " + match +
                                 ", missing: " + missing);
  return sections;
}

std::string section_of(const doff::ConnectPolicy& policy) {
  const auto said = [](doff::Response response) {
    return response == doff::Response::kRefuse ? "refuse" : "clamp";
  };
  return "accept: " + std::string(name(policy.accept)) +
         ", seccomp: " + policy.seccomp +
         ", privileged: " + said(policy.privileged) +
         ", inject: " + (policy.inject ? "true" : "false") + ", match: " +
         (policy.match == doff::Match::kAll ? "all" : "terminal") +
         ", missing: " + said(policy.missing);
}

}  // namespace

TEST_CASE("property: every connect section reads back, and never loosens") {
  std::vector<doff::ConnectPolicy> policies;
  for (const std::string& section : connect_sections()) {
    const auto policy = doff::parse_policy(
        "version: 1\nconnect: {allow: [], " + section + "}\n", "p");
    REQUIRE(policy);
    REQUIRE(section_of(policy->connect) == section);
    policies.push_back(policy->connect);
  }
  for (const auto& a : policies) {
    REQUIRE(section_of(doff::tightened(a, a)) == section_of(a));
    for (const auto& b : policies) {
      const auto both = doff::tightened(a, b);
      REQUIRE(section_of(both) == section_of(doff::tightened(b, a)));
      REQUIRE(both.accept >= a.accept);
      REQUIRE((both.privileged == a.privileged ||
               both.privileged == doff::Response::kRefuse));
      REQUIRE((both.inject || !a.inject));
      REQUIRE(section_of(doff::tightened(both, a)) == section_of(both));
    }
  }
}
