// What objects that were compiled for glibc call, and musl has not.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>

// NOLINTBEGIN(bugprone-reserved-identifier): glibc's names
extern "C" {

// sys/single_threaded.h: whether atomics can be spared. Always with them.
extern const char __libc_single_threaded;
const char __libc_single_threaded = 0;

// Of nettle, which is compiled with _FORTIFY_SOURCE.
int __fprintf_chk(std::FILE* stream, int flag, const char* format, ...);
int __fprintf_chk(std::FILE* stream, int /*flag*/, const char* format, ...) {
  std::va_list arguments;
  va_start(arguments, format);
  const int written = std::vfprintf(stream, format, arguments);
  va_end(arguments);
  return written;
}

// Of libgcc's unwinder, beyond what crtbeginT.o has registered: nothing.
int _dl_find_object(void* address, void* result);
int _dl_find_object(void* /*address*/, void* /*result*/) { return -1; }

// Older than musl's own, of 1.2.5 and later.
// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
int statx(int directory, const char* path, int flags, unsigned mask,
          struct statx* about) noexcept {
  return static_cast<int>(
      syscall(SYS_statx, directory, path, flags, mask, about));
}
int renameat2(int from_directory, const char* from, int to_directory,
              const char* to, unsigned flags) noexcept {
  return static_cast<int>(
      syscall(SYS_renameat2, from_directory, from, to_directory, to, flags));
}
// NOLINTEND(readability-inconsistent-declaration-parameter-name)

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier)
