#include "helper/spec/scan_spec.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

namespace doff {
namespace {

using nlohmann::json;

// Go's limit is 10,000; engines write less than 20.
constexpr std::size_t kDeepest = 1000;

// How an object or an array is read.
enum class Role : std::uint8_t {
  kIgnored,
  kRoot,  // reads as a process too: process.json
  kProcess,
  kUser,
  kCapabilities,
  kSet,
  kAnnotations,
};

// What a key of one of ours stands for.
enum class Field : std::uint8_t {
  kNone,
  kProcess,
  kMounts,
  kAnnotations,
  kUser,
  kCapabilities,
  kArgs,
  kNoNewPrivileges,
  kTerminal,
  kUid
};

struct Known {
  std::string_view name;
  Field field;
};
constexpr std::array<Known, 8> kRootFields = {
    {{"process", Field::kProcess},
     {"mounts", Field::kMounts},
     {"annotations", Field::kAnnotations},
     {"capabilities", Field::kCapabilities},
     {"user", Field::kUser},
     {"args", Field::kArgs},
     {"noNewPrivileges", Field::kNoNewPrivileges},
     {"terminal", Field::kTerminal}}};
// The first of those that a process has, which may be the root.
constexpr std::size_t kProcessFields = 3;
constexpr std::array<Known, 1> kUserFields = {{{"uid", Field::kUid}}};

// To tell the two kinds apart; their values do not matter.
constexpr std::array<std::string_view, 2> kConfigKeys = {"process",
                                                         "ociversion"};
constexpr std::array<std::string_view, 3> kProcessKeys = {"args", "cwd",
                                                          "capabilities"};

// `key` as the most lenient of the runtimes reads it: up to U+0000, as C does,
// and folded, as Go's encoding/json does: besides ASCII's, the two characters
// that Unicode folds to an ASCII letter, U+017F and U+212A.
std::string read_leniently(std::string_view key) {
  key = key.substr(0, key.find('\0'));
  std::string read;
  while (!key.empty()) {
    std::size_t length = 1;
    char letter = key[0];
    if (letter >= 'A' && letter <= 'Z') {
      letter = static_cast<char>(letter | 0x20);
    } else if (key.starts_with("\xc5\xbf")) {
      letter = 's';
      length = 2;
    } else if (key.starts_with("\xe2\x84\xaa")) {
      letter = 'k';
      length = 3;
    }
    read += letter;
    key.remove_prefix(length);
  }
  return read;
}

// An iterator over the text that tells how far the parser has read.
class Reader {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Reader(const char* at, const char** read) : at_(at), read_(read) {}

  reference operator*() const { return *at_; }
  Reader& operator++() {
    *read_ = ++at_;
    return *this;
  }
  bool operator==(const Reader& other) const { return at_ == other.at_; }
  bool operator!=(const Reader& other) const = default;

 private:
  const char* at_;
  const char** read_;
};

// The lexer reads a byte at a time, and beyond a token only for numbers, by
// one byte: when an event arrives, `read_` is right behind the token, or one
// further behind a number.
class Scanner {
 public:
  Scanner(std::string_view text, const std::string& source)
      : text_(text), source_(source), read_(text.data()) {}

  Result<ScannedSpec> scan() {
    if (text_.find_first_not_of(" \t\r\n") == std::string_view::npos)
      return tl::unexpected(failed(0, "", "there is nothing in it"));
    // nlohmann's parser passes over the one and ends at the other.
    if (text_.starts_with("\xef\xbb\xbf"))
      return tl::unexpected(failed(0, "", "begins with a byte order mark"));
    if (const auto nul = text_.find('\0'); nul != std::string_view::npos)
      return tl::unexpected(failed(nul, "", "not JSON: a NUL byte"));
    const char* const begin = text_.data();
    const bool whole = json::sax_parse(
        Reader(begin, &read_), Reader(begin + text_.size(), &read_), this);
    if (failure_) return tl::unexpected(*std::move(failure_));
    if (!whole) return tl::unexpected(failed(0, "", "not JSON"));
    return judge();
  }

  // What nlohmann::json::sax_parse calls. false ends the parsing.
  // NOLINTBEGIN(readability-identifier-naming): its names
  bool null() { return scalar(Type::kNull, {}); }
  bool boolean(bool value) {
    number_ = value ? 1 : 0;
    return scalar(Type::kBoolean, {});
  }
  bool number_integer(json::number_integer_t /*value*/) {
    return scalar(Type::kOther, {});
  }
  bool number_unsigned(json::number_unsigned_t value) {
    number_ = value;
    return scalar(Type::kUnsigned, {});
  }
  bool number_float(json::number_float_t /*value*/,
                    const std::string& /*spelling*/) {
    return scalar(Type::kOther, {});
  }
  bool string(std::string& value) { return scalar(Type::kString, value); }
  static bool binary(json::binary_t& /*value*/) { return false; }
  bool start_object(std::size_t /*size*/) { return enter(Type::kObject); }
  bool start_array(std::size_t /*size*/) { return enter(Type::kArray); }
  bool end_object() { return leave(); }
  bool end_array() { return leave(); }
  bool key(std::string& name);
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const json::exception& error);
  // NOLINTEND(readability-identifier-naming)

 private:
  enum class Type : std::uint8_t {
    kNull,
    kBoolean,
    kUnsigned,
    kString,
    kObject,
    kArray,
    kOther
  };
  struct Frame {
    Role role = Role::kIgnored;
    ScannedProcess* process = nullptr;
    std::size_t set = 0;     // of kSetNames, in the role kSet
    std::uint32_t seen = 0;  // a bit for each known key
    Range* range = nullptr;  // its own, to be completed when it ends
  };

  [[nodiscard]] std::size_t offset() const {
    return static_cast<std::size_t>(read_ - text_.data());
  }
  // Between a value and the token before it there are only these.
  [[nodiscard]] std::size_t value_begin() const {
    return std::min(text_.find_first_not_of(" \t\n\r,:", last_), text_.size());
  }
  [[nodiscard]] Failure failed(std::size_t at, std::string value,
                               std::string cause) const {
    return {.doing = "the spec",
            .value = std::move(value),
            .cause = std::move(cause),
            .place = place_of(text_, at, source_)};
  }
  bool refuse(std::size_t at, std::string value, std::string cause) {
    failure_ = failed(at, std::move(value), std::move(cause));
    return false;
  }
  bool wrong_type(std::string name, const std::string& wanted) {
    return refuse(value_begin(), std::move(name), "must be " + wanted);
  }

  bool scalar(Type type, std::string_view word);
  bool enter(Type type);
  bool leave();
  bool take(Type type, std::string_view word, Frame& inside);
  bool take_field(Type type, Frame& inside);
  bool take_set(Type type, Frame& inside);
  bool take_object(const std::string& name, Type type, Role role,
                   std::optional<Range>* range, Frame& inside);
  bool take_array(const std::string& name, Type type,
                  std::optional<Range>& range, Frame& inside);
  bool take_process(Type type, Frame& inside);
  bool take_boolean(const std::string& name, Type type);
  bool recognise(std::span<const Known> known, std::string_view name);
  bool recognise_set(std::string_view name);
  bool note_key(std::size_t index, std::string_view known,
                std::string_view name, bool& ours);
  [[nodiscard]] Result<ScannedSpec> judge();

  std::string_view text_;
  const std::string& source_;
  const char* read_;
  std::size_t last_ = 0;  // where the token before the current one ended
  std::vector<Frame> frames_;
  Field field_ = Field::kNone;  // whose value comes next
  std::size_t set_ = kSetNames.size();
  json::number_unsigned_t number_ = 0;
  std::optional<Failure> failure_;

  ScannedProcess root_;
  std::optional<ScannedProcess> process_;
  std::optional<Range> mounts_;
  std::optional<Range> annotations_;
  std::vector<ScannedAnnotation> annotated_;
  bool config_keys_ = false;
  bool process_keys_ = false;
};

// Is `name` the key `known`, or would another runtime take it for that?
bool Scanner::note_key(std::size_t index, std::string_view known,
                       std::string_view name, bool& ours) {
  ours = name == known;
  const std::size_t at = text_.find('"', last_);
  if (!ours && read_leniently(name) == read_leniently(known))
    return refuse(at, std::string(name),
                  "some runtimes read this key as \"" + std::string(known) +
                      "\", others do not");
  std::uint32_t& seen = frames_.back().seen;
  if (ours && (seen & (1U << index)) != 0)
    return refuse(at, std::string(name),
                  "a key given twice: runc takes the last, crun the first");
  if (ours) seen |= 1U << index;
  return true;
}

bool Scanner::recognise(std::span<const Known> known, std::string_view name) {
  for (std::size_t i = 0; i < known.size(); ++i) {
    bool ours = false;
    if (!note_key(i, known[i].name, name, ours)) return false;
    if (ours) field_ = known[i].field;
  }
  return true;
}

bool Scanner::recognise_set(std::string_view name) {
  for (std::size_t i = 0; i < kSetNames.size(); ++i) {
    bool ours = false;
    if (!note_key(i, kSetNames[i], name, ours)) return false;
    if (ours) set_ = i;
  }
  return true;
}

bool Scanner::key(std::string& name) {
  bool going_on = true;
  switch (frames_.back().role) {
    case Role::kRoot: {
      const std::string read = read_leniently(name);
      config_keys_ |= std::ranges::count(kConfigKeys, read) != 0;
      process_keys_ |= std::ranges::count(kProcessKeys, read) != 0;
      going_on = recognise(kRootFields, name);
      break;
    }
    case Role::kProcess:
      going_on =
          recognise(std::span(kRootFields).subspan<kProcessFields>(), name);
      break;
    case Role::kUser:
      going_on = recognise(kUserFields, name);
      break;
    case Role::kCapabilities:
      going_on = recognise_set(name);
      break;
    case Role::kAnnotations:
      annotated_.push_back({.name = name, .value = {}, .range = {}});
      break;
    case Role::kSet:  // an array has no keys
    case Role::kIgnored:
      break;
  }
  last_ = offset();
  return going_on;
}

// One of the five, or `null`.
bool Scanner::take_set(Type type, Frame& inside) {
  const std::size_t set = std::exchange(set_, kSetNames.size());
  if (type != Type::kArray && type != Type::kNull)
    return wrong_type(std::string(kSetNames[set]), "an array of strings");
  ScannedProcess* const process = frames_.back().process;
  process->sets[set] = ScannedArray{{value_begin(), offset()}, {}};
  if (type == Type::kArray)
    inside = {.role = Role::kSet,
              .process = process,
              .set = set,
              .range = &process->sets[set]->range};
  return true;
}

bool Scanner::take_object(const std::string& name, Type type, Role role,
                          std::optional<Range>* range, Frame& inside) {
  if (type != Type::kObject && type != Type::kNull)
    return wrong_type(name, "an object");
  if (range != nullptr) *range = {value_begin(), offset()};
  if (type == Type::kObject)
    inside = {.role = role,
              .process = frames_.back().process,
              .range = range == nullptr ? nullptr : &**range};
  return true;
}

bool Scanner::take_array(const std::string& name, Type type,
                         std::optional<Range>& range, Frame& inside) {
  if (type != Type::kArray && type != Type::kNull)
    return wrong_type(name, "an array");
  range = {value_begin(), offset()};
  inside = {.range = &*range};
  return true;
}

bool Scanner::take_process(Type type, Frame& inside) {
  if (type != Type::kObject && type != Type::kNull)
    return wrong_type("process", "an object");
  if (type == Type::kNull) return true;
  process_.emplace().range.begin = value_begin();
  inside = {
      .role = Role::kProcess, .process = &*process_, .range = &process_->range};
  return true;
}

bool Scanner::take_boolean(const std::string& name, Type type) {
  return type == Type::kBoolean || type == Type::kNull ||
         wrong_type(name, "true or false");
}

bool Scanner::take_field(Type type, Frame& inside) {
  ScannedProcess* const process = frames_.back().process;
  switch (std::exchange(field_, Field::kNone)) {
    case Field::kNone:
      return true;
    case Field::kProcess:
      return take_process(type, inside);
    case Field::kMounts:
      return take_array("mounts", type, mounts_, inside);
    case Field::kAnnotations:
      return take_object("annotations", type, Role::kAnnotations, &annotations_,
                         inside);
    case Field::kUser:
      return take_object("user", type, Role::kUser, nullptr, inside);
    case Field::kCapabilities:
      return take_object("capabilities", type, Role::kCapabilities,
                         &process->capabilities, inside);
    case Field::kArgs:
      return take_array("args", type, process->args, inside);
    case Field::kNoNewPrivileges:
      process->no_new_privileges = {value_begin(), offset()};
      return take_boolean("noNewPrivileges", type);
    case Field::kTerminal:
      process->terminal = type == Type::kBoolean && number_ != 0;
      return take_boolean("terminal", type);
    case Field::kUid:
      if (type == Type::kNull) return true;
      if (type != Type::kUnsigned ||
          number_ > std::numeric_limits<std::uint32_t>::max())
        return wrong_type("uid", "a number from 0 to 4294967295");
      process->uid = static_cast<std::uint32_t>(number_);
      return true;
  }
  return true;
}

// A value begins, or is there whole; `inside` is how its content is to be read.
bool Scanner::take(Type type, std::string_view word, Frame& inside) {
  if (frames_.empty()) {
    if (type != Type::kObject) return wrong_type("", "an object");
    root_.range.begin = value_begin();
    inside = {.role = Role::kRoot, .process = &root_, .range = &root_.range};
    return true;
  }
  const Frame& frame = frames_.back();
  if (frame.role == Role::kAnnotations) {
    if (type != Type::kString)
      return wrong_type(annotated_.back().name, "a string");
    annotated_.back().value = word;
    annotated_.back().range = {value_begin(), offset()};
    return true;
  }
  if (frame.role == Role::kSet) {
    if (type != Type::kString)
      return wrong_type(std::string(kSetNames[frame.set]),
                        "an array of strings");
    frame.process->sets[frame.set]->words.push_back(
        {{value_begin(), offset()}, std::string(word)});
    return true;
  }
  if (set_ != kSetNames.size()) return take_set(type, inside);
  return take_field(type, inside);
}

bool Scanner::scalar(Type type, std::string_view word) {
  Frame none;
  const bool going_on = take(type, word, none);
  last_ = offset();
  return going_on;
}

bool Scanner::enter(Type type) {
  if (frames_.size() == kDeepest)
    return refuse(offset() - 1, "",
                  "nested deeper than " + std::to_string(kDeepest));
  Frame inside;
  if (!take(type, {}, inside)) return false;
  frames_.push_back(inside);
  last_ = offset();
  return true;
}

bool Scanner::leave() {
  last_ = offset();
  if (Range* const range = frames_.back().range) range->end = last_;
  frames_.pop_back();
  return true;
}

bool Scanner::parse_error(std::size_t position, const std::string& /*token*/,
                          const json::exception& error) {
  // `[json.exception.X] parse error at line 1, column 2: WHAT; last read: 'x'`,
  // or only `[json.exception.X] WHAT`.
  std::string_view cause = error.what();
  cause.remove_prefix(cause.find("] ") + 2);
  if (cause.starts_with("parse error at "))
    cause.remove_prefix(cause.find(": ") + 2);
  cause = cause.substr(0, cause.find("; last read: "));
  // The position is that of the byte behind the last one read.
  return refuse(std::min(position, text_.size() + 1) - 1, "",
                "not JSON: " + escaped(cause));
}

Result<ScannedSpec> Scanner::judge() {
  if (config_keys_ && process_keys_)
    return tl::unexpected(
        failed(root_.range.begin, "",
               "reads as a config.json and as a process.json: it has keys of "
               "both at the top"));
  const Range whole = root_.range;
  if (process_keys_)
    return ScannedSpec{SpecKind::kProcess, std::move(root_), whole, {}, {}, {}};
  if (config_keys_)
    return ScannedSpec{SpecKind::kConfig, std::move(process_),  whole, mounts_,
                       annotations_,      std::move(annotated_)};
  return tl::unexpected(
      failed(root_.range.begin, "",
             "neither a config.json (ociVersion, process) nor a process.json "
             "(args, cwd, capabilities)"));
}

}  // namespace

Result<ScannedSpec> scan_spec(std::string_view text,
                              const std::string& source) {
  return Scanner(text, source).scan();
}

const std::string* find_annotation(const ScannedSpec& spec,
                                   std::string_view name) {
  const auto found =
      std::ranges::find(spec.annotated, name, &ScannedAnnotation::name);
  return found == spec.annotated.end() ? nullptr : &found->value;
}

Place place_of(std::string_view text, std::size_t offset,
               const std::string& source) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  return {source,
          static_cast<std::size_t>(std::ranges::count(before, '\n')) + 1,
          before.size() - line_begin + 1};
}

}  // namespace doff
