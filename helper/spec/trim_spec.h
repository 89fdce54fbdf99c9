// Capabilities in an OCI runtime spec, trimmed: config.json or process.json as
// text in, as text out. Pure. doffctl trim and hook call it, and doff-runtime.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "helper/failure.h"
#include "helper/spec/spec_sets.h"
#include "helper/wish.h"

namespace doff {

// The longest spec that is read, in bytes: far above what an engine writes.
inline constexpr std::size_t kLongestSpec = std::size_t{64} << 20;

// Whether the plan may give the process what the spec does not.
enum class Widen : std::uint8_t { kRefuse, kAllow };

struct TrimmedSpec {
  // Byte for byte what it was, but for the arrays that had to change; all of
  // it, if none had to.
  std::string text;
  SpecSets before;
  SpecSets after;
  // What a person should hear, a line each, without the program's name. Safe
  // to print: bytes from the spec are escaped.
  std::vector<std::string> notes;
};

// Trims `text` to what `wish` leaves of the spec's own bounding set by Docker's
// rules, or of the default set of the wish's own semantics by theirs. No set
// comes out wider, however runc or crun read `text`; with Widen::kAllow, what
// the wish has beyond the bounding set is added as Docker would.
//
// Refused, with the place: what is not strict JSON, not UTF-8 or nested too
// deep; what is neither kind of spec, or both; keys or values that runtimes
// disagree on; a capability that a flag adds by name and the spec does not
// have. `source` names the text in messages. Bytes of any kind are safe.
[[nodiscard]] Result<TrimmedSpec> trim_spec(std::string_view text,
                                            const std::string& source,
                                            const Wish& wish, Widen widen);

}  // namespace doff
