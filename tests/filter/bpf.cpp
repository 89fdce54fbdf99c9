#include "bpf.h"

#include <array>
#include <cstring>
#include <string>

namespace bpf {
namespace {

constexpr std::uint32_t kDataSize = sizeof(seccomp_data);

bool is_jump(const sock_filter& at) { return BPF_CLASS(at.code) == BPF_JMP; }
bool is_return(const sock_filter& at) { return BPF_CLASS(at.code) == BPF_RET; }

// What is wrong with one instruction, `behind` of which have `rest` more.
const char* defect(const sock_filter& at, std::size_t rest) {
  switch (at.code) {
    case BPF_LD | BPF_W | BPF_ABS:
      if (at.k % 4 != 0) return "unaligned load";
      return at.k < kDataSize ? nullptr : "load from behind seccomp_data";
    case BPF_ST:
    case BPF_STX:
    case BPF_LD | BPF_MEM:
    case BPF_LDX | BPF_MEM:
      return at.k < BPF_MEMWORDS ? nullptr : "no such memory word";
    case BPF_ALU | BPF_DIV | BPF_K:
      return at.k != 0 ? nullptr : "division by zero";
    case BPF_ALU | BPF_LSH | BPF_K:
    case BPF_ALU | BPF_RSH | BPF_K:
      return at.k < 32 ? nullptr : "shift by more than 31";
    case BPF_JMP | BPF_JA:
      return at.k < rest ? nullptr : "jump behind the end";
    case BPF_JMP | BPF_JEQ | BPF_K:
    case BPF_JMP | BPF_JEQ | BPF_X:
    case BPF_JMP | BPF_JGE | BPF_K:
    case BPF_JMP | BPF_JGE | BPF_X:
    case BPF_JMP | BPF_JGT | BPF_K:
    case BPF_JMP | BPF_JGT | BPF_X:
    case BPF_JMP | BPF_JSET | BPF_K:
    case BPF_JMP | BPF_JSET | BPF_X:
      return at.jt < rest && at.jf < rest ? nullptr : "jump behind the end";
    case BPF_LD | BPF_W | BPF_LEN:
    case BPF_LDX | BPF_W | BPF_LEN:
    case BPF_LD | BPF_IMM:
    case BPF_LDX | BPF_IMM:
    case BPF_ALU | BPF_ADD | BPF_K:
    case BPF_ALU | BPF_ADD | BPF_X:
    case BPF_ALU | BPF_SUB | BPF_K:
    case BPF_ALU | BPF_SUB | BPF_X:
    case BPF_ALU | BPF_MUL | BPF_K:
    case BPF_ALU | BPF_MUL | BPF_X:
    case BPF_ALU | BPF_DIV | BPF_X:
    case BPF_ALU | BPF_AND | BPF_K:
    case BPF_ALU | BPF_AND | BPF_X:
    case BPF_ALU | BPF_OR | BPF_K:
    case BPF_ALU | BPF_OR | BPF_X:
    case BPF_ALU | BPF_XOR | BPF_K:
    case BPF_ALU | BPF_XOR | BPF_X:
    case BPF_ALU | BPF_LSH | BPF_X:
    case BPF_ALU | BPF_RSH | BPF_X:
    case BPF_ALU | BPF_NEG:
    case BPF_MISC | BPF_TAX:
    case BPF_MISC | BPF_TXA:
    case BPF_RET | BPF_K:
    case BPF_RET | BPF_A:
      return nullptr;
    default:
      return "not an instruction for seccomp";
  }
}

struct Machine {
  const seccomp_data& call;
  std::uint32_t a = 0;
  std::uint32_t x = 0;
  std::array<std::uint32_t, BPF_MEMWORDS> memory{};
  std::array<bool, BPF_MEMWORDS> written{};

  [[nodiscard]] std::uint32_t recall(std::uint32_t k) const {
    if (!written[k]) throw Fault("reads memory that was never written");
    return memory[k];
  }

  void store(std::uint32_t k, std::uint32_t value) {
    memory[k] = value;
    written[k] = true;
  }

  [[nodiscard]] std::uint32_t load(const sock_filter& at) const {
    std::uint32_t word = 0;
    switch (BPF_MODE(at.code)) {
      case BPF_IMM:
        return at.k;
      case BPF_LEN:
        return kDataSize;
      case BPF_MEM:
        return recall(at.k);
      default:
        std::memcpy(&word, reinterpret_cast<const char*>(&call) + at.k,
                    sizeof word);
        return word;
    }
  }

  [[nodiscard]] std::uint32_t operand(const sock_filter& at) const {
    return BPF_SRC(at.code) == BPF_X ? x : at.k;
  }

  [[nodiscard]] std::uint32_t compute(const sock_filter& at) const {
    const std::uint32_t value = operand(at);
    const auto operation = BPF_OP(at.code);
    if (operation == BPF_DIV && value == 0) throw Fault("divides by zero");
    if ((operation == BPF_LSH || operation == BPF_RSH) && value >= 32)
      throw Fault("shifts by more than 31");
    switch (operation) {
      case BPF_ADD:
        return a + value;
      case BPF_SUB:
        return a - value;
      case BPF_MUL:
        return a * value;
      case BPF_DIV:
        return a / value;
      case BPF_AND:
        return a & value;
      case BPF_OR:
        return a | value;
      case BPF_XOR:
        return a ^ value;
      case BPF_LSH:
        return a << value;
      case BPF_RSH:
        return a >> value;
      default:
        return 0 - a;  // BPF_NEG
    }
  }

  // How many instructions to skip.
  [[nodiscard]] std::uint32_t jump(const sock_filter& at) const {
    const std::uint32_t value = operand(at);
    switch (BPF_OP(at.code)) {
      case BPF_JA:
        return at.k;
      case BPF_JEQ:
        return a == value ? at.jt : at.jf;
      case BPF_JGT:
        return a > value ? at.jt : at.jf;
      case BPF_JGE:
        return a >= value ? at.jt : at.jf;
      default:
        return (a & value) != 0 ? at.jt : at.jf;  // BPF_JSET
    }
  }

  void step(const sock_filter& at) {
    switch (BPF_CLASS(at.code)) {
      case BPF_LD:
        a = load(at);
        break;
      case BPF_LDX:
        x = load(at);
        break;
      case BPF_ST:
        store(at.k, a);
        break;
      case BPF_STX:
        store(at.k, x);
        break;
      case BPF_ALU:
        a = compute(at);
        break;
      default:  // BPF_MISC
        (BPF_MISCOP(at.code) == BPF_TAX ? x : a) =
            BPF_MISCOP(at.code) == BPF_TAX ? a : x;
    }
  }
};

}  // namespace

Program::Program(std::span<const sock_filter> code)
    : code_(code.begin(), code.end()) {
  if (code_.empty() || code_.size() > BPF_MAXINSNS)
    throw Unloadable("a program has 1 to 4096 instructions");
  for (std::size_t i = 0; i < code_.size(); ++i)
    if (const char* const why = defect(code_[i], code_.size() - i - 1))
      throw Unloadable("instruction " + std::to_string(i) + ": " + why);
  if (!is_return(code_.back())) throw Unloadable("does not end in a return");
}

std::uint32_t Program::run(const seccomp_data& call,
                           std::vector<bool>* visited) const {
  Machine machine{.call = call};
  // Jumps lead forward and into the program, which ends in a return.
  for (std::size_t pc = 0;; ++pc) {
    const sock_filter& at = code_[pc];
    if (visited != nullptr) (*visited)[pc] = true;
    if (is_return(at)) return BPF_RVAL(at.code) == BPF_A ? machine.a : at.k;
    if (is_jump(at))
      pc += machine.jump(at);
    else
      machine.step(at);
  }
}

}  // namespace bpf
