#include "helper/setup/json_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

namespace doff {
namespace {

using nlohmann::json;

constexpr std::string_view kSpace = " \t\n\r";

Failure refused(std::string_view text, std::size_t at,
                const std::string& source, std::string value,
                std::string cause) {
  return {.doing = "the configuration",
          .value = std::move(value),
          .cause = std::move(cause),
          .place = place_of(text, at, source)};
}

// What nlohmann's parser passes over or ends at.
std::optional<Failure> find_odd_bytes(std::string_view text,
                                      const std::string& source) {
  if (text.find_first_not_of(kSpace) == std::string_view::npos) {
    Failure failure = refused(text, 0, source, "", "there is nothing in it");
    failure.next = "write {} into it, or remove it";
    return failure;
  }
  if (text.starts_with("\xef\xbb\xbf"))
    return refused(text, 0, source, "", "begins with a byte order mark");
  if (const auto nul = text.find('\0'); nul != std::string_view::npos)
    return refused(text, nul, source, "", "not JSON: a NUL byte");
  return std::nullopt;
}

std::optional<Failure> find_wrong_syntax(std::string_view text,
                                         const std::string& source) {
  try {
    const json unused = json::parse(text);
  } catch (const json::parse_error& error) {
    // `[json.exception.X] parse error at line 1, column 2: WHAT; last read: x`.
    std::string_view cause = error.what();
    cause.remove_prefix(cause.find("] ") + 2);
    if (cause.starts_with("parse error at "))
      cause.remove_prefix(cause.find(": ") + 2);
    cause = cause.substr(0, cause.find("; last read: "));
    // The byte behind the last one that was read, counted from 1.
    const std::size_t at = std::clamp<std::size_t>(error.byte, 1, text.size());
    return refused(text, at - 1, source, "", "not JSON: " + escaped(cause));
  } catch (const json::exception& error) {  // a number beyond all bounds
    return refused(text, 0, source, "", "not JSON: " + escaped(error.what()));
  }
  return std::nullopt;
}

// Behind the string that begins at `at`.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; text[at] != '"'; ++at)
    if (text[at] == '\\') ++at;
  return at + 1;
}

std::string string_at(std::string_view text, Range string) {
  return json::parse(string.of(text)).get<std::string>();
}

// Takes down the values of a text that is known to be JSON: brackets match, and
// strings end.
class Walk {
 public:
  Walk(std::string_view text, std::vector<JsonNode>& nodes)
      : text_(text), nodes_(nodes) {}

  // Goes through all of it, or up to such a key.
  std::optional<Range> find_key_given_twice() {
    std::optional<Range> twice;
    while (at_ < text_.size() && !twice) {
      const char c = text_[at_];
      if (c == '{' || c == '[')
        open(c == '{' ? JsonNode::Type::kObject : JsonNode::Type::kArray);
      else if (c == '}' || c == ']')
        close();
      else if (c == '"')
        twice = take_string();
      else if (c == ',' || c == ':' || kSpace.find(c) != std::string_view::npos)
        ++at_;
      else
        add(JsonNode::Type::kOther,
            std::min(text_.find_first_of(",]} \t\n\r", at_), text_.size()));
    }
    return twice;
  }

 private:
  // A value from here to `end`.
  void add(JsonNode::Type type, std::size_t end) {
    JsonNode node;
    node.type = type;
    node.range = {at_, end};
    if (key_) {
      node.key = *key_;
      node.name = string_at(text_, *key_);
      key_.reset();
    }
    if (!open_.empty()) nodes_[open_.back()].children.push_back(nodes_.size());
    nodes_.push_back(std::move(node));
    at_ = end;
  }

  void open(JsonNode::Type type) {
    add(type, at_ + 1);
    open_.push_back(nodes_.size() - 1);
    names_.emplace_back();
  }

  void close() {
    nodes_[open_.back()].range.end = ++at_;
    open_.pop_back();
    names_.pop_back();
  }

  // A key or a value; the key, if its object has it already.
  std::optional<Range> take_string() {
    const Range string{at_, end_of_string(text_, at_)};
    const std::size_t next = text_.find_first_not_of(kSpace, string.end);
    if (next == std::string_view::npos || text_[next] != ':') {
      add(JsonNode::Type::kString, string.end);
      return std::nullopt;
    }
    at_ = string.end;
    key_ = string;
    if (names_.back().insert(string_at(text_, string)).second)
      return std::nullopt;
    return string;
  }

  std::string_view text_;
  std::vector<JsonNode>& nodes_;
  std::size_t at_ = 0;
  std::vector<std::size_t> open_;             // indexes of nodes
  std::vector<std::set<std::string>> names_;  // the keys of each
  std::optional<Range> key_;                  // of the value that comes next
};

}  // namespace

Result<JsonText> JsonText::parse(std::string_view text,
                                 const std::string& source) {
  if (auto odd = find_odd_bytes(text, source)) return tl::unexpected(*odd);
  if (auto wrong = find_wrong_syntax(text, source))
    return tl::unexpected(*wrong);
  JsonText parsed(text);
  Walk walk(text, parsed.nodes_);
  if (const auto twice = walk.find_key_given_twice())
    return tl::unexpected(refused(text, twice->begin, source,
                                  string_at(text, *twice),
                                  "a key given twice"));
  if (parsed.root().type != JsonNode::Type::kObject)
    return tl::unexpected(refused(text, parsed.root().range.begin, source, "",
                                  "must be an object"));
  return parsed;
}

const JsonNode* JsonText::find(const JsonNode& object,
                               std::string_view name) const {
  for (const std::size_t each : object.children)
    if (nodes_[each].name == name) return &nodes_[each];
  return nullptr;
}

std::string JsonText::word(const JsonNode& string) const {
  return string_at(text_, string.range);
}

std::string JsonText::with_member(const JsonNode& object, std::string_view name,
                                  std::string_view value) const {
  const std::size_t inside = object.range.begin + 1;
  const std::size_t first = text_.find_first_not_of(kSpace, inside);
  std::string text(text_.substr(0, inside));
  if (!object.children.empty()) text += text_.substr(inside, first - inside);
  text.append("\"").append(name).append("\": ").append(value);
  if (!object.children.empty()) text += ",";
  return text.append(text_.substr(inside));
}

std::string JsonText::without_member(const JsonNode& object,
                                     const JsonNode& member) const {
  // With the comma behind it if it is the first, or with the one before it.
  Range gone{object.range.begin + 1, member.range.end};
  const bool first =
      nodes_[object.children.front()].key.begin == member.key.begin;
  if (!first)
    gone.begin = text_.rfind(',', member.key.begin);
  else if (object.children.size() > 1)
    gone.end = text_.find(',', member.range.end) + 1;
  std::string text(text_.substr(0, gone.begin));
  return text.append(text_.substr(gone.end));
}

}  // namespace doff
