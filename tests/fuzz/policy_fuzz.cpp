// Any bytes as a policy document: no crash, and what parses never leaves a
// container more than it says.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "caps/capability_set.h"
#include "caps/names.h"
#include "helper/failure.h"
#include "helper/policy/policy.h"
#include "helper/rules.h"
#include "tests/fuzz/invariants.h"

namespace {

using doff::fuzz::require;

bool same(const doff::PolicyWords& a, const doff::PolicyWords& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i].word != b[i].word || a[i].place.line != b[i].place.line ||
        a[i].place.column != b[i].place.column)
      return false;
  return true;
}

bool same(const doff::Policy& a, const doff::Policy& b) {
  if (a.capabilities.has_value() != b.capabilities.has_value()) return false;
  if (a.capabilities && !(same(a.capabilities->drop, b.capabilities->drop) &&
                          same(a.capabilities->allow, b.capabilities->allow)))
    return false;
  return same(a.connect.allow, b.connect.allow) &&
         a.connect.accept == b.connect.accept &&
         a.connect.seccomp == b.connect.seccomp &&
         a.connect.privileged == b.connect.privileged &&
         a.connect.inject == b.connect.inject &&
         a.connect.match == b.connect.match;
}

void check_failures(const doff::Failures& failures) {
  require(!failures.empty(), "a refused document has a reason");
  for (const doff::Failure& each : failures) {
    require(each.place.file == "fuzz", "a failure names its file");
    doff::fuzz::check_failure(each);
  }
}

// No rules of any engine, and no set that a container begins with, let it have
// more than `allow` under drop: [ALL], or anything that is dropped by name.
void check_capabilities(const doff::CreatePolicy& policy) {
  const doff::Request request = policy.request();
  require(request.add.empty() || request.drop.all, "allow stands beside ALL");
  require(!request.add.all, "allow has no ALL");
  require((request.add.named & request.drop.named).empty(),
          "nothing is both dropped and allowed");
  for (const doff::CapabilitySet base :
       {doff::CapabilitySet(~std::uint64_t{0}), doff::kAllCapabilities,
        doff::engine(doff::Semantics::kDocker).defaults,
        doff::CapabilitySet()}) {
    for (std::size_t i = 0; i < doff::kEngines.size(); ++i) {
      doff::Resolution resolution(base);
      const auto done = doff::combine(static_cast<doff::Semantics>(i), request,
                                      doff::Layer::kPolicy, base, resolution);
      require(done.has_value(), "no engine sees a contradiction");
      require((resolution.set() & request.drop.named).empty(),
              "what is dropped is gone");
      require(request.drop.all ? resolution.set() == request.add.named
                               : resolution.set() == base - request.drop.named,
              "the set is what the document says");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto policy = doff::parse_policy(text, "fuzz");
  const auto again = doff::parse_policy(text, "fuzz");
  require(policy.has_value() == again.has_value(), "it is parsed alike twice");
  if (!policy) {
    check_failures(policy.error());
    return 0;
  }
  require(same(*policy, *again), "it means the same twice");
  if (policy->capabilities) check_capabilities(*policy->capabilities);
  return 0;
}
