#include "helper/setup/toml_text.h"

#include <algorithm>
#include <optional>

#include "helper/setup/registration.h"
#include "helper/spec/scan_spec.h"

namespace doff {
namespace {

// toml++ bounds how deep values are within each other, but not how many tables
// a dotted key makes within each other; taking them apart takes stack.
constexpr std::ptrdiff_t kMostDots = 2000;

// The byte at which a line with too many begins, or nothing.
std::optional<std::size_t> find_deep_line(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (std::ranges::count(text.substr(at, end - at), '.') > kMostDots)
      return at;
    at = end + 1;
  }
  return std::nullopt;
}

}  // namespace

Result<toml::table> parse_toml(std::string_view text,
                               const std::string& source) {
  if (const auto deep = find_deep_line(text))
    return tl::unexpected(
        Failure{.doing = "the configuration",
                .cause = "a line with more than " + std::to_string(kMostDots) +
                         " dots, which may be that many tables",
                .place = place_of(text, *deep, source)});
  auto parsed = toml::parse(text);
  if (parsed) return std::move(parsed).table();
  const toml::parse_error& error = parsed.error();
  const toml::source_position at = error.source().begin;
  return tl::unexpected(
      Failure{.doing = "the configuration",
              .cause = "not TOML: " + escaped(error.description()),
              .place = {source, at.line, at.column}});
}

const toml::node* find(const toml::table& tree, const TomlPath& path) {
  const toml::node* node = &tree;
  for (const std::string& each : path) {
    const toml::table* const table = node->as_table();
    node = table == nullptr ? nullptr : table->get(each);
    if (node == nullptr) return nullptr;
  }
  return node;
}

Place place_of(const toml::node& node, const std::string& source) {
  const toml::source_position at = node.source().begin;
  return {source, at.line, at.column};
}

Result<const toml::table*> find_table(const toml::table& tree,
                                      const TomlPath& path,
                                      const std::string& source) {
  TomlPath walked;
  const toml::table* table = &tree;
  for (const std::string& each : path) {
    walked.push_back(each);
    const toml::node* const node = table->get(each);
    if (node == nullptr) return nullptr;
    table = node->as_table();
    if (table == nullptr)
      return tl::unexpected(
          wrong_type(dotted(walked), "a table", place_of(*node, source)));
  }
  return table;
}

Result<const toml::value<std::string>*> find_string(const toml::table& tree,
                                                    const TomlPath& path,
                                                    const std::string& source) {
  const auto parent = find_table(tree, {path.begin(), path.end() - 1}, source);
  if (!parent) return tl::unexpected(parent.error());
  const toml::node* const node =
      *parent == nullptr ? nullptr : (*parent)->get(path.back());
  if (node == nullptr) return nullptr;
  if (const auto* const string = node->as_string()) return string;
  return tl::unexpected(
      wrong_type(dotted(path), "a string", place_of(*node, source)));
}

std::string dotted(const TomlPath& path) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  std::string text;
  for (const std::string& each : path) {
    if (!text.empty()) text += ".";
    const bool bare = !each.empty() && std::ranges::all_of(each, plain);
    text += bare ? each : "\"" + each + "\"";
  }
  return text;
}

std::size_t offset_of(std::string_view text, toml::source_position at) {
  std::size_t offset = 0;
  for (auto line = at.line; line > 1; --line)
    offset = text.find('\n', offset) + 1;
  if (at.line == 1 && text.starts_with("\xef\xbb\xbf")) offset = 3;
  for (auto column = at.column; column > 1 && offset < text.size(); --column)
    for (++offset; offset < text.size() &&
                   (static_cast<unsigned char>(text[offset]) & 0xc0U) == 0x80;)
      ++offset;
  return offset;
}

}  // namespace doff
