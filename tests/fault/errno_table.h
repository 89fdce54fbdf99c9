// tests/fault/errnos: how each system call may fail, and what then is said.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace doff::fault {

struct CallFacts {
  std::vector<int> errors;
  std::vector<std::string> words{};  // one of which a refusal holds
  bool may_crash = false;            // in the libc, where nobody can speak yet
};

using ErrnoTable = std::map<std::string, CallFacts>;

// Ends the program where the file cannot be read or understood.
ErrnoTable read_errno_table(const std::string& path);

// "EPERM"; "0" is success that is none.
std::string errno_name(int error);

}  // namespace doff::fault
