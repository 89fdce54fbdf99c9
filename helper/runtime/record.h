// The connect record: a line of JSON for each exec.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "caps/verdict.h"
#include "helper/failure.h"
#include "helper/runtime/settings.h"
#include "helper/spec/spec_sets.h"

namespace doff {

struct ConnectRecord {
  std::string container;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  bool terminal = false;
  std::vector<std::string> arguments;  // the first is the command
  SpecSets before;                     // what the engine asked for
  // What doff-runtime decided: `started`, `left` (connect.match), `refused`.
  std::string decision;
  std::string cause;  // of a refusal, which has no `after` and no verdict
  SpecSets after;
  // On the sets and flags that the process starts with. What doff(1) then finds
  // in the container is no weaker than connect.accept.
  Verdict verdict = Verdict::kOpen;
  std::string policy;  // source and digest
};

// One line, without its newline. Bytes that are not UTF-8 are replaced.
std::string to_json(const ConnectRecord& record, bool with_arguments);

// Writes it where the settings say. Never waits: what would block, a full disk
// or an absent daemon is a failure, and then nothing, or part of a line that is
// still ended, was written.
[[nodiscard]] Result<void> write_record(const Settings& settings,
                                        const ConnectRecord& record);

}  // namespace doff
