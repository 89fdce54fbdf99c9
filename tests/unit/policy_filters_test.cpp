// The helper's word list for the filters of the launcher, whose headers the
// helper never includes.
#include <algorithm>
#include <catch2/catch.hpp>
#include <span>

#include "helper/policy/keys.h"
#include "launcher/seccomp.h"

TEST_CASE("a policy's filters are those that the launcher has built in") {
  const auto own = std::span(doff::kSeccompNames);
  REQUIRE(doff::kFilterNames.size() == own.size() + 1);  // and `file`
  CHECK(std::ranges::equal(own, std::span(doff::kFilterNames).first(3)));
}
