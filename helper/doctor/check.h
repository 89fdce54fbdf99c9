// What doctor has looked at and found, as values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "helper/failure.h"

namespace doff {

enum class Outcome : std::uint8_t { kOk, kNote, kWrong, kSkipped };
std::string_view name(Outcome outcome);  // ok, note, wrong, skipped

struct Check {
  std::string of;    // `host`, or an engine
  std::string what;  // such as `launcher`
  Outcome outcome = Outcome::kOk;
  std::string detail;
  std::string next{};  // what to do, where something is wrong
};
using Checks = std::vector<Check>;

// What a failure says, its `next` apart.
Check wrong(std::string of, std::string what, Failure failure);

bool any_wrong(const Checks& checks);

}  // namespace doff
