// A set for a column: few words, the worst first.
#pragma once

#include <string>

#include "caps/capability_set.h"

namespace doff {

// "-" for none, "all", "all but SYS_RESOURCE", the names of up to three; or one
// or two of the highest danger that there is, SYS_ADMIN before others, and how
// many more there are: "NET_ADMIN,SYS_ADMIN+16".
std::string short_set(CapabilitySet set);

}  // namespace doff
