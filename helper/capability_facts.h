// What each capability is worth, for people: one table. Facts are those of
// capabilities(7) and of the kernel's sources; the sentences are ours.
#pragma once

#include <cstdint>
#include <string_view>

#include "caps/capability_set.h"

namespace doff {

// What a process in a container can do with a capability, at worst. The order
// is meant.
enum class Danger : std::uint8_t {
  kLow,     // little that is not its own
  kMedium,  // other users, processes and volumes of the container; neighbours
  kHigh,    // the host, by itself or where the container shares something of it
};
std::string_view name(Danger danger);

struct CapabilityFacts {
  Danger danger;
  std::string_view permits;
  std::string_view risk;     // why it is dangerous in a container
  std::string_view without;  // what stops working
};

// For a capability without a name, what can be said of any such one.
const CapabilityFacts& facts(Capability capability);

// Those of exactly this danger. A bit without a name is of the highest: nobody
// knows what it gives.
CapabilitySet of_danger(Danger danger);

}  // namespace doff
