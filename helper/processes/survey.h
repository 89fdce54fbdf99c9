// A look at many processes at once.
#pragma once

#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "caps/capability_set.h"
#include "helper/processes/finding.h"
#include "helper/processes/proc.h"

namespace doff {

struct Question {
  CapabilitySet allowed;
  bool only_containers = false;
  std::string container;  // what a container's id begins with; "": any or none
  // All that is asked about, also what is within `allowed`, or has no memory.
  bool everything = false;
};

struct Survey {
  std::vector<Finding> findings;
  std::size_t looked_at = 0;  // without those that vanished
  std::vector<Pid> vanished;
  std::vector<Pid> refused;          // not to be read by us
  std::set<std::string> containers;  // that `Question::container` fits
};

// Reads `pids`, on every processor where they are many. Most dangerous first.
Survey survey(const Proc& proc, std::span<const Pid> pids,
              const Question& question);

}  // namespace doff
