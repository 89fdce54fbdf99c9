// The interpreter is what the proof stands on, so it is tested by hand and
// then against the kernel itself.
#include "bpf.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <random>
#include <string>

namespace {

using Code = std::vector<sock_filter>;

sock_filter op(int code, std::uint32_t k = 0, int jt = 0, int jf = 0) {
  return {static_cast<std::uint16_t>(code), static_cast<std::uint8_t>(jt),
          static_cast<std::uint8_t>(jf), k};
}
const sock_filter kReturnA = op(BPF_RET | BPF_A);
const sock_filter kTxa = op(BPF_MISC | BPF_TXA);
sock_filter load(std::uint32_t k) { return op(BPF_LD | BPF_IMM, k); }
sock_filter load_x(std::uint32_t k) { return op(BPF_LDX | BPF_IMM, k); }
sock_filter give(std::uint32_t k) { return op(BPF_RET | BPF_K, k); }

constexpr seccomp_data kCall = {
    .nr = 0x01020304,
    .arch = 0x11121314,
    .instruction_pointer = 0x2122232425262728,
    .args = {0x3132333435363738, 1, 2, 3, 4, 0x4142434445464748}};

std::uint32_t run(const Code& code) { return bpf::Program(code).run(kCall); }

// Loads `code` in a child and makes `call` there. -1: it would not load;
// otherwise the errno of the call, of which 8 bits pass through exit(2).
int ask_kernel(const Code& code, const seccomp_data* call) {
  const pid_t child = fork();
  if (child == 0) {
    Code copy = code;
    const sock_fprog program = {static_cast<unsigned short>(copy.size()),
                                copy.data()};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) _exit(255);
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
      _exit(errno == EINVAL ? 254 : 255);
    if (call == nullptr) _exit(0);
    const auto& args = call->args;
    errno = 0;
    syscall(call->nr, args[0], args[1], args[2], args[3], args[4], args[5]);
    _exit(errno & 0x7f);
  }
  int status = 0;
  REQUIRE(child > 0);
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) <= 254);
  return WEXITSTATUS(status) == 254 ? -1 : WEXITSTATUS(status);
}

bool kernel_takes_filters() {
  const pid_t child = fork();
  if (child == 0) {
    sock_filter allow = give(SECCOMP_RET_ALLOW);
    const sock_fprog program = {1, &allow};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    _exit(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0 ? 0
                                                                          : 1);
  }
  int status = 1;
  waitpid(child, &status, 0);
  if (status != 0) WARN("no filter may be loaded here: not held to a kernel");
  return status == 0;
}

struct Computation {
  const char* statement;
  int operation;
  std::uint32_t a;
  std::uint32_t operand;
  std::uint32_t result;
};
constexpr Computation kComputations[] = {
    {"ADD wraps", BPF_ADD, 0xffffffff, 2, 1},
    {"SUB wraps", BPF_SUB, 1, 2, 0xffffffff},
    {"MUL keeps the lower 32 bits", BPF_MUL, 0x10001, 0x10001, 0x20001},
    {"DIV is unsigned", BPF_DIV, 0xfffffffe, 2, 0x7fffffff},
    {"AND", BPF_AND, 0b1100, 0b1010, 0b1000},
    {"OR", BPF_OR, 0b1100, 0b1010, 0b1110},
    {"XOR", BPF_XOR, 0b1100, 0b1010, 0b0110},
    {"LSH drops what leaves", BPF_LSH, 0xc0000001, 1, 0x80000002},
    {"LSH by 31", BPF_LSH, 3, 31, 0x80000000},
    {"RSH brings in zeros", BPF_RSH, 0x80000001, 1, 0x40000000},
};

struct Jump {
  int comparison;
  std::uint32_t a;
  std::uint32_t operand;
  bool taken;
};
constexpr Jump kJumps[] = {
    {BPF_JEQ, 5, 5, true},          {BPF_JEQ, 5, 6, false},
    {BPF_JGT, 6, 5, true},          {BPF_JGT, 5, 5, false},
    {BPF_JGT, 0x80000000, 1, true}, {BPF_JGE, 5, 5, true},
    {BPF_JGE, 4, 5, false},         {BPF_JGE, 0xffffffff, 0, true},
    {BPF_JSET, 0b110, 0b010, true}, {BPF_JSET, 0b101, 0b010, false},
    {BPF_JSET, ~0U, 0, false},
};

struct Bad {
  const char* statement;
  Code code;
};
const std::vector<Bad>& bad_programs() {
  static const std::vector<Bad> kBad = {
      {"no instruction at all", {}},
      {"4097 instructions", Code(4097, give(0))},
      {"no return at the end", {load(0)}},
      {"a jump at the end", {op(BPF_JMP | BPF_JA, 0)}},
      {"JA to behind the end", {op(BPF_JMP | BPF_JA, 1), give(0)}},
      {"JA backwards", {load(0), op(BPF_JMP | BPF_JA, ~0U), give(0)}},
      {"jt behind the end", {op(BPF_JMP | BPF_JEQ, 0, 1, 0), give(0)}},
      {"jf behind the end", {op(BPF_JMP | BPF_JEQ, 0, 0, 1), give(0)}},
      {"an unaligned load", {op(BPF_LD | BPF_W | BPF_ABS, 2), give(0)}},
      {"a load behind the data", {op(BPF_LD | BPF_W | BPF_ABS, 64), give(0)}},
      {"a half-word load", {op(BPF_LD | BPF_H | BPF_ABS, 0), give(0)}},
      {"a byte load", {op(BPF_LD | BPF_B | BPF_ABS, 0), give(0)}},
      {"an indirect load", {op(BPF_LD | BPF_W | BPF_IND, 0), give(0)}},
      {"LDX MSH", {op(BPF_LDX | BPF_B | BPF_MSH, 0), give(0)}},
      {"LDX ABS", {op(BPF_LDX | BPF_W | BPF_ABS, 0), give(0)}},
      {"memory word 16, written", {op(BPF_ST, 16), give(0)}},
      {"memory word 16, read", {op(BPF_LD | BPF_MEM, 16), give(0)}},
      {"DIV by constant 0", {op(BPF_ALU | BPF_DIV, 0), give(0)}},
      {"LSH by constant 32", {op(BPF_ALU | BPF_LSH, 32), give(0)}},
      {"RSH by constant 32", {op(BPF_ALU | BPF_RSH, 32), give(0)}},
      {"MOD", {op(BPF_ALU | BPF_MOD, 3), give(0)}},
      {"RET X", {op(BPF_RET | BPF_X)}},
      {"an unknown code", {op(0xff), give(0)}},
  };
  return kBad;
}

}  // namespace

TEST_CASE("the interpreter loads the words of seccomp_data") {
  const auto* const words = reinterpret_cast<const std::uint32_t*>(&kCall);
  for (std::uint32_t k = 0; k < sizeof kCall; k += 4)
    CHECK(run({op(BPF_LD | BPF_W | BPF_ABS, k), kReturnA}) == words[k / 4]);
  CHECK(run({op(BPF_LD | BPF_W | BPF_ABS, 0), kReturnA}) == 0x01020304);
  CHECK(run({op(BPF_LD | BPF_W | BPF_ABS, 4), kReturnA}) == 0x11121314);
}

TEST_CASE("the interpreter loads constants, the length and memory") {
  CHECK(run({load(7), kReturnA}) == 7);
  CHECK(run({load_x(8), kTxa, kReturnA}) == 8);
  CHECK(run({op(BPF_LD | BPF_W | BPF_LEN), kReturnA}) == 64);
  CHECK(run({op(BPF_LDX | BPF_W | BPF_LEN), kTxa, kReturnA}) == 64);
  CHECK(run({load(9), op(BPF_ST, 15), load(0), op(BPF_LD | BPF_MEM, 15),
             kReturnA}) == 9);
  CHECK(run({load_x(9), op(BPF_STX, 0), load_x(0), op(BPF_LDX | BPF_MEM, 0),
             kTxa, kReturnA}) == 9);
  CHECK(run({load(3), op(BPF_MISC | BPF_TAX), load(0), kTxa, kReturnA}) == 3);
  CHECK(run({give(0x7fff0000)}) == 0x7fff0000);
}

TEST_CASE("the interpreter computes as the kernel does, with K and with X") {
  for (const Computation& each : kComputations) {
    INFO(each.statement);
    CHECK(run({load(each.a), op(BPF_ALU | each.operation, each.operand),
               kReturnA}) == each.result);
    CHECK(run({load_x(each.operand), load(each.a),
               op(BPF_ALU | each.operation | BPF_X), kReturnA}) == each.result);
  }
  CHECK(run({load(1), op(BPF_ALU | BPF_NEG), kReturnA}) == 0xffffffff);
}

TEST_CASE("the interpreter jumps as the kernel does, with K and with X") {
  for (const Jump& each : kJumps) {
    INFO(each.comparison << " " << each.a << " " << each.operand);
    const int code = BPF_JMP | each.comparison;
    CHECK(run({load(each.a), op(code, each.operand, 1, 0), give(0), give(1)}) ==
          (each.taken ? 1 : 0));
    CHECK(run({load_x(each.operand), load(each.a), op(code | BPF_X, 0, 0, 1),
               give(1), give(0)}) == (each.taken ? 1 : 0));
  }
  CHECK(run({op(BPF_JMP | BPF_JA, 1), give(0), give(1)}) == 1);
  CHECK(run({op(BPF_JMP | BPF_JA, 0), give(0), give(1)}) == 0);
}

TEST_CASE("the interpreter refuses what the kernel would not load") {
  for (const Bad& each : bad_programs()) {
    INFO(each.statement);
    CHECK_THROWS_AS(bpf::Program(each.code), bpf::Unloadable);
  }
}

TEST_CASE("what only a run shows is a fault") {
  CHECK_THROWS_AS(run({op(BPF_ALU | BPF_DIV | BPF_X), kReturnA}), bpf::Fault);
  CHECK_THROWS_AS(run({load_x(32), op(BPF_ALU | BPF_LSH | BPF_X), kReturnA}),
                  bpf::Fault);
  CHECK_THROWS_AS(run({load_x(32), op(BPF_ALU | BPF_RSH | BPF_X), kReturnA}),
                  bpf::Fault);
  CHECK_THROWS_AS(run({op(BPF_LD | BPF_MEM, 3), kReturnA}), bpf::Fault);
}

TEST_CASE("a run marks the instructions that it reached, and no other") {
  const Code code = {op(BPF_JMP | BPF_JA, 1), give(0), give(1)};
  std::vector<bool> visited(code.size());
  bpf::Program(code).run(kCall, &visited);
  CHECK(visited == std::vector<bool>{true, false, true});
}

TEST_CASE("the running kernel refuses the same programs") {
  if (!kernel_takes_filters()) return;
  for (const Bad& each : bad_programs()) {
    INFO(each.statement);
    CHECK(ask_kernel(each.code, nullptr) == -1);
  }
}

// Random programs over the arguments of a system call that does not exist,
// with an errno made of what they computed.
TEST_CASE("the running kernel computes the same from random programs") {
  if (!kernel_takes_filters()) return;
  std::mt19937 engine(20240229);
  const auto random = [&] { return static_cast<std::uint32_t>(engine()); };
  constexpr int kNoCall = 1000;
  const auto pick = [&](std::size_t n) {
    return static_cast<std::uint32_t>(engine() % n);
  };
  constexpr std::array kOperations = {BPF_ADD, BPF_SUB, BPF_MUL, BPF_AND,
                                      BPF_OR,  BPF_XOR, BPF_NEG};
  constexpr std::array kComparisons = {BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET};
  for (int round = 0; round < 200; ++round) {
    Code code = {op(BPF_LD | BPF_W | BPF_ABS, 0),
                 op(BPF_JMP | BPF_JEQ, kNoCall, 1, 0), give(SECCOMP_RET_ALLOW)};
    for (int i = 0; i < 30; ++i) {
      const int source = pick(2) == 0 ? BPF_K : BPF_X;
      switch (pick(7)) {
        case 0:
          code.push_back(op(BPF_LD | BPF_W | BPF_ABS, 16 + 4 * pick(12)));
          break;
        case 1:
          code.push_back(op(BPF_MISC | BPF_TAX));
          break;
        case 2:
          code.push_back(load_x(random()));
          break;
        case 3:
          code.push_back(op(BPF_ALU | BPF_RSH, pick(32)));
          code.push_back(op(BPF_ALU | BPF_DIV, 1 + pick(9)));
          break;
        case 4:
          code.push_back(op(BPF_ST, 3));
          code.push_back(op(BPF_ALU | BPF_LSH, pick(32)));
          code.push_back(op(BPF_LDX | BPF_MEM, 3));
          break;
        case 5:
          code.push_back(op(BPF_JMP | kComparisons[pick(4)] | source, random(),
                            static_cast<int>(pick(2)),
                            static_cast<int>(pick(2))));
          code.push_back(op(BPF_ALU | BPF_XOR, random()));
          break;
        default:
          code.push_back(op(BPF_ALU | kOperations[pick(7)] | source, random()));
          if (BPF_OP(code.back().code) == BPF_NEG)
            code.back().code = BPF_ALU | BPF_NEG;
      }
    }
    for (const auto& last : {op(BPF_ALU | BPF_AND, 0x7f),
                             op(BPF_ALU | BPF_OR, SECCOMP_RET_ERRNO), kReturnA})
      code.push_back(last);
    seccomp_data call{};
    call.nr = kNoCall;
    for (auto& each : call.args)
      each = random() | std::uint64_t{random()} << 32;
    INFO("round " << round);
    REQUIRE(ask_kernel(code, &call) ==
            static_cast<int>(bpf::Program(code).run(call) & 0x7f));
  }
}
