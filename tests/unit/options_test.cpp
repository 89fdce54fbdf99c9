#include "launcher/options.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include "caps/names.h"

namespace {

using doff::Failure;
using doff::Options;

// An argv whose words can be told from their copies.
class Words {
 public:
  Words(std::initializer_list<std::string> words) : text_(words) {
    text_.insert(text_.begin(), "doff");
    for (std::string& each : text_) argv_.push_back(each.data());
    argv_.push_back(nullptr);
  }
  Words(const Words&) = delete;
  Words& operator=(const Words&) = delete;
  char** argv() { return argv_.data(); }
  std::optional<Failure> parse(Options& options) {
    return doff::parse_command_line(argv(), options);
  }

 private:
  std::vector<std::string> text_;
  std::vector<char*> argv_;
};

// A configuration file's text alone in memory, so that a sanitizer sees a read
// or a write behind its end.
class Config {
 public:
  explicit Config(std::string_view text) : text_(text.begin(), text.end()) {}
  std::optional<Failure> parse(Options& options) {
    return doff::parse_config("the file", text_, options);
  }

 private:
  std::vector<char> text_;
};

// Every member but `command`; strings quoted, absent ones as they are.
std::string dump(const Options& options) {
  std::ostringstream out;
  const auto text = [](const char* string) {
    std::string quoted = "-";
    if (string != nullptr) quoted.assign("'").append(string).append("'");
    return quoted;
  };
  out << std::hex << "action " << static_cast<int>(options.action) << "\nadd "
      << options.add.bits() << "\ndrop " << options.drop.bits() << "\nambient "
      << options.ambient.bits() << std::dec << "\nuser " << text(options.user)
      << "\ngroups " << static_cast<int>(options.groups) << "\naccept "
      << name(options.accept) << "\nuserns " << static_cast<int>(options.userns)
      << "\nseccomp " << text(options.seccomp) << "\npath "
      << text(options.path) << "\nshell " << text(options.shell) << "\nkeep-fd";
  for (std::size_t fd = 0; fd < options.keep_fd.size(); ++fd)
    if (options.keep_fd[fd]) out << " " << fd;
  out << "\nchdir " << text(options.chdir) << "\nlogin " << options.login
      << "\npdeathsig " << options.pdeathsig << "\nconfig "
      << text(options.config) << "\nreport " << static_cast<int>(options.report)
      << "\nreport-fd " << options.report_fd << "\n";
  return out.str();
}

// The defaults, in which the line that starts with `name` is `line`.
std::string defaults_but(const std::string& name, const std::string& line) {
  std::istringstream in(dump({}));
  std::string changed;
  int lines = 0;
  for (std::string each; std::getline(in, each);) {
    const bool this_one = each.substr(0, each.find(' ')) == name;
    if (this_one) ++lines;
    changed += (this_one ? line : each) + "\n";
  }
  REQUIRE(lines == 1);
  return changed;
}

// What each option does to the defaults. `value` is null where it takes none.
struct Effect {
  const char* name;
  const char* value;
  const char* member;
  const char* line;
  bool in_file = true;
};
constexpr Effect kEffects[] = {
    {"cap-add", "net_raw,0", "add", "add 2001"},
    {"cap-add", "ALL", "add", "add 1ffffffffff"},
    {"cap-drop", "CAP_SYS_ADMIN", "drop", "drop 200000"},
    {"ambient", "63", "ambient", "ambient 8000000000000000"},
    {"user", "alice:staff", "user", "user 'alice:staff'"},
    {"user", "=", "user", "user '='"},
    {"groups", "keep", "groups", "groups 1"},
    {"groups", "clear", "groups", "groups 2"},
    {"groups", "init", "groups", "groups 3"},
    {"accept", "open", "accept", "accept open"},
    {"accept", "inert", "accept", "accept inert"},
    {"userns", "never", "userns", "userns 0"},
    {"userns", "auto", "userns", "userns 1"},
    {"userns", "always", "userns", "userns 2"},
    {"shell", "/bin/with a blank", "shell", "shell '/bin/with a blank'"},
    {"seccomp", "a=b.bpf", "seccomp", "seccomp 'a=b.bpf'"},
    {"keep-fd", "0", "keep-fd", "keep-fd 0"},
    {"keep-fd", "1023", "keep-fd", "keep-fd 1023"},
    {"chdir", "/with a blank", "chdir", "chdir '/with a blank'"},
    {"path", "/a b::c:", "path", "path '/a b::c:'"},
    {"login", nullptr, "login", "login 1"},
    {"pdeathsig", "TERM", "pdeathsig", "pdeathsig 15"},
    {"pdeathsig", "SIGKILL", "pdeathsig", "pdeathsig 9"},
    {"pdeathsig", "64", "pdeathsig", "pdeathsig 64"},
    {"config", "/etc/x", "config", "config '/etc/x'", false},
    {"report", "human", "report", "report 1"},
    {"report", "json", "report", "report 2"},
    {"report-fd", "7", "report-fd", "report-fd 7"},
    {"status", nullptr, "action", "action 1", false},
    {"dry-run", nullptr, "action", "action 2", false},
    {"help", nullptr, "action", "action 3", false},
    {"version", nullptr, "action", "action 4", false},
};

struct Wrong {
  const char* name;
  const char* value;
  std::string_view culprit;  // what the failure's value must be
  std::string_view guess;
};
constexpr Wrong kWrong[] = {
    {"cap-add", "CHOWN,NET_RWA", "NET_RWA", "NET_RAW"},
    {"cap-drop", "64", "64", ""},
    {"ambient", "CHOWN,", "CHOWN,", ""},
    {"groups", "kept", "kept", "keep"},
    {"groups", "Keep", "Keep", "keep"},
    {"accept", "seald", "seald", "sealed"},
    {"accept", "sealed ", "sealed ", "sealed"},
    {"accept", "nonsense", "nonsense", ""},
    {"userns", "allways", "allways", "always"},
    {"shell", "bash", "bash", ""},
    {"keep-fd", "-1", "-1", ""},
    {"keep-fd", "1024", "1024", ""},
    {"keep-fd", "3x", "3x", ""},
    {"keep-fd", "4294967299", "4294967299", ""},
    {"report-fd", "1024", "1024", ""},
    {"report-fd", "two", "two", ""},
    {"pdeathsig", "0", "0", ""},
    {"pdeathsig", "65", "65", ""},
    {"pdeathsig", "TRM", "TRM", "TERM"},
    {"pdeathsig", "SIG", "", ""},
    {"report", "jsn", "jsn", "json"},
};

bool mentions(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE("nothing said is the defaults: keep nothing, accept only sealed") {
  Options options;
  CHECK_FALSE(Words{}.parse(options));
  CHECK(dump(options) ==
        "action 0\nadd 0\ndrop 0\nambient 0\nuser -\ngroups 0\n"
        "accept sealed\nuserns 0\nseccomp 'regain'\npath -\nshell -\nkeep-fd\n"
        "chdir -\nlogin 0\n"
        "pdeathsig 0\nconfig -\nreport 0\nreport-fd 2\n");
  CHECK(options.command == nullptr);
}

TEST_CASE("each option sets its member and no other, in either form") {
  for (const Effect& each : kEffects) {
    const std::string option = "--" + std::string(each.name);
    const std::string expected = defaults_but(each.member, each.line);
    INFO(option);
    Options apart;
    if (each.value == nullptr) {
      Words words{option};
      CHECK_FALSE(words.parse(apart));
      CHECK(dump(apart) == expected);
      continue;
    }
    Words two{option, each.value};
    CHECK_FALSE(two.parse(apart));
    CHECK(dump(apart) == expected);
    CHECK(apart.command == nullptr);
    Options joined;
    Words one{option + "=" + each.value};
    CHECK_FALSE(one.parse(joined));
    CHECK(dump(joined) == expected);
  }
}

TEST_CASE("the cases above speak of every option, and of no other") {
  for (const doff::Option& option : doff::option_table()) {
    bool spoken_of = false;
    for (const Effect& each : kEffects)
      if (option.name == each.name) {
        spoken_of = true;
        INFO(option.name);
        CHECK(option.in_file == each.in_file);
        CHECK(option.argument.empty() == (each.value == nullptr));
      }
    INFO(option.name);
    CHECK(spoken_of);
  }
}

TEST_CASE("a value that is wrong is named, with the nearest right one") {
  for (const Wrong& each : kWrong) {
    const std::string option = "--" + std::string(each.name);
    INFO(option << " " << each.value);
    Options options;
    Words words{option, each.value};
    const auto failure = words.parse(options);
    REQUIRE(failure);
    CHECK(failure->doing == each.name);
    if (!each.culprit.empty()) CHECK(failure->value == each.culprit);
    CHECK(failure->guess == each.guess);
    CHECK_FALSE(failure->cause.empty());
    CHECK(failure->exit_status == 125);
    CHECK(dump(options) == dump({}));
  }
}

TEST_CASE("an option without the value that it needs is refused") {
  for (const doff::Option& option : doff::option_table()) {
    if (option.argument.empty()) continue;
    const std::string name = "--" + std::string(option.name);
    INFO(name);
    Options options;
    Words nothing{name};
    const auto missing = nothing.parse(options);
    REQUIRE(missing);
    CHECK(missing->doing == option.name);
    CHECK(mentions(missing->cause, "needs a value"));
    Words empty{name + "="};
    const auto none = empty.parse(options);
    REQUIRE(none);
    CHECK(none->doing == option.name);
    Words apart{name, ""};
    CHECK(apart.parse(options));
    CHECK(dump(options) == dump({}));
  }
}

TEST_CASE("an option that takes no value refuses one") {
  for (const doff::Option& option : doff::option_table()) {
    if (!option.argument.empty()) continue;
    for (const std::string value : {"yes", ""}) {
      Options options;
      Words words{"--" + std::string(option.name) + "=" + value};
      const auto failure = words.parse(options);
      INFO(option.name << "=" << value);
      REQUIRE(failure);
      CHECK(failure->doing == option.name);
      CHECK(failure->value == value);
      CHECK(mentions(failure->cause, "takes no value"));
    }
  }
}

TEST_CASE("an unknown option is named, with the nearest") {
  struct Row {
    const char* word;
    std::string_view named;
    std::string_view guess;
  };
  constexpr Row kRows[] = {
      {"--acept", "--acept", "accept"},
      {"--cap-ad=ALL", "--cap-ad", "cap-add"},
      {"--pdeathsgi", "--pdeathsgi", "pdeathsig"},
      {"--dry_run", "--dry_run", "dry-run"},
      {"--xyzzy-plugh", "--xyzzy-plugh", ""},
      {"--ACCEPT", "--ACCEPT", "accept"},
      {"-login", "-login", "login"},
      {"-h", "-h", ""},
      {"---", "---", ""},
      {"--=x", "--", ""},
  };
  for (const Row& row : kRows) {
    INFO(row.word);
    Options options;
    Words words{row.word, "sh"};
    const auto failure = words.parse(options);
    REQUIRE(failure);
    CHECK(failure->doing == row.named);
    CHECK(failure->cause == "no such option");
    CHECK(failure->guess == row.guess);
    CHECK(options.command == nullptr);
  }
}

TEST_CASE("no option is found by a part of its name") {
  for (const doff::Option& option : doff::option_table()) {
    const std::string name(option.name);
    Options options;
    Words words{"--" + name.substr(0, name.size() - 1), "1"};
    INFO(name);
    CHECK(words.parse(options));
  }
}

TEST_CASE("the command is the first word that is not an option") {
  struct Row {
    const char* statement;
    std::initializer_list<std::string> words;
    std::ptrdiff_t command;  // its place in argv; 0: none
  };
  const Row kRows[] = {
      {"a word", {"sh"}, 1},
      {"a word behind options", {"--login", "--accept=open", "sh"}, 3},
      {"a word behind a value", {"--accept", "open", "sh", "-c", "id"}, 3},
      {"the word behind --", {"--", "sh"}, 2},
      {"an option behind --", {"--", "--status"}, 2},
      {"the second --", {"--login", "--", "--", "x"}, 3},
      {"a dash alone", {"-", "x"}, 1},
      {"an empty word", {"", "--login"}, 1},
      {"no word: -- at the end", {"--login", "--"}, 0},
      {"no word at all", {"--login"}, 0},
  };
  for (const Row& row : kRows) {
    INFO(row.statement);
    Options options;
    Words words(row.words);
    CHECK_FALSE(words.parse(options));
    CHECK(options.command ==
          (row.command == 0 ? nullptr : words.argv() + row.command));
    CHECK(options.action == doff::Action::kRun);
  }
}

TEST_CASE("every word from the command on is untouched") {
  const std::vector<std::string> command = {
      "sh", "--status", "--accept=open", "--cap-add", "bogus", "--no-such=1",
      "--", "",         "a=b",           "\xff\n\x01"};
  for (const bool dashes : {false, true}) {
    std::vector<std::string> text = {"doff", "--chdir=/x"};
    if (dashes) text.emplace_back("--");
    text.insert(text.end(), command.begin(), command.end());
    std::vector<char*> argv(text.size() + 1);
    std::ranges::transform(text, argv.begin(),
                           [](std::string& each) { return each.data(); });
    const std::vector<char*> before = argv;
    const std::vector<std::string> copies = text;

    Options options;
    CHECK_FALSE(doff::parse_command_line(argv.data(), options));
    REQUIRE(options.command == argv.data() + (dashes ? 3 : 2));
    CHECK(argv == before);
    CHECK(text == copies);
    CHECK(dump(options) == defaults_but("chdir", "chdir '/x'"));
  }
}

TEST_CASE("a value is the next word, whatever it looks like") {
  Options options;
  Words words{"--user", "--status", "--chdir", "--", "--seccomp", "-", "sh"};
  CHECK_FALSE(words.parse(options));
  CHECK(options.user == std::string("--status"));
  CHECK(options.chdir == std::string("--"));
  CHECK(options.seccomp == std::string("-"));
  CHECK(options.command == words.argv() + 7);
  CHECK(options.action == doff::Action::kRun);
}

TEST_CASE("a string option points into argv, and copies nothing") {
  Options options;
  Words words{"--user", "alice", "--chdir=/x"};
  CHECK_FALSE(words.parse(options));
  CHECK(options.user == words.argv()[2]);
  CHECK(options.chdir == words.argv()[3] + std::strlen("--chdir="));
}

TEST_CASE("lists add up, and of everything else the last one counts") {
  Options options;
  Words words{"--cap-add=CHOWN", "--cap-add=KILL", "--keep-fd=3", "--keep-fd=5",
              "--accept=open",   "--accept=inert", "--user=a",    "--user=b",
              "--status",        "--dry-run"};
  CHECK_FALSE(words.parse(options));
  CHECK(options.add.bits() == 0x21);
  CHECK((options.keep_fd[3] && options.keep_fd[5] && !options.keep_fd[4]));
  CHECK(options.accept == doff::Verdict::kInert);
  CHECK(options.user == std::string("b"));
  CHECK(options.action == doff::Action::kDryRun);
}

TEST_CASE("a command line is read on top of a configuration file") {
  Options options;
  Config config("accept open\ncap-add CHOWN\nchdir /from/file\n");
  REQUIRE_FALSE(config.parse(options));
  Words words{"--accept=inert", "--cap-add=KILL", "sh"};
  REQUIRE_FALSE(words.parse(options));
  CHECK(options.accept == doff::Verdict::kInert);
  CHECK(options.add.bits() == 0x21);
  CHECK(options.chdir == std::string("/from/file"));
}

TEST_CASE("signals have the names and numbers of this system") {
  for (int number = 1; number <= 31; ++number) {
    const char* name = sigabbrev_np(number);
    REQUIRE(name != nullptr);
    if (number == SIGIO) name = "IO";  // which glibc calls POLL
    for (const std::string& word :
         {std::string(name), "SIG" + std::string(name),
          std::to_string(number)}) {
      Options options;
      Words words{"--pdeathsig", word};
      INFO(word);
      CHECK_FALSE(words.parse(options));
      CHECK(options.pdeathsig == number);
    }
  }
}

TEST_CASE("a configuration file takes each option that may stand in it") {
  for (const Effect& each : kEffects) {
    if (!each.in_file) continue;
    const std::string name = each.name;
    const std::string value = each.value == nullptr ? "" : each.value;
    const std::string expected = defaults_but(each.member, each.line);
    for (const std::string& line :
         {name + " " + value, name + "\t" + value, " \t" + name + " " + value,
          name + " \t  " + value, name + " " + value + " \t "}) {
      INFO("'" << line << "'");
      Options options;
      Config config(line + "\n");
      CHECK_FALSE(config.parse(options));
      CHECK(dump(options) == expected);
    }
  }
}

TEST_CASE("a configuration file may hold comments and blank lines") {
  Options options;
  Config config(
      "# a comment\n"
      "\n"
      " \t \n"
      "   # another: accept open\n"
      "#accept open\n"
      "accept inert\n"
      "chdir /a #b\n");
  CHECK_FALSE(config.parse(options));
  CHECK(options.accept == doff::Verdict::kInert);
  CHECK(options.chdir == std::string("/a #b"));
  Config empty("");
  CHECK_FALSE(empty.parse(options));
  Config newline("\n");
  CHECK_FALSE(newline.parse(options));
}

TEST_CASE("what is wrong with a configuration file is said with its line") {
  struct Row {
    const char* statement;
    std::string_view text;
    unsigned line;
    std::string_view doing;
    std::string_view cause;
    std::string_view guess;
  };
  using std::string_view;
  constexpr Row kRows[] = {
      {"an unknown option", "\n# x\nacept open\n", 3, "acept", "no such option",
       "accept"},
      {"dashes", "--accept open\n", 1, "--accept", "no such option", "accept"},
      {"an equals sign", "accept=open\n", 1, "accept=open", "no such option",
       ""},
      {"a missing value", "login\naccept\n", 2, "accept", "needs a value", ""},
      {"a missing value, with blanks", "accept \t \n", 1, "accept",
       "needs a value", ""},
      {"a value too many", "login yes\n", 1, "login", "takes no value", ""},
      {"a wrong value", "accept inert\naccept seald\n", 2, "accept",
       "no such choice", "sealed"},
      {"an unknown capability", "\n\n\ncap-add chwon\n", 4, "cap-add",
       "no such capability", "CHOWN"},
      {"a carriage return", "accept open\r\n", 1, "accept", "no such choice",
       "open"},
      {"config", "config /x\n", 1, "config", "not an option for", ""},
      {"status", "status\n", 1, "status", "not an option for", ""},
      {"dry-run", "\ndry-run\n", 2, "dry-run", "not an option for", ""},
      {"help", "help\n", 1, "help", "not an option for", ""},
      {"version", "version\n", 1, "version", "not an option for", ""},
      {"no final newline", "login\naccept open", 2, "", "newline", ""},
      {"no newline at all", "#", 1, "", "newline", ""},
      {"a NUL byte", string_view("login\nchdir /x\0y\n", 17), 2, "", "NUL byte",
       ""},
      {"a NUL byte in a comment", string_view("#\0\n", 3), 1, "", "NUL byte",
       ""},
      {"a NUL byte for a newline", string_view("login\0", 6), 1, "", "newline",
       ""},
  };
  for (const Row& row : kRows) {
    INFO(row.statement);
    Options options;
    Config config(row.text);
    const auto failure = config.parse(options);
    REQUIRE(failure);
    CHECK(failure->file == "the file");
    CHECK(failure->line == row.line);
    if (!row.doing.empty()) CHECK(failure->doing == row.doing);
    CHECK(mentions(failure->cause, row.cause));
    CHECK(failure->guess == row.guess);
    CHECK(options.action == doff::Action::kRun);
  }
}

TEST_CASE("a number is decimal digits up to the most, and nothing else") {
  CHECK(doff::parse_number("0", 0) == 0U);
  CHECK(doff::parse_number("1023", 1023) == 1023U);
  CHECK(doff::parse_number("0010", 10) == 10U);
  CHECK(doff::parse_number("4294967295", 0xffffffff) == 0xffffffffU);
  for (const char* const word :
       {"", " 1", "1 ", "+1", "-1", "0x1", "1e1", "1.0", "\xd9\xa1",
        "4294967296", "18446744073709551617", "99999999999999999999999999"}) {
    INFO("'" << word << "'");
    CHECK_FALSE(doff::parse_number(word, 0xffffffff));
  }
  CHECK_FALSE(doff::parse_number("1", 0));
  CHECK_FALSE(doff::parse_number("1024", 1023));
}
