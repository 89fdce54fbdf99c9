// Two policies at once: a file's, and what somebody else asks for on top.
#pragma once

#include "caps/capability_set.h"
#include "helper/policy/policy.h"

namespace doff {

// What may be left to a command. ALL is every capability that has a name.
CapabilitySet allowed(const ConnectPolicy& policy);

// Of each key the stricter value of the two, so that the result allows nothing
// that either of them forbids, and applies wherever either of them does.
// `allow` is what both allow, in the words, with their places, of the side that
// says ALL less, or of `a`.
ConnectPolicy tightened(const ConnectPolicy& a, const ConnectPolicy& b);

}  // namespace doff
