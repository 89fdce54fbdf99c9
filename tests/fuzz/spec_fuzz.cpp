// Any bytes as an OCI spec: no crash, and what is trimmed holds no more than
// before and than wanted, however a runtime reads its keys.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "caps/capability_set.h"
#include "caps/names.h"
#include "helper/failure.h"
#include "helper/spec/trim_spec.h"
#include "helper/words.h"

namespace {

using doff::CapabilitySet;
using doff::Widen;
using nlohmann::ordered_json;

void require(bool held, std::string_view invariant) {
  if (held) return;
  std::cerr << "broken: " << invariant << "\n";
  std::abort();
}

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

std::string folded(std::string_view key) {
  std::string text;
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (key.substr(i, 2) == "\xc5\xbf") {
      text += 's';
      i += 1;
    } else if (key.substr(i, 3) == "\xe2\x84\xaa") {
      text += 'k';
      i += 2;
    } else {
      const char c = key[i];
      text += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
  }
  return text;
}

// How a runtime finds a member of an object: `exact` the first that is equal
// up to a NUL (C), else the last that is equal when folded (Go).
struct Reading {
  bool exact;

  const ordered_json* find(const ordered_json* object,
                           std::string_view name) const {
    const ordered_json* found = nullptr;
    if (object == nullptr || !object->is_object()) return nullptr;
    for (const auto& [key, value] : object->items()) {
      const std::string_view until_nul(key.c_str());
      if (exact ? found == nullptr && until_nul == name : folded(key) == name)
        found = &value;
    }
    return found;
  }

  CapabilitySet set(const ordered_json* capabilities,
                    std::string_view name) const {
    CapabilitySet set;
    const ordered_json* const array = find(capabilities, name);
    if (array == nullptr || !array->is_array()) return set;
    for (const auto& each : *array) {
      if (!each.is_string()) continue;
      // Of what crun takes beyond that, nothing may be left: see below.
      const auto& word = each.get_ref<const std::string&>();
      for (const doff::Capability one : doff::kAllCapabilities)
        if (doff::canonical_name(one) == word) set |= CapabilitySet(one);
    }
    return set;
  }
};

constexpr std::array<const char*, 5> kSets = {
    "bounding", "effective", "permitted", "inheritable", "ambient"};

// Every string of a set is a name that all runtimes take alike.
void check_names(const Reading& reading, const ordered_json* capabilities) {
  for (const char* name : kSets) {
    const ordered_json* const array = reading.find(capabilities, name);
    if (array == nullptr || array->is_null()) continue;
    require(array->is_array(), "a set is an array");
    for (const auto& each : *array) {
      require(each.is_string(), "a set has strings");
      CapabilitySet one;
      const auto& word = each.get_ref<const std::string&>();
      require(!doff::add_capabilities(word, one) && one.size() == 1 &&
                  doff::canonical_name(*one.begin()) == word,
              "a set has canonical names");
    }
  }
}

void check_sets(const ordered_json& before, const ordered_json& after,
                const Trial& trial) {
  for (const bool exact : {true, false}) {
    const Reading reading{exact};
    // As a config.json, and as a process.json.
    for (const bool config : {true, false}) {
      const auto capabilities_of = [&](const ordered_json& spec) {
        return reading.find(config ? reading.find(&spec, "process") : &spec,
                            "capabilities");
      };
      const ordered_json* const had = capabilities_of(before);
      const ordered_json* const has = capabilities_of(after);
      check_names(reading, has);
      const bool may_add = trial.widen == Widen::kAllow;
      for (const char* name : kSets) {
        const CapabilitySet held = reading.set(has, name);
        require(held <= trial.most, "no more than wanted");
        require(may_add || held <= reading.set(had, name), "never wider");
        require(held <= reading.set(has, "bounding"),
                "within the bounding set");
      }
    }
  }
}

// All that is not a set is what it was, in the order that it was in.
void check_rest(ordered_json before, ordered_json after) {
  for (ordered_json* const spec : {&before, &after}) {
    ordered_json* process = spec;
    if (spec->contains("process")) process = &spec->at("process");
    if (!process->is_object() || !process->contains("capabilities")) continue;
    auto& capabilities = process->at("capabilities");
    if (capabilities.is_object())
      for (const char* name : kSets) capabilities.erase(name);
    // What is added where nothing was.
    if (capabilities.empty()) process->erase("capabilities");
  }
  require(before == after, "the rest is as it was");
}

void check_trimmed(std::string_view text, const Trial& trial,
                   const doff::TrimmedSpec& trimmed) {
  const auto before = ordered_json::parse(text, nullptr, false);
  const auto after = ordered_json::parse(trimmed.text, nullptr, false);
  require(!before.is_discarded() && !after.is_discarded(), "both are JSON");
  check_sets(before, after, trial);
  check_rest(before, after);
  const auto again =
      doff::trim_spec(trimmed.text, "fuzz", trial.wish, trial.widen);
  require(again.has_value(), "what was trimmed can be trimmed");
  require(again->text == trimmed.text, "twice is once");
  require(again->before == trimmed.after, "it says what it did");
  for (const std::string& note : trimmed.notes)
    for (const char c : note)
      require(c >= ' ' && c < 0x7f, "a note is printable ASCII");
}

void check_failure(const doff::Failure& failure) {
  require(!failure.cause.empty(), "a failure has a cause");
  for (const char c : doff::to_text(failure))
    require(c >= ' ' && c < 0x7f, "a message is printable ASCII");
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
      check_failure(trimmed.error());
  }
  return 0;
}
