// doff-attack, which runs the escape corpus (tests/escape): the program itself,
// and what it tells.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "helper/failure.h"

namespace doff {

// The bytes of a static program.
std::string_view attack_program();

struct AttemptOutcome {
  std::string name;
  std::string verdict;  // holds, escapes, not tried
  std::string detail;
};
struct FamilyOutcome {
  int number = 0;
  std::string name;
  std::string verdict;
  std::vector<AttemptOutcome> attempts{};
};

// What it prints with --json. A text that is cut short, as of a program that
// was killed, is a failure. Pure.
[[nodiscard]] Result<std::vector<FamilyOutcome>> read_outcomes(
    std::string_view text);

}  // namespace doff
