// Capabilities as people write them to an engine, and as a spec has them.
#pragma once

#include <string>
#include <string_view>

#include "caps/capability_set.h"
#include "helper/failure.h"

namespace doff {

// One side of a request: capabilities by name, the word ALL, or both. They are
// kept apart because engines treat them differently (see rules.h).
struct Words {
  bool all = false;
  CapabilitySet named;

  [[nodiscard]] bool empty() const { return !all && named.empty(); }
  bool operator==(const Words&) const = default;
};

// Adds one word to `words`: ALL, or a name in any case, with or without CAP_.
// No numbers: engines take none, and a spec has no way to write one. On
// failure, `value`, `cause` and where there is one `guess` are filled in.
[[nodiscard]] Result<void> add_word(std::string_view word, Words& words);

// The same for each word of a comma list. "" and "A,,B" are errors.
[[nodiscard]] Result<void> add_words(std::string_view list, Words& words);

// `CAP_NET_RAW`: the only spelling that runc takes from a spec. For a
// capability without a name, its number.
std::string canonical_name(Capability capability);
// `NET_RAW`, or the number: as Docker's options and Kubernetes write it.
std::string short_name(Capability capability);
// Short names in ascending order; "none" for none.
std::string names(CapabilitySet set, std::string_view separator = ",");
// 16 digits, as in /proc/PID/status.
std::string hex_text(CapabilitySet set);

}  // namespace doff
