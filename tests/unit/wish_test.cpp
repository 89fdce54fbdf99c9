#include "helper/doffctl/wish.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using doff::read_wish;
using doff::WishOptions;

TEST_CASE("a prefix that containerd ignores is refused under its rules only") {
  for (const char* const semantics : {"", "docker", "podman", "crio"}) {
    INFO(semantics);
    CHECK(read_wish({.cap_drop = {"KILL,CAP_SYSLOG"}, .semantics = semantics}));
  }
  CHECK(read_wish({.cap_drop = {"KILL,SYSLOG", "all"}, .semantics = "cri"}));

  const auto wish = read_wish({.cap_add = {"cap_kill"},
                               .cap_drop = {"KILL,CAP_SYSLOG", "SYSLOG"},
                               .semantics = "cri"});
  REQUIRE(!wish);
  REQUIRE(wish.error().size() == 2);
  CHECK(wish.error()[0].doing == "--cap-add");
  CHECK(wish.error()[0].value == "cap_kill");
  CHECK(wish.error()[0].guess == "kill");
  CHECK(wish.error()[1].doing == "--cap-drop");
  CHECK(wish.error()[1].value == "CAP_SYSLOG");
}
