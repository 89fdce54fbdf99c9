// Any bytes as an OCI spec: no crash, and what is trimmed holds no more than
// before and than wanted, however a runtime reads its keys.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "caps/capability_set.h"
#include "caps/names.h"
#include "helper/failure.h"
#include "helper/spec/trim_spec.h"
#include "helper/words.h"

namespace {

using doff::CapabilitySet;
using doff::Widen;
using nlohmann::json;

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

// A JSON value with all of its keys, those that are given twice as well.
struct Value {
  enum class Kind : std::uint8_t { kOther, kString, kArray, kObject };
  using Member = std::pair<std::string, Value>;

  Kind kind = Kind::kOther;
  std::string text{};             // of a string, or of what is kOther
  std::vector<Member> members{};  // of an array, all with the key ""

  bool operator==(const Value&) const = default;
};

class Reader : public json::json_sax_t {
 public:
  [[nodiscard]] const Value& result() const { return top_.members[0].second; }

  bool null() override { return add({.text = "null"}); }
  bool boolean(bool value) override { return add({.text = value ? "t" : "f"}); }
  bool number_integer(json::number_integer_t value) override {
    return add({.text = std::to_string(value)});
  }
  bool number_unsigned(json::number_unsigned_t value) override {
    return add({.text = std::to_string(value)});
  }
  bool number_float(json::number_float_t /*value*/,
                    const std::string& spelling) override {
    return add({.text = spelling});
  }
  bool string(std::string& value) override {
    return add({.kind = Value::Kind::kString, .text = value});
  }
  bool binary(json::binary_t& /*value*/) override { return false; }
  bool start_object(std::size_t /*size*/) override {
    return enter(Value::Kind::kObject);
  }
  bool start_array(std::size_t /*size*/) override {
    return enter(Value::Kind::kArray);
  }
  bool end_object() override { return leave(); }
  bool end_array() override { return leave(); }
  bool key(std::string& name) override {
    key_ = name;
    return true;
  }
  bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                   const json::exception& /*error*/) override {
    return false;
  }

 private:
  bool add(Value value) {
    open_.back()->members.emplace_back(std::exchange(key_, ""),
                                       std::move(value));
    return true;
  }
  bool enter(Value::Kind kind) {
    add({.kind = kind});
    open_.push_back(&open_.back()->members.back().second);
    return true;
  }
  bool leave() {
    open_.pop_back();
    return true;
  }

  Value top_;
  std::vector<Value*> open_{&top_};  // only the last one grows
  std::string key_;
};

std::optional<Value> read(std::string_view text) {
  Reader reader;
  if (!json::sax_parse(text, &reader)) return std::nullopt;
  return reader.result();
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

// How a runtime finds a member: crun the first that is equal up to a NUL, runc
// the last that is equal when folded.
enum class Runtime : std::uint8_t { kCrun, kRunc };

const Value* find(Runtime runtime, const Value* object, std::string_view name) {
  const Value* found = nullptr;
  if (object == nullptr || object->kind != Value::Kind::kObject) return found;
  for (const auto& [key, value] : object->members) {
    if (runtime == Runtime::kRunc && folded(key) == name) found = &value;
    if (runtime == Runtime::kCrun && key.c_str() == name) return &value;
  }
  return found;
}

std::optional<CapabilitySet> canonical(const Value& value) {
  CapabilitySet one;
  if (value.kind != Value::Kind::kString || value.text.find(',') < 99 ||
      doff::add_capabilities(value.text, one) || one.size() != 1 ||
      doff::canonical_name(*one.begin()) != value.text)
    return std::nullopt;
  return one;
}

// What all runtimes take for a capability.
CapabilitySet set_of(const Value* array) {
  CapabilitySet set;
  if (array == nullptr || array->kind != Value::Kind::kArray) return set;
  for (const auto& [key, value] : array->members)
    if (const auto one = canonical(value)) set |= *one;
  return set;
}

constexpr std::array<const char*, 5> kSets = {
    "bounding", "effective", "permitted", "inheritable", "ambient"};

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
