// Memory until execve: there is no heap, and large static arrays would cost
// every start a page fault, wanted or not.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <span>

namespace doff {

// `count` objects, all bytes zero; empty, with errno set, if there is no room.
template <typename T>
std::span<T> map_zeroed(std::size_t count) {
  void* const memory = mmap(nullptr, count * sizeof(T), PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  // Null, if a filter claims success.
  if (memory == MAP_FAILED || memory == nullptr) return {};
  return {static_cast<T*>(memory), count};
}

}  // namespace doff
