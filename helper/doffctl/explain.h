// What doffctl explain decides. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "caps/capability_set.h"
#include "helper/failure.h"
#include "helper/wish.h"

namespace doff {

// A set as /proc/PID/status or a report shows it: 0x and up to 16 hexadecimal
// digits, or exactly 16 of them.
std::optional<CapabilitySet> find_hex_set(std::string_view word);

// What a person wants explained.
struct Asked {
  bool names = false;   // whether capabilities were named at all
  CapabilitySet named;  // by name, by number, by ALL, in lists
  std::vector<CapabilitySet> sets;
};
[[nodiscard]] Checked<Asked> read_asked(const std::vector<std::string>& words);

// "the default set of Docker and containerd's CRI", or what there is more and
// less than in Docker's.
std::string compared_with_defaults(CapabilitySet set);

// The engines that give it unasked: "Docker, CRI-O", or "none".
std::string given_by(Capability capability);

// What the rules make of a set, and of which capabilities that is to be told.
struct Ruling {
  CapabilitySet base;
  std::string base_name;
  std::string rules;  // whose, for people
  Resolution resolution;
  CapabilitySet shown;
};
// Begins with the set in `asked`, of which there may be one, or else with the
// default set of the wish's engine, which is Docker unless it names one.
[[nodiscard]] Result<Ruling> rule(const Wish& wish, const Asked& asked);

}  // namespace doff
