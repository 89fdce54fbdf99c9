#include <string>

#include "helper/file.h"
#include "helper/policy/policy.h"

namespace doff {

Words all_of(const PolicyWords& words) {
  Words all;
  for (const PolicyWord& each : words) {
    all.all = all.all || each.word.all;
    all.named |= each.word.named;
  }
  return all;
}

Request CreatePolicy::request() const {
  return {.add = all_of(allow), .drop = all_of(drop)};
}

Checked<Policy> read_policy(const std::string& path) {
  const auto text = read_file(path, kLongestPolicy);
  if (!text) return tl::unexpected(Failures{text.error()});
  return parse_policy(*text, path == "-" ? "stdin" : path);
}

}  // namespace doff
