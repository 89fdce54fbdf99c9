#include "helper/words.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "caps/names.h"

namespace doff {
namespace {

// What was meant by a word that is none; ALL only if no name is as near.
std::string nearest_word(std::string_view word) {
  std::vector<std::string_view> offered(kCapabilityNames.begin(),
                                        kCapabilityNames.end());
  offered.emplace_back("ALL");
  return std::string(nearest_name(without_prefix(word), offered));
}

}  // namespace

Result<void> add_word(std::string_view word, Words& words) {
  if (equal_ignoring_case(word, "ALL")) {
    words.all = true;
    return {};
  }
  if (const auto found = find_capability(without_prefix(word))) {
    words.named |= CapabilitySet(*found);
    return {};
  }
  Failure failure{.value = std::string(word), .cause = "no such capability"};
  if (word.empty()) failure.cause = "an empty name";
  const auto numbered = find_number(word);
  if (numbered && number(*numbered) < kCapabilityNames.size()) {
    failure.cause = "a number, where engines take only names";
    failure.guess = short_name(*numbered);
  } else {
    failure.guess = nearest_word(word);
  }
  return tl::unexpected(failure);
}

Result<void> add_words(std::string_view list, Words& words) {
  Words found = words;
  for (bool more = true; more;) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (auto added = add_word(list.substr(0, comma), found); !added)
      return added;
    more = comma < list.size();
    list.remove_prefix(comma + (more ? 1 : 0));
  }
  words = found;
  return {};
}

std::string short_name(Capability capability) {
  const unsigned n = number(capability);
  return n < kCapabilityNames.size() ? std::string(kCapabilityNames[n])
                                     : std::to_string(n);
}

std::string canonical_name(Capability capability) {
  const std::string name = short_name(capability);
  return number(capability) < kCapabilityNames.size() ? "CAP_" + name : name;
}

std::string names(CapabilitySet set, std::string_view separator) {
  if (set.empty()) return "none";
  std::string text;
  for (const Capability each : set) {
    if (!text.empty()) text += separator;
    text += short_name(each);
  }
  return text;
}

std::string hex_text(CapabilitySet set) {
  const auto digits = hex(set);
  return {digits.begin(), digits.end()};
}

}  // namespace doff
