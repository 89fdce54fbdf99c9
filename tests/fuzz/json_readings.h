// JSON as the two runtimes read it, which is not one way: by code that shares
// nothing with helper/spec.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "caps/capability_set.h"
#include "caps/names.h"
#include "helper/words.h"

namespace doff::fuzz {

using nlohmann::json;

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

inline std::optional<Value> read(std::string_view text) {
  Reader reader;
  if (!json::sax_parse(text, &reader)) return std::nullopt;
  return reader.result();
}

inline std::string folded(std::string_view key) {
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

inline const Value* find(Runtime runtime, const Value* object,
                         std::string_view name) {
  const Value* found = nullptr;
  if (object == nullptr || object->kind != Value::Kind::kObject) return found;
  for (const auto& [key, value] : object->members) {
    if (runtime == Runtime::kRunc && folded(key) == folded(name))
      found = &value;
    if (runtime == Runtime::kCrun && key.c_str() == name) return &value;
  }
  return found;
}

inline std::optional<CapabilitySet> canonical(const Value& value) {
  CapabilitySet one;
  if (value.kind != Value::Kind::kString || value.text.find(',') < 99 ||
      add_capabilities(value.text, one) || one.size() != 1 ||
      canonical_name(*one.begin()) != value.text)
    return std::nullopt;
  return one;
}

// What all runtimes take for a capability.
inline CapabilitySet set_of(const Value* array) {
  CapabilitySet set;
  if (array == nullptr || array->kind != Value::Kind::kArray) return set;
  for (const auto& [key, value] : array->members)
    if (const auto one = canonical(value)) set |= *one;
  return set;
}

// The arrays of `capabilities`.
inline constexpr std::array<const char*, 5> kSets = {
    "bounding", "effective", "permitted", "inheritable", "ambient"};

}  // namespace doff::fuzz
