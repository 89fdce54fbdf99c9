#include "helper/doffctl/explain.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <string_view>

#include "caps/names.h"
#include "helper/capability_facts.h"
#include "helper/rules.h"
#include "helper/words.h"

namespace {

using doff::Capability;
using doff::CapabilitySet;
using doff::kAllCapabilities;
using doff::only;
using doff::Semantics;

doff::Wish wish_of(std::string_view add, std::string_view drop) {
  doff::Wish wish;
  if (!add.empty()) REQUIRE(doff::add_words(add, wish.flags.add));
  if (!drop.empty()) REQUIRE(doff::add_words(drop, wish.flags.drop));
  return wish;
}

}  // namespace

TEST_CASE("every capability has facts of its own") {
  std::set<std::string_view> sentences;
  for (const Capability each : kAllCapabilities) {
    INFO(doff::short_name(each));
    const doff::CapabilityFacts& known = doff::facts(each);
    for (const auto text : {known.permits, known.risk, known.without}) {
      CHECK(text.ends_with('.'));
      CHECK(text.size() < 180);
    }
    CHECK(sentences.insert(known.permits).second);
  }
  CHECK(doff::facts(Capability{41}).danger == doff::Danger::kHigh);
  CHECK(doff::facts(Capability{63}).permits.starts_with("Unknown"));
}

TEST_CASE("dangers divide the capabilities") {
  const CapabilitySet low = doff::of_danger(doff::Danger::kLow);
  const CapabilitySet medium = doff::of_danger(doff::Danger::kMedium);
  const CapabilitySet high = doff::of_danger(doff::Danger::kHigh);
  CHECK((low & medium).empty());
  CHECK((low & high).empty());
  CHECK((medium & high).empty());
  CHECK((low | medium | high) == CapabilitySet(~std::uint64_t{0}));
  CHECK((only("SYS_ADMIN") | only("SYS_MODULE") | only("SYS_PTRACE")) <= high);
  // No engine gives by default what leads to the host.
  for (const doff::Engine& each : doff::kEngines)
    CHECK((each.defaults & high).empty());
  CHECK(doff::name(doff::Danger::kLow) == "low");
  CHECK(doff::name(doff::Danger::kHigh) == "high");
}

TEST_CASE("what is a set in hexadecimal digits") {
  struct Case {
    const char* word;
    std::optional<std::uint64_t> bits;
  };
  const Case cases[] = {
      {"0x4a82c35fb", 0x4a82c35fb},
      {"0X4A82c35FB", 0x4a82c35fb},
      {"00000004a82c35fb", 0x4a82c35fb},
      {"ffffffffffffffff", ~std::uint64_t{0}},
      {"0xffffffffffffffff", ~std::uint64_t{0}},
      {"0x0", 0},
      {"0000000000000012", 0x12},
      {"0x", std::nullopt},
      {"0x10000000000000000", std::nullopt},
      {"4a82c35fb", std::nullopt},
      {"00000004a82c35fg", std::nullopt},
      {"-000000000000001", std::nullopt},
      {"+000000000000001", std::nullopt},
      {"0x-1", std::nullopt},
      {"13", std::nullopt},
      {"", std::nullopt},
  };
  for (const Case& each : cases) {
    INFO(each.word);
    const auto found = doff::find_hex_set(each.word);
    REQUIRE(found.has_value() == each.bits.has_value());
    if (found) CHECK(found->bits() == *each.bits);
  }
}

TEST_CASE("words name capabilities or sets") {
  const auto asked =
      doff::read_asked({"net_raw", "CAP_CHOWN,8", "0x1", "63", "0x1"});
  REQUIRE(asked);
  CHECK(asked->names);
  CHECK(asked->named == (only("NET_RAW") | only("CHOWN") | only("SETPCAP") |
                         CapabilitySet(Capability{63})));
  CHECK(asked->sets ==
        std::vector<CapabilitySet>{CapabilitySet(1), CapabilitySet(1)});
  const auto none = doff::read_asked({});
  REQUIRE(none);
  CHECK_FALSE(none->names);
}

TEST_CASE("every wrong word is told, with the nearest name") {
  const auto asked = doff::read_asked({"NET_RAWW", "CHOWN", "64", "A,,"});
  REQUIRE_FALSE(asked);
  REQUIRE(asked.error().size() == 3);
  CHECK(asked.error()[0].value == "NET_RAWW");
  CHECK(asked.error()[0].guess == "NET_RAW");
  CHECK(asked.error()[1].value == "64");
  CHECK(asked.error()[1].guess.empty());
}

TEST_CASE("a set is compared with the engines' defaults") {
  const auto text = [](std::uint64_t bits) {
    return doff::compared_with_defaults(CapabilitySet(bits));
  };
  CHECK(text(0xa80425fb) == "the default set of Docker and containerd's CRI");
  CHECK(text(0x800405fb) == "the default set of Podman");
  CHECK(text(0) == "nothing");
  CHECK(text(0x1ffffffffff) == "everything that has a name");
  CHECK(text(0x4a82c35fb) ==
        "Docker's default set and NET_ADMIN, SYS_PTRACE, SYS_ADMIN, SYSLOG");
  CHECK(text(0xa80405fb) == "Docker's default set without NET_RAW");
  CHECK(text(0x20000a80405fb) == "Docker's default set and 49 without NET_RAW");
}

TEST_CASE("who gives a capability unasked") {
  CHECK(doff::given_by(*doff::find_capability("CHOWN")) ==
        "Docker, Podman, containerd's CRI, CRI-O");
  CHECK(doff::given_by(*doff::find_capability("MKNOD")) ==
        "Docker, containerd's CRI");
  CHECK(doff::given_by(*doff::find_capability("SYS_ADMIN")) == "none");
}

TEST_CASE("rules begin with the set that is named, or an engine's") {
  const auto begun_with = [](const doff::Wish& wish, const doff::Asked& asked) {
    const auto ruling = doff::rule(wish, asked);
    REQUIRE(ruling);
    return ruling->base.bits();
  };
  doff::Wish crio;
  crio.semantics = Semantics::kCrio;
  CHECK(begun_with({}, {}) == 0xa80425fb);
  CHECK(begun_with(crio, {}) == 0x5fb);
  CHECK(begun_with(crio, {.named = {}, .sets = {CapabilitySet(3)}}) == 3);
  CHECK_FALSE(doff::rule(crio, {.named = {}, .sets = {CapabilitySet(3), {}}}));
}

TEST_CASE("rules tell of what was there, is there, or was spoken of") {
  const auto shown = [](std::string_view add, std::string_view drop) {
    const auto ruling = doff::rule(wish_of(add, drop), {});
    REQUIRE(ruling);
    return ruling->shown;
  };
  const CapabilitySet docker(0xa80425fb);
  CHECK(shown("", "ALL") == docker);
  CHECK(shown("SYS_ADMIN", "ALL") == (docker | only("SYS_ADMIN")));
  CHECK(shown("", "SYS_TIME") == (docker | only("SYS_TIME")));
  CHECK(shown("ALL", "") == kAllCapabilities);
  const auto named = doff::rule(
      wish_of("", "ALL"), {.names = true, .named = only("BPF"), .sets = {}});
  REQUIRE(named);
  CHECK(named->shown == only("BPF"));
}

TEST_CASE("a request that the engine refuses is refused") {
  doff::Wish wish = wish_of("ALL", "ALL");
  wish.semantics = Semantics::kPodman;
  CHECK_FALSE(doff::rule(wish, {}));
  wish.semantics = Semantics::kCri;
  CHECK(doff::rule(wish, {}));
}
