// Any bytes as an OCI spec: no crash, and what is trimmed holds no more than
// before and than wanted, however a runtime reads its keys.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "caps/capability_set.h"
#include "caps/names.h"
#include "helper/failure.h"
#include "helper/spec/trim_spec.h"
#include "helper/words.h"
#include "tests/fuzz/invariants.h"
#include "tests/fuzz/json_readings.h"

namespace {

using doff::CapabilitySet;
using doff::Widen;
using doff::fuzz::canonical;
using doff::fuzz::find;
using doff::fuzz::kSets;
using doff::fuzz::read;
using doff::fuzz::require;
using doff::fuzz::Runtime;
using doff::fuzz::set_of;
using doff::fuzz::Value;

// What is asked for in turn, and what then may be there at most.
struct Trial {
  doff::Wish wish;
  Widen widen = Widen::kRefuse;
  CapabilitySet most;
};

Trial trial(const char* add, const char* drop, CapabilitySet most,
            Widen widen = Widen::kRefuse) {
  Trial made{{}, widen, most};
  if (*add != '\0') (void)doff::add_words(add, made.wish.flags.add);
  if (*drop != '\0') (void)doff::add_words(drop, made.wish.flags.drop);
  return made;
}

std::vector<Trial> make_trials() {
  using doff::kAllCapabilities;
  using doff::only;
  const CapabilitySet chown = only("CHOWN");
  std::vector<Trial> trials = {
      trial("", "ALL", {}),
      trial("", "KILL,SYS_ADMIN",
            kAllCapabilities - only("KILL") - only("SYS_ADMIN")),
      trial("ALL", "", kAllCapabilities), trial("CHOWN", "ALL", chown),
      trial("CHOWN", "ALL", chown, Widen::kAllow)};
  trials.emplace_back().wish.semantics = doff::Semantics::kPodman;
  trials.back().most = doff::engine(doff::Semantics::kPodman).defaults;
  return trials;
}

void check_sets(const Value* had, const Value* has, Runtime runtime,
                const Trial& trial) {
  const CapabilitySet bounding = set_of(find(runtime, has, "bounding"));
  for (const char* name : kSets) {
    const Value* const array = find(runtime, has, name);
    if (array == nullptr || array->text == "null") continue;
    require(array->kind == Value::Kind::kArray, "a set is an array");
    for (const auto& [key, value] : array->members)
      require(canonical(value).has_value(), "a set has canonical names");
    const CapabilitySet held = set_of(array);
    require(held <= trial.most, "no more than wanted");
    require(held <= bounding, "within the bounding set");
    require(trial.widen == Widen::kAllow ||
                held <= set_of(find(runtime, had, name)),
            "never wider");
  }
}

void check_readings(const Value& before, const Value& after,
                    const Trial& trial) {
  for (const Runtime runtime : {Runtime::kCrun, Runtime::kRunc}) {
    const auto process = [&](const Value& spec) {
      return find(runtime, &spec, "process");
    };
    // As a config.json, and as a process.json.
    check_sets(find(runtime, process(before), "capabilities"),
               find(runtime, process(after), "capabilities"), runtime, trial);
    check_sets(find(runtime, &before, "capabilities"),
               find(runtime, &after, "capabilities"), runtime, trial);
  }
}

void erase_sets(Value& process) {
  std::erase_if(process.members, [](Value::Member& member) {
    if (member.first != "capabilities") return false;
    std::erase_if(member.second.members, [](const Value::Member& set) {
      return std::ranges::count(kSets, set.first) != 0;
    });
    return member.second.members.empty();  // it may have been added
  });
}

// All that is not a set is what it was, in the order that it was in.
void check_rest(Value before, Value after) {
  for (Value* const spec : {&before, &after}) {
    erase_sets(*spec);
    for (auto& [key, value] : spec->members)
      if (key == "process") erase_sets(value);
  }
  require(before == after, "the rest is as it was");
}

void check_trimmed(std::string_view text, const Trial& trial,
                   const doff::TrimmedSpec& trimmed) {
  const auto before = read(text);
  const auto after = read(trimmed.text);
  require(before && after, "both are JSON");
  check_readings(*before, *after, trial);
  check_rest(*before, *after);
  const auto again =
      doff::trim_spec(trimmed.text, "fuzz", trial.wish, trial.widen);
  require(again.has_value(), "what was trimmed can be trimmed");
  require(again->text == trimmed.text, "twice is once");
  require(again->before == trimmed.after, "it says what it did");
  for (const std::string& note : trimmed.notes)
    doff::fuzz::require_printable(note, "a note is printable ASCII");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  static const std::vector<Trial> trials = make_trials();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const Trial& trial : trials) {
    const auto trimmed = doff::trim_spec(text, "fuzz", trial.wish, trial.widen);
    if (trimmed)
      check_trimmed(text, trial, *trimmed);
    else
      doff::fuzz::check_failure(trimmed.error());
  }
  return 0;
}
