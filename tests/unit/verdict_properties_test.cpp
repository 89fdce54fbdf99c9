// A verdict is never better than the state: for sets of every family in each
// of the five places.
#include <array>
#include <catch2/catch.hpp>
#include <random>

#include "caps/verdict.h"
#include "tests/unit/set_families.h"

namespace {

using doff::CapabilitySet;
using doff::Credentials;
using doff::judge;
using doff::Verdict;

constexpr std::array kPlaces = {
    &Credentials::permitted, &Credentials::effective, &Credentials::inheritable,
    &Credentials::bounding, &Credentials::ambient};

// By definition, bit by bit.
Verdict expected(const Credentials& held, CapabilitySet keep,
                 CapabilitySet ambient) {
  if (!held.no_new_privs) return Verdict::kOpen;
  bool residue = false;
  for (unsigned n = 0; n < doff::kCapabilityBits; ++n) {
    const auto one = static_cast<doff::Capability>(n);
    if ((held.permitted.has(one) || held.effective.has(one)) && !keep.has(one))
      return Verdict::kOpen;
    if ((held.inheritable.has(one) || held.ambient.has(one)) &&
        !ambient.has(one))
      return Verdict::kOpen;
    residue = residue || (held.bounding.has(one) && !keep.has(one));
  }
  return residue ? Verdict::kInert : Verdict::kSealed;
}

}  // namespace

TEST_CASE("property: one set that holds what is not kept costs the verdict") {
  auto sets = doff::set_families(200);
  for (const CapabilitySet each : doff::pairs()) sets.push_back(each);
  for (const CapabilitySet set : sets) {
    for (const auto place : kPlaces) {
      Credentials held;
      held.no_new_privs = true;
      held.*place = set;
      const bool none = set.empty();
      const Verdict worst =
          place == &Credentials::bounding ? Verdict::kInert : Verdict::kOpen;
      REQUIRE(judge(held, {}) == (none ? Verdict::kSealed : worst));
      REQUIRE(judge(held, {set, set}) == Verdict::kSealed);
      held.no_new_privs = false;
      REQUIRE(judge(held, {set, set}) == Verdict::kOpen);
    }
  }
}

TEST_CASE("property: a verdict is that of its definition, for any sets") {
  const auto families = doff::set_families(200);
  std::mt19937_64 random(4);
  const auto one = [&] { return families[random() % families.size()]; };
  for (int round = 0; round < 20000; ++round) {
    const CapabilitySet keep = one();
    const CapabilitySet ambient = keep & one();
    Credentials held;
    for (const auto place : kPlaces)
      held.*place = random() % 3 == 0 ? one() : one() & ambient;
    held.no_new_privs = random() % 8 != 0;
    REQUIRE(judge(held, {keep, ambient}) == expected(held, keep, ambient));
    // More is never better.
    Credentials more = held;
    more.*kPlaces[random() % kPlaces.size()] |= one();
    REQUIRE(judge(more, {keep, ambient}) <= judge(held, {keep, ambient}));
  }
}
