// Where in the text of an OCI runtime spec its capabilities stand. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "helper/failure.h"

namespace doff {

// Bytes of a text, `end` not among them.
struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;

  [[nodiscard]] std::string_view of(std::string_view text) const {
    return text.substr(begin, end - begin);
  }
};

// A string of an array: where it stands with its quotes, and what it says.
struct ScannedWord {
  Range range;
  std::string word;
};

// An array of strings, or `null`, which has none.
struct ScannedArray {
  Range range;
  std::vector<ScannedWord> words;
};

// The arrays of `capabilities`, in the order of the runtime-spec.
inline constexpr std::array<std::string_view, 5> kSetNames = {
    "effective", "bounding", "inheritable", "permitted", "ambient"};

struct ScannedProcess {
  Range range;                        // the object
  std::optional<Range> capabilities;  // the object, or `null`
  std::array<std::optional<ScannedArray>, kSetNames.size()> sets;
  std::uint32_t uid = 0;  // 0 is also what runtimes take where none is given
  std::optional<Range> args;               // the array, or `null`
  std::optional<Range> no_new_privileges;  // `true`, `false` or `null`
  bool terminal = false;
};

// One of `annotations`, as often as it is there.
struct ScannedAnnotation {
  std::string name;
  std::string value;
  Range range;  // of the value
};

enum class SpecKind : std::uint8_t { kConfig, kProcess };

struct ScannedSpec {
  SpecKind kind = SpecKind::kConfig;
  std::optional<ScannedProcess> process;  // a config.json may have none
  Range range;                            // the whole object
  // Of a config.json: the array, and the object, or `null`.
  std::optional<Range> mounts;
  std::optional<Range> annotations;
  std::vector<ScannedAnnotation> annotated;
};

// Refuses with the place what is not strict JSON in UTF-8 and one of the two
// kinds, has a wrong type where we look, or means different things to
// different runtimes, all of which was seen with runc 1.1 and crun 1.8:
// - of equal keys, runc takes the last (Go's encoding/json), crun the first;
// - runc takes a key in any case and Unicode folding, crun exactly;
// - to crun, a key ends at U+0000.
[[nodiscard]] Result<ScannedSpec> scan_spec(std::string_view text,
                                            const std::string& source);

// The value of the first annotation of that name; null: there is none.
const std::string* find_annotation(const ScannedSpec& spec,
                                   std::string_view name);

// The place of a byte of `text`.
Place place_of(std::string_view text, std::size_t offset,
               const std::string& source);

}  // namespace doff
