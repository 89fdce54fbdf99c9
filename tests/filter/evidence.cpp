#include "evidence.h"

#include <linux/audit.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <random>
#include <set>

namespace {

using Arguments = std::array<std::uint64_t, 6>;
using Values = std::set<std::uint64_t>;

constexpr std::uint64_t kOnes = ~std::uint64_t{0};
constexpr unsigned kWide = 64;

constexpr std::uint64_t bit(unsigned n) { return std::uint64_t{1} << n; }

// TIOCSTI and TIOCLINUX, and every CLONE_NEW flag.
constexpr std::array<std::uint64_t, 2> kTargets = {0x5412, 0x541c};
constexpr std::array<std::uint64_t, 8> kFlags = {
    0x00000080, 0x00020000, 0x02000000, 0x04000000,
    0x08000000, 0x10000000, 0x20000000, 0x40000000};

constexpr std::uint32_t kTokens[] = {
    0,
    0xffffffff,
    AUDIT_ARCH_AARCH64,
    AUDIT_ARCH_ALPHA,
    AUDIT_ARCH_ARM,
    AUDIT_ARCH_ARMEB,
    AUDIT_ARCH_CSKY,
    AUDIT_ARCH_I386,
    AUDIT_ARCH_IA64,
    AUDIT_ARCH_M68K,
    AUDIT_ARCH_MICROBLAZE,
    AUDIT_ARCH_MIPS,
    AUDIT_ARCH_MIPS64,
    AUDIT_ARCH_MIPS64N32,
    AUDIT_ARCH_MIPSEL,
    AUDIT_ARCH_MIPSEL64,
    AUDIT_ARCH_MIPSEL64N32,
    AUDIT_ARCH_OPENRISC,
    AUDIT_ARCH_PARISC,
    AUDIT_ARCH_PARISC64,
    AUDIT_ARCH_PPC,
    AUDIT_ARCH_PPC64,
    AUDIT_ARCH_PPC64LE,
    AUDIT_ARCH_RISCV32,
    AUDIT_ARCH_RISCV64,
    AUDIT_ARCH_S390,
    AUDIT_ARCH_S390X,
    AUDIT_ARCH_SH,
    AUDIT_ARCH_SPARC,
    AUDIT_ARCH_SPARC64,
    AUDIT_ARCH_X86_64,
    AUDIT_ARCH_XTENSA,
};

void add_neighbours(Values& values, std::uint64_t value) {
  for (const std::uint64_t each : {value - 1, value, value + 1})
    values.insert(each);
}

Values numbers(std::span<const sock_filter> code) {
  Values values;
  for (std::uint64_t n = 0; n < statement::kNumbers; ++n) {
    values.insert(n);
    values.insert(0x40000000 + n);  // x32
    values.insert(0x80000000 + n);
  }
  for (unsigned n = 10; n < 32; ++n) add_neighbours(values, bit(n));
  for (const sock_filter& each : code) add_neighbours(values, each.k);
  Values narrow;
  for (const std::uint64_t each : values) narrow.insert(each & 0xffffffff);
  narrow.insert(0xffffffff);
  return narrow;
}

Values tokens(std::uint32_t own) {
  Values values(std::begin(kTokens), std::end(kTokens));
  for (unsigned n = 0; n < 32; ++n) values.insert(own ^ bit(n));
  values.erase(own);
  return values;
}

// Enough for an argument that the call does not inspect.
Values few_values() {
  Values values = {0, kOnes};
  for (unsigned n = 0; n < kWide; ++n) values.insert(bit(n));
  values.insert(kTargets.begin(), kTargets.end());
  return values;
}

Values many_values(std::span<const sock_filter> code) {
  Values values = few_values();
  for (unsigned i = 0; i < kWide; ++i)
    for (unsigned j = 0; j < kWide; ++j) {
      values.insert(bit(i) | bit(j));
      values.insert(~(bit(i) | bit(j)));
    }
  for (const std::uint64_t target : kTargets) {
    add_neighbours(values, target);
    add_neighbours(values, target << 32);
    values.insert(target | kOnes << 32);
    for (unsigned n = 0; n < kWide; ++n) values.insert(target ^ bit(n));
  }
  for (unsigned chosen = 0; chosen < bit(kFlags.size()); ++chosen) {
    std::uint64_t flags = 0;
    for (std::size_t n = 0; n < kFlags.size(); ++n)
      if ((chosen >> n & 1) != 0) flags |= kFlags[n];
    values.insert(flags);
    values.insert(flags << 32);
    for (unsigned n = 32; n < kWide; ++n) values.insert(flags | bit(n));
  }
  for (const sock_filter& each : code) {
    add_neighbours(values, each.k);
    add_neighbours(values, std::uint64_t{each.k} << 32);
  }
  std::mt19937_64 random(20240229);
  for (int n = 0; n < 1000; ++n) {
    values.insert(random());
    values.insert(random() & random() & random());
  }
  return values;
}

}  // namespace

std::vector<Evidence> evidence(statement::Profile profile,
                               const statement::Architecture& architecture,
                               std::span<const sock_filter> code) {
  std::vector<Evidence> all;
  const auto add = [&](std::uint64_t token, std::uint64_t number,
                       const Arguments& arguments) {
    seccomp_data call{.nr = static_cast<int>(number),
                      .arch = static_cast<std::uint32_t>(token),
                      .instruction_pointer = 0x0000541210000000,
                      .args = {}};
    std::copy(arguments.begin(), arguments.end(), call.args);
    all.push_back({call, statement::action(profile, architecture, call)});
  };
  const auto filled = [](std::uint64_t value) {
    Arguments arguments;
    arguments.fill(value);
    return arguments;
  };

  const Values every_number = numbers(code);
  for (const std::uint64_t number : every_number)
    for (const std::uint64_t lure :
         {std::uint64_t{0}, kOnes, kTargets[0], kTargets[1], kFlags[5]})
      add(architecture.token, number, filled(lure));
  for (const std::uint64_t token : tokens(architecture.token))
    for (const std::uint64_t number : every_number)
      add(token, number, filled(0));

  const Values few = few_values();
  const Values many = many_values(code);
  for (const std::string_view name : {"unshare", "clone", "ioctl"}) {
    const auto number = static_cast<std::uint64_t>(architecture.number(name));
    const std::size_t inspected = name == "ioctl" ? 1 : 0;
    for (std::size_t place = 0; place < 6; ++place)
      for (const std::uint64_t others :
           {std::uint64_t{0}, kOnes, std::uint64_t{0x5412100054121000}})
        for (const std::uint64_t value : place == inspected ? many : few) {
          Arguments arguments = filled(others);
          arguments[place] = value;
          add(architecture.token, number, arguments);
        }
  }
  return all;
}
