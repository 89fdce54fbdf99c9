#include "helper/doffctl/table.h"

#include <catch2/catch.hpp>
#include <string>

#include "caps/names.h"
#include "helper/doffctl/short_set.h"

using doff::Colour;

TEST_CASE("columns are as wide as their widest cell") {
  CHECK(
      doff::table({"A", "LONG"}, {{{"wider", "x"}}, {{"", "yyyyyyyy"}}}, {}) ==
      "A      LONG\n"
      "wider  x\n"
      "       yyyyyyyy\n");
  CHECK(doff::table({"ONLY"}, {}, {}) == "ONLY\n");
}

TEST_CASE("only the last column is cut, to the terminal's width") {
  const std::vector<doff::Row> rows = {{{"wide", "0123456789abcdefghij"}}};
  const auto at = [&](std::size_t width) {
    const std::string text = doff::table({"A", "B"}, rows, {.width = width});
    return text.substr(text.find('\n') + 1);
  };
  CHECK(at(0) == "wide  0123456789abcdefghij\n");
  CHECK(at(26) == "wide  0123456789abcdefghij\n");
  CHECK(at(25) == "wide  0123456789abcdef...\n");
  CHECK(at(22) == "wide  0123456789abc...\n");
  CHECK(at(21) == "wide  0123456789abc...\n");
  CHECK(at(2) == "wide  0123456789abc...\n");
}

TEST_CASE("a cell cannot act on a terminal") {
  const std::string text =
      doff::table({"A", "B"}, {{{"\x1b[2J", "a\nb\x9b\xc3\xa9"}}}, {});
  CHECK(text ==
        "A          B\n"
        "\\u001b[2J  a\\u000ab\\u009b\\u00c3\\u00a9\n");
}

TEST_CASE("colour is where it is wanted, and not part of the width") {
  const std::vector<doff::Row> rows = {{{"a", "b"}, Colour::kRed},
                                       {{"c", "d"}, Colour::kPlain}};
  CHECK(doff::table({"A", "B"}, rows, {.width = 80, .colour = true}) ==
        "\x1b[1mA  B\x1b[0m\n\x1b[31ma  b\x1b[0m\nc  d\n");
  CHECK(doff::table({"A", "B"}, rows, {.width = 80}) == "A  B\na  b\nc  d\n");
  CHECK(doff::coloured("x", Colour::kPlain, {.width = 0, .colour = true}) ==
        "x");
}

TEST_CASE("a paragraph is broken at blanks") {
  CHECK(doff::paragraph("ab", 4, "one two three", {.width = 12}) ==
        "ab  one two\n    three\n");
  CHECK(doff::paragraph("label", 3, "x", {}) == "labelx\n");
  CHECK(doff::paragraph("a", 2, "longerthanthat is", {.width = 6}) ==
        "a longerthanthat\n  is\n");
  CHECK(doff::paragraph("a", 2, "", {}) == "a \n");
}

TEST_CASE("a set in a column") {
  using doff::CapabilitySet;
  using doff::only;
  using doff::short_set;
  const CapabilitySet all = doff::kAllCapabilities;
  CHECK(short_set({}) == "-");
  CHECK(short_set(all) == "all");
  CHECK(short_set(CapabilitySet(~std::uint64_t{0})) == "all");
  CHECK(short_set(all - only("SYS_RESOURCE")) == "all but SYS_RESOURCE");
  CHECK(short_set(only("KILL")) == "KILL");
  CHECK(short_set(CapabilitySet(0b111)) ==
        "CHOWN,DAC_OVERRIDE,DAC_READ_SEARCH");
  // The report's: SYS_ADMIN is told before lower numbers as high.
  CHECK(short_set(CapabilitySet(0x4a82c35fb)) == "NET_ADMIN,SYS_ADMIN+16");
  // Docker's has none of high danger, the last none of medium.
  CHECK(short_set(CapabilitySet(0xa80425fb)) == "CHOWN,DAC_OVERRIDE+12");
  CHECK(short_set(CapabilitySet(0xa80425fb) | only("SYS_PTRACE")) ==
        "SYS_PTRACE+14");
  CHECK(short_set(only("KILL") | only("LEASE") | only("SETPCAP") |
                  only("WAKE_ALARM")) == "KILL,SETPCAP+2");
}
