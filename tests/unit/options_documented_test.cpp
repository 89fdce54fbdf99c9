// One table describes the options; here it is held against what a person
// reads of them.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "launcher/options.h"
#include "launcher/report.h"

namespace {

std::vector<std::string> lines_of(std::istream& in) {
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// The names in doff(1)'s `.It Fl Fl NAME ...` lines.
std::vector<std::string> documented() {
  std::ifstream page(DOFF_MAN_PAGE);
  REQUIRE(page);
  const std::string item = ".It Fl Fl ";
  std::vector<std::string> names;
  for (const std::string& line : lines_of(page)) {
    if (!line.starts_with(item)) continue;
    const std::string rest = line.substr(item.size());
    names.push_back(rest.substr(0, rest.find_first_of(" =")));
  }
  return names;
}

// What print_help() writes to file descriptor 1.
std::vector<std::string> help() {
  std::FILE* const file = std::tmpfile();
  REQUIRE(file != nullptr);
  std::cout.flush();
  std::fflush(stdout);
  const int saved = dup(STDOUT_FILENO);
  REQUIRE(dup2(fileno(file), STDOUT_FILENO) == STDOUT_FILENO);
  const int error = doff::print_help();
  dup2(saved, STDOUT_FILENO);
  close(saved);
  CHECK(error == 0);
  std::string text;
  std::rewind(file);
  for (int c = 0; (c = std::fgetc(file)) != EOF;) text += static_cast<char>(c);
  std::fclose(file);
  CHECK((!text.empty() && text.back() == '\n'));
  std::istringstream in(text);
  return lines_of(in);
}

std::size_t count(const std::vector<std::string>& names,
                  std::string_view name) {
  std::size_t times = 0;
  for (const std::string& each : names)
    if (each == name) ++times;
  return times;
}

}  // namespace

TEST_CASE("doff(1) describes each option once") {
  const auto names = documented();
  for (const doff::Option& option : doff::option_table()) {
    INFO("--" << option.name);
    CHECK(count(names, option.name) == 1);
  }
}

TEST_CASE("doff(1) describes no option that doff has not got") {
  for (const std::string& each : documented()) {
    bool known = false;
    for (const doff::Option& option : doff::option_table())
      known = known || option.name == each;
    INFO("--" << each);
    CHECK(known);
  }
}

TEST_CASE("--help fits a screen of 80 columns and 24 lines") {
  const auto lines = help();
  CHECK(lines.size() <= 24);
  for (const std::string& line : lines) {
    INFO(line);
    CHECK(line.size() <= 80);
  }
}

TEST_CASE("--help has a line for each option, with its argument and text") {
  const auto lines = help();
  for (const doff::Option& option : doff::option_table()) {
    const std::string start =
        "  --" + std::string(option.name) + " " + std::string(option.argument);
    int found = 0;
    for (const std::string& line : lines)
      if (line.starts_with(start) && line.ends_with(option.help)) ++found;
    INFO(start);
    CHECK(found == 1);
  }
}

TEST_CASE("each option's name is its own, and can be written in a file") {
  std::vector<std::string> names;
  for (const doff::Option& option : doff::option_table()) {
    const std::string name(option.name);
    INFO(name);
    CHECK(count(names, name) == 0);
    CHECK_FALSE(name.empty());
    CHECK(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") ==
          std::string::npos);
    CHECK(option.set != nullptr);
    names.push_back(name);
  }
}
