#include "helper/processes/finding.h"

#include "helper/capability_facts.h"

namespace doff {
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

Weight weigh(const Finding& finding) {
  const CapabilitySet high = of_danger(Danger::kHigh);
  const Credentials& above = finding.above;
  return {finding.user_namespace == UserNamespace::kBelow ? 0 : 1,
          -static_cast<int>(finding.verdict),
          (above.effective & high).size(),
          (above.permitted & high).size(),
          above.effective.size(),
          above.permitted.size(),
          above.inheritable.size(),
          (above.bounding & high).size(),
          above.bounding.size(),
          -number(finding.pid)};
}

}  // namespace doff
