// Included before all else in the coverage build (CMakePresets.json): what was
// counted is written at exit(3), but doff ends in execve(2), and a child of its
// in _exit(2). GCC puts a wrapper around execve(2) in by itself, but not with
// -std=c++23, only with gnu++23.
#pragma once

#include <unistd.h>

extern "C" void __gcov_dump();
extern "C" void __gcov_reset();

namespace doff::coverage {

inline int flushed_execve(const char* path, char* const* argv,
                          char* const* environment) {
  __gcov_dump();
  __gcov_reset();
  return execve(path, argv, environment);
}

[[noreturn]] inline void flushed_exit(int status) {
  __gcov_dump();
  _exit(status);
}

}  // namespace doff::coverage

#define execve doff::coverage::flushed_execve
#define _exit doff::coverage::flushed_exit
