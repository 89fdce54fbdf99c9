#include "helper/spec/unified_diff.h"

#include <catch2/catch.hpp>
#include <string>

using doff::unified_diff;

TEST_CASE("no change is no diff") {
  CHECK(unified_diff("", "", "x").empty());
  CHECK(unified_diff("a\nb", "a\nb", "x").empty());
}

TEST_CASE("a hunk has three lines around it") {
  CHECK(unified_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n",
                     "1\n2\n3\n4\nV\n6\n7\n8\n9\n", "x") ==
        "--- x\n+++ x\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+V\n 6\n 7\n 8\n");
}

TEST_CASE("near changes share a hunk, far ones do not") {
  CHECK(unified_diff("a\n1\n2\n3\n4\n5\n6\nb\n", "1\n2\n3\n4\n5\n6\n", "x") ==
        "--- x\n+++ x\n@@ -1,8 +1,6 @@\n-a\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n");
  CHECK(unified_diff("a\n1\n2\n3\n4\n5\n6\n7\nb\n", "1\n2\n3\n4\n5\n6\n7\nc\n",
                     "x") ==
        "--- x\n+++ x\n@@ -1,4 +1,3 @@\n-a\n 1\n 2\n 3\n"
        "@@ -6,4 +5,4 @@\n 5\n 6\n 7\n-b\n+c\n");
}

TEST_CASE("a last line without a newline is told") {
  CHECK(unified_diff("a", "b\n", "x") ==
        "--- x\n+++ x\n@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n"
        "+b\n");
  CHECK(unified_diff("", "b", "x") ==
        "--- x\n+++ x\n@@ -0,0 +1,1 @@\n+b\n\\ No newline at end of file\n");
}

TEST_CASE("what is too much to compare is replaced whole") {
  std::string before;
  std::string after;
  for (int i = 0; i < 5000; ++i) {
    before += "old " + std::to_string(i) + "\nsame\n";
    after += "same\nnew " + std::to_string(i) + "\n";
  }
  const std::string diff = unified_diff(before, after, "x");
  CHECK(diff.starts_with("--- x\n+++ x\n@@ -1,10000 +1,10000 @@\n-old 0\n"));
  CHECK(diff.find("\n same") == std::string::npos);
}

TEST_CASE("a name cannot act on the terminal") {
  CHECK(unified_diff("a\n", "", "\x1b[2J\n")
            .starts_with("--- \\u001b[2J\\u000a\n"));
}
