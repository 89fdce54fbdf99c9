#include "helper/policy/tree.h"

#include <yaml.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace doff {
namespace {

// What destroys a Tree recurses.
constexpr std::size_t kDeepest = 64;
constexpr std::size_t kMostValues = 100000;

Failure broken(std::string_view source, std::size_t line, std::size_t column,
               std::string cause, std::string next = "") {
  return {.doing = "YAML",
          .cause = std::move(cause),
          .next = std::move(next),
          .place = {std::string(source), line, column}};
}

Failure broken_at(std::string_view source, std::string_view text,
                  std::size_t offset, std::string cause,
                  std::string next = "") {
  const std::string_view before = text.substr(0, offset);
  const std::size_t start = before.rfind('\n') + 1;  // npos + 1 is 0
  const auto lines = std::ranges::count(before, '\n');
  return broken(source, static_cast<std::size_t>(lines) + 1, offset - start + 1,
                std::move(cause), std::move(next));
}

// RFC 3629, section 4: which first bytes there are, and what their second byte
// may be. Every further one is 0x80 to 0xbf.
struct Utf8 {
  unsigned char first_least;
  unsigned char first_most;
  unsigned char second_least;
  unsigned char second_most;
  std::size_t length;
};
constexpr auto kUtf8 = std::to_array<Utf8>({
    {0x00, 0x7f, 0, 0, 1},
    {0xc2, 0xdf, 0x80, 0xbf, 2},
    {0xe0, 0xe0, 0xa0, 0xbf, 3},
    {0xe1, 0xec, 0x80, 0xbf, 3},
    {0xed, 0xed, 0x80, 0x9f, 3},
    {0xee, 0xef, 0x80, 0xbf, 3},
    {0xf0, 0xf0, 0x90, 0xbf, 4},
    {0xf1, 0xf3, 0x80, 0xbf, 4},
    {0xf4, 0xf4, 0x80, 0x8f, 4},
});

// How many bytes the character has that `text` begins with; 0 if it is none.
std::size_t character_length(std::string_view text) {
  const auto within = [&](std::size_t at, unsigned char least,
                          unsigned char most) {
    const auto byte = static_cast<unsigned char>(text[at]);
    return byte >= least && byte <= most;
  };
  for (const Utf8& row : kUtf8) {
    if (!within(0, row.first_least, row.first_most)) continue;
    if (text.size() < row.length) return 0;
    if (row.length > 1 && !within(1, row.second_least, row.second_most))
      return 0;
    for (std::size_t i = 2; i < row.length; ++i)
      if (!within(i, 0x80, 0xbf)) return 0;
    return row.length;
  }
  return 0;
}

// What `character`, which is one in UTF-8, encodes.
char32_t code_point(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return first;
  char32_t code = first & (0x7fU >> character.size());
  for (const char each : character.substr(1))
    code = code << 6 | (static_cast<unsigned char>(each) & 0x3fU);
  return code;
}

// The characters that may not stand anywhere, from `first` to `last`.
struct Refused {
  char32_t first;
  char32_t last;
  const char* cause;
};
// YAML 1.2, 5.1, has no control characters. Of the others, what a person or
// another parser reads is not what libyaml reads: a comment, say, ends at a
// line break.
constexpr const char* kControl = "a control character";
constexpr const char* kBreak = "a line break to some readers and not to others";
constexpr const char* kNone = "a character that stands for nothing";
constexpr const char* kDirection =
    "a character that turns the direction of what is shown";
constexpr auto kRefused = std::to_array<Refused>({
    {0x00, 0x00, "a NUL byte"},
    {0x01, 0x08, kControl},
    {0x0b, 0x0c, kControl},
    {0x0e, 0x1f, kControl},
    {0x7f, 0x84, kControl},
    {0x85, 0x85, kBreak},
    {0x86, 0x9f, kControl},
    {0x061c, 0x061c, kDirection},
    {0x200e, 0x200f, kDirection},
    {0x2028, 0x2029, kBreak},
    {0x202a, 0x202e, kDirection},
    {0x2066, 0x2069, kDirection},
    {0xfeff, 0xfeff, "a byte order mark"},
    {0xfffe, 0xffff, kNone},
});

// Why the character may not stand where it does; null if it may.
const char* why_refused(std::string_view character, std::string_view behind) {
  if (character == "\r" && !behind.starts_with('\n')) return kBreak;
  const char32_t code = code_point(character);
  for (const Refused& row : kRefused)
    if (row.first <= code && code <= row.last) return row.cause;
  return nullptr;
}

// What no YAML parser should see.
std::optional<Failure> find_hostile_byte(std::string_view text,
                                         std::string_view source) {
  if (text.starts_with("\xef\xbb\xbf"))
    return broken(source, 1, 1, "it begins with a byte order mark",
                  "save it as UTF-8 without one");
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = character_length(text.substr(i));
    if (length == 0)
      return broken_at(source, text, i, "not UTF-8", "save it as UTF-8");
    // libyaml compares each with all before it.
    if ((i == 0 || text[i - 1] == '\n') && text.substr(i).starts_with("%TAG"))
      return broken_at(source, text, i, "a %TAG directive",
                       "write the tags out, or leave them out");
    if (const char* const cause =
            why_refused(text.substr(i, length), text.substr(i + length)))
      return broken_at(source, text, i, cause);
    i += length;
  }
  return std::nullopt;
}

// Where libyaml's marks, which count characters, are in `text`. They come in
// about the order of the text, so that each is looked for from the one before.
class Offsets {
 public:
  explicit Offsets(std::string_view text) : text_(text) {}

  std::size_t of(const yaml_mark_t& mark) {
    const auto inside = [this](std::size_t at) {
      return at < text_.size() && (static_cast<unsigned char>(text_[at]) &
                                   0xc0U) == 0x80U;  // not a first byte
    };
    for (; index_ < mark.index && offset_ < text_.size(); ++index_)
      while (inside(++offset_)) continue;
    for (; index_ > mark.index && offset_ > 0; --index_)
      while (inside(--offset_)) continue;
    return offset_;
  }

 private:
  std::string_view text_;
  std::size_t index_ = 0;  // in characters
  std::size_t offset_ = 0;
};

// An event, with what it owns.
class Event {
 public:
  Event() = default;
  ~Event() { yaml_event_delete(&event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  yaml_event_t* get() { return &event_; }
  yaml_event_t* operator->() { return &event_; }

 private:
  yaml_event_t event_{};
};

// Makes a Tree of libyaml's events. Its documents would expand what anchors
// stand for.
class Reader {
 public:
  Reader(std::string_view text, std::string_view source,
         std::span<const std::string_view> skipped)
      : text_(text), source_(source), skipped_(skipped), offsets_(text) {
    if (yaml_parser_initialize(&parser_) == 0) {
      failure_ = broken(source, 1, 1, "not enough memory");
      return;
    }
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(
        &parser_, reinterpret_cast<const unsigned char*>(text.data()),
        text.size());
    for (std::size_t at = 0; at != std::string_view::npos;
         at = text.find('\n', at)) {
      at += lines_.empty() ? 0 : 1;
      lines_.push_back(at);
    }
  }
  ~Reader() { yaml_parser_delete(&parser_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  Result<Tree> read() {
    bool more = true;
    while (more && !failure_) more = take_event();
    if (failure_) return tl::unexpected(*std::move(failure_));
    return std::move(root_);
  }

 private:
  // false: there is no more, or a failure.
  bool take_event() {
    Event event;
    if (yaml_parser_parse(&parser_, event.get()) == 0) return fail_by_parser();
    if (documents_ > 1)
      return fail(make(Tree::Kind::kNull, *event.get(), nullptr, nullptr),
                  "a second document", "one policy is one document");
    switch (event->type) {
      case YAML_STREAM_END_EVENT:
        return false;
      case YAML_DOCUMENT_START_EVENT:
        ++documents_;
        return true;
      case YAML_ALIAS_EVENT:
        return add(make(Tree::Kind::kAlias, *event.get(), nullptr, nullptr));
      case YAML_SCALAR_EVENT:
        return add(scalar(*event.get()));
      case YAML_SEQUENCE_START_EVENT:
        return open(make(Tree::Kind::kList, *event.get(),
                         event->data.sequence_start.anchor,
                         event->data.sequence_start.tag));
      case YAML_MAPPING_START_EVENT:
        return open(make(Tree::Kind::kMap, *event.get(),
                         event->data.mapping_start.anchor,
                         event->data.mapping_start.tag));
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        return close();
      case YAML_NO_EVENT:
      case YAML_STREAM_START_EVENT:
      case YAML_DOCUMENT_END_EVENT:
        return true;
    }
    return true;
  }

  // `anchor` and `tag` are the event's, or null.
  Tree make(Tree::Kind kind, const yaml_event_t& event,
            const unsigned char* anchor, const unsigned char* tag) {
    const std::size_t offset = offsets_.of(event.start_mark);
    const std::size_t line = std::min(event.start_mark.line, lines_.size() - 1);
    return {.kind = kind,
            .line = line + 1,
            .column = offset - lines_[line] + 1,
            .anchored = anchor != nullptr,
            // libyaml keeps no tag of `!`.
            .tagged = tag != nullptr || text_.substr(offset).starts_with('!')};
  }

  Tree scalar(const yaml_event_t& event) {
    const auto& data = event.data.scalar;
    const std::string_view value(reinterpret_cast<const char*>(data.value),
                                 data.length);
    Tree made = make(Tree::Kind::kScalar, event, data.anchor, data.tag);
    const bool plain = data.style == YAML_PLAIN_SCALAR_STYLE && !made.tagged;
    // YAML 1.2, 10.2.1.1 and 10.3.2.
    constexpr auto kNull =
        std::to_array<std::string_view>({"", "~", "null", "Null", "NULL"});
    if (plain && std::ranges::find(kNull, value) != kNull.end()) {
      made.kind = Tree::Kind::kNull;
      return made;
    }
    made.plain = plain;
    // From its first byte on, tag and anchor included.
    made.literal =
        is_literal(text_.substr(offsets_.of(event.start_mark)), value);
    if (skipping_ == 0) made.text = value;
    return made;
  }

  // Whether `value` is `written` byte by byte, and, in quotes, nothing else.
  static bool is_literal(std::string_view written, std::string_view value) {
    const char quote = written.empty() ? '\0' : written.front();
    if (quote != '\'' && quote != '"') return written.starts_with(value);
    written.remove_prefix(1);
    return written.starts_with(value) &&
           written.substr(value.size()).starts_with(quote);
  }

  // Whether what comes next is the value of a key that is to be skipped.
  [[nodiscard]] bool at_skipped_value() const {
    if (open_.size() != 1 || open_[0].kind != Tree::Kind::kMap) return false;
    const std::vector<Tree>& children = open_[0].children;
    return children.size() % 2 == 1 &&
           children.back().kind == Tree::Kind::kScalar &&
           std::ranges::find(skipped_, children.back().text) != skipped_.end();
  }

  bool open(Tree tree) {
    if (open_.size() + skipping_ >= kDeepest)
      return fail(tree, "nested too deeply");
    if (skipping_ > 0 || at_skipped_value()) {
      ++skipping_;
      return true;
    }
    open_.push_back(std::move(tree));
    return true;
  }

  bool close() {
    if (skipping_ > 0)
      return --skipping_ > 0 || add({.kind = Tree::Kind::kSkipped});
    Tree done = std::move(open_.back());
    open_.pop_back();
    return add(std::move(done));
  }

  bool add(Tree tree) {
    if (skipping_ > 0) return true;
    if (++values_ > kMostValues) return fail(tree, "too many values");
    if (at_skipped_value()) tree = {.kind = Tree::Kind::kSkipped};
    (open_.empty() ? root_ : open_.back().children.emplace_back()) =
        std::move(tree);
    return true;
  }

  bool fail(const Tree& where, std::string cause, std::string next = "") {
    failure_ = broken(source_, where.line, where.column, std::move(cause),
                      std::move(next));
    return false;
  }

  bool fail_by_parser() {
    std::string cause =
        parser_.problem != nullptr ? parser_.problem : "not enough memory";
    // "while parsing a flow sequence"
    if (parser_.context != nullptr) cause.append(" ").append(parser_.context);
    failure_ = broken_at(source_, text_, offsets_.of(parser_.problem_mark),
                         std::move(cause));
    return false;
  }

  std::string_view text_;
  std::string_view source_;
  std::span<const std::string_view> skipped_;
  Offsets offsets_;
  std::vector<std::size_t> lines_;  // where each begins
  yaml_parser_t parser_{};
  std::size_t documents_ = 0;
  std::optional<Failure> failure_;
  Tree root_;
  std::vector<Tree> open_;    // the lists and maps around the next value
  std::size_t skipping_ = 0;  // how many are open in a value that is skipped
  std::size_t values_ = 0;
};

}  // namespace

Result<Tree> read_tree(std::string_view text, std::string_view source,
                       std::span<const std::string_view> skipped) {
  if (auto hostile = find_hostile_byte(text, source))
    return tl::unexpected(*hostile);
  return Reader(text, source, skipped).read();
}

}  // namespace doff
