#include "helper/setup/toml_settings.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "helper/spec/splice.h"

namespace doff {
namespace {

constexpr std::string_view kMade =
    "# Made by doffctl setup; its --undo removes this file.\n";
constexpr std::string_view kBegin =
    "# Begin: by doffctl setup, whose --undo takes it away.\n";
constexpr std::string_view kEnd = "# End: by doffctl setup.\n";
constexpr std::string_view kAdded = " # by doffctl setup\n";
// Behind the new value, with the old one and the rest of the line after it.
constexpr std::string_view kInstead = " # by doffctl setup, instead of ";
constexpr std::string_view kContinued =
    "\n# By doffctl setup: the line above had no end.\n";

// The line that begins at `at`, with its newline.
Range line_at(std::string_view text, std::size_t at) {
  const std::size_t end = text.find('\n', at);
  return {at, end == std::string_view::npos ? text.size() : end + 1};
}

// What add_settings() has put into `text`, in order.
Result<std::vector<Range>> find_added(std::string_view text,
                                      const std::string& source) {
  std::vector<Range> added;
  for (std::size_t at = 0; at < text.size(); at = line_at(text, at).end) {
    Range line = line_at(text, at);
    const std::string_view words = line.of(text);
    if (words == kBegin) {
      const std::size_t end = text.find(kEnd, line.end);
      if (end == std::string_view::npos)
        return tl::unexpected(
            Failure{.doing = "the configuration",
                    .cause = "a comment of doffctl setup begins what no other "
                             "ends",
                    .next = "take out by hand what is ours",
                    .place = place_of(text, at, source)});
      at = end;
      line.end = end + kEnd.size();
      // The empty line that came with it.
      if (line.begin > 1 && text.substr(line.begin - 2, 2) == "\n\n")
        --line.begin;
      added.push_back(line);
    } else if (words.ends_with(kAdded)) {
      added.push_back(line);
    } else if (const auto instead = words.find("\"" + std::string(kInstead));
               instead != std::string_view::npos && instead > 0) {
      // From the new value, a string without quotes in it.
      const std::size_t value = words.rfind('"', instead - 1);
      if (value != std::string_view::npos)
        added.push_back({at + value, at + instead + 1 + kInstead.size()});
    }
  }
  return added;
}

std::string without(std::string_view text, const std::vector<Range>& ranges) {
  std::vector<Edit> edits;
  edits.reserve(ranges.size());
  for (const Range& each : ranges) edits.push_back({each, ""});
  std::string rest = apply_edits(text, std::move(edits));
  if (rest.ends_with(kContinued))
    rest.resize(rest.size() - kContinued.size());
  else if (const auto at = rest.find(kContinued); at != std::string::npos)
    rest.erase(at + 1, kContinued.size() - 1);
  return rest;
}

std::string joined(std::string_view text, const std::vector<Range>& ranges) {
  std::string all;
  for (const Range& each : ranges) all += each.of(text);
  return all;
}

void erase(toml::table& tree, const TomlPath& path) {
  toml::table* table = &tree;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    toml::node* const node = table->get(path[i]);
    table = node == nullptr ? nullptr : node->as_table();
    if (table == nullptr) return;
  }
  table->erase(path.back());
}

// A table that is there and empty, and one that is not there, mean the same to
// engines. toml++ reads no more than 256 within each other.
void prune(toml::table& tree) {  // NOLINT(misc-no-recursion)
  for (auto at = tree.begin(); at != tree.end();) {
    toml::table* const table = at->second.as_table();
    if (table != nullptr) prune(*table);
    at = table != nullptr && table->empty() ? tree.erase(at) : std::next(at);
  }
}

bool same_but_for(toml::table a, toml::table b, const OurPaths& ours) {
  for (const TomlPath& each : ours) {
    erase(a, each);
    erase(b, each);
  }
  prune(a);
  prune(b);
  return a == b;
}

// Is the table one that `[path]` began, so that a line may come below it?
bool has_header(std::string_view text, const toml::table& table,
                const TomlPath& path) {
  const std::size_t begin = offset_of(text, table.source().begin);
  const std::size_t end = offset_of(text, table.source().end);
  if (path.empty() || begin >= text.size() || text[begin] != '[') return false;
  // On its own, the header is a document: with this table and no other in it.
  const auto alone = parse_toml(Range{begin, end}.of(text), "");
  const toml::node* const node = alone ? find(*alone, path) : nullptr;
  return node != nullptr && node->is_table() && node->as_table()->empty();
}

// As the next line begins, if it is one of the table.
std::string_view indent_below(std::string_view text, Range header) {
  const std::string_view next = line_at(text, header.end).of(text);
  const std::size_t begin = next.find_first_not_of(" \t");
  if (begin != std::string_view::npos && next[begin] != '[' &&
      next[begin] != '\n' && next[begin] != '\r')
    return next.substr(0, begin);
  const std::string_view line = header.of(text);
  return line.substr(0, line.find_first_not_of(" \t"));
}

class Adding {
 public:
  Adding(std::string_view text, const toml::table& tree)
      : text_(text), tree_(tree) {}

  void add(const Setting& setting) {
    TomlPath path = setting.table;
    path.push_back(setting.key);
    const toml::node* const there = find(tree_, path);
    const toml::node* const table = find(tree_, setting.table);
    if (there != nullptr) {
      const std::size_t at = offset_of(text_, there->source().begin);
      edits_.push_back({{at, at}, setting.value + std::string(kInstead)});
    } else if (table != nullptr && table->is_table() &&
               has_header(text_, *table->as_table(), setting.table)) {
      std::size_t begin = offset_of(text_, table->source().begin);
      begin = text_.rfind('\n', begin) + 1;  // npos + 1 is 0
      const Range header = line_at(text_, begin);
      edits_.push_back({{header.end, header.end},
                        std::string(indent_below(text_, header)) + setting.key +
                            " = " + setting.value + std::string(kAdded)});
    } else {
      append(setting);
    }
  }

  [[nodiscard]] std::string result() const {
    std::string text = apply_edits(text_, edits_);
    if (block_.empty()) return text;
    if (!text.empty()) text += "\n";
    return text.append(kBegin).append(block_).append(kEnd);
  }

 private:
  void append(const Setting& setting) {
    if (setting.table != last_) block_ += "[" + dotted(setting.table) + "]\n";
    last_ = setting.table;
    block_ += setting.key + " = " + setting.value + "\n";
  }

  std::string_view text_;
  const toml::table& tree_;
  std::vector<Edit> edits_;
  std::string block_;
  TomlPath last_;  // at first the root, which has no header
};

// The nearest that is there of where a setting was to go.
Place nearest_place(const toml::table& tree, const Setting& setting,
                    const std::string& source) {
  TomlPath path = setting.table;
  path.push_back(setting.key);
  for (; !path.empty(); path.pop_back())
    if (const toml::node* const node = find(tree, path))
      return place_of(*node, source);
  return {source};
}

}  // namespace

Result<std::string> add_settings(std::string_view text,
                                 const std::string& source,
                                 const std::vector<Setting>& settings,
                                 const OurPaths& ours) {
  std::string whole(text);
  if (!whole.empty() && !whole.ends_with('\n')) whole += kContinued;
  const auto before = parse_toml(whole, source);
  if (!before) return tl::unexpected(before.error());
  Adding adding(whole, *before);
  for (const Setting& each : settings) adding.add(each);
  std::string result = adding.result();

  // What toml++ reads of the result decides, not how it was come by.
  const auto after = parse_toml(result, source);
  const bool changes_ours_alone = after && same_but_for(*before, *after, ours);
  for (const Setting& each : settings) {
    const auto wanted = parse_toml("v = " + each.value, "");
    TomlPath path = each.table;
    path.push_back(each.key);
    const toml::node* const set = after ? find(*after, path) : nullptr;
    const bool done = changes_ours_alone && wanted && set != nullptr &&
                      toml::table{{"v", *set}} == *wanted;
    if (!done)
      return tl::unexpected(
          Failure{.doing = "adding " + dotted(path),
                  .cause = "its table is written in a way to which setup "
                           "cannot add without changing more",
                  .next = "write it with a [header] of its own, or add this "
                          "by hand",
                  .place = nearest_place(*before, each, source)});
  }
  return result;
}

Result<std::string> remove_settings(std::string_view text,
                                    const std::string& source,
                                    const OurPaths& ours) {
  const auto before = parse_toml(text, source);
  if (!before) return tl::unexpected(before.error());
  const auto added = find_added(text, source);
  if (!added) return tl::unexpected(added.error());
  std::string rest = without(text, *added);
  const auto after = parse_toml(rest, source);
  if (!after || !same_but_for(*before, *after, ours))
    return tl::unexpected(
        Failure{.doing = "the configuration",
                .cause = "more than setup has written would go with what it "
                         "has written",
                .next = "move your own out from between the comments, or take "
                        "ours out by hand",
                .place = place_of(text,
                                  added->empty() ? text.find(kContinued) + 1
                                                 : added->front().begin,
                                  source)});
  return rest;
}

Result<std::string> update_settings(std::string_view text,
                                    const std::string& source,
                                    const std::vector<Setting>& settings,
                                    const OurPaths& ours) {
  auto rest = remove_settings(text, source, ours);
  if (!rest) return rest;
  auto updated = add_settings(*rest, source, settings, ours);
  if (!updated) return updated;
  const auto added_before = find_added(text, source);
  const auto added_after = find_added(*updated, source);
  // Where what is ours is the same, it stays where it is.
  if (added_before && added_after &&
      joined(text, *added_before) == joined(*updated, *added_after))
    return std::string(text);
  return updated;
}

Result<std::string> new_file(const std::vector<Setting>& settings,
                             const std::string& source, const OurPaths& ours) {
  return add_settings(kMade, source, settings, ours);
}

Result<std::optional<std::string>> remainder(std::string_view text,
                                             const std::string& source,
                                             const OurPaths& ours) {
  auto rest = remove_settings(text, source, ours);
  if (!rest) return tl::unexpected(rest.error());
  if (*rest == kMade && text != kMade) return std::nullopt;
  return *std::move(rest);
}

}  // namespace doff
