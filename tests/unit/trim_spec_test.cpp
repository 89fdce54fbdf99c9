#include "helper/spec/trim_spec.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "caps/names.h"

namespace {

using doff::CapabilitySet;
using doff::only;
using doff::Semantics;
using doff::SpecSets;
using doff::TrimmedSpec;
using doff::Widen;
using doff::Wish;

doff::Words words(const std::string& list) {
  doff::Words found;
  if (!list.empty()) REQUIRE(doff::add_words(list, found));
  return found;
}

Wish wish(const std::string& add, const std::string& drop) {
  Wish made;
  made.flags = {.add = words(add), .drop = words(drop)};
  return made;
}

TrimmedSpec trim(const std::string& text, const Wish& wanted,
                 Widen widen = Widen::kRefuse) {
  auto trimmed = doff::trim_spec(text, "spec", wanted, widen);
  INFO(text);
  if (!trimmed) FAIL(to_text(trimmed.error()));
  return *trimmed;
}

std::string refusal(const std::string& text, const Wish& wanted,
                    Widen widen = Widen::kRefuse) {
  const auto trimmed = doff::trim_spec(text, "spec", wanted, widen);
  return trimmed ? "trimmed: " + trimmed->text : to_text(trimmed.error());
}

// `capabilities` in the config.json of a process that starts as `uid`.
std::string config(const std::string& capabilities, int uid = 0) {
  return R"({"process":{"user":{"uid":)" + std::to_string(uid) +
         R"(},"capabilities":)" + capabilities + "}}";
}

constexpr const char* kUsual = R"({
  "ociVersion": "1.0.2-dev",
  "process": {
    "user": { "uid": 0 , "gid":0},
    "capabilities": {
      "bounding": [
        "CAP_CHOWN",
        "CAP_KILL", "CAP_NET_RAW"
      ],
      "effective" : ["CAP_CHOWN","CAP_NET_RAW"],
      "inheritable": [ ],
      "permitted": ["CAP_CHOWN",	"CAP_KILL" , "CAP_NET_RAW"],
      "x": ["CAP_NET_RAW"]
    },
    "args": ["CAP_NET_RAW", "]", "\"capabilities\": {"]
  },
  "huge": 123456789012345678901234567890, "float": 1.50e+01, "neg": -0,
  "uint64": 18446744073709551615, "text": "\u00e9é\/", "": {"": []}
}
)";

}  // namespace

TEST_CASE("nothing but the arrays changes, and they keep their style") {
  const TrimmedSpec trimmed = trim(kUsual, wish("", "NET_RAW"));
  std::string expected = kUsual;
  const auto replace = [&](std::string_view before, std::string_view after) {
    const auto at = expected.find(before);
    REQUIRE(at != std::string::npos);
    expected.replace(at, before.size(), after);
  };
  replace("\"CAP_KILL\", \"CAP_NET_RAW\"\n      ]", "\"CAP_KILL\"\n      ]");
  replace(R"(["CAP_CHOWN","CAP_NET_RAW"])", R"(["CAP_CHOWN"])");
  replace("\t\"CAP_KILL\" , \"CAP_NET_RAW\"]", "\t\"CAP_KILL\"]");
  CHECK(trimmed.text == expected);
  CHECK(trimmed.before.bounding ==
        (only("CHOWN") | only("KILL") | only("NET_RAW")));
  CHECK(trimmed.after.bounding == (only("CHOWN") | only("KILL")));
  CHECK(trimmed.notes.empty());

  CHECK(trim(trimmed.text, wish("", "NET_RAW")).text == trimmed.text);
}

TEST_CASE("what is not to be trimmed is not touched") {
  for (const char* text :
       {kUsual, R"({"process":{"capabilities":{ "bounding" : [ ] }}})",
        R"({"process":{"capabilities":null}})",
        R"({"process":{"capabilities":{"bounding":null}}})",
        R"({"process":{}})", R"({"process":null})", R"({"ociVersion":"1"})",
        R"({"cwd":"/","capabilities":{"ambient":[]}})",
        R"({"process":{"capabilities":
           {"bounding":["CAP_KILL","CAP_KILL","CAP\u005fKILL"]}}})"})
    CHECK(trim(text, wish("", "SYS_ADMIN")).text == text);
}

TEST_CASE("an array is spliced in its own style") {
  struct Row {
    const char* before;
    const char* after;  // without KILL
  };
  const Row rows[] = {
      {R"(["CAP_KILL"])", "[]"},
      {R"([ "CAP_KILL" ])", "[]"},
      {R"(["CAP_KILL","CAP_CHOWN"])", R"(["CAP_CHOWN"])"},
      {R"(["CAP_CHOWN","CAP_KILL"])", R"(["CAP_CHOWN"])"},
      {R"(["CAP_CHOWN", "CAP_KILL", "CAP_FOWNER"])",
       R"(["CAP_CHOWN", "CAP_FOWNER"])"},
      {"[\n\t\"CAP_KILL\",\n\t\"CAP_CHOWN\"\n]", "[\n\t\"CAP_CHOWN\"\n]"},
      {R"(["CAP_SETUID","CAP_KILL","CAP_CHOWN"])",
       R"(["CAP_SETUID","CAP_CHOWN"])"},
      {R"(["CAP_KILL","CAP_CHOWN","CAP_KILL"])", R"(["CAP_CHOWN"])"},
      {R"(["\u0043AP_CHOWN","CAP_KILL"])", R"(["\u0043AP_CHOWN"])"},
      {"null", "null"},
  };
  for (const Row& row : rows) {
    const auto text = [](const char* array) {
      return config(std::string(R"({"bounding":)") + array + "}");
    };
    CHECK(trim(text(row.before), wish("", "KILL")).text == text(row.after));
  }
}

TEST_CASE("the five sets depend on each other as in the kernel") {
  const std::string all = R"(["CAP_CHOWN","CAP_KILL"])";
  const auto sets = [](const std::string& capabilities) {
    return trim(config(capabilities), wish("", "NET_RAW")).after;
  };
  const CapabilitySet both = only("CHOWN") | only("KILL");
  CHECK(sets("{\"bounding\":" + all + ",\"permitted\":" + all +
             ",\"effective\":" + all + ",\"inheritable\":" + all +
             ",\"ambient\":" + all + "}") ==
        SpecSets{both, both, both, both, both});
  // Each is held to those it is within, and says so in the text.
  CHECK(sets("{\"permitted\":" + all + ",\"effective\":" + all +
             ",\"inheritable\":" + all + "}") == SpecSets());
  CHECK(sets("{\"bounding\":" + all + ",\"permitted\":[\"CAP_CHOWN\"]" +
             ",\"effective\":" + all + "}") ==
        SpecSets{both, only("CHOWN"), only("CHOWN"), {}, {}});
  CHECK(sets("{\"bounding\":" + all + ",\"permitted\":" + all +
             ",\"inheritable\":[\"CAP_KILL\"],\"ambient\":" + all + "}") ==
        SpecSets{both, both, {}, only("KILL"), only("KILL")});
  CHECK(sets("{\"bounding\":" + all + ",\"inheritable\":" + all +
             ",\"permitted\":[\"CAP_KILL\"],\"ambient\":" + all + "}") ==
        SpecSets{both, only("KILL"), {}, both, only("KILL")});
}

TEST_CASE("the plan is of the spec's own set, or of an engine's default") {
  const std::string text =
      config(R"({"bounding":["CAP_CHOWN","CAP_NET_RAW","CAP_SYS_ADMIN"]})");
  const auto left = [&](Wish wanted, std::optional<Semantics> semantics) {
    wanted.semantics = semantics;
    return trim(text, wanted).after.bounding;
  };
  const CapabilitySet own = only("CHOWN") | only("NET_RAW") | only("SYS_ADMIN");
  CHECK(left(wish("", "KILL"), {}) == own);
  CHECK(left(wish("NET_RAW", "ALL"), {}) == only("NET_RAW"));
  CHECK(left(wish("ALL", ""), {}) == own);
  CHECK(left(wish("ALL", "CHOWN"), {}) == own - only("CHOWN"));
  CHECK(left(wish("", ""), Semantics::kDocker) ==
        (only("CHOWN") | only("NET_RAW")));
  CHECK(left(wish("", ""), Semantics::kPodman) == only("CHOWN"));
  CHECK(left(wish("SYS_ADMIN", ""), Semantics::kPodman) ==
        (only("CHOWN") | only("SYS_ADMIN")));
  CHECK(left(wish("NET_RAW", "NET_RAW"), Semantics::kCri) == only("CHOWN"));
}

TEST_CASE("what a flag adds by name must be there") {
  const std::string text = config(R"({"bounding":["CAP_CHOWN"]})");
  CHECK(refusal(text, wish("SYS_ADMIN,CHOWN,NET_RAW", "ALL")) ==
        "spec: --cap-add \"NET_RAW,SYS_ADMIN\": not in the spec's bounding "
        "set; --allow-widen adds what is not there");
  // A policy only says what may be there at most.
  Wish policy;
  policy.policy.emplace().capabilities = {{{words("ALL"), {}}},
                                          {{words("NET_RAW"), {}}}};
  CHECK(trim(text, policy).after == SpecSets());
  // Where the drop wins, nothing was asked for.
  Wish cri = wish("SYS_ADMIN", "SYS_ADMIN");
  cri.semantics = Semantics::kCri;
  CHECK(trim(text, cri).after.bounding == only("CHOWN"));
  CHECK(refusal(text,
                [] {
                  Wish podman = wish("CHOWN", "CHOWN");
                  podman.semantics = Semantics::kPodman;
                  return podman;
                }())
            .find("Podman refuses") != std::string::npos);
}

TEST_CASE("with --allow-widen, what is missing is added as Docker would") {
  const auto widened = [](const std::string& text) {
    return trim(text, wish("KILL,CHOWN", "ALL"), Widen::kAllow);
  };
  const CapabilitySet both = only("CHOWN") | only("KILL");
  const std::string chown = R"(["CAP_CHOWN"])";
  const std::string text = "{\"bounding\":" + chown +
                           ",\"permitted\":" + chown +
                           ",\"effective\":" + chown + "}";
  CHECK(widened(config(text)).after == SpecSets{both, both, both, {}, {}});
  CHECK(widened(config(text, 1000)).after ==
        SpecSets{both, only("CHOWN"), only("CHOWN"), {}, {}});
  // What the bounding set had already is not given to other sets.
  CHECK(widened(config("{\"bounding\":" + chown + "}")).after ==
        SpecSets{both, only("KILL"), only("KILL"), {}, {}});
}

TEST_CASE("what is added takes the style of what is there") {
  struct Row {
    std::string before;
    std::string after;
  };
  const std::string kill =
      R"({"effective":["CAP_KILL"],)"
      R"("bounding":["CAP_KILL"],"permitted":["CAP_KILL"]})";
  const Row rows[] = {
      {config("null"),
       config(R"({"effective":["CAP_KILL"],"bounding":["CAP_KILL"],)"
              R"("inheritable":[],"permitted":["CAP_KILL"],"ambient":[]})")},
      {config("{}"), config(kill)},
      {R"({"process":{"args":[]}})",
       R"({"process":{"capabilities":{"effective":["CAP_KILL"],)"
       R"("bounding":["CAP_KILL"],"inheritable":[],)"
       R"("permitted":["CAP_KILL"],"ambient":[]},"args":[]}})"},
      {config(R"({"effective":null,"bounding":[ ],"permitted":[]})"),
       config(kill)},
      {config("{\n \"bounding\": [\n  \"CAP_CHOWN\"\n ]\n}"),
       config("{\n \"effective\": [\n  \"CAP_KILL\"\n ],\n \"permitted\": [\n"
              "  \"CAP_KILL\"\n ],\n \"bounding\": [\n  \"CAP_CHOWN\",\n"
              "  \"CAP_KILL\"\n ]\n}")},
  };
  for (const Row& row : rows)
    CHECK(trim(row.before, wish("KILL", ""), Widen::kAllow).text == row.after);
}

TEST_CASE("a spec without a process or without capabilities") {
  const Wish none = wish("", "ALL");
  CHECK(trim(R"({"ociVersion":"1"})", none).notes ==
        std::vector<std::string>{"has no `process`: nothing to trim"});
  CHECK(refusal(R"({"ociVersion":"1"})", wish("KILL", ""), Widen::kAllow)
            .find("has no `process`") != std::string::npos);
  // A container without them has none.
  CHECK(trim(R"({"process":{}})", none).notes.empty());
  // An exec without them has the container's: unknown, but for nothing.
  const std::string exec = R"({"args":["sh"],"cwd":"/"})";
  CHECK(refusal(exec, wish("", "KILL")).find("has the container's") !=
        std::string::npos);
  CHECK(refusal(exec, wish("", "KILL"), Widen::kAllow)
            .find("has the container's") != std::string::npos);
  const TrimmedSpec trimmed = trim(exec, none);
  CHECK(trimmed.text ==
        R"({"capabilities":{"effective":[],"bounding":[],"inheritable":[],)"
        R"("permitted":[],"ambient":[]},"args":["sh"],"cwd":"/"})");
  CHECK(trim(trimmed.text, none).text == trimmed.text);
}

TEST_CASE("only exact names count, others go and are named") {
  const TrimmedSpec trimmed =
      trim(config(R"({"bounding":["cap_chown","CAP_KILL","CAP_SETUID\u0000",)"
                  R"("13","KILL","CAP_FUTURE","ALL"]})"),
           wish("", "NET_RAW"));
  CHECK(trimmed.before.bounding == only("KILL"));
  CHECK(trimmed.text == config(R"({"bounding":["CAP_KILL"]})"));
  REQUIRE(trimmed.notes.size() == 1);
  CHECK(trimmed.notes[0] ==
        "removed what is no canonical name of a capability: \"cap_chown\", "
        "\"CAP_SETUID\\u0000\", \"13\", \"KILL\", \"CAP_FUTURE\" and others");
}

TEST_CASE("the loss of what an entrypoint needs to switch users is told") {
  const std::string two = R"({"bounding":["CAP_SETUID","CAP_NET_RAW"]})";
  CHECK(trim(config(two), wish("", "ALL")).notes ==
        std::vector<std::string>{
            "the process starts as uid 0 and loses SETUID: an entrypoint that "
            "switches users may need them"});
  CHECK(trim(config(two, 1000), wish("", "ALL")).notes.empty());
  CHECK(trim(config(two), wish("", "NET_RAW")).notes.empty());
}

// An exec has the container's sets then, with runc and with crun.
TEST_CASE(
    "a process.json with null for its capabilities says nothing of them") {
  const std::string unsaid = R"({"args":["sh"],"capabilities": null})";
  CHECK(refusal(unsaid, wish("", "SYS_ADMIN")).find("has no `capabilities`") !=
        std::string::npos);
  const auto trimmed = trim(unsaid, wish("", "ALL"));
  CHECK(trimmed.text ==
        R"({"args":["sh"],"capabilities": {"effective":[],"bounding":[],)"
        R"("inheritable":[],"permitted":[],"ambient":[]}})");
}

TEST_CASE("a NUL byte ends no spec") {
  const std::string text = config(R"({"bounding":[]})");
  CHECK(refusal(text + std::string(1, '\0') + text, wish("", "ALL"))
            .find("a NUL byte") != std::string::npos);
}

TEST_CASE("what is refused, why and where") {
  struct Row {
    std::string text;
    const char* said;
  };
  const Row rows[] = {
      {"\xef\xbb\xbf{\"args\":[]}",
       "spec:1:1: the spec: begins with a byte order mark"},
      {"", "spec:1:1: the spec: there is nothing in it"},
      {"{\"process\":{}", "spec:1:14: the spec: not JSON: "},
      {"{\"process\":{}}\n {}", "spec:2:2: the spec: not JSON: "},
      {"{\"process\":{},\n\"x\":\"\xff\"}", "ill-formed UTF-8"},
      {"{\"process\":{},\"x\":1e999}", "number overflow"},
      {"{\"process\":{},\"x\":NaN}", "not JSON"},
      {"{\"process\":{},\"x\":'a'}", "not JSON"},
      {"[]", "spec:1:1: the spec: must be an object"},
      {"7", "must be an object"},
      {"{}", "neither a config.json"},
      {R"({"root":{}})", "neither a config.json"},
      {R"({"process":{},"args":[]})", "of both at the top"},
      {R"({"ociVersion":"1","capabilities":{}})", "of both at the top"},
      {R"({"ociVersion":"1","CWD":""})", "of both at the top"},
      {R"({"process":[]})",
       "spec:1:12: the spec \"process\": must be an object"},
      {R"({"process":{"capabilities": "x"}})",
       "spec:1:29: the spec \"capabilities\": must be an object"},
      {config(R"({"bounding":"CAP_KILL"})"),
       "\"bounding\": must be an array of strings"},
      {config(R"({"bounding":{}})"),
       "\"bounding\": must be an array of strings"},
      {config(R"({"ambient":["CAP_KILL",1]})"),
       "\"ambient\": must be an array of strings"},
      {config(R"({"ambient":[null]})"),
       "\"ambient\": must be an array of strings"},
      {config(R"({"ambient":[["CAP_KILL"]]})"),
       "\"ambient\": must be an array of strings"},
      {config("{}", -1), "\"uid\": must be a number"},
      {R"({"process":{"user":{"uid":4294967296}}})", "must be a number"},
      {R"({"process":{"user":{"uid":"0"}}})", "must be a number"},
      {R"({"process":{"user":0}})", "\"user\": must be an object"},
      // Duplicates: runc takes the last, crun the first.
      {"{\"process\":{},\n \"process\":{}}",
       "spec:2:2: the spec \"process\": a key given twice"},
      {R"({"process":{"capabilities":{},"capabilities":{}}})", "given twice"},
      {config(R"({"bounding":[],"bounding":[]})"), "given twice"},
      {R"({"process":{"user":{"uid":0,"u\u0069d":1}}})", "given twice"},
      {R"({"process":{"user":{},"user":{}}})", "given twice"},
      // Another case: runc takes it.
      {R"({"Process":{},"process":{}})",
       "spec:1:2: the spec \"Process\": some runtimes read this key as "
       "\"process\""},
      {R"({"process":{"CAPABILITIES":{}}})", "read this key as"},
      {"{\"process\":{\"capabilitie\xc5\xbf\":{}}}", "read this key as"},
      {R"({"process":{"capabilitie\u017f":{}}})", "read this key as"},
      {config(R"({"Bounding":[]})"), "read this key as \"bounding\""},
      {R"({"process":{"user":{"UID":0}}})", "read this key as \"uid\""},
      // A NUL: crun takes it.
      {R"({"process\u0000x":{},"ociVersion":""})", "read this key as"},
      {config(R"({"bounding\u0000":[]})"), "read this key as"},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    CHECK_THAT(refusal(row.text, wish("", "ALL")),
               Catch::Matchers::Contains(row.said));
  }
}

TEST_CASE("odd keys where they mean nothing are left alone") {
  for (
      const char* text :
      {R"({"process":{"cwd":"a","cwd":"b"},"x":{"Process":1}})",
       R"({"process":{"capabilities":{"x":1,"x":2,"y":[1,null]}}})",
       R"({"process":{"user":{"GID":0,"gid":"x"}},"linux":{"capabilities":1}})",
       R"({"process":{},"user":{"uid":5}})"})
    CHECK(trim(text, wish("", "ALL")).text == text);
}

TEST_CASE("nesting has a limit, and depth alone is no crash") {
  const auto nested = [](std::size_t depth) {
    return "{\"process\":{},\"x\":" + std::string(depth, '[') +
           std::string(depth, ']') + "}";
  };
  CHECK(trim(nested(999), wish("", "ALL")).text == nested(999));
  CHECK(refusal(nested(1000), wish("", "ALL")) ==
        "spec:1:1018: the spec: nested deeper than 1000");
  CHECK(refusal(std::string(1000000, '['), wish("", "ALL"))
            .find("must be an object") != std::string::npos);
  CHECK(refusal(nested(1000000), wish("", "ALL")).find("nested deeper") !=
        std::string::npos);
}

TEST_CASE("a spec cut off anywhere is refused") {
  const std::string_view whole(kUsual);
  const std::size_t end = whole.rfind('}');
  for (std::size_t length = 0; length <= end; ++length)
    CHECK_FALSE(doff::trim_spec(whole.substr(0, length), "spec",
                                wish("", "ALL"), Widen::kRefuse));
}
