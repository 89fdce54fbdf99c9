#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "helper/doffctl/wish_options.h"

namespace {

using Lists = std::vector<std::string>;

auto wish_of(const char* semantics, const Lists& add, const Lists& drop) {
  doff::WishOptions options;
  options.semantics = semantics;
  options.cap_add = add;
  options.cap_drop = drop;
  return doff::read_wish(options);
}

}  // namespace

TEST_CASE("a prefix that containerd ignores is refused under its rules only") {
  for (const char* const semantics : {"", "docker", "podman", "crio"}) {
    INFO(semantics);
    CHECK(wish_of(semantics, {}, {"KILL,CAP_SYSLOG"}));
  }
  CHECK(wish_of("cri", {}, {"KILL,SYSLOG", "all"}));

  const auto wish = wish_of("cri", {"cap_kill"}, {"KILL,CAP_SYSLOG", "SYSLOG"});
  REQUIRE(!wish);
  REQUIRE(wish.error().size() == 2);
  CHECK(wish.error()[0].doing == "--cap-add");
  CHECK(wish.error()[0].value == "cap_kill");
  CHECK(wish.error()[0].guess == "kill");
  CHECK(wish.error()[1].doing == "--cap-drop");
  CHECK(wish.error()[1].value == "CAP_SYSLOG");
}
