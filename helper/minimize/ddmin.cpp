#include "helper/minimize/ddmin.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace doff {
namespace {

// `set` in `parts` parts of like size, in ascending order; none is empty.
std::vector<CapabilitySet> split(CapabilitySet set, int parts) {
  std::vector<CapabilitySet> chunks(static_cast<std::size_t>(parts));
  int place = 0;
  for (const Capability each : set) {
    const int part = place * parts / set.size();
    chunks[static_cast<std::size_t>(part)] |= CapabilitySet(each);
    ++place;
  }
  return chunks;
}

// The first of `candidates` that suffices, or `set`, which is larger.
Result<CapabilitySet> first_that_suffices(
    const std::vector<CapabilitySet>& candidates, CapabilitySet set,
    const Try& trial) {
  for (const CapabilitySet each : candidates) {
    const auto suffices = trial(each);
    if (!suffices) return tl::unexpected(suffices.error());
    if (*suffices) return each;
  }
  return set;
}

}  // namespace

Result<CapabilitySet> ddmin(CapabilitySet start, const Try& trial) {
  auto nothing = first_that_suffices({CapabilitySet()}, start, trial);
  if (!nothing || nothing->empty()) return nothing;

  CapabilitySet set = start;
  int parts = 2;
  while (set.size() >= 2) {
    auto chunks = split(set, parts);
    auto chunk = first_that_suffices(chunks, set, trial);
    if (!chunk) return chunk;
    if (*chunk != set) {
      set = *chunk;
      parts = 2;
      continue;
    }
    for (CapabilitySet& each : chunks) each = set - each;
    auto rest = first_that_suffices(chunks, set, trial);
    if (!rest) return rest;
    if (*rest != set) {
      set = *rest;
      parts = std::max(parts - 1, 2);
    } else if (parts == set.size()) {
      break;
    } else {
      parts = std::min(parts * 2, set.size());
    }
  }
  return set;
}

Search::Search(Try trial, int runs)
    : trial_(std::move(trial)), runs_(std::max(runs, 1)) {}

Result<Search::Seen> Search::see(CapabilitySet set, int runs) {
  Seen& seen = seen_[set.bits()];
  while (seen.steady && seen.runs < runs) {
    const auto suffices = trial_(set);
    if (!suffices) return tl::unexpected(suffices.error());
    ++trials_;
    seen.steady = seen.runs == 0 || *suffices == seen.suffices;
    seen.suffices = *suffices;
    ++seen.runs;
    if (*suffices && set.size() < best_.size()) best_ = set;
  }
  return seen;
}

Result<SearchResult> Search::run(CapabilitySet start) {
  best_ = start;
  const auto all = see(start, runs_);
  if (!all) return tl::unexpected(all.error());
  if (!all->steady) return SearchResult{Answer::kUnsteady, start};
  if (!all->suffices) return SearchResult{Answer::kFails, start};
  const auto found = ddmin(start, [this](CapabilitySet set) -> Result<bool> {
    const auto seen = see(set, 1);
    if (!seen) return tl::unexpected(seen.error());
    return seen->suffices;
  });
  if (!found) return tl::unexpected(found.error());
  return confirm(*found);
}

Result<SearchResult> Search::confirm(CapabilitySet found) {
  const auto whole = see(found, runs_);
  if (!whole) return tl::unexpected(whole.error());
  if (!whole->steady) return SearchResult{Answer::kUnsteady, found};
  for (const Capability each : found) {
    const CapabilitySet rest = found - CapabilitySet(each);
    const auto less = see(rest, runs_);
    if (!less) return tl::unexpected(less.error());
    if (!less->steady || less->suffices)
      return SearchResult{Answer::kUnsteady, rest};
  }
  return SearchResult{Answer::kFound, found};
}

}  // namespace doff
