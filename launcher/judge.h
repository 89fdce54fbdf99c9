// From what was planned, done and seen to one verdict and its reasons. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "caps/verdict.h"
#include "launcher/apply.h"
#include "launcher/failure.h"
#include "launcher/observe.h"
#include "launcher/plan.h"
#include "launcher/seccomp.h"

namespace doff {

// One way in which the process is not as planned, and why.
struct Finding {
  std::string_view what{};
  std::optional<CapabilitySet> excess{};
  std::string_view call{};  // what should have seen to it; empty: nothing did
  std::string_view cause{};
  int error = 0;  // errno, or 0
  std::string_view remedy{};
};

struct Judgement {
  Verdict verdict = Verdict::kSealed;
  // Ids, groups and ambient capabilities are as asked. What is not makes
  // COMMAND run as somebody else; no --accept covers it.
  bool as_asked = true;
  std::array<Finding, 13> list{};
  std::size_t count = 0;

  [[nodiscard]] std::span<const Finding> findings() const {
    return {list.data(), count};
  }
  [[nodiscard]] bool passes(Verdict accepted) const {
    return verdict >= accepted && as_asked;
  }
  void add(const Finding& finding) { list[count++] = finding; }
  // What --userns auto has tried; only a verdict that is not sealed needs it.
  void add_no_namespace(const Failure& failure);
};

// `outcome` is null where nothing was attempted (--status); ids, groups and
// ambient capabilities are then not judged.
Judgement judge(const Plan& plan, const State& before, const Outcome* outcome,
                const State& after, FilterState filter);

}  // namespace doff
