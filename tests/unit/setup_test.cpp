#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "helper/failure.h"
#include "helper/setup/json_text.h"
#include "helper/setup/manifests.h"
#include "helper/setup/registration.h"

using doff::Registration;

namespace {

const std::string kPath = "/usr/local/bin/doff-runtime";
const std::string kOtherPath = "/opt/doff/bin/doff-runtime";
const std::string kCri = "[plugins.\"io.containerd.grpc.v1.cri\"";

const doff::EngineConfiguration& engine(std::string_view name) {
  for (const doff::EngineConfiguration& each : doff::engines())
    if (each.name == name) return each;
  FAIL("no such engine");
  return doff::engines().front();
}

std::string added(std::string_view name, const std::optional<std::string>& text,
                  const Registration& registration = {kPath}) {
  const auto result = engine(name).add(text, "file", registration);
  return result ? result->text : "refused: " + to_text(result.error());
}

// The text that stays; "removed" for none.
std::string taken_back(std::string_view name, const std::string& text) {
  const auto result = engine(name).remove(text, "file");
  if (!result) return "refused: " + to_text(result.error());
  return result->value_or("removed");
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

struct Case {
  std::string_view engine;
  std::string text;
};

// Files as people have them, and as nobody has them.
std::vector<Case> files() {
  return {
      {"docker", "{}"},
      {"docker", "{}\n"},
      {"docker", "{ }"},
      {"docker", "{\n}\n"},
      {"docker", "{\n  \"debug\": true\n}\n"},
      {"docker", "{\"debug\":true,\"x\":[1.0,1e2,{\"a\":\"}\\\"\"}]}"},
      {"docker", "{\t\"runtimes\" : { } }"},
      {"docker", R"({"runtimes":{}})"},
      {"docker", R"({"debug": true, "runtimes": {}, "x": 1})"},
      {"docker", R"({"runtimes": {"crun": {"path": "/usr/bin/crun"}}})"},
      {"docker",
       "{\n    \"runtimes\": {\n        \"crun\": {\n            \"path\": "
       "\"/usr/bin/crun\"\n        }\n    },\n    \"log-level\": \"warn\"\n}"},
      {"docker", "{\r\n  \"debug\": true\r\n}\r\n"},
      {"podman", ""},
      {"podman", "\n"},
      {"podman", "# nothing but a comment"},
      {"podman", "[containers]\nnetns = \"none\"\n"},
      {"podman", "[engine]\nruntime = \"crun\" # fast\n\n[network]\n"},
      {"podman", "[engine]\nruntime='crun'\n[engine.runtimes]\n"},
      {"podman", "[engine.runtimes]\n  crun = [\n  \"/usr/bin/crun\"]"},
      {"podman", "  [engine]  # here\n\tevents_logger = \"file\"\n"},
      {"podman", "[engine]"},
      {"podman", "\xef\xbb\xbf[engine]\r\nruntime = \"runc\"\r\n"},
      {"podman", "x = \"\"\"\n[engine]\n# Begin\n\"\"\"\n"},
      {"containerd", "version = 2\n"},
      {"containerd", "version = 3"},
      {"containerd", "# only this\n"},
      {"containerd", "version = 2\n" + kCri + "]\nsandbox_image = \"x\"\n"},
      {"containerd", "version = 2\n" + kCri +
                         ".containerd]\ndefault_runtime_name = \"crun\"\n" +
                         kCri +
                         ".containerd.runtimes.crun]\nruntime_type = "
                         "\"io.containerd.runc.v2\"\n\n\n"},
      {"containerd",
       "version = 3\n[plugins.'io.containerd.cri.v1.runtime'."
       "containerd]\n  default_runtime_name = 'runc'\n"},
      {"crio", "[crio.runtime]\ndefault_runtime = \"crun\"\n"},
      {"crio", "[crio.runtime.runtimes.crun]\nruntime_path = \"/x\"\n"},
  };
}

}  // namespace

TEST_CASE("what setup adds to a file, --undo takes away to the byte") {
  for (const Case& each : files())
    for (const bool as_default : {false, true}) {
      INFO(each.engine << " " << as_default << "\n" << each.text);
      const std::string text =
          added(each.engine, each.text, {kPath, as_default});
      CHECK(text != each.text);
      CHECK(has(text, kPath));
      CHECK(taken_back(each.engine, text) == each.text);
      CHECK(taken_back(each.engine, each.text) == each.text);
    }
}

TEST_CASE("setup does again what is done already: nothing") {
  for (const Case& each : files()) {
    INFO(each.engine << "\n" << each.text);
    const std::string once = added(each.engine, each.text);
    CHECK(added(each.engine, once) == once);
    const std::string by_default = added(each.engine, once, {kPath, true});
    CHECK(by_default != once);
    CHECK(added(each.engine, by_default, {kPath, true}) == by_default);
    // Without --default, it stays the default that it is.
    CHECK(added(each.engine, by_default) == by_default);
    CHECK(taken_back(each.engine, by_default) == each.text);
  }
}

TEST_CASE("a runtime that has moved is registered where it is now") {
  for (const Case& each : files())
    for (const bool as_default : {false, true}) {
      INFO(each.engine << "\n" << each.text);
      const std::string moved =
          added(each.engine, added(each.engine, each.text, {kPath, as_default}),
                {kOtherPath});
      CHECK(has(moved, kOtherPath));
      CHECK_FALSE(has(moved, kPath));
      CHECK(moved == added(each.engine, each.text, {kOtherPath, as_default}));
      CHECK(taken_back(each.engine, moved) == each.text);
    }
}

TEST_CASE("a file that setup has made is removed, if nothing else is in it") {
  for (const doff::EngineConfiguration& each : doff::engines())
    for (const bool as_default : {false, true}) {
      INFO(each.name);
      const std::string text =
          added(each.name, std::nullopt, {kPath, as_default});
      CHECK(has(text, kPath));
      CHECK(taken_back(each.name, text) == "removed");
      CHECK(added(each.name, text, {kPath, as_default}) == text);
    }
  const std::string docker = added("docker", std::nullopt);
  CHECK(taken_back("docker", "{\"debug\": true," + docker.substr(1)) ==
        "{\"debug\": true\n}\n");
  const std::string podman = added("podman", std::nullopt);
  CHECK(taken_back("podman", podman + "[network]\nx = 1\n") ==
        "# Made by doffctl setup; its --undo removes this file.\n"
        "[network]\nx = 1\n");
}

TEST_CASE("only ours goes from a file that has changed since") {
  const std::string docker =
      added("docker", R"({"debug": true})", {kPath, true});
  CHECK(docker == R"({"default-runtime": "doff","runtimes": {"doff": )"
                  R"({"path": "/usr/local/bin/doff-runtime"}},"debug": true})");
  CHECK(taken_back("docker",
                   R"({"x": 1, "default-runtime": "doff", "runtimes": {"a": )"
                   R"({"path": "/a"}, "doff": {"path": "/b/doff-runtime"}})"
                   R"(, "debug": true})") ==
        R"({"x": 1, "runtimes": {"a": {"path": "/a"}}, "debug": true})");
  const std::string text = "version = 2\n";
  const std::string more = "[grpc]\n  address = \"/run/x\"\n";
  CHECK(taken_back("containerd", added("containerd", text) + more) ==
        text + more);
  CHECK(added("containerd", added("containerd", text) + more) ==
        added("containerd", text) + more);
}

TEST_CASE("taking back refuses to take what somebody else has written") {
  const std::string text = added("containerd", "version = 2\n");
  // Right behind ours, a key is one of our last table.
  CHECK(has(taken_back("containerd", text + "Root = \"/x\"\n"), "refused: "));
  std::string between = text;
  between.insert(between.find("# End"), "[grpc]\naddress = \"/run/x\"\n");
  CHECK(has(taken_back("containerd", between),
            "refused: file:2:1: the configuration: more than setup has "
            "written would go"));
  std::string endless = text;
  endless.erase(endless.find("# End"));
  CHECK(has(taken_back("containerd", endless), "refused: file:3:1: "));
  CHECK(has(taken_back("podman",
                       "x = \"\"\"\n# By doffctl setup: the line above had no "
                       "end.\n\"\"\"\n"),
            "refused: file:2:1: "));
}

TEST_CASE("what was the default is the default again") {
  const std::string text = "version = 2\n" + kCri +
                           ".containerd]\n  default_runtime_name = \"runc\"\n";
  const std::string by_default = added("containerd", text, {kPath, true});
  CHECK(has(by_default,
            "\n  default_runtime_name = \"doff\" # by doffctl setup, instead "
            "of \"runc\"\n"));
  const std::string docker = R"({"default-runtime": "nvidia"})";
  CHECK(added("docker", docker, {kPath, true}) ==
        "refused: file:1:21: default-runtime \"nvidia\": another default is "
        "set, which --undo could not restore; take that line out first, or "
        "leave --default out");
  CHECK_FALSE(has(added("docker", docker), "refused"));
}

TEST_CASE("containerd: the runtime of pods is taken for a model") {
  const std::string text =
      "version = 2\n" + kCri + ".containerd]\ndefault_runtime_name = \"a\"\n" +
      kCri +
      ".containerd.runtimes.a]\nruntime_type = \"io.containerd.runc.v2\"\n"
      "privileged_without_host_devices = true\nruntime_root = \"\"\n"
      "pod_annotations = [\"b\"]\n" +
      kCri +
      ".containerd.runtimes.a.options]\nBinaryName = \"/c\"\n"
      "SystemdCgroup = true\nIoUid = 0\n";
  const auto result = engine("containerd").add(text, "file", {kPath});
  REQUIRE(result);
  CHECK(result->text.substr(text.size()) ==
        "\n# Begin: by doffctl setup, whose --undo takes it away.\n" + kCri +
            ".containerd.runtimes.doff]\n"
            "runtime_type = \"io.containerd.runc.v2\"\n"
            "pod_annotations = ['b', \"io.doff.*\"]\n"
            "container_annotations = [\"io.doff.*\"]\n"
            "privileged_without_host_devices = true\n" +
            kCri +
            ".containerd.runtimes.doff.options]\n"
            "BinaryName = \"/usr/local/bin/doff-runtime\"\n"
            "SystemdCgroup = true\n"
            "# End: by doffctl setup.\n");
  REQUIRE(result->notes.size() == 1);
  CHECK(has(result->notes[0], "\"a\" here is \"/c\""));
}

TEST_CASE("containerd: runc stays a runtime where none was named") {
  CHECK(has(added("containerd", "version = 2\n"),
            kCri + ".containerd.runtimes.runc]\n"));
  CHECK_FALSE(has(added("containerd", "version = 2\n" + kCri +
                                          ".containerd.runtimes.crun]\n"),
                  "runtimes.runc]"));
  CHECK(has(added("containerd", "version = 3\n"),
            "[plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes."
            "runc]\n"));
  const auto disabled =
      engine("containerd")
          .add("version = 2\ndisabled_plugins = [\"cri\"]\n", "file", {kPath});
  REQUIRE(disabled);
  CHECK(disabled->notes.size() == 1);
}

TEST_CASE("what somebody has registered by hand stays as it is") {
  const std::string by_hand =
      "[engine.runtimes]\ndoff = [\"/usr/local/bin/doff-runtime\"]\n";
  CHECK(added("podman", by_hand) == by_hand);
  CHECK(taken_back("podman", by_hand) == by_hand);
  CHECK(taken_back("podman", added("podman", by_hand, {kPath, true})) ==
        by_hand);
  CHECK(added("podman", by_hand, {kOtherPath}) ==
        "refused: file:2:8: the runtime doff \"/usr/local/bin/doff-runtime\": "
        "registered, but not by doffctl setup; change it there");
  // The place is one in the file, with what setup has added above.
  const std::string below = "[engine]\n" + by_hand;
  CHECK(
      has(added("podman", added("podman", below, {kPath, true}), {kOtherPath}),
          "refused: file:4:8: the runtime doff"));
}

TEST_CASE("a wrong file is refused, with the place") {
  struct Wrong {
    std::string_view engine;
    std::string text;
    std::string place;
    std::string part;
  };
  const std::vector<Wrong> wrong = {
      {"docker", "", "1:1", "there is nothing in it"},
      {"docker", " \n", "1:1", "there is nothing in it"},
      {"docker", "\xef\xbb\xbf{}", "1:1", "byte order mark"},
      {"docker", std::string("{}\0", 3), "1:3", "NUL"},
      {"docker", "[]", "1:1", "must be an object"},
      {"docker", "{\n\"a\": }", "2:6", "not JSON"},
      {"docker", "{} {}", "1:4", "not JSON"},
      {"docker", "{\"a\": 1, // b\n}", "1:10", "not JSON"},
      {"docker", "{\"a\": \"\xff\"}", "1:8", "not JSON"},
      {"docker", "{\"a\": 1e999}", "1:1", "not JSON"},
      {"docker", "{\"a\": {\"b\": 1,\n \"\\u0062\": 2}}", "2:2", "given twice"},
      {"docker", "{\"runtimes\": []}", "1:14", "runtimes: must be an object"},
      {"docker", "{\"runtimes\": null}", "1:14", "runtimes: must be"},
      {"docker", "{\"runtimes\": {\"doff\": \"x\"}}", "1:23", "doff: must be"},
      {"docker", R"({"runtimes": {"doff": {"path": 1}}})", "1:32",
       "path: must"},
      {"docker", R"({"default-runtime": 1})", "1:21", "default-runtime: must"},
      {"docker", R"({"runtimes": {"doff": {"path": "/bin/x"}}})", "1:15",
       "\"/bin/x\": another runtime has this name"},
      {"docker", R"({"runtimes": {"doff": {"runtimeType": "x"}}})", "1:15",
       "another runtime has this name"},
      {"podman", "[engine\n", "1:8", "not TOML"},
      {"podman", "[engine]\na = 1\na = 2\n", "3:5", "not TOML"},
      {"podman", "[engine]\na = \"\xff\"\n", "2:5", "not TOML"},
      {"podman", "[/]\n", "1:2", "not TOML"},
      {"podman", "a = 1 \xc3\xa9\n", "1:7", "not TOML"},
      {"podman", "engine = 1\n", "1:10", "engine: must be a table"},
      {"podman", "[engine]\nruntimes = 1\n", "2:12", "must be a table"},
      {"podman", "[engine.runtimes]\ndoff = \"x\"\n", "2:8", "a list of paths"},
      {"podman", "[engine.runtimes]\ndoff = [1]\n", "2:8", "a list of paths"},
      {"podman", "[engine.runtimes]\ndoff = []\n", "2:8", "a list of paths"},
      {"podman", "[engine.runtimes]\ndoff = [\"/x\"]\n", "2:8", "another"},
      {"podman", "[engine.runtimes]\ndoff = [\"/doff-runtime\", \"/x\"]\n",
       "2:8", "another"},
      {"podman", "[engine]\nruntime = 1\n", "2:11", "must be a string"},
      {"podman", "engine = {runtimes = {a = [\"/a\"]}}\n", "1:22",
       "written in a way"},
      {"containerd", "x = 1\n", "1:1", "version: missing"},
      {"containerd", "\nversion = 1\n", "2:11", "version \"1\": setup knows"},
      {"containerd", "version = \"2\"\n", "1:11", "version "},
      {"containerd", "version = 4\n", "1:11", "version \"4\""},
      {"containerd", "version = 2\nplugins = []\n", "2:11", "must be a table"},
      {"containerd",
       "version = 2\n" + kCri + ".containerd]\ndefault_runtime_name = 1\n",
       "3:24", "must be a string"},
      {"containerd", "version = 2\n" + kCri + ".containerd.runtimes.doff]\n",
       "2:1", "another"},
      {"containerd", "version = 2\n" + kCri + ".containerd]\nruntimes = {}\n",
       "3:12", "written in a way"},
      {"crio", "[crio.runtime.runtimes.doff]\nruntime_path = 1\n", "2:16",
       "must be a string"},
      {"crio", "[crio.runtime.runtimes.doff]\n", "1:1", "another"},
  };
  for (const Wrong& each : wrong) {
    INFO(each.text);
    const std::string said = added(each.engine, each.text);
    CHECK(has(said, "refused: file:" + each.place + ": "));
    CHECK(has(said, each.part));
    INFO(said);
    CHECK(said.size() < 300);
  }
}

TEST_CASE("a path that cannot stand in every format is told") {
  CHECK_FALSE(doff::find_odd_path("/usr/local/bin/doff-runtime"));
  CHECK_FALSE(doff::find_odd_path("/a b/doff-runtime"));
  for (const char* const each : {"", "doff-runtime", "./doff-runtime", "/a\"/x",
                                 "/a\\/x", "/a\n", "/\x7f", "/\xc3\xa9"})
    CHECK(doff::find_odd_path(each));
  CHECK(doff::is_ours("/x/doff-runtime"));
  CHECK_FALSE(doff::is_ours("/x/doff-runtime2"));
  CHECK_FALSE(doff::is_ours("/doff-runtime/x"));
  CHECK_FALSE(doff::is_ours(""));
}

TEST_CASE("a JSON text knows where its values stand") {
  const std::string text = R"( {"a": [1, {"b": -2.5e1}], "c\u0064": "x\"]" } )";
  const auto json = doff::JsonText::parse(text, "file");
  REQUIRE(json);
  CHECK(json->root().range.of(text) == text.substr(1, text.size() - 2));
  const auto* const a = json->find(json->root(), "a");
  REQUIRE(a != nullptr);
  CHECK(a->range.of(text) == R"([1, {"b": -2.5e1}])");
  const auto* const cd = json->find(json->root(), "cd");
  REQUIRE(cd != nullptr);
  CHECK(cd->key.of(text) == R"("c\u0064")");
  CHECK(json->word(*cd) == "x\"]");
  CHECK(json->find(json->root(), "b") == nullptr);
  CHECK(json->without_member(json->root(), *cd) ==
        R"( {"a": [1, {"b": -2.5e1}] } )");
  CHECK(json->without_member(json->root(), *a) == R"( { "c\u0064": "x\"]" } )");
}

TEST_CASE("depth is no way to end doffctl") {
  const std::string deep(200000, '[');
  CHECK(has(added("docker", "{\"a\":" + deep), "refused: "));
  CHECK(has(added("docker", "{\"a\":" + deep + std::string(200000, ']') + "}"),
            kPath));
  CHECK(has(added("podman", "a = " + deep), "refused: "));
  std::string dotted;
  for (int i = 0; i < 1999; ++i) dotted += "a.";
  const std::string tables = "[" + dotted + "a]\n" + dotted + "a = 1\n";
  CHECK(has(added("podman", tables), kPath));
  for (int i = 0; i < 200000; ++i) dotted += "a.";
  CHECK(has(added("podman", "\n[" + dotted + "a]\n"), "refused: file:2:1: "));
}

TEST_CASE("the manifests are one stream of documents, without a repetition") {
  const std::string stream = doff::manifests();
  for (const char* const kind :
       {"RuntimeClass", "DaemonSet", "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding", "Pod"}) {
    INFO(kind);
    const auto at = stream.find("\nkind: " + std::string(kind) + "\n");
    REQUIRE(at != std::string::npos);
    CHECK(stream.find("\nkind: " + std::string(kind) + "\n", at + 1) ==
          std::string::npos);
  }
}
