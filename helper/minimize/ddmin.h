// SearchResult a small set of capabilities that suffices. Pure: what is tried,
// and in which order, follows from the answers alone.
#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "caps/capability_set.h"
#include "helper/failure.h"

namespace doff {

// Whether the command succeeds with just these. A failure is a trial that
// could not be made; it ends the search.
using Try = std::function<Result<bool>(CapabilitySet)>;

// Zeller's and Hildebrandt's ddmin ("Simplifying and Isolating Failure-Inducing
// Input", 2002), after a first try with nothing at all. `start` must suffice
// already. What comes back suffices and is 1-minimal: without any one of its
// members it does not. If more never harms, no smaller part of it suffices;
// another set that is smaller still may.
[[nodiscard]] Result<CapabilitySet> ddmin(CapabilitySet start,
                                          const Try& trial);

// What a search can come to.
enum class Answer : std::uint8_t {
  kFound,     // `set` suffices, and no set that lacks one of it
  kFails,     // the command fails with all of `start`
  kUnsteady,  // with `set` it succeeds at times and fails at others
};

struct SearchResult {
  Answer answer = Answer::kFound;
  CapabilitySet set;
};

// Trials that are remembered, and the search that is made of them.
class Search {
 public:
  // `trial` is asked once for each set, and `runs` times, at least once, for
  // those on which the finding rests.
  Search(Try trial, int runs);

  // `start` suffices, says each of `runs` runs; ddmin; then what was found
  // suffices, and what lacks one of it does not, in each of `runs` runs.
  [[nodiscard]] Result<SearchResult> run(CapabilitySet start);

  // The smallest set that has sufficed yet: `start`, until one has.
  [[nodiscard]] CapabilitySet best() const { return best_; }
  [[nodiscard]] int trials() const { return trials_; }

 private:
  struct Seen {
    bool suffices = false;
    int runs = 0;
    bool steady = true;
  };

  // Runs `set` until it has been run `runs` times.
  Result<Seen> see(CapabilitySet set, int runs);
  Result<SearchResult> confirm(CapabilitySet found);

  Try trial_;
  int runs_;
  int trials_ = 0;
  CapabilitySet best_;
  std::map<std::uint64_t, Seen> seen_;
};

}  // namespace doff
