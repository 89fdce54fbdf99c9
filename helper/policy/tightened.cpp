#include "helper/policy/tightened.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "caps/names.h"
#include "helper/policy/keys.h"

namespace doff {
namespace {

PolicyWords in_both(const PolicyWords& a, const PolicyWords& b) {
  const Words of_b = all_of(b);
  if (of_b.all) return a;
  if (all_of(a).all) return b;
  PolicyWords words;
  std::ranges::copy_if(a, std::back_inserter(words), [&](const auto& each) {
    return each.word.named <= of_b.named;
  });
  return words;
}

// A name that is none of ours is the strongest: whoever is to load it refuses.
auto strength(std::string_view filter) {
  return std::ranges::find(kSeccompNames, filter) - kSeccompNames.begin();
}

Response stricter(Response a, Response b) {
  return a == Response::kRefuse ? a : b;
}

}  // namespace

CapabilitySet allowed(const ConnectPolicy& policy) {
  const Words words = all_of(policy.allow);
  return words.all ? kAllCapabilities | words.named : words.named;
}

ConnectPolicy tightened(const ConnectPolicy& a, const ConnectPolicy& b) {
  const bool for_all = a.match == Match::kAll || b.match == Match::kAll;
  return {
      .allow = in_both(a.allow, b.allow),
      .accept = std::max(a.accept, b.accept),
      .seccomp =
          strength(a.seccomp) < strength(b.seccomp) ? b.seccomp : a.seccomp,
      .privileged = stricter(a.privileged, b.privileged),
      .inject = a.inject || b.inject,
      .match = for_all ? Match::kAll : Match::kTerminal,
      .missing = stricter(a.missing, b.missing),
  };
}

}  // namespace doff
