#include "tests/fault/errno_table.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

namespace doff::fault {
namespace {

constexpr int kLastErrno = 133;

int find_errno(const std::string& name) {
  for (int error = 1; error <= kLastErrno; ++error)
    if (errno_name(error) == name) return error;
  return 0;
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

[[noreturn]] void stop(const std::string& where, const std::string& what) {
  std::cerr << where << ": " << what << "\n";
  std::exit(2);
}

}  // namespace

std::string errno_name(int error) {
  const char* const name = strerrorname_np(error);
  return name == nullptr ? std::to_string(error) : name;
}

ErrnoTable read_errno_table(const std::string& path) {
  // What a seccomp filter around a process answers, whatever the manual says.
  constexpr std::array kByFilters = {EPERM, ENOSYS};
  ErrnoTable table;
  std::ifstream file(path);
  if (!file) stop(path, "cannot be read");
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    std::istringstream columns(line);
    std::array<std::string, 3> column;
    for (std::string& each : column) std::getline(columns, each, '|');
    CallFacts facts{.errors = {kByFilters.begin(), kByFilters.end()}};
    std::istringstream names(column[1]);
    for (std::string name; names >> name;) {
      const int error = find_errno(name);
      if (error == 0) stop(path + ": " + line, "no such errno: " + name);
      if (error != EPERM && error != ENOSYS) facts.errors.push_back(error);
    }
    std::istringstream words(column[2]);
    for (std::string word; std::getline(words, word, ';');) {
      if (trimmed(word) == "CRASH")
        facts.may_crash = true;
      else if (!trimmed(word).empty())
        facts.words.push_back(trimmed(word));
    }
    if (!table.emplace(trimmed(column[0]), facts).second)
      stop(path + ": " + line, "there twice");
  }
  return table;
}

}  // namespace doff::fault
