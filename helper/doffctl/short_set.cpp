#include "helper/doffctl/short_set.h"

#include "caps/names.h"
#include "helper/capability_facts.h"
#include "helper/words.h"

namespace doff {
namespace {

CapabilitySet first(CapabilitySet set, int count) {
  CapabilitySet some;
  for (const Capability each : set)
    if (some.size() < count) some |= CapabilitySet(each);
  return some;
}

}  // namespace

std::string short_set(CapabilitySet set) {
  constexpr int kWhole = 3;  // names that are shown of a small set
  constexpr int kMost = 2;   // and of a larger one
  const CapabilitySet missing = kAllCapabilities - set;
  if (set.empty()) return "-";
  if (missing.empty()) return "all";
  if (set.size() <= kWhole) return names(set);
  if (missing.size() <= kMost) return "all but " + names(missing);
  CapabilitySet worst = set & only("SYS_ADMIN");
  for (const Danger each : {Danger::kHigh, Danger::kMedium, Danger::kLow}) {
    worst |= first((set & of_danger(each)) - worst, kMost - worst.size());
    if (!worst.empty()) break;
  }
  return names(worst) + "+" + std::to_string(set.size() - worst.size());
}

}  // namespace doff
