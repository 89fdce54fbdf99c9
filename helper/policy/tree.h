// A YAML document as it was written: nothing expanded, merged or converted,
// and everything with its place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "helper/failure.h"

namespace doff {

struct Tree {
  enum class Kind : std::uint8_t {
    kNull,
    kScalar,
    kList,
    kMap,
    kAlias,
    kSkipped,  // what it is was not looked at
  };

  Kind kind = Kind::kNull;
  std::size_t line = 0;    // from 1; of an empty kNull, behind the `:` or `-`
  std::size_t column = 0;  // from 1, in bytes
  bool anchored = false;   // &NAME stands before it
  bool tagged = false;     // !!TAG stands before it
  bool plain = false;      // a scalar without quotes
  bool literal = false;    // a scalar whose text stands there as it is
  std::string text{};      // of a scalar
  // The items of a list; the keys and the values of a map, in turn, with every
  // key as often as it was written.
  std::vector<Tree> children{};
};

// The one document in `text`. The values of those keys of its outermost map
// that `skipped` names are passed over, but for their syntax. Failures: what is
// not UTF-8, has a byte order mark or control characters, line breaks but LF
// and CRLF, or what turns the direction of text; a %TAG directive; what is not
// YAML; a second document; more than 64 levels of nesting, or 100,000
// values. `source` is the file's name, for messages. An empty text is a kNull.
[[nodiscard]] Result<Tree> read_tree(std::string_view text,
                                     std::string_view source,
                                     std::span<const std::string_view> skipped);

}  // namespace doff
