#include "helper/doctor/check.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace doff {

std::string_view name(Outcome outcome) {
  constexpr std::array<std::string_view, 4> kNames = {"ok", "note", "wrong",
                                                      "skipped"};
  return kNames[static_cast<std::size_t>(outcome)];
}

Check wrong(std::string of, std::string what, Failure failure) {
  std::string next = std::exchange(failure.next, "");
  return {std::move(of), std::move(what), Outcome::kWrong, to_text(failure),
          std::move(next)};
}

bool any_wrong(const Checks& checks) {
  return std::ranges::any_of(checks, [](const Check& each) {
    return each.outcome == Outcome::kWrong;
  });
}

}  // namespace doff
