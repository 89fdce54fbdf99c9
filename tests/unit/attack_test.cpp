// doffctl attack: what is believed of a program in somebody's container.
#include <catch2/catch.hpp>
#include <string>

#include "helper/attack/engine.h"
#include "helper/attack/program.h"

namespace {

std::string family(const std::string& verdict) {
  return R"({"families": [{"family": 6, "name": "n", "verdict": ")" + verdict +
         R"(", "attempts": [{"name": "a", "verdict": ")" + verdict +
         R"(", "detail": "d"}]}]})";
}

}  // namespace

TEST_CASE("what doff-attack tells is read, with its verdicts") {
  for (const char* const verdict : {"holds", "escapes", "not tried"}) {
    const auto told = doff::read_outcomes(family(verdict));
    REQUIRE(told);
    REQUIRE(told->size() == 1);
    CHECK(told->front().number == 6);
    CHECK(told->front().verdict == verdict);
    REQUIRE(told->front().attempts.size() == 1);
    CHECK(told->front().attempts[0].verdict == verdict);
  }
}

TEST_CASE("a verdict that nobody knows is not taken for good") {
  const auto told = doff::read_outcomes(family("fine"));
  REQUIRE(told);
  CHECK(told->front().verdict == "escapes");
}

TEST_CASE("what is cut short, empty or of another shape is no verdict") {
  const std::string whole = family("holds");
  for (const std::string& text :
       {std::string(), std::string("{}"), std::string(R"({"families": []})"),
        std::string(R"({"families": [{"family": "6"}]})"), std::string("[1]"),
        whole.substr(0, whole.size() - 1)}) {
    INFO(text);
    CHECK_FALSE(doff::read_outcomes(text));
  }
}

TEST_CASE("the first process is read as each engine tells it") {
  const auto by_docker = doff::read_first_process("4711\n", false);
  REQUIRE(by_docker);
  CHECK(number(*by_docker) == 4711);
  const auto by_runc = doff::read_first_process(
      R"({"id": "x", "pid": 12, "status": "running"})", true);
  REQUIRE(by_runc);
  CHECK(number(*by_runc) == 12);
  const auto stopped =
      doff::read_first_process(R"({"pid": 12, "status": "stopped"})", true);
  REQUIRE(stopped);
  CHECK(number(*stopped) == 0);
  for (const char* const text : {"", "x", "12 13", "-1"})
    CHECK_FALSE(doff::read_first_process(text, false));
  for (const char* const text : {"", "12", "{}", R"({"pid": "12"})"})
    CHECK_FALSE(doff::read_first_process(text, true));
}
