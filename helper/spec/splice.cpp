#include "helper/spec/splice.h"

#include <algorithm>

#include "caps/names.h"
#include "helper/words.h"

namespace doff {
namespace {

// What stands around the words of an array.
struct Spacing {
  std::string_view lead;
  std::string between;
  std::string_view tail;
};

Spacing spacing_of(std::string_view text, const ScannedArray& array) {
  Spacing spacing;
  const auto& words = array.words;
  if (words.empty()) {
    spacing.between = ",";
    return spacing;
  }
  spacing.lead =
      Range{array.range.begin + 1, words.front().range.begin}.of(text);
  spacing.tail = Range{words.back().range.end, array.range.end - 1}.of(text);
  spacing.between.append(",").append(spacing.lead);
  if (words.size() > 1)
    spacing.between = Range{words[0].range.end, words[1].range.begin}.of(text);
  return spacing;
}

std::string_view space_after(std::string_view text, std::size_t begin) {
  const std::size_t end = text.find_first_not_of(" \t\n\r", begin);
  return text.substr(begin, end - begin);
}

}  // namespace

std::string apply_edits(std::string_view text, std::vector<Edit> edits) {
  std::ranges::sort(edits, {}, [](const Edit& e) { return e.range.begin; });
  std::string result;
  std::size_t done = 0;
  for (const Edit& edit : edits) {
    result += Range{done, edit.range.begin}.of(text);
    result += edit.text;
    done = edit.range.end;
  }
  result += text.substr(done);
  return result;
}

std::optional<Capability> find_canonical(std::string_view word) {
  const auto found = find_capability(without_prefix(word));
  if (!found || canonical_name(*found) != word) return std::nullopt;
  return found;
}

std::string rewrite_array(std::string_view text, const ScannedArray& array,
                          CapabilitySet wanted, const ScannedArray& model) {
  const Spacing spacing = spacing_of(text, array.words.empty() ? model : array);
  std::string result;
  CapabilitySet missing = wanted;
  std::size_t previous_end = 0;
  for (const ScannedWord& each : array.words) {
    const auto capability = find_canonical(each.word);
    if (capability && wanted.has(*capability)) {
      if (!result.empty())
        result += Range{previous_end, each.range.begin}.of(text);
      result += each.range.of(text);
      missing = missing - CapabilitySet(*capability);
    }
    previous_end = each.range.end;
  }
  for (const Capability each : missing) {
    if (!result.empty()) result += spacing.between;
    result.append("\"").append(canonical_name(each)).append("\"");
  }
  if (result.empty()) return "[]";
  std::string written;
  written.append("[").append(spacing.lead).append(result);
  return written.append(spacing.tail).append("]");
}

Edit add_members(std::string_view text, Range object,
                 const std::vector<Member>& members) {
  const std::size_t inside = object.begin + 1;
  const std::string_view lead = space_after(text, inside);
  const bool empty = text[inside + lead.size()] == '}';
  std::string added;
  for (const auto& [name, value] : members) {
    if (!added.empty()) added.append(",").append(empty ? "" : lead);
    added.append("\"").append(name).append(lead.empty() ? "\":" : "\": ");
    added += value;
  }
  if (empty) return {{inside, inside + lead.size()}, added};
  return {{inside, inside}, std::string(lead).append(added).append(",")};
}

}  // namespace doff
