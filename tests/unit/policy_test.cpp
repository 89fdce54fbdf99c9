#include "helper/policy/policy.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "caps/names.h"
#include "helper/policy/profiles.h"

namespace {

using doff::CapabilitySet;
using doff::only;
using doff::Policy;

Policy parsed(const std::string& text) {
  const auto policy = doff::parse_policy(text, "p.yaml");
  if (!policy) FAIL(doff::to_text(policy.error().front()) << " in\n" << text);
  return *policy;
}

// A line for each thing that is wrong with `text`.
std::string wrong(const std::string& text) {
  const auto policy = doff::parse_policy(text, "p");
  if (policy) return "nothing";
  std::string all;
  for (const doff::Failure& each : policy.error())
    all += (all.empty() ? "" : "\n") + doff::to_text(each);
  return all;
}

std::string capabilities(const std::string& lines) {
  return "version: 1\ncapabilities:\n" + lines;
}
std::string connect(const std::string& lines) {
  return "version: 1\nconnect:\n" + lines;
}

struct Row {
  std::string text;
  std::string failures;
};
void check(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    INFO(row.text.substr(0, 1000));
    CHECK(wrong(row.text) == row.failures);
  }
}

}  // namespace

TEST_CASE("the document of DESIGN.md means what it says") {
  const Policy policy = parsed(
      "version: 1\n"
      "capabilities:            # create time\n"
      "  drop: [ALL]\n"
      "  allow: [SETUID, cap_setgid, Cap_SetPCap]\n"
      "connect:\n"
      "  allow: [KILL]\n"
      "  accept: inert\n"
      "  seccomp: hardened\n"
      "  privileged: clamp\n"
      "  inject: false\n"
      "  match: terminal\n"
      "  missing: clamp\n");
  CHECK(policy.source == "p.yaml");
  REQUIRE(policy.capabilities);
  const doff::Request request = policy.capabilities->request();
  CHECK(request.drop == doff::Words{.all = true, .named = {}});
  CHECK(request.add == doff::Words{.all = false,
                                   .named = only("SETUID") | only("SETGID") |
                                            only("SETPCAP")});
  CHECK(doff::all_of(policy.connect.allow).named == only("KILL"));
  CHECK(policy.connect.accept == doff::Verdict::kInert);
  CHECK(policy.connect.seccomp == "hardened");
  CHECK(policy.connect.privileged == doff::Response::kClamp);
  CHECK_FALSE(policy.connect.inject);
  CHECK(policy.connect.match == doff::Match::kTerminal);
  CHECK(policy.connect.missing == doff::Response::kClamp);
}

TEST_CASE("each word knows where it stands") {
  const Policy policy = parsed(capabilities("  drop: [ALL, KILL]\n"));
  REQUIRE(policy.capabilities->drop.size() == 2);
  const doff::Place& place = policy.capabilities->drop[1].place;
  CHECK(place.file == "p.yaml");
  CHECK(place.line == 3);
  CHECK(place.column == 15);
}

TEST_CASE("what is not written is the default") {
  const Policy policy = parsed(connect("  allow: []\n"));
  CHECK_FALSE(policy.capabilities);
  CHECK(policy.connect.allow.empty());
  CHECK(policy.connect.accept == doff::Verdict::kSealed);
  CHECK(policy.connect.seccomp == "regain");
  CHECK(policy.connect.privileged == doff::Response::kRefuse);
  CHECK(policy.connect.inject);
  CHECK(policy.connect.match == doff::Match::kAll);
  CHECK(policy.connect.missing == doff::Response::kRefuse);
}

TEST_CASE("what OpenShell reads is not judged, whatever is in it") {
  const Policy policy = parsed(
      "version: 1\n"
      "filesystem_policy: &fs\n"
      "  same: 1\n"
      "  same: [*fs, !!str x, CAP_NOTHING]\n"
      "landlock: *fs\n"
      "network_policies: [{<<: *fs}]\n"
      "process:\n"
      "network_middlewares: !tag {}\n"
      "connect: {allow: [ALL]}\n");
  CHECK(doff::all_of(policy.connect.allow).all);
}

TEST_CASE("a document in JSON's spelling is one as well") {
  const Policy policy = parsed(
      R"({"version": 1, "capabilities": {"drop": ["ALL"], "allow": ["KILL"]}})");
  CHECK(policy.capabilities->request().add.named == only("KILL"));
}

TEST_CASE("wrong keys") {
  check({
      {"version: 1\ncapabilites: {drop: [ALL]}\n",
       "p:2:1: policy \"capabilites\": no such key; did you mean "
       "\"capabilities\"?"},
      {"version: 1\nzzzzzzzzz: 1\nconnect: {}\n",
       "p:2:1: policy \"zzzzzzzzz\": no such key; a key is version, "
       "capabilities or connect"},
      {capabilities("  drops: [ALL]\n"),
       "p:3:3: capabilities \"drops\": no such key; did you mean \"drop\"?"},
      {connect("  Accept: sealed\n"),
       "p:3:3: connect \"Accept\": no such key; did you mean \"accept\"?"},
      {connect("  drop: [ALL]\n"),
       "p:3:3: connect \"drop\": no such key; a key is allow, accept, "
       "seccomp, privileged, inject, match or missing"},
      {"version: 1\nversion: 1\nconnect: {}\n",
       "p:2:1: policy \"version\": the same key as on line 1; keep one"},
      {"version: 1\nconnect: {}\nlandlock: {}\nlandlock: {}\n",
       "p:4:1: policy \"landlock\": the same key as on line 3; keep one"},
      {connect("  allow: []\n  allow: [ALL]\n"),
       "p:4:3: connect \"allow\": the same key as on line 3; keep one"},
      {"version: 1\nconnect: {}\n? [a]\n: b\n",
       "p:3:3: policy: a list where a key is expected"},
      {connect("  <<: {allow: [ALL]}\n"),
       "p:3:3: connect \"<<\": a merge key, which brings in what stands "
       "elsewhere; write the keys out"},
  });
}

TEST_CASE("what is missing") {
  check({
      {"capabilities: {drop: [ALL]}\n",
       "p:1:1: version: missing; begin with version: 1"},
      {"version: 1\n",
       "p:1:1: policy: neither `capabilities` nor `connect`: it says nothing"},
      {"version: 1\nlandlock: {}\n",
       "p:1:1: policy: neither `capabilities` nor `connect`: it says nothing"},
      {"version: 1\ncapabilities: {}\n",
       "p:2:1: capabilities: without the key drop it says nothing; write "
       "drop: [ALL], or leave the section out"},
      {capabilities("  drop: []\n"),
       "p:3:3: capabilities.drop: empty: it says nothing; write drop: [ALL], "
       "or leave the section out"},
      {capabilities("  allow: [KILL]\n  drop: []\n"),
       "p:4:3: capabilities.drop: empty: it says nothing; write drop: [ALL], "
       "or leave the section out"},
      {"", "p:1:1: policy: nothing where a map with `version: 1` is expected"},
      {"# nothing\n",
       "p:1:1: policy: nothing where a map with `version: 1` is expected"},
  });
}

TEST_CASE("wrong types and words") {
  check({
      {"version: \"1\"\nconnect: {}\n",
       "p:1:10: version \"1\": not the number 1, the only version there is"},
      {"version: 2\nconnect: {}\n",
       "p:1:10: version \"2\": not the number 1, the only version there is"},
      {"version:\nconnect: {}\n",
       "p:1:1: version: nothing where the number 1 is expected"},
      {"- version: 1\n",
       "p:1:1: policy: a list where a map with `version: 1` is expected"},
      {"version: 1\ncapabilities: [ALL]\n",
       "p:2:15: capabilities: a list where a map of keys is expected"},
      {"version: 1\nconnect:\n",
       "p:2:1: connect: nothing where a map of keys is expected"},
      {capabilities("  drop: ALL\n"),
       "p:3:9: capabilities.drop \"ALL\": a word where a list of capabilities "
       "is expected"},
      {capabilities("  drop:\n    - ALL\n    -\n    - {a: b}\n    - [KILL]\n"),
       "p:5:6: capabilities.drop: nothing where a capability is expected\n"
       "p:6:7: capabilities.drop: a map of keys where a capability is "
       "expected\n"
       "p:7:7: capabilities.drop: a list where a capability is expected"},
      {connect("  accept: seald\n"),
       "p:3:11: connect.accept \"seald\": not one of open, inert or sealed; "
       "did "
       "you mean \"sealed\"?"},
      {connect("  accept: [sealed]\n"),
       "p:3:11: connect.accept: a list where one of open, inert or sealed is "
       "expected"},
      {connect("  seccomp: /etc/doff/own.bpf\n"),
       "p:3:12: connect.seccomp \"/etc/doff/own.bpf\": not one of none, regain "
       "or hardened"},
      {connect("  privileged: allow\n"),
       "p:3:15: connect.privileged \"allow\": not one of refuse or clamp"},
      {connect("  match: terminals\n"),
       "p:3:10: connect.match \"terminals\": not one of all or terminal; did "
       "you mean \"terminal\"?"},
      {connect("  inject: yes\n"),
       "p:3:11: connect.inject \"yes\": not true or false"},
      {connect("  inject: 'true'\n"),
       "p:3:11: connect.inject \"true\": a text in quotes, not a boolean; "
       "leave "
       "the quotes out"},
  });
}

TEST_CASE("wrong capabilities") {
  check({
      {capabilities("  drop: [ALL, NET_RAV]\n"),
       "p:3:15: capabilities.drop \"NET_RAV\": no such capability; did you "
       "mean "
       "\"NET_RAW\"?"},
      {capabilities("  drop: [13]\n"),
       "p:3:10: capabilities.drop \"13\": a number, where engines take only "
       "names; did you mean \"NET_RAW\"?"},
      {connect("  allow: [KILL, \"\"]\n"),
       "p:3:17: connect.allow: an empty name"},
      {connect("  allow: [KILL, cap_kill]\n"),
       "p:3:17: connect.allow \"cap_kill\": the same as on line 3, column 11; "
       "keep one"},
      {capabilities("  drop: [ALL, all]\n"),
       "p:3:15: capabilities.drop \"all\": the same as on line 3, column 10; "
       "keep one"},
      {connect("  allow: [\"A\\e[31m\\u202e\"]\n"),
       "p:3:11: connect.allow \"A\\u001b[31m\\u00e2\\u0080\\u00ae\": written "
       "with escapes or line breaks; write it out, without"},
  });
}

TEST_CASE("contradictions") {
  const std::string no_all =
      "capabilities.allow: gives back of what drop takes, and drop has no ALL; "
      "write drop: [ALL]";
  check({
      {capabilities("  drop: [NET_RAW]\n  allow: [KILL]\n"),
       "p:4:3: " + no_all},
      {capabilities("  allow: []\n"), "p:3:3: " + no_all},
      {capabilities("  drop: [ALL, KILL]\n  allow: [CHOWN, CAP_KILL]\n"),
       "p:4:18: capabilities.allow \"KILL\": in capabilities.drop as well; say "
       "it once"},
      {capabilities("  allow: [ALL]\n  drop: [ALL]\n"),
       "p:3:11: capabilities.allow \"ALL\": gives back everything that drop "
       "takes; name what is to stay, or leave the section out"},
      // The misspelt ALL is told, and not what follows from it.
      {capabilities("  drop: [AL]\n  allow: [KILL]\n"),
       "p:3:10: capabilities.drop \"AL\": no such capability; did you mean "
       "\"ALL\"?"},
  });
}

TEST_CASE(
    "everything that is wrong is told at once, in the order of its place") {
  CHECK(
      wrong("connect:\n"
            "  inject: on\n"
            "  alow: [KILL]\n"
            "capabilities:\n"
            "  allow: [ALL, CHOWM]\n"
            "  drop: ALL\n") ==
      "p:1:1: version: missing; begin with version: 1\n"
      "p:2:11: connect.inject \"on\": not true or false\n"
      "p:3:3: connect \"alow\": no such key; did you mean \"allow\"?\n"
      "p:5:11: capabilities.allow \"ALL\": gives back everything that drop "
      "takes; name what is to stay, or leave the section out\n"
      "p:5:16: capabilities.allow \"CHOWM\": no such capability; did you mean "
      "\"CHOWN\"?\n"
      "p:6:9: capabilities.drop \"ALL\": a word where a list of capabilities "
      "is expected");
}

TEST_CASE("what hides what it says is refused") {
  const std::string out = "; write it out, without";
  check({
      {capabilities("  drop: &all [ALL]\n"),
       "p:3:9: capabilities.drop: an anchor, which something else may stand "
       "for" +
           out},
      {"version: 1\nlandlock: &l [ALL]\ncapabilities: {drop: *l}\n",
       "p:3:22: capabilities.drop: an alias, which stands for something else" +
           out},
      {"version: 1\nlandlock: &l KILL\nconnect: {allow: [*l]}\n",
       "p:3:19: connect.allow: an alias, which stands for something else" +
           out},
      {"version: 1\nlandlock: &l connect\n*l : {}\n",
       "p:3:1: policy: an alias, which stands for something else" + out},
      {connect("  allow: [!!str KILL]\n"),
       "p:3:11: connect.allow \"KILL\": a tag" + out},
      {connect("  inject: !!bool \"true\"\n"),
       "p:3:11: connect.inject \"true\": a tag" + out},
      {"version: 1\nconnect: &c\n  allow: [*c]\n",
       "p:2:10: connect: an anchor, which something else may stand for" + out},
      {"&a\nversion: 1\nconnect: *a\n",
       "p:1:1: policy: an anchor, which something else may stand for" + out},
  });
}

TEST_CASE("a word is written as it reads") {
  const std::string out =
      ": written with escapes or line breaks; write it out, without";
  const std::string tag = ": a tag; write it out, without";
  const std::string no_uri =
      ": YAML: did not find expected tag URI while parsing a tag";
  const std::string allow = "p:3:11: connect.allow ";
  check({
      {connect("  allow: [\"\\x53YS_ADMIN\"]\n"),
       allow + "\"SYS_ADMIN\"" + out},
      {connect("  allow: [\"SYS_\\\n    ADMIN\"]\n"),
       allow + "\"SYS_ADMIN\"" + out},
      {connect("  allow: [\"KILL\\\n    \"]\n"), allow + "\"KILL\"" + out},
      {connect("  allow: ['it''s']\n"), allow + "\"it's\"" + out},
      {connect("  allow: [NET\n    RAW]\n"), allow + "\"NET RAW\"" + out},
      {connect("  allow:\n  - >-\n    KILL\n"),
       "p:4:5: connect.allow \"KILL\"" + out},
      {connect("  seccomp: |\n    none\n"),
       "p:3:12: connect.seccomp \"none\\u000a\"" + out},
      {connect("  \"allo\\x77\": []\n"), "p:3:3: connect \"allow\"" + out},
      {"version: 1\n\"conn\\u0065ct\": {}\nconnect: {}\n",
       "p:2:1: policy \"connect\"" + out},
      {connect("  allow: [! SYS_ADMIN]\n"), allow + "\"SYS_ADMIN\"" + tag},
      {connect("  allow: [! \"KILL\"]\n"), allow + "\"KILL\"" + tag},
      {connect("  allow: [!<?> KILL]\n"), allow + "\"KILL\"" + tag},
      {connect("  allow: [!<> 'KILL']\n"), "p:3:13" + no_uri},
      {connect("  allow: !<?> [KILL]\n"), "p:3:10: connect.allow" + tag},
      {"version: 1\nconnect: !<> {}\n", "p:2:12" + no_uri},
      {connect("  accept: open\n  ! allow: [KILL]\n"),
       "p:4:3: connect \"allow\"" + tag},
      // A tag of the map, or of its first key.
      {connect("  ! allow: [KILL]\n"), "p:3:3: connect" + tag},
  });
  // Quotes hide nothing, nor do CRLF and what takes more than a byte.
  const Policy policy = parsed(
      "# \xe2\x82\xac\r\n'version': 1\r\nlandlock: \"\\x41\\\r\n \"\r\n"
      "\"connect\":\r\n  allow: [ 'KILL' , \"chown\",\r\n    MKNOD ] # x\r\n"
      "  seccomp:  none\r\n");
  CHECK(doff::all_of(policy.connect.allow).named ==
        (only("KILL") | only("CHOWN") | only("MKNOD")));
  CHECK(policy.connect.seccomp == "none");
}

TEST_CASE("nothing is in a document that others read otherwise") {
  const std::string line_break =
      ": YAML: a line break to some readers and not to others";
  const std::string direction =
      ": YAML: a character that turns the direction of what is shown";
  const auto comment = [](const std::string& character) {
    return "version: 1\nconnect: {} # x" + character + "  allow: [ALL]\n";
  };
  for (const char* each : {"\r", "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9"})
    CHECK(wrong(comment(each)) == "p:2:16" + line_break);
  // In parts: clang-tidy warns of them even where they are escaped.
  const std::string in_20 = "\xe2\x80";
  const std::string in_206 = "\xe2\x81";
  CHECK(wrong(comment("\xd8\x9c")) == "p:2:16" + direction);
  for (const char* last :
       {"\x8e", "\x8f", "\xaa", "\xab", "\xac", "\xad", "\xae"})
    CHECK(wrong(comment(in_20 + last)) == "p:2:16" + direction);
  for (const char* last : {"\xa6", "\xa7", "\xa8", "\xa9"})
    CHECK(wrong(comment(in_206 + last)) == "p:2:16" + direction);
  for (const char* each : {"\t", "\r\n#", "\xc2\xa0", "\xd8\x9b", "\xd8\x9d",
                           "\xe2\x80\x8d", "\xe2\x80\x90", "\xe2\x80\xa7",
                           "\xe2\x80\xaf", "\xe2\x81\xa5", "\xe2\x81\xaa"})
    CHECK(wrong(comment(each)) == "nothing");
  check({
      {"version: 1\rconnect: {}\r", "p:1:11" + line_break},
      {"version: 1\nconnect: {}\n\r", "p:3:1" + line_break},
      {"version: 1\nconnect: {}\nlandlock: '" + in_20 + "\xae'\n",
       "p:3:12" + direction},
  });
}

TEST_CASE("what is not one YAML document in UTF-8") {
  const std::string good = "version: 1\nconnect: {}\n";
  check({
      {good + "---\n" + good,
       "p:4:1: YAML: a second document; one policy is one document"},
      {good + "a: [\n",
       "p:4:1: YAML: did not find expected node content while parsing a flow "
       "node"},
      {good + "landlock: \xff\n", "p:3:11: YAML: not UTF-8; save it as UTF-8"},
      {good + "# \xc0\x80\n", "p:3:3: YAML: not UTF-8; save it as UTF-8"},
      {good + "# \xed\xa0\x80\n", "p:3:3: YAML: not UTF-8; save it as UTF-8"},
      {good + "# \xf4\x90\x80\x80\n",
       "p:3:3: YAML: not UTF-8; save it as UTF-8"},
      {good + "# \xe2\x82", "p:3:3: YAML: not UTF-8; save it as UTF-8"},
      {std::string("v\0e\0r\0", 6) + good, "p:1:2: YAML: a NUL byte"},
      {good + std::string(1, '\0'), "p:3:1: YAML: a NUL byte"},
      {good + "\x04"
              "connect: {}\n",
       "p:3:1: YAML: a control character"},
      {good + "# \x1b[2J\n", "p:3:3: YAML: a control character"},
      {good + "# \xc2\x9b"
              "2J\n",
       "p:3:3: YAML: a control character"},
      {good + "a: \"\\\xc3\xa9\"\n",
       "p:3:5: YAML: found unknown escape character while parsing a quoted "
       "scalar"},
      {"\xef\xbb\xbf" + good,
       "p:1:1: YAML: it begins with a byte order mark; save it as UTF-8 "
       "without "
       "one"},
      {"\xff\xfev", "p:1:1: YAML: not UTF-8; save it as UTF-8"},
      {good + "# \xef\xbb\xbf\n", "p:3:3: YAML: a byte order mark"},
      {good + "# \xef\xbf\xbe\n",
       "p:3:3: YAML: a character that stands for nothing"},
      {good + "# \xef\xbf\xbf\n",
       "p:3:3: YAML: a character that stands for nothing"},
      {"# x\n%TAG !a! b\n---\n" + good,
       "p:2:1: YAML: a %TAG directive; write the tags out, or leave them out"},
      {good + "landlock: {a: *b\n",
       "p:4:1: YAML: did not find expected ',' or '}' while parsing a flow "
       "mapping"},
      // The column counts bytes, also behind what has several in a character.
      {good + "# \xe2\x82\xac\nl: [\xf0\x9f\x8e\xa9, \xe2\x82\xac]]\n",
       "p:4:15: YAML: did not find expected key while parsing a block "
       "mapping"},
  });
  CHECK(wrong(good + "# \xe2\x82\xac \xf0\x9f\x8e\xa9\n") == "nothing");
  CHECK(wrong("%YAML 1.2\n---\n" + good + "...\n") == "nothing");
}

TEST_CASE("depth and size have limits, also in OpenShell's sections") {
  const auto nested = [](const std::string& key, std::size_t levels) {
    return "version: 1\nconnect: {}\n" + key + ": " + std::string(levels, '[') +
           std::string(levels, ']') + "\n";
  };
  CHECK(wrong(nested("landlock", 63)) == "nothing");
  check({
      {nested("landlock", 64), "p:3:74: YAML: nested too deeply"},
      {nested("version", 64), "p:3:73: YAML: nested too deeply"},
      {nested("landlock", 1000000), "p:3:74: YAML: nested too deeply"},
  });
  std::string many;
  for (int i = 0; i < 100000; ++i) many += " - KILL\n";
  CHECK(wrong("version: 1\nconnect:\n allow:\n" + many) ==
        "p:100000:4: YAML: too many values");
  std::string words;
  for (int i = 0; i < 5000; ++i) words += "    - X\n";
  const auto policy = doff::parse_policy(connect("  allow:\n" + words), "p");
  REQUIRE_FALSE(policy);
  CHECK(policy.error().size() == 1001);
}

TEST_CASE("a damaged document is an error or a policy, cut anywhere") {
  for (const doff::Profile& profile : doff::profiles()) {
    for (std::size_t end = 0; end < profile.text.size(); ++end) {
      const auto policy = doff::parse_policy(profile.text.substr(0, end), "p");
      if (!policy) CHECK_FALSE(policy.error().empty());
    }
  }
}

TEST_CASE("a file that can't be read is an error") {
  for (const char* path : {"/nonexistent/policy.yaml", "/dev/zero", "/"}) {
    const auto policy = doff::read_policy(path);
    REQUIRE_FALSE(policy);
    CHECK(policy.error().front().value == path);
  }
}

TEST_CASE("the profiles that ship leave what they say") {
  const CapabilitySet nemoclaw_ten =
      only("SYS_ADMIN") | only("SYS_PTRACE") | only("NET_RAW") |
      only("DAC_OVERRIDE") | only("SYS_CHROOT") | only("FSETID") |
      only("SETFCAP") | only("MKNOD") | only("AUDIT_WRITE") |
      only("NET_BIND_SERVICE");
  const CapabilitySet docker = doff::engine(doff::Semantics::kDocker).defaults;
  const CapabilitySet supervisor =
      only("SYS_ADMIN") | only("NET_ADMIN") | only("SYS_PTRACE") |
      only("SYSLOG") | only("SETUID") | only("SETGID") | only("SETPCAP") |
      only("CHOWN") | only("FOWNER") | only("DAC_READ_SEARCH");
  struct Shipped {
    const char* name;
    CapabilitySet left;
  };
  const std::vector<Shipped> shipped = {
      {"docker-default", docker},
      {"k8s-restricted", only("NET_BIND_SERVICE")},
      {"nemoclaw", docker - nemoclaw_ten},
      {"none", CapabilitySet()},
      {"openshell-supervisor", supervisor},
  };
  CHECK((docker - nemoclaw_ten) ==
        (only("CHOWN") | only("FOWNER") | only("SETUID") | only("SETGID") |
         only("KILL") | only("SETPCAP")));
  REQUIRE(doff::profiles().size() == shipped.size());
  for (std::size_t i = 0; i < shipped.size(); ++i) {
    INFO(shipped[i].name);
    CHECK(doff::profiles()[i].name == shipped[i].name);
    const auto policy = doff::find_profile(shipped[i].name);
    REQUIRE(policy);
    REQUIRE(policy->capabilities);
    CHECK(policy->capabilities->request().drop.all);
    CHECK(policy->capabilities->request().add.named == shipped[i].left);
    CHECK(policy->connect.allow.empty());
    CHECK(doff::profiles()[i].text.starts_with("# "));
  }
  const auto unknown = doff::find_profile("nemoclow");
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().guess == "nemoclaw");
}
