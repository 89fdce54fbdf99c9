#include "launcher/called_as.h"

#include <catch2/catch.hpp>
#include <string>

namespace {

using doff::base_name;
using doff::called_as;
using doff::CalledAs;

}  // namespace

TEST_CASE("a base name is without directories and a login's dash") {
  CHECK(base_name("/usr/bin/doff-shell") == "doff-shell");
  CHECK(base_name("-doff-shell") == "doff-shell");
  CHECK(base_name("-/bin/bash") == "bash");
  CHECK(base_name("/a/-b") == "-b");
  CHECK(base_name("--b") == "-b");
  CHECK(base_name("/").empty());
  CHECK(base_name("").empty());
}

TEST_CASE("the name decides whose the words are, argv[0] before the path") {
  struct Case {
    const char* argv0;
    const char* path;
    CalledAs called;
  };
  constexpr Case kCases[] = {
      {"doff", "/usr/bin/doff", CalledAs::kDoff},
      {"/dev/.doff", "/dev/.doff", CalledAs::kDoff},
      {"doff-1.0", "./doff-1.0", CalledAs::kDoff},
      {"", "", CalledAs::kDoff},
      {"doff-shell", "/usr/bin/doff-shell", CalledAs::kDoffShell},
      {"-doff-shell", "/usr/bin/doff-shell", CalledAs::kDoffShell},
      {"anything", "/usr/bin/doff-shell", CalledAs::kDoffShell},
      {"", "/usr/bin/doff-shell", CalledAs::kDoffShell},
      {"/usr/bin/doff-shell", "./script", CalledAs::kDoffShell},
      {"-bash", "/bin/bash", CalledAs::kShell},
      {"anything", "/bin/bash", CalledAs::kShell},
      {"/bin/bash", "./script", CalledAs::kShell},
      {"sh", "/bin/sh", CalledAs::kShell},
      {"bash.doff-real", "/bin/bash.doff-real", CalledAs::kDoff},
      {"doff", "/bin/bash", CalledAs::kDoff},
      {"doff-shell", "/bin/bash", CalledAs::kDoffShell},
  };
  for (const Case& each : kCases) {
    INFO(each.argv0 << " " << each.path);
    CHECK(called_as(each.argv0, each.path) == each.called);
  }
}
