#include "tests/fuzz/launcher_message.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <csetjmp>
#include <cstdlib>

#include "tests/fuzz/invariants.h"

namespace {

std::jmp_buf here;
bool is_expected = false;
int status_of_exit = 0;

}  // namespace

// The linker puts this in the place of exit(3): --wrap of ld(1), which also
// gives these names.
// NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" {
[[noreturn]] void __real_exit(int status);

[[noreturn]] void __wrap_exit(int status) {
  if (!is_expected) __real_exit(status);
  status_of_exit = status;
  // NOLINTNEXTLINE(cert-err52-cpp): refuse() cannot be left otherwise
  std::longjmp(here, 1);
}
}
// NOLINTEND(bugprone-reserved-identifier)

namespace doff::fuzz {

std::string message(const Failure& failure) {
  static const int text = memfd_create("stderr", MFD_CLOEXEC);
  static const int terminal = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  require(text >= 0 && terminal >= 0, "the harness has its descriptors");
  require(ftruncate(text, 0) == 0 && lseek(text, 0, SEEK_SET) == 0 &&
              dup2(text, STDERR_FILENO) >= 0,
          "the harness can capture stderr");
  is_expected = true;
  // NOLINTNEXTLINE(cert-err52-cpp)
  if (setjmp(here) == 0) refuse(failure);
  is_expected = false;
  dup2(terminal, STDERR_FILENO);

  std::string said(static_cast<std::size_t>(lseek(text, 0, SEEK_END)), ' ');
  require(pread(text, said.data(), said.size(), 0) ==
              static_cast<ssize_t>(said.size()),
          "the harness can read what was said");
  require(status_of_exit == failure.exit_status, "it is the failure's status");
  require(said.starts_with("doff: ") && said.ends_with('\n'),
          "a message is a line of doff's");
  said.pop_back();
  require_printable(said, "a message is printable ASCII");
  return said;
}

}  // namespace doff::fuzz
