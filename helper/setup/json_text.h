// A JSON document as a text that is edited where it stands. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "helper/failure.h"
#include "helper/spec/scan_spec.h"

namespace doff {

struct JsonNode {
  enum class Type : std::uint8_t { kObject, kArray, kString, kOther };
  Type type = Type::kOther;
  Range range;                        // with its quotes or brackets
  Range key;                          // in an object: with its quotes
  std::string name;                   // what the key says
  std::vector<std::size_t> children;  // indexes, in their order
};

// Every value of a text; the first is the whole.
class JsonText {
 public:
  // Refuses with the place what is not strict JSON in UTF-8 with an object at
  // the top, and any object with equal keys, of which parsers take different
  // ones. `text` has to outlive what is returned.
  [[nodiscard]] static Result<JsonText> parse(std::string_view text,
                                              const std::string& source);

  [[nodiscard]] const JsonNode& root() const { return nodes_.front(); }
  // The member of that name, or nullptr.
  [[nodiscard]] const JsonNode* find(const JsonNode& object,
                                     std::string_view name) const;
  // What a string says.
  [[nodiscard]] std::string word(const JsonNode& string) const;

  // The text with `"name": value` before the other members of `object`, in
  // their style; and without one of them, which is the exact reverse.
  [[nodiscard]] std::string with_member(const JsonNode& object,
                                        std::string_view name,
                                        std::string_view value) const;
  [[nodiscard]] std::string without_member(const JsonNode& object,
                                           const JsonNode& member) const;

 private:
  explicit JsonText(std::string_view text) : text_(text) {}
  Result<void> walk(const std::string& source);

  std::string_view text_;
  std::vector<JsonNode> nodes_;
};

}  // namespace doff
