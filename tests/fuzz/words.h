// An input's lines as the words of a command line.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/fuzz/invariants.h"

namespace doff::fuzz {

// `text` at each `separator`; one more than there are of those.
inline std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text)
    if (c == separator)
      parts.emplace_back();
    else
      parts.back() += c;
  return parts;
}

// `text` without `blanks` around it.
inline std::string trimmed(std::string_view text, std::string_view blanks) {
  const std::size_t begin =
      std::min(text.find_first_not_of(blanks), text.size());
  return std::string(
      text.substr(begin, text.find_last_not_of(blanks) + 1 - begin));
}

// An argv whose words nobody may change.
class Words {
 public:
  Words(std::string name, std::vector<std::string> words)
      : before_(std::move(words)) {
    before_.insert(before_.begin(), std::move(name));
    // As execve(2) has it: a NUL ends a word.
    for (std::string& each : before_)
      each.resize(each.find('\0') == std::string::npos ? each.size()
                                                       : each.find('\0'));
    now_ = before_;
    for (std::string& each : now_) argv_.push_back(each.data());
    argv_.push_back(nullptr);
    pointers_ = argv_;
  }
  Words(const Words&) = delete;
  Words& operator=(const Words&) = delete;

  // One word a line; a last line without a newline counts.
  static std::vector<std::string> of(const std::uint8_t* data,
                                     std::size_t size) {
    return split({reinterpret_cast<const char*>(data), size}, '\n');
  }

  char** argv() { return argv_.data(); }
  // How many there are, the name among them.
  [[nodiscard]] std::size_t size() const { return before_.size(); }
  const std::string& operator[](std::size_t at) const { return before_[at]; }

  void check_untouched() const {
    require(now_ == before_ && argv_ == pointers_, "no word is touched");
  }
  // Whether `text` is a word or the end of one, and no copy.
  [[nodiscard]] bool holds(const char* text) const {
    return std::ranges::any_of(now_, [text](const std::string& each) {
      return text >= each.data() && text <= each.data() + each.size();
    });
  }

 private:
  std::vector<std::string> before_;
  std::vector<std::string> now_;
  std::vector<char*> argv_;
  std::vector<char*> pointers_;
};

}  // namespace doff::fuzz
