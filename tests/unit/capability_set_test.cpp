#include "caps/capability_set.h"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

namespace {

using doff::Capability;
using doff::CapabilitySet;

constexpr CapabilitySet kNone;
constexpr CapabilitySet kEvery{~std::uint64_t{0}};

std::vector<unsigned> members(CapabilitySet set) {
  std::vector<unsigned> numbers;
  for (const Capability each : set) numbers.push_back(number(each));
  return numbers;
}

struct Algebra {
  std::uint64_t a, b, either, both, difference;
  bool within;
};
constexpr Algebra kAlgebra[] = {
    {0, 0, 0, 0, 0, true},
    {0, 0b1, 0b1, 0, 0, true},
    {0b1, 0, 0b1, 0, 0b1, false},
    {0b0110, 0b0011, 0b0111, 0b0010, 0b0100, false},
    {0b0010, 0b0011, 0b0011, 0b0010, 0, true},
    {0b0011, 0b0011, 0b0011, 0b0011, 0, true},
    {1ULL << 63, 1ULL << 62, 3ULL << 62, 0, 1ULL << 63, false},
    {1ULL << 32, 1, 1ULL << 32 | 1, 0, 1ULL << 32, false},
    {1ULL << 63, ~0ULL, ~0ULL, 1ULL << 63, 0, true},
    {~0ULL, 1ULL << 63, ~0ULL, 1ULL << 63, ~0ULL >> 1, false},
};

}  // namespace

TEST_CASE("a new set is empty, and every bit is a member of the full one") {
  STATIC_REQUIRE(CapabilitySet().bits() == 0);
  STATIC_REQUIRE(kNone.empty());
  STATIC_REQUIRE(kNone.size() == 0);
  STATIC_REQUIRE_FALSE(kEvery.empty());
  STATIC_REQUIRE(kEvery.size() == 64);
}

TEST_CASE("a set of one holds that one and no other") {
  for (unsigned n = 0; n < doff::kCapabilityBits; ++n) {
    const CapabilitySet one(static_cast<Capability>(n));
    CHECK(one.bits() == std::uint64_t{1} << n);
    CHECK(one.size() == 1);
    for (unsigned other = 0; other < doff::kCapabilityBits; ++other)
      CHECK(one.has(static_cast<Capability>(other)) == (other == n));
  }
}

TEST_CASE("union, intersection, difference and within are those of sets") {
  for (const Algebra& row : kAlgebra) {
    const CapabilitySet a(row.a);
    const CapabilitySet b(row.b);
    INFO(row.a << " and " << row.b);
    CHECK((a | b).bits() == row.either);
    CHECK((a & b).bits() == row.both);
    CHECK((a - b).bits() == row.difference);
    CHECK((a <= b) == row.within);
    CHECK((a == b) == (row.a == row.b));
    CapabilitySet sum = a;
    CHECK(&(sum |= b) == &sum);
    CHECK(sum == (a | b));
  }
}

TEST_CASE("the laws of sets hold for random sets") {
  std::mt19937_64 random(1);
  for (int round = 0; round < 1000; ++round) {
    const CapabilitySet a(random() & random());
    const CapabilitySet b(random() | random());
    REQUIRE(a <= (a | b));
    REQUIRE((a & b) <= a);
    REQUIRE(((a - b) & b).empty());
    REQUIRE(((a - b) | (a & b)) == a);
    REQUIRE((a <= b) == ((a | b) == b));
    REQUIRE((a | b).size() == a.size() + b.size() - (a & b).size());
  }
}

TEST_CASE("two sets of which neither is within the other are unordered") {
  constexpr CapabilitySet kA(0b01);
  constexpr CapabilitySet kB(0b10);
  STATIC_REQUIRE_FALSE(kA <= kB);
  STATIC_REQUIRE_FALSE(kB <= kA);
}

TEST_CASE("a walk meets each member once, in ascending order") {
  CHECK(members(kNone).empty());
  CHECK(members(CapabilitySet(0x4a82c35fb)) ==
        std::vector<unsigned>{0, 1, 3, 4, 5, 6, 7, 8, 10, 12, 13, 18, 19, 21,
                              27, 29, 31, 34});
  CHECK(members(CapabilitySet(1ULL << 63 | 1)) == std::vector<unsigned>{0, 63});
  std::vector<unsigned> all;
  for (unsigned n = 0; n < doff::kCapabilityBits; ++n) all.push_back(n);
  CHECK(members(kEvery) == all);
}
