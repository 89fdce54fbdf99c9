#include "helper/processes/finding.h"

#include <array>

#include "helper/capability_facts.h"

namespace doff {
namespace {

std::array<int, 9> weight(const Finding& finding) {
  static const CapabilitySet kHigh = of_danger(Danger::kHigh);
  const Credentials& above = finding.above;
  return {finding.user_namespace == UserNamespace::kBelow ? 0 : 1,
          -static_cast<int>(finding.verdict),
          (above.effective & kHigh).size(),
          (above.permitted & kHigh).size(),
          above.effective.size(),
          above.permitted.size(),
          above.inheritable.size(),
          (above.bounding & kHigh).size(),
          above.bounding.size()};
}

}  // namespace

Credentials above(const Credentials& held, CapabilitySet allowed) {
  return {.permitted = held.permitted - allowed,
          .effective = held.effective - allowed,
          .inheritable = held.inheritable - allowed,
          .bounding = held.bounding - allowed,
          .ambient = held.ambient - allowed,
          .no_new_privs = held.no_new_privs};
}

bool holds_any(const Credentials& credentials) {
  return !(credentials.permitted | credentials.effective |
           credentials.inheritable | credentials.bounding | credentials.ambient)
              .empty();
}

bool in_container(const Status& status,
                  const std::optional<Container>& container) {
  return container.has_value() || status.in_pid_namespace_below;
}

bool more_dangerous(const Finding& a, const Finding& b) {
  const auto weight_a = weight(a);
  const auto weight_b = weight(b);
  if (weight_a != weight_b) return weight_a > weight_b;
  return a.pid < b.pid;
}

}  // namespace doff
