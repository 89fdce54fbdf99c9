// Sets that stand for all 2^64: no test can walk those.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "caps/capability_set.h"

namespace doff {

// None, every one, each alone, all but each, all up to each and all from each
// on, and `count` random ones, the same every time.
inline std::vector<CapabilitySet> set_families(int count) {
  std::vector<CapabilitySet> sets = {CapabilitySet()};
  for (unsigned i = 0; i < kCapabilityBits; ++i) {
    const std::uint64_t bit = std::uint64_t{1} << i;
    for (const std::uint64_t bits : {bit, ~bit, bit | (bit - 1), ~(bit - 1)})
      sets.emplace_back(bits);
  }
  constexpr std::uint64_t kSeed = 7;
  std::mt19937_64 random(kSeed);
  for (int i = 0; i < count; ++i) sets.emplace_back(random());
  return sets;
}

// Each two of the 64, a single one among them.
inline std::vector<CapabilitySet> pairs() {
  std::vector<CapabilitySet> sets;
  for (unsigned i = 0; i < kCapabilityBits; ++i)
    for (unsigned j = i; j < kCapabilityBits; ++j)
      sets.emplace_back(std::uint64_t{1} << i | std::uint64_t{1} << j);
  return sets;
}

}  // namespace doff
