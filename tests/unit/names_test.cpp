#include "caps/names.h"

#include <cap-ng.h>
#include <linux/capability.h>
#include <sys/prctl.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace {

using doff::CapabilitySet;

struct Macro {
  std::string_view name;
  unsigned number;
};
#define MACRO(name) \
  { #name, CAP_##name }
constexpr Macro kMacros[] = {MACRO(CHOWN),
                             MACRO(DAC_OVERRIDE),
                             MACRO(DAC_READ_SEARCH),
                             MACRO(FOWNER),
                             MACRO(FSETID),
                             MACRO(KILL),
                             MACRO(SETGID),
                             MACRO(SETUID),
                             MACRO(SETPCAP),
                             MACRO(LINUX_IMMUTABLE),
                             MACRO(NET_BIND_SERVICE),
                             MACRO(NET_BROADCAST),
                             MACRO(NET_ADMIN),
                             MACRO(NET_RAW),
                             MACRO(IPC_LOCK),
                             MACRO(IPC_OWNER),
                             MACRO(SYS_MODULE),
                             MACRO(SYS_RAWIO),
                             MACRO(SYS_CHROOT),
                             MACRO(SYS_PTRACE),
                             MACRO(SYS_PACCT),
                             MACRO(SYS_ADMIN),
                             MACRO(SYS_BOOT),
                             MACRO(SYS_NICE),
                             MACRO(SYS_RESOURCE),
                             MACRO(SYS_TIME),
                             MACRO(SYS_TTY_CONFIG),
                             MACRO(MKNOD),
                             MACRO(LEASE),
                             MACRO(AUDIT_WRITE),
                             MACRO(AUDIT_CONTROL),
                             MACRO(SETFCAP),
                             MACRO(MAC_OVERRIDE),
                             MACRO(MAC_ADMIN),
                             MACRO(SYSLOG),
                             MACRO(WAKE_ALARM),
                             MACRO(BLOCK_SUSPEND),
                             MACRO(AUDIT_READ),
                             MACRO(PERFMON),
                             MACRO(BPF),
                             MACRO(CHECKPOINT_RESTORE)};
#undef MACRO

std::string names_of(CapabilitySet set) {
  std::string text;
  doff::list_names(set, [&](std::string_view piece) { text += piece; });
  return text;
}

std::string hex_of(CapabilitySet set) {
  const auto digits = doff::hex(set);
  return {digits.data(), digits.size()};
}

constexpr std::uint64_t bit(unsigned n) { return std::uint64_t{1} << n; }
constexpr std::uint64_t kAll = bit(41) - 1;

struct Good {
  std::string_view list;
  std::uint64_t set;
};
constexpr Good kGood[] = {
    {"NET_RAW", bit(13)},
    {"net_raw", bit(13)},
    {"CAP_NET_RAW", bit(13)},
    {"cap_net_raw", bit(13)},
    {"Cap_Net_Raw", bit(13)},
    {"CHECKPOINT_RESTORE", bit(40)},
    {"0", bit(0)},
    {"9", bit(9)},
    {"13", bit(13)},
    {"41", bit(41)},
    {"63", bit(63)},
    {"ALL", kAll},
    {"all", kAll},
    {"All", kAll},
    {"NONE", 0},
    {"none", 0},
    {"None,none", 0},
    {"NONE,CHOWN", bit(0)},
    {"ALL,NONE", kAll},
    {"ALL,63", kAll | bit(63)},
    {"CHOWN,CHOWN,cap_chown,0", bit(0)},
    {"NET_RAW,cap_chown,13,ALL", kAll},
    {"kill,SYS_ADMIN,40,Cap_Bpf", bit(5) | bit(21) | bit(40) | bit(39)},
};

// `at` is where in `list` the offending word starts.
struct Bad {
  std::string_view list;
  std::size_t at;
  std::string_view word;
  std::string_view nearest;
};
constexpr std::string_view kWithNul("CHOWN\0", 6);
constexpr Bad kBad[] = {
    {"NET_RWA", 0, "NET_RWA", "NET_RAW"},
    {"sys_admn", 0, "sys_admn", "SYS_ADMIN"},
    {"cap_sys_admni", 0, "cap_sys_admni", "SYS_ADMIN"},
    {"CAP_SETPCAPS", 0, "CAP_SETPCAPS", "SETPCAP"},
    {"CHOWN,sys_ptrac,KILL", 6, "sys_ptrac", "SYS_PTRACE"},
    {"CHOWN,BOGUS_NAME_OF_NONE", 6, "BOGUS_NAME_OF_NONE", ""},
    {"", 0, "", ""},
    {",", 0, "", ""},
    {"CHOWN,", 6, "", ""},
    {",CHOWN", 0, "", ""},
    {"CHOWN,,KILL", 6, "", ""},
    {" CHOWN", 0, " CHOWN", "CHOWN"},
    {"CHOWN ", 0, "CHOWN ", "CHOWN"},
    {"CHOWN KILL", 0, "CHOWN KILL", ""},
    {kWithNul, 0, kWithNul, "CHOWN"},
    {"64", 0, "64", ""},
    {"99", 0, "99", ""},
    {"100", 0, "100", ""},
    {"256", 0, "256", ""},
    {"4294967296", 0, "4294967296", ""},
    {"18446744073709551616", 0, "18446744073709551616", ""},
    {"-1", 0, "-1", ""},
    {"+1", 0, "+1", ""},
    {"00", 0, "00", ""},
    {"07", 0, "07", ""},
    {"1a", 0, "1a", ""},
    {"0x1", 0, "0x1", ""},
    {"CAP_13", 0, "CAP_13", ""},
    {"CAP_", 0, "CAP_", ""},
    {"CAP_CAP_CHOWN", 0, "CAP_CAP_CHOWN", "CHOWN"},
    {"NET-RAW", 0, "NET-RAW", "NET_RAW"},
};

void check_round_trip(CapabilitySet set) {
  CapabilitySet back;
  const std::string text = names_of(set);
  const auto unknown = doff::add_capabilities(text, back);
  if (!unknown && back == set) return;
  FAIL_CHECK(hex_of(set) << " is written " << text << ", and read back as "
                         << hex_of(back));
}

// The textbook's definition, for short words.
std::size_t slow_distance(std::string_view a, std::string_view b) {
  if (a.empty()) return b.size();
  if (b.empty()) return a.size();
  const std::string_view a_rest = a.substr(1);
  const std::string_view b_rest = b.substr(1);
  if (a[0] == b[0]) return slow_distance(a_rest, b_rest);
  return 1 + std::min({slow_distance(a_rest, b), slow_distance(a, b_rest),
                       slow_distance(a_rest, b_rest)});
}

}  // namespace

TEST_CASE("the name table is that of <linux/capability.h>") {
  REQUIRE(doff::kCapabilityNames.size() == CAP_LAST_CAP + 1);
  REQUIRE(std::size(kMacros) == CAP_LAST_CAP + 1);
  for (const Macro& macro : kMacros) {
    INFO("CAP_" << macro.name);
    REQUIRE(macro.number < doff::kCapabilityNames.size());
    CHECK(doff::kCapabilityNames[macro.number] == macro.name);
  }
}

TEST_CASE("the name table is that of libcap-ng") {
  for (unsigned n = 0; n < doff::kCapabilityNames.size(); ++n) {
    const std::string name(doff::kCapabilityNames[n]);
    const char* const theirs = capng_capability_to_name(n);
    INFO("capability " << n);
    REQUIRE(theirs != nullptr);
    CHECK(doff::equal_ignoring_case(theirs, name));
    CHECK(capng_name_to_capability(name.c_str()) == static_cast<int>(n));
  }
}

TEST_CASE("the name table has a name for each capability of this kernel") {
  const auto known = static_cast<unsigned>(doff::kCapabilityNames.size());
  unsigned last = 0;
  std::ifstream file("/proc/sys/kernel/cap_last_cap");
  if (!(file >> last)) {
    WARN("/proc/sys/kernel/cap_last_cap is not readable: not compared");
    return;
  }
  CHECK(last < doff::kCapabilityBits);
  CHECK(prctl(PR_CAPBSET_READ, last, 0, 0, 0) >= 0);
  CHECK(prctl(PR_CAPBSET_READ, last + 1, 0, 0, 0) == -1);
  if (last + 1 > known)
    WARN("this kernel is newer than the table: its last capability is "
         << last << ", ours " << known - 1);
  if (last + 1 < known) WARN("this kernel is older than the table");
}

TEST_CASE("ALL is every capability with a name, and only those") {
  STATIC_REQUIRE(doff::kAllCapabilities.bits() == 0x1ffffffffff);
  STATIC_REQUIRE(doff::kAllCapabilities.size() == 41);
}

TEST_CASE("a name in the source is found at compile time") {
  STATIC_REQUIRE(doff::only("SETPCAP").bits() == 0x100);
  STATIC_REQUIRE(doff::only("sys_admin").bits() == bit(21));
  STATIC_REQUIRE(!doff::find_capability("CAP_CHOWN"));
  STATIC_REQUIRE(!doff::find_capability(""));
}

TEST_CASE("each name is read in any case, with and without CAP_") {
  for (unsigned n = 0; n < doff::kCapabilityNames.size(); ++n) {
    const std::string upper(doff::kCapabilityNames[n]);
    std::string lower = upper;
    for (char& c : lower) c = static_cast<char>(std::tolower(c));
    for (const std::string& word :
         {upper, lower, "CAP_" + upper, "cap_" + lower, "cAp_" + upper,
          std::to_string(n)}) {
      CapabilitySet set;
      INFO(word);
      CHECK(!doff::add_capabilities(word, set));
      CHECK(set.bits() == bit(n));
    }
  }
}

TEST_CASE("a list of capabilities is added to the set") {
  for (const Good& row : kGood) {
    INFO(row.list);
    CapabilitySet set;
    CHECK(!doff::add_capabilities(row.list, set));
    CHECK(set.bits() == row.set);
    CapabilitySet more(bit(62));
    CHECK(!doff::add_capabilities(row.list, more));
    CHECK(more.bits() == (row.set | bit(62)));
  }
}

TEST_CASE("an error names the word and the nearest name, and adds nothing") {
  for (const Bad& row : kBad) {
    INFO("'" << row.list << "'");
    constexpr CapabilitySet kBefore(0xdead00000000bee0);
    CapabilitySet set = kBefore;
    const auto unknown = doff::add_capabilities(row.list, set);
    REQUIRE(unknown);
    CHECK(unknown->word == row.word);
    CHECK(unknown->word.data() == row.list.data() + row.at);
    CHECK(unknown->nearest == row.nearest);
    CHECK(set == kBefore);
  }
}

TEST_CASE("a list is read no further than its size") {
  CapabilitySet set;
  CHECK(!doff::add_capabilities({"CHOWN,KILL,junk", 10}, set));
  CHECK(set.bits() == (bit(0) | bit(5)));
  CHECK(!doff::add_capabilities({"31", 1}, set));
  CHECK(set.bits() == (bit(0) | bit(5) | bit(3)));
}

TEST_CASE("hex is what /proc/PID/status shows") {
  CHECK(hex_of(CapabilitySet()) == "0000000000000000");
  CHECK(hex_of(CapabilitySet(0x4a82c35fb)) == "00000004a82c35fb");
  CHECK(hex_of(CapabilitySet(~0ULL)) == "ffffffffffffffff");
  std::mt19937_64 random(2);
  for (int round = 0; round < 200; ++round) {
    const unsigned long long bits = random();
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", bits);
    REQUIRE(hex_of(CapabilitySet(bits)) == text);
  }
}

TEST_CASE("a set is written as none, all, names and numbers") {
  constexpr Good kWritten[] = {
      {"none", 0},
      {"all", kAll},
      {"all,41,63", kAll | bit(41) | bit(63)},
      {"CHOWN", bit(0)},
      {"CHOWN,KILL", bit(0) | bit(5)},
      {"CHECKPOINT_RESTORE,41", bit(40) | bit(41)},
      {"63", bit(63)},
      {"NET_RAW,50,63", bit(13) | bit(50) | bit(63)},
  };
  for (const Good& row : kWritten)
    CHECK(names_of(CapabilitySet(row.set)) == row.list);
}

TEST_CASE("what is written is read back to the same set") {
  check_round_trip(CapabilitySet());
  for (unsigned i = 0; i < 64; ++i) {
    check_round_trip(CapabilitySet(bit(i) - 1));
    check_round_trip(CapabilitySet(~(bit(i) - 1)));
    check_round_trip(CapabilitySet(~bit(i)));
    for (unsigned j = 0; j < 64; ++j)
      check_round_trip(CapabilitySet(bit(i) | bit(j)));
  }
  std::mt19937_64 random(3);
  for (int round = 0; round < 4000; ++round) {
    check_round_trip(CapabilitySet(random()));
    check_round_trip(CapabilitySet(random() & random() & random()));
  }
}

TEST_CASE("the edit distance counts insertions, deletions, replacements") {
  struct Row {
    std::string_view a, b;
    std::size_t edits;
  };
  constexpr Row kRows[] = {
      {"", "", 0},
      {"", "abc", 3},
      {"abc", "", 3},
      {"abc", "abc", 0},
      {"abc", "ABC", 0},
      {"kitten", "sitting", 3},
      {"SETPCAP", "setpcab", 1},
      {"ab", "ba", 2},
      {"flaw", "lawn", 2},
  };
  for (const Row& row : kRows) {
    INFO(row.a << " " << row.b);
    CHECK(doff::edit_distance(row.a, row.b) == row.edits);
    CHECK(doff::edit_distance(row.b, row.a) == row.edits);
  }
  const std::string longest(32, 'x');
  const std::string longer(33, 'x');
  CHECK(doff::edit_distance(longest, longest) == 0);
  CHECK(doff::edit_distance(longest, "") == 32);
  CHECK(doff::edit_distance(longer, longer) == 32);
  CHECK(doff::edit_distance("", longer) == 32);
}

TEST_CASE("the edit distance is that of its definition, for random words") {
  std::mt19937 random(4);
  const auto word = [&] {
    std::string text(random() % 7, ' ');
    for (char& c : text) c = static_cast<char>('a' + random() % 3);
    return text;
  };
  for (int round = 0; round < 500; ++round) {
    const std::string a = word();
    const std::string b = word();
    INFO(a << " " << b);
    REQUIRE(doff::edit_distance(a, b) == slow_distance(a, b));
  }
}

TEST_CASE("the nearest name is the first of the nearest, and not too far") {
  const std::vector<std::string_view> names = {"abcdef", "abcxef", "zzz"};
  CHECK(doff::nearest_name("abcyef", names) == "abcdef");
  CHECK(doff::nearest_name("abcxef", names) == "abcxef");
  CHECK(doff::nearest_name("abc", names) == "");
  CHECK(doff::nearest_name("zz", names) == "zzz");
  CHECK(doff::nearest_name("qqqqqq", names) == "");
  CHECK(doff::nearest_name("", names) == "");
}
