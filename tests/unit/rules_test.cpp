#include "helper/rules.h"

#include <catch2/catch.hpp>
#include <string>

#include "caps/names.h"

namespace {

using doff::CapabilitySet;
using doff::kAllCapabilities;
using doff::only;
using doff::Resolution;
using doff::Semantics;
using doff::Words;

constexpr CapabilitySet kFourteen{0xa80425fb};

Words words(const std::string& list) {
  Words found;
  if (!list.empty()) REQUIRE(doff::add_words(list, found));
  return found;
}

// The set that comes of `base`, or nothing where the engine refuses.
std::optional<CapabilitySet> combined(Semantics semantics,
                                      const std::string& add,
                                      const std::string& drop,
                                      CapabilitySet base = kFourteen) {
  Resolution resolution(base);
  const auto done =
      doff::combine(semantics, {.add = words(add), .drop = words(drop)},
                    doff::Layer::kFlags, kAllCapabilities, resolution);
  if (!done) {
    CHECK(resolution.set() == base);
    return std::nullopt;
  }
  return resolution.set();
}

}  // namespace

TEST_CASE("the engines' default sets are as DESIGN.md has them") {
  CHECK(doff::engine(Semantics::kDocker).defaults.size() == 14);
  CHECK(doff::engine(Semantics::kPodman).defaults.size() == 11);
  CHECK(doff::engine(Semantics::kCri).defaults.size() == 14);
  CHECK(doff::engine(Semantics::kCrio).defaults.size() == 9);
  CHECK(doff::engine(Semantics::kPodman).defaults <= kFourteen);
  CHECK(doff::engine(Semantics::kCrio).defaults <= kFourteen);
  for (std::size_t i = 0; i < doff::kEngines.size(); ++i)
    CHECK(doff::find_semantics(doff::kEngines[i].name) ==
          static_cast<Semantics>(i));
  CHECK(doff::find_semantics("Docker") == std::nullopt);
}

TEST_CASE("where the three rules agree") {
  for (const Semantics each : {Semantics::kDocker, Semantics::kPodman,
                               Semantics::kCri, Semantics::kCrio}) {
    INFO(doff::engine(each).name);
    CHECK(combined(each, "", "") == kFourteen);
    CHECK(combined(each, "SYS_ADMIN", "") == (kFourteen | only("SYS_ADMIN")));
    CHECK(combined(each, "", "NET_RAW") == kFourteen - only("NET_RAW"));
    CHECK(combined(each, "", "SYS_ADMIN") == kFourteen);
    CHECK(combined(each, "", "ALL") == CapabilitySet());
    CHECK(combined(each, "SYS_ADMIN", "ALL") == only("SYS_ADMIN"));
    CHECK(combined(each, "ALL", "") == kAllCapabilities);
    CHECK(combined(each, "ALL", "NET_RAW") ==
          kAllCapabilities - only("NET_RAW"));
    CHECK(combined(each, "SYS_ADMIN", "NET_RAW") ==
          ((kFourteen | only("SYS_ADMIN")) - only("NET_RAW")));
  }
}

TEST_CASE("where the three rules differ") {
  struct Row {
    const char* add;
    const char* drop;
    std::optional<CapabilitySet> docker;
    std::optional<CapabilitySet> podman;
    std::optional<CapabilitySet> cri;
  };
  const CapabilitySet raw = only("NET_RAW");
  const Row rows[] = {
      {"ALL", "ALL", kAllCapabilities, std::nullopt, CapabilitySet()},
      {"NET_RAW", "NET_RAW", kFourteen, std::nullopt, kFourteen - raw},
      {"NET_RAW", "ALL,NET_RAW", raw, raw, CapabilitySet()},
      {"ALL,NET_RAW", "NET_RAW", kAllCapabilities - raw, kAllCapabilities - raw,
       kAllCapabilities - raw},
      {"ALL,NET_RAW", "ALL", kAllCapabilities, std::nullopt, raw},
  };
  for (const Row& row : rows) {
    INFO("add " << row.add << ", drop " << row.drop);
    CHECK(combined(Semantics::kDocker, row.add, row.drop) == row.docker);
    CHECK(combined(Semantics::kPodman, row.add, row.drop) == row.podman);
    CHECK(combined(Semantics::kCri, row.add, row.drop) == row.cri);
    CHECK(combined(Semantics::kCrio, row.add, row.drop) == row.cri);
  }
}

TEST_CASE("a bit without a name falls with ALL, and ALL does not add it") {
  const CapabilitySet nameless{std::uint64_t{1} << 50};
  for (const Semantics each :
       {Semantics::kDocker, Semantics::kPodman, Semantics::kCri}) {
    CHECK(combined(each, "", "ALL", kFourteen | nameless) == CapabilitySet());
    CHECK(combined(each, "ALL", "") == kAllCapabilities);
  }
}

TEST_CASE("each capability has the last word that was said of it") {
  using doff::Cause;
  Resolution resolution(kFourteen);
  const auto cause = [&](const char* name) {
    return resolution.decision(*doff::find_capability(name)).cause;
  };
  CHECK(cause("CHOWN") == Cause::kPresent);
  CHECK(cause("SYS_ADMIN") == Cause::kAbsent);
  REQUIRE(doff::combine(Semantics::kDocker,
                        {.add = words("CHOWN"), .drop = words("ALL")},
                        doff::Layer::kPolicy, kAllCapabilities, resolution));
  CHECK(cause("CHOWN") == Cause::kAddedByName);
  CHECK(cause("SYS_ADMIN") == Cause::kDroppedByAll);
  REQUIRE(doff::combine(Semantics::kDocker, {.add = {}, .drop = words("CHOWN")},
                        doff::Layer::kFlags, kAllCapabilities, resolution));
  CHECK(cause("CHOWN") == Cause::kDroppedByName);
  const auto decision = resolution.decision(*doff::find_capability("KILL"));
  CHECK(decision.cause == Cause::kDroppedByAll);
  CHECK(decision.layer == doff::Layer::kPolicy);
}
