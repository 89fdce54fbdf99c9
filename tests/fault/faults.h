// Which faults are tried, and at which calls.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tests/fault/errno_table.h"
#include "tests/fault/traced_run.h"

namespace doff::fault {

struct NamedFault {
  Fault fault;
  std::string name;
};

// Each errno of the table, success without effect, signals, death, a delay.
std::vector<NamedFault> faults_of(const Call& call, const CallFacts& facts);

// Of a row of like calls, or of like pairs: the first, a middle, the last.
std::vector<Call> thinned(std::span<const Call> calls);

}  // namespace doff::fault
