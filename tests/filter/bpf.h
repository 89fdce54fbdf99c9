// Classic BPF as seccomp(2) takes it, evaluated without loading it. Exactly
// the instructions of the kernel's seccomp_check_filter(), and stricter where
// the kernel has a rule for what a sane filter never does: a division by zero
// (the kernel: kill), a shift by 32 or more (undefined), memory that is read
// before it is written.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <span>
#include <stdexcept>
#include <vector>

namespace bpf {

// The kernel would refuse to load the program (EINVAL).
struct Unloadable : std::runtime_error {
  using runtime_error::runtime_error;
};
// The program did what no filter may do.
struct Fault : std::runtime_error {
  using runtime_error::runtime_error;
};

// A program that the kernel would load.
class Program {
 public:
  // Throws Unloadable, which names the instruction.
  explicit Program(std::span<const sock_filter> code);

  // The action for one system call. Marks in `visited`, if given, each
  // instruction that was reached. Throws Fault.
  std::uint32_t run(const seccomp_data& call,
                    std::vector<bool>* visited = nullptr) const;

 private:
  std::vector<sock_filter> code_;
};

}  // namespace bpf
