#include "helper/policy/tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <exception>
#include <optional>
#include <sstream>
#include <utility>

namespace doff {
namespace {

// yaml-cpp's own limit on nesting is 500 levels. Ours is lower: what destroys a
// Tree recurses as well.
constexpr std::size_t kDeepest = 64;
constexpr std::size_t kMostValues = 100000;
// yaml-cpp reads to the end of the outermost bracket before it tells its
// handler of the first, 200 bytes of memory for each. Brackets are counted
// beforehand, without a look at quotes, so this is far above kDeepest.
constexpr int kMostOpenBrackets = 1000;

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
// YAML 1.2, 5.1, has no control characters; yaml-cpp takes anything, and 0x04
// for the end of the file. Of the others, what a person or another parser reads
// is not what yaml-cpp reads: a comment, say, ends at a line break.
constexpr const char* kControl = "a control character";
constexpr const char* kBreak = "a line break to some readers and not to others";
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
  int open = 0;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = character_length(text.substr(i));
    if (length == 0)
      return broken_at(source, text, i, "not UTF-8", "save it as UTF-8");
    if (const char* const cause =
            why_refused(text.substr(i, length), text.substr(i + length)))
      return broken_at(source, text, i, cause);
    if (text[i] == '[' || text[i] == '{') ++open;
    if ((text[i] == ']' || text[i] == '}') && open > 0) --open;
    if (open > kMostOpenBrackets)
      return broken_at(source, text, i, "too many open brackets");
    i += length;
  }
  return std::nullopt;
}

// Makes a Tree of yaml-cpp's events. YAML::Node would expand what anchors
// stand for, leak where they are cyclic, and hide keys that are there twice.
class Builder : public YAML::EventHandler {
 public:
  Builder(std::string_view text, std::span<const std::string_view> skipped)
      : text_(text), skipped_(skipped) {}

  [[nodiscard]] Tree take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(make(Tree::Kind::kNull, mark, anchor));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    add(make(Tree::Kind::kAlias, mark, 0));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag,
                YAML::anchor_t anchor, const std::string& value) override {
    Tree scalar = make(Tree::Kind::kScalar, mark, anchor);
    scalar.plain = tag == "?";
    // "!": in quotes, or after the tag `!`.
    scalar.tagged = (tag != "?" && tag != "!") || tag_at(mark);
    scalar.literal = literal_at(mark, value);
    if (skipping_ == 0) scalar.text = value;
    add(std::move(scalar));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(make(Tree::Kind::kList, mark, anchor), tag != "?" || tag_at(mark));
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag,
                  YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(make(Tree::Kind::kMap, mark, anchor), tag != "?" || tag_at(mark));
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  static Tree make(Tree::Kind kind, const YAML::Mark& mark,
                   YAML::anchor_t anchor) {
    return {.kind = kind,
            .line = static_cast<std::size_t>(mark.line) + 1,
            .column = static_cast<std::size_t>(mark.column) + 1,
            .anchored = anchor != 0};
  }

  // The text from a value's first byte on, tag and anchor included.
  [[nodiscard]] std::string_view at(const YAML::Mark& mark) const {
    const auto start = static_cast<std::size_t>(std::max(mark.pos, 0));
    return text_.substr(std::min(start, text_.size()));
  }

  // `!<?>` and `!<>` are no tags to yaml-cpp's handler.
  [[nodiscard]] bool tag_at(const YAML::Mark& mark) const {
    return at(mark).starts_with('!');
  }

  // Whether `value` stands there byte by byte, and, in quotes, nothing else.
  [[nodiscard]] bool literal_at(const YAML::Mark& mark,
                                std::string_view value) const {
    std::string_view written = at(mark);
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

  void open(Tree tree, bool tagged) {
    if (open_.size() + skipping_ >= kDeepest)
      throw YAML::ParserException(mark_of(tree), "nested too deeply");
    if (skipping_ > 0 || at_skipped_value()) {
      ++skipping_;
      return;
    }
    tree.tagged = tagged;
    open_.push_back(std::move(tree));
  }

  void close() {
    if (skipping_ > 0) {
      if (--skipping_ == 0) add({.kind = Tree::Kind::kSkipped});
      return;
    }
    Tree done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done));
  }

  void add(Tree tree) {
    if (skipping_ > 0) return;
    if (++values_ > kMostValues)
      throw YAML::ParserException(mark_of(tree), "too many values");
    if (at_skipped_value()) tree = {.kind = Tree::Kind::kSkipped};
    (open_.empty() ? root_ : open_.back().children.emplace_back()) =
        std::move(tree);
  }

  static YAML::Mark mark_of(const Tree& tree) {
    YAML::Mark mark;
    mark.line = static_cast<int>(tree.line) - 1;
    mark.column = static_cast<int>(tree.column) - 1;
    return mark;
  }

  std::string_view text_;
  std::span<const std::string_view> skipped_;
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
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    Builder first(text, skipped);
    parser.HandleNextDocument(first);
    Builder second(text, {});
    if (parser.HandleNextDocument(second)) {
      const Tree extra = second.take_root();
      return tl::unexpected(broken(source, extra.line, extra.column,
                                   "a second document",
                                   "one policy is one document"));
    }
    return first.take_root();
  } catch (const YAML::Exception& error) {
    // An error of no place has -1 there.
    return tl::unexpected(broken(
        source, static_cast<std::size_t>(std::max(error.mark.line, 0)) + 1,
        static_cast<std::size_t>(std::max(error.mark.column, 0)) + 1,
        quoted(error.msg)));  // it may hold a byte of the text
  } catch (const std::exception& error) {
    return tl::unexpected(broken(source, 1, 1, error.what()));
  }
}

}  // namespace doff
