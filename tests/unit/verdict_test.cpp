#include "caps/verdict.h"

#include <array>
#include <catch2/catch.hpp>

namespace {

using doff::Allowance;
using doff::CapabilitySet;
using doff::Credentials;
using doff::Verdict;

constexpr CapabilitySet kNone;
constexpr CapabilitySet kKept(0b0011);
constexpr CapabilitySet kAmbient(0b0001);
constexpr CapabilitySet kOnlyKept(0b0010);
constexpr CapabilitySet kMore(0b0100);
constexpr CapabilitySet kUnnamed(std::uint64_t{1} << 63);
constexpr Allowance kNothing{};
constexpr Allowance kSome{.keep = kKept, .ambient = kAmbient};

struct Row {
  const char* statement;
  Allowance allowed;
  Credentials held;
  Verdict verdict;
};
// Held: permitted, effective, inheritable, bounding, ambient, no_new_privs.
constexpr Row kRows[] = {
    {"nothing held and no_new_privs is sealed",
     kNothing,
     {kNone, kNone, kNone, kNone, kNone, true},
     Verdict::kSealed},
    {"nothing held without no_new_privs is open",
     kNothing,
     {kNone, kNone, kNone, kNone, kNone, false},
     Verdict::kOpen},
    {"a bounding set that still holds more is inert, not sealed",
     kNothing,
     {kNone, kNone, kNone, kMore, kNone, true},
     Verdict::kInert},
    {"a bounding set that holds more is open without no_new_privs",
     kNothing,
     {kNone, kNone, kNone, kMore, kNone, false},
     Verdict::kOpen},
    {"a bounding bit without a name counts like any other",
     kNothing,
     {kNone, kNone, kNone, kUnnamed, kNone, true},
     Verdict::kInert},
    {"a permitted capability is open",
     kNothing,
     {kMore, kNone, kNone, kNone, kNone, true},
     Verdict::kOpen},
    {"an effective capability is open",
     kNothing,
     {kNone, kMore, kNone, kNone, kNone, true},
     Verdict::kOpen},
    {"an inheritable capability is open",
     kNothing,
     {kNone, kNone, kMore, kNone, kNone, true},
     Verdict::kOpen},
    {"an ambient capability is open",
     kNothing,
     {kNone, kNone, kNone, kNone, kMore, true},
     Verdict::kOpen},
    {"a permitted bit without a name is open",
     kNothing,
     {kUnnamed, kNone, kNone, kNone, kNone, true},
     Verdict::kOpen},
    {"what was to be kept may be permitted, effective and bounding",
     kSome,
     {kKept, kKept, kNone, kKept, kNone, true},
     Verdict::kSealed},
    {"what was to be ambient may be inheritable and ambient",
     kSome,
     {kKept, kKept, kAmbient, kKept, kAmbient, true},
     Verdict::kSealed},
    {"less than what was to be kept is sealed",
     kSome,
     {kNone, kNone, kNone, kNone, kNone, true},
     Verdict::kSealed},
    {"a kept capability that is inheritable but not to be ambient is open",
     kSome,
     {kNone, kNone, kOnlyKept, kNone, kNone, true},
     Verdict::kOpen},
    {"a kept capability that is ambient but not to be is open",
     kSome,
     {kNone, kNone, kNone, kNone, kOnlyKept, true},
     Verdict::kOpen},
    {"more than what was to be kept, only bounding, is inert",
     kSome,
     {kKept, kKept, kNone, kKept | kMore, kNone, true},
     Verdict::kInert},
    {"more than what was to be kept, permitted, is open",
     kSome,
     {kKept | kMore, kNone, kNone, kKept, kNone, true},
     Verdict::kOpen},
};

}  // namespace

TEST_CASE("a verdict") {
  for (const Row& row : kRows) {
    INFO(row.statement);
    CHECK(doff::judge(row.held, row.allowed) == row.verdict);
  }
}

// Each of the five sets holds nothing, what is allowed, or more.
TEST_CASE("every combination of sets has the verdict of its definition") {
  constexpr std::array kLevels = {kNone, kAmbient, kAmbient | kMore};
  int sealed = 0;
  for (unsigned n = 0; n < 2 * 3 * 3 * 3 * 3 * 3; ++n) {
    unsigned rest = n / 2;
    std::array<unsigned, 5> level{};
    for (unsigned& each : level) {
      each = rest % 3;
      rest /= 3;
    }
    const bool no_new_privs = n % 2 == 1;
    const Credentials held = {kLevels[level[0]], kLevels[level[1]],
                              kLevels[level[2]], kLevels[level[3]],
                              kLevels[level[4]], no_new_privs};
    const bool in_use =
        level[0] == 2 || level[1] == 2 || level[2] == 2 || level[4] == 2;
    const Verdict expected = !no_new_privs || in_use ? Verdict::kOpen
                             : level[3] == 2         ? Verdict::kInert
                                                     : Verdict::kSealed;
    INFO("combination " << n);
    REQUIRE(doff::judge(held, {kAmbient, kAmbient}) == expected);
    if (expected == Verdict::kSealed) ++sealed;
  }
  CHECK(sealed == 2 * 2 * 2 * 2 * 2);
}

TEST_CASE("verdicts go from open by inert to sealed") {
  STATIC_REQUIRE(Verdict::kOpen < Verdict::kInert);
  STATIC_REQUIRE(Verdict::kInert < Verdict::kSealed);
}

TEST_CASE("each verdict is found by its name, exactly") {
  for (const Verdict each : {Verdict::kOpen, Verdict::kInert, Verdict::kSealed})
    CHECK(doff::find_verdict(name(each)) == each);
  CHECK(name(Verdict::kSealed) == "sealed");
  CHECK(name(Verdict::kInert) == "inert");
  CHECK(name(Verdict::kOpen) == "open");
  for (const char* const word : {"", "Sealed", "seal", "sealed ", "closed"})
    CHECK(!doff::find_verdict(word));
}
