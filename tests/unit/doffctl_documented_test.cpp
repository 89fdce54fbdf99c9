// One tree of options parses, prints help and completes; here it is held
// against what a person reads of it.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "helper/completion/description.h"
#include "helper/doffctl/commands.h"
#include "helper/policy/profiles.h"

namespace {

using Names = std::multiset<std::string>;

// Those that do something, rather than name a group.
std::vector<doff::DescribedCommand> leaves() {
  auto all = doff::described_commands();
  std::erase_if(all,
                [](const auto& each) { return !each.subcommands.empty(); });
  return all;
}

// Every command's --help is told of once, and is no part of its synopsis.
Names options_of(const doff::DescribedCommand& command) {
  Names names;
  for (const auto& each : command.options)
    if (each.name != "--help") names.insert(each.name);
  return names;
}

struct Page {
  std::map<std::string, Names> synopsis;   // a command's options there
  std::map<std::string, Names> described;  // `.It Fl Fl NAME` below `.Ss`
  Names common;                            // and in OPTIONS
  std::vector<std::string> subsections;
  std::string options_text;
};

// The words behind each `Fl Fl` of a line.
Names flags(const std::string& line) {
  Names names;
  std::istringstream in(line);
  std::string before;
  std::string last;
  for (std::string word; in >> word; before = last, last = word)
    if (before.ends_with("Fl") && last == "Fl") names.insert("--" + word);
  return names;
}

Page read_page() {
  std::ifstream in(DOFFCTL_MAN_PAGE);
  REQUIRE(in);
  Page page;
  std::string section;
  std::string command;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(".Sh ")) section = line.substr(4);
    if (line.starts_with(".Sh ") || (section == "SYNOPSIS" && line == ".Nm"))
      command.clear();
    if (section == "SYNOPSIS" && line.starts_with(".Ic ")) {
      command = line.substr(4);
      page.synopsis[command];
    } else if (section == "SYNOPSIS") {
      page.synopsis[command].merge(flags(line));
    }
    if (section == "COMMANDS" && line.starts_with(".Ss ")) {
      command = line.substr(4);
      page.subsections.push_back(command);
    }
    if (section == "OPTIONS") page.options_text += line + "\n";
    if (!line.starts_with(".It Fl Fl ")) continue;
    if (section == "COMMANDS") page.described[command].merge(flags(line));
    if (section == "OPTIONS") page.common.merge(flags(line));
  }
  return page;
}

}  // namespace

TEST_CASE("doffctl(1) has one subsection for each command, and no other") {
  const Page page = read_page();
  std::vector<std::string> expected;
  for (const auto& each : leaves()) expected.push_back(each.path);
  CHECK(page.subsections == expected);
}

TEST_CASE("the synopsis has each command with all of its options") {
  Page page = read_page();
  for (const auto& each : leaves()) {
    INFO(each.path);
    REQUIRE(page.synopsis.contains(each.path));
    CHECK(page.synopsis[each.path] == options_of(each));
    page.synopsis.erase(each.path);
  }
  CHECK(page.synopsis.size() == 1);  // --help and --version
  CHECK(page.synopsis[""] == Names{"--help", "--version"});
}

TEST_CASE("doffctl(1) describes each option of each command once") {
  Page page = read_page();
  for (const auto& command : leaves())
    for (const std::string& option : options_of(command)) {
      INFO(command.path << " " << option);
      CHECK(page.described[command.path].count(option) +
                page.common.count(option) ==
            1);
    }
  CHECK(page.common.count("--help") == 1);
  CHECK(page.common.count("--version") == 1);
}

TEST_CASE("doffctl(1) describes no option that doffctl has not got") {
  Page page = read_page();
  Names known{"--help", "--version"};
  for (const auto& command : leaves()) {
    const Names options = options_of(command);
    known.insert(options.begin(), options.end());
    for (const std::string& each : page.described[command.path]) {
      INFO(command.path << " " << each);
      CHECK(options.contains(each));
    }
  }
  for (const std::string& each : page.common) {
    INFO(each);
    CHECK(known.contains(each));
  }
}

TEST_CASE("doffctl(1) names each profile that ships") {
  const Page page = read_page();
  for (const doff::Profile& each : doff::profiles()) {
    INFO(each.name);
    CHECK(page.options_text.find("\n.Cm " + std::string(each.name)) !=
          std::string::npos);
  }
}

TEST_CASE("each command and option has help that fits 80 columns") {
  CLI::App app("", "doffctl");
  doff::Action chosen;
  doff::add_commands(app, {}, chosen);
  std::vector<const CLI::App*> rest{&app};
  while (!rest.empty()) {
    const CLI::App* const each = rest.back();
    rest.pop_back();
    const auto subcommands = each->get_subcommands({});
    rest.insert(rest.end(), subcommands.begin(), subcommands.end());
    std::istringstream help(each->help());
    for (std::string line; std::getline(help, line);) {
      INFO(line);
      CHECK(line.size() <= 80);
    }
    for (const CLI::Option* const option : each->get_options()) {
      INFO(each->get_name() << " " << option->get_name());
      CHECK_FALSE(option->get_description().empty());
    }
  }
}
