#include "helper/minimize/ddmin.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "caps/names.h"

namespace {

using doff::Answer;
using doff::CapabilitySet;
using doff::Search;
using doff::Try;

bool one_minimal(CapabilitySet set, const Try& trial) {
  if (!*trial(set)) return false;
  for (const doff::Capability each : set)
    if (*trial(set - CapabilitySet(each))) return false;
  return true;
}

// The smallest size of a part of `all` that suffices, by trying every part.
int smallest_size(CapabilitySet all, const Try& trial) {
  int best = all.size();
  std::uint64_t part = all.bits();
  while (true) {
    if (CapabilitySet(part).size() < best && *trial(CapabilitySet(part)))
      best = CapabilitySet(part).size();
    if (part == 0) return best;
    part = (part - 1) & all.bits();
  }
}

// What suffices has every one of `needed`.
Try needs(CapabilitySet needed) {
  return [needed](CapabilitySet set) { return needed <= set; };
}

}  // namespace

TEST_CASE("of commands that need certain capabilities, those are found") {
  for (const CapabilitySet needed :
       {CapabilitySet(), doff::only("CHOWN"), doff::only("CHECKPOINT_RESTORE"),
        doff::only("CHOWN") | doff::only("NET_RAW"),
        doff::only("SETUID") | doff::only("SETGID") | doff::only("BPF"),
        CapabilitySet(0xa80425fb), doff::kAllCapabilities}) {
    INFO(needed.bits());
    Search search(needs(needed), 2);
    const auto found = search.run(doff::kAllCapabilities);
    REQUIRE(found);
    CHECK(found->answer == Answer::kFound);
    CHECK(found->set == needed);
    CHECK(search.best() == needed);
  }
}

TEST_CASE("one capability of 41 is found in a few trials, nothing in three") {
  for (const doff::Capability each : doff::kAllCapabilities) {
    Search search(needs(CapabilitySet(each)), 2);
    REQUIRE(search.run(doff::kAllCapabilities));
    INFO(doff::number(each));
    CHECK(search.trials() <= 18);
  }
  Search search(needs({}), 2);
  REQUIRE(search.run(doff::kAllCapabilities));
  CHECK(search.trials() == 4);
}

TEST_CASE("of alternatives, one is found") {
  const Try trial = [](CapabilitySet set) {
    return (doff::only("SYS_ADMIN") <= set) ||
           ((doff::only("BPF") | doff::only("PERFMON")) <= set);
  };
  Search search(trial, 1);
  const auto found = search.run(doff::kAllCapabilities);
  REQUIRE(found);
  CHECK(found->answer == Answer::kFound);
  CHECK(one_minimal(found->set, trial));
}

// Every one of the 65,536 ways in which a command could depend on four
// capabilities, most of which get worse with more at some point.
TEST_CASE("whatever four capabilities do, what is found is 1-minimal") {
  const CapabilitySet four(0xf);
  int found_sets = 0;
  for (std::uint32_t table = 0; table < (1U << 16); ++table) {
    const Try trial = [table](CapabilitySet set) {
      return ((table >> set.bits()) & 1U) != 0;
    };
    Search search(trial, 1);
    const auto found = search.run(four);
    REQUIRE(found);
    if (!*trial(four)) {
      if (found->answer != Answer::kFails) FAIL(table);
      continue;
    }
    ++found_sets;
    if (found->answer != Answer::kFound || !one_minimal(found->set, trial))
      FAIL(table);
  }
  CHECK(found_sets == 1 << 15);
}

// If more never harms, 1-minimal is minimal: no part of it suffices.
TEST_CASE("where more never harms, no part of what is found suffices") {
  const CapabilitySet all(0x1f);
  for (std::uint32_t table = 0; table < (1U << 16); table += 7) {
    // Suffices: what holds one of up to four sets, taken from the table.
    const Try trial = [table](CapabilitySet set) {
      for (unsigned n = 0; n < 4; ++n)
        if (CapabilitySet((table >> (n * 4)) % 31 + 1) <= set) return true;
      return false;
    };
    Search search(trial, 1);
    const auto found = search.run(all);
    REQUIRE(found);
    if (smallest_size(found->set, trial) != found->set.size()) FAIL(table);
  }
}

TEST_CASE("no set is tried twice in the search, and the order is the same") {
  std::vector<std::vector<std::uint64_t>> orders;
  for (int round = 0; round < 2; ++round) {
    std::vector<std::uint64_t> order;
    Search search(
        [&order](CapabilitySet set) {
          order.push_back(set.bits());
          return needs(CapabilitySet(0x100081))(set);
        },
        1);
    REQUIRE(search.run(doff::kAllCapabilities));
    CHECK(std::set<std::uint64_t>(order.begin(), order.end()).size() ==
          order.size());
    CHECK(static_cast<int>(order.size()) == search.trials());
    orders.push_back(order);
  }
  CHECK(orders[0] == orders[1]);
}

TEST_CASE("what the finding rests on is run as often as asked, no more") {
  std::map<std::uint64_t, int> runs;
  const CapabilitySet needed = doff::only("KILL") | doff::only("CHOWN");
  Search search(
      [&](CapabilitySet set) {
        ++runs[set.bits()];
        return needs(needed)(set);
      },
      3);
  REQUIRE(search.run(doff::kAllCapabilities));
  for (const CapabilitySet set : {doff::kAllCapabilities, needed,
                                  doff::only("KILL"), doff::only("CHOWN")})
    CHECK(runs[set.bits()] == 3);
  CHECK(runs[0] == 1);
}

TEST_CASE("a command that answers by chance is told from one that does not") {
  struct Row {
    const char* what;
    CapabilitySet flickers;  // with just these, every second run succeeds
    CapabilitySet told;
  };
  const CapabilitySet needed = doff::only("KILL") | doff::only("CHOWN");
  for (const Row& row :
       {Row{"with everything", doff::kAllCapabilities, doff::kAllCapabilities},
        Row{"with what was found", needed, needed},
        Row{"with one less", doff::only("KILL"), doff::only("KILL")}}) {
    INFO(row.what);
    std::map<std::uint64_t, int> runs;
    Search search(
        [&](CapabilitySet set) {
          const bool suffices = needed <= set;
          if (set != row.flickers) return suffices;
          return runs[set.bits()]++ % 2 == 0 ? suffices : !suffices;
        },
        2);
    const auto found = search.run(doff::kAllCapabilities);
    REQUIRE(found);
    CHECK(found->answer == Answer::kUnsteady);
    CHECK(found->set == row.told);
  }
}

TEST_CASE("a trial that cannot be made ends the search; the best is known") {
  int left = 6;
  Search search(
      [&](CapabilitySet set) -> doff::Result<bool> {
        if (left-- == 0) return tl::unexpected(doff::Failure{.doing = "no"});
        return needs(doff::only("CHOWN"))(set);
      },
      2);
  const auto found = search.run(doff::kAllCapabilities);
  REQUIRE(!found);
  CHECK(found.error().doing == "no");
  CHECK(search.trials() == 6);
  CHECK(search.best().size() < 41);
  CHECK(search.best().has(doff::Capability(0)));
}
