#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "caps/names.h"
#include "helper/policy/keys.h"
#include "helper/policy/policy.h"
#include "helper/policy/tree.h"

namespace doff {
namespace {

using Kind = Tree::Kind;
using Names = std::span<const std::string_view>;

// A key and its value, in a map that is free of the faults all maps can have.
struct Entry {
  const Tree* key;
  const Tree* value;
};
using Entries = std::vector<Entry>;

std::string joined(Names names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " or " : ", ";
    text += names[i];
  }
  return text;
}

std::string_view kind_name(const Tree& tree) {
  switch (tree.kind) {
    case Kind::kNull:
      return "nothing";
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a map of keys";
    default:
      return tree.plain ? "a word" : "a text in quotes";
  }
}

std::vector<std::string_view> keys_of(std::string_view section) {
  std::vector<std::string_view> keys;
  for (const PolicyKey& each : kPolicyKeys)
    if (each.section == section) keys.push_back(each.name);
  return keys;
}

// Far more than a person reads, and few enough to be found in no time.
constexpr std::size_t kMostFailures = 1000;

// Reads a Tree as a policy, and goes on after what is wrong.
class Reader {
 public:
  explicit Reader(std::string_view source) : source_(source) {}

  void read_document(const Tree& root);
  [[nodiscard]] Checked<Policy> finish();

 private:
  void fail(const Tree& at, Failure failure);
  [[nodiscard]] bool full() const { return failures_.size() >= kMostFailures; }
  bool written_out(const Tree& tree, const std::string& path);
  bool is(Kind kind, const Entry& entry, const std::string& path,
          std::string_view wanted);
  Entries entries_of(const Tree& map, const std::string& path, Names known,
                     Names others);
  void check_unknown_key(const Tree& key, const std::string& path, Names known);

  void read_version(const Entry& entry);
  void read_capabilities(const Entry& section);
  void read_connect(const Entry& section);
  std::optional<PolicyWords> read_words(const Entry& entry,
                                        const std::string& path);
  void check_capabilities();
  std::optional<std::size_t> read_one_of(const Entry& entry,
                                         const std::string& path, Names words);
  // `value` becomes the one of its type that stands where the word does.
  template <typename Value>
  void read_word(const Entry& entry, const std::string& path, Names words,
                 Value& value) {
    if (const auto at = read_one_of(entry, path, words))
      value = static_cast<Value>(*at);
  }
  void read_boolean(const Entry& entry, const std::string& path, bool& value);

  Policy policy_;
  Failures failures_;
  std::string source_;
};

void Reader::fail(const Tree& at, Failure failure) {
  failure.place = {source_, std::max<std::size_t>(at.line, 1),
                   std::max<std::size_t>(at.column, 1)};
  failures_.push_back(std::move(failure));
}

// What a reader of the file can't see at a glance has no place in what decides
// on privileges.
bool Reader::written_out(const Tree& tree, const std::string& path) {
  const char* const cause =
      tree.kind == Kind::kAlias ? "an alias, which stands for something else"
      : tree.anchored ? "an anchor, which something else may stand for"
      : tree.tagged   ? "a tag"
      : tree.kind == Kind::kScalar && !tree.literal
          ? "written with escapes or line breaks"
          : nullptr;
  if (cause == nullptr) return true;
  fail(tree, {.doing = path,
              .value = tree.text,
              .cause = cause,
              .next = "write it out, without"});
  return false;
}

bool Reader::is(Kind kind, const Entry& entry, const std::string& path,
                std::string_view wanted) {
  if (!written_out(*entry.value, path)) return false;
  if (entry.value->kind == kind) return true;
  // Of nothing, people are shown the key.
  fail(entry.value->kind == Kind::kNull ? *entry.key : *entry.value,
       {.doing = path,
        .value = entry.value->text,
        .cause = std::string(kind_name(*entry.value)) + " where " +
                 std::string(wanted) + " is expected"});
  return false;
}

void Reader::check_unknown_key(const Tree& key, const std::string& path,
                               Names known) {
  Failure failure{.doing = path, .value = key.text, .cause = "no such key"};
  if (key.text == "<<" && key.plain) {
    failure.cause = "a merge key, which brings in what stands elsewhere";
    failure.next = "write the keys out";
  } else {
    failure.guess = nearest_name(key.text, known);
    if (failure.guess.empty()) failure.next = "a key is " + joined(known);
  }
  fail(key, failure);
}

// Those entries of `map` whose keys are among `known`, each once. The keys in
// `others` are known as well, and somebody else's.
Entries Reader::entries_of(const Tree& map, const std::string& path,
                           Names known, Names others) {
  Entries entries;
  std::vector<const Tree*> seen;
  for (std::size_t i = 0; i + 1 < map.children.size() && !full(); i += 2) {
    const Tree& key = map.children[i];
    const bool foreign = std::ranges::find(others, key.text) != others.end();
    if (!foreign && !written_out(key, path)) continue;
    if (key.kind != Kind::kScalar) {
      fail(key,
           {.doing = path,
            .cause = std::string(kind_name(key)) + " where a key is expected"});
      continue;
    }
    const auto first = std::ranges::find(seen, key.text, &Tree::text);
    if (first != seen.end()) {
      fail(key, {.doing = path,
                 .value = key.text,
                 .cause = "the same key as on line " +
                          std::to_string((*first)->line),
                 .next = "keep one"});
      continue;
    }
    if (std::ranges::find(known, key.text) != known.end())
      entries.push_back({&key, &map.children[i + 1]});
    else if (!foreign)
      check_unknown_key(key, path, known);
    if (foreign || (!entries.empty() && entries.back().key == &key))
      seen.push_back(&key);
  }
  return entries;
}

void Reader::read_document(const Tree& root) {
  const Entry whole{&root, &root};
  if (!is(Kind::kMap, whole, "policy", "a map with `version: 1`")) return;
  const Entries entries =
      entries_of(root, "policy", kPolicySections, kOpenShellSections);
  // What is missing may be what was misspelt, and that is told already.
  const bool misspelt = !failures_.empty();
  bool versioned = false;
  bool ours = false;
  for (const Entry& each : entries) {
    const std::string_view name = each.key->text;
    versioned = versioned || name == "version";
    ours = ours || name != "version";
    if (name == "version") read_version(each);
    if (name == "capabilities") read_capabilities(each);
    if (name == "connect") read_connect(each);
  }
  if (misspelt) return;
  if (!versioned)
    fail(root, {.doing = "version",
                .cause = "missing",
                .next = "begin with version: 1"});
  if (!ours)
    fail(root,
         {.doing = "policy",
          .cause = "neither `capabilities` nor `connect`: it says nothing"});
}

void Reader::read_version(const Entry& entry) {
  if (!is(Kind::kScalar, entry, "version", "the number 1")) return;
  if (entry.value->plain && entry.value->text == "1") return;
  fail(*entry.value, {.doing = "version",
                      .value = entry.value->text,
                      .cause = "not the number 1, the only version there is"});
}

void Reader::read_capabilities(const Entry& section) {
  const std::string path = "capabilities";
  if (!is(Kind::kMap, section, path, "a map of keys")) return;
  const auto known = keys_of(path);
  CreatePolicy& create = policy_.capabilities.emplace();
  std::size_t failures = failures_.size();
  const Entries entries = entries_of(*section.value, path, known, {});
  bool misspelt = failures_.size() > failures;
  const Tree* drop = nullptr;
  const Tree* allow = nullptr;
  for (const Entry& each : entries) {
    const bool is_drop = each.key->text == "drop";
    (is_drop ? drop : allow) = each.key;
    failures = failures_.size();
    if (auto words = read_words(each, "capabilities." + each.key->text))
      (is_drop ? create.drop : create.allow) = std::move(*words);
    misspelt = misspelt || (is_drop && failures_.size() > failures);
  }
  check_capabilities();
  if (misspelt) return;
  if (drop != nullptr && create.drop.empty())
    fail(*drop, {.doing = "capabilities.drop",
                 .cause = "empty: it says nothing",
                 .next = "write drop: [ALL], or leave the section out"});
  else if (allow != nullptr && !all_of(create.drop).all)
    fail(*allow, {.doing = "capabilities.allow",
                  .cause = "gives back of what drop takes, and drop has no ALL",
                  .next = "write drop: [ALL]"});
  else if (drop == nullptr)
    fail(*section.key, {.doing = path,
                        .cause = "without the key drop it says nothing",
                        .next = "write drop: [ALL], or leave the section out"});
}

// What the two lists say together.
void Reader::check_capabilities() {
  const Words dropped = all_of(policy_.capabilities->drop);
  for (const PolicyWord& each : policy_.capabilities->allow) {
    Failure failure{.doing = "capabilities.allow", .place = each.place};
    if (each.word.all) {
      failure.value = "ALL";
      failure.cause = "gives back everything that drop takes";
      failure.next = "name what is to stay, or leave the section out";
    } else if (!(each.word.named & dropped.named).empty()) {
      failure.value = names(each.word.named);
      failure.cause = "in capabilities.drop as well";
      failure.next = "say it once";
    } else {
      continue;
    }
    failures_.push_back(failure);
  }
}

// The words of a list, as far as they are right; none if it is no list.
std::optional<PolicyWords> Reader::read_words(const Entry& entry,
                                              const std::string& path) {
  if (!is(Kind::kList, entry, path, "a list of capabilities"))
    return std::nullopt;
  PolicyWords words;
  for (const Tree& item : entry.value->children) {
    if (full()) break;
    if (!is(Kind::kScalar, {&item, &item}, path, "a capability")) continue;
    PolicyWord word{.word = {}, .place = {source_, item.line, item.column}};
    if (auto added = add_word(item.text, word.word); !added) {
      added.error().doing = path;
      fail(item, added.error());
      continue;
    }
    const auto first = std::ranges::find(words, word.word, &PolicyWord::word);
    if (first != words.end())
      fail(item, {.doing = path,
                  .value = item.text,
                  .cause = "the same as on line " +
                           std::to_string(first->place.line) + ", column " +
                           std::to_string(first->place.column),
                  .next = "keep one"});
    else
      words.push_back(std::move(word));
  }
  return words;
}

// Where in `words` the value is.
std::optional<std::size_t> Reader::read_one_of(const Entry& entry,
                                               const std::string& path,
                                               Names words) {
  const std::string wanted = "one of " + joined(words);
  if (!is(Kind::kScalar, entry, path, wanted)) return std::nullopt;
  const auto found = std::ranges::find(words, entry.value->text);
  if (found != words.end())
    return static_cast<std::size_t>(found - words.begin());
  fail(*entry.value,
       {.doing = path,
        .value = entry.value->text,
        .cause = "not " + wanted,
        .guess = std::string(nearest_name(entry.value->text, words))});
  return std::nullopt;
}

// YAML 1.2, 10.3.2: not `yes` or `on`, which were booleans in 1.1.
void Reader::read_boolean(const Entry& entry, const std::string& path,
                          bool& value) {
  if (!is(Kind::kScalar, entry, path, "true or false")) return;
  const std::string& text = entry.value->text;
  const bool yes = text == "true" || text == "True" || text == "TRUE";
  const bool no = text == "false" || text == "False" || text == "FALSE";
  if ((yes || no) && entry.value->plain) {
    value = yes;
    return;
  }
  fail(*entry.value, {.doing = path,
                      .value = text,
                      .cause = yes || no ? "a text in quotes, not a boolean"
                                         : "not true or false",
                      .next = yes || no ? "leave the quotes out" : ""});
}

void Reader::read_connect(const Entry& section) {
  const std::string path = "connect";
  if (!is(Kind::kMap, section, path, "a map of keys")) return;
  ConnectPolicy& connect = policy_.connect;
  const auto known = keys_of(path);
  for (const Entry& each : entries_of(*section.value, path, known, {})) {
    const std::string& key = each.key->text;
    const std::string key_path = "connect." + key;
    if (key == "allow") {
      if (auto words = read_words(each, key_path))
        connect.allow = std::move(*words);
    } else if (key == "accept") {
      read_word(each, key_path, kVerdictNames, connect.accept);
    } else if (key == "seccomp") {
      if (auto at = read_one_of(each, key_path, kSeccompNames))
        connect.seccomp = kSeccompNames[*at];
    } else if (key == "privileged") {
      read_word(each, key_path, kResponseNames, connect.privileged);
    } else if (key == "inject") {
      read_boolean(each, key_path, connect.inject);
    } else if (key == "match") {
      read_word(each, key_path, kMatchNames, connect.match);
    } else if (key == "missing") {
      read_word(each, key_path, kResponseNames, connect.missing);
    }
  }
}

Checked<Policy> Reader::finish() {
  policy_.source = source_;
  if (failures_.empty()) return std::move(policy_);
  std::ranges::stable_sort(failures_, {}, [](const Failure& each) {
    return std::pair(each.place.line, each.place.column);
  });
  if (full())
    failures_.push_back({.doing = "policy",
                         .cause = "too much is wrong: the rest is not told",
                         .place = failures_.back().place});
  return tl::unexpected(std::move(failures_));
}

}  // namespace

Checked<Policy> parse_policy(std::string_view text, std::string_view source) {
  const auto root = read_tree(text, source, kOpenShellSections);
  if (!root) return tl::unexpected(Failures{root.error()});
  Reader reader(source);
  reader.read_document(*root);
  return reader.finish();
}

}  // namespace doff
