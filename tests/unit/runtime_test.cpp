// doff-runtime's decisions: what it reads of a command line and of settings,
// and what becomes of a spec. What it does is in tests/e2e.
#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "caps/names.h"
#include "helper/policy/policy.h"
#include "helper/runtime/applied_policy.h"
#include "helper/runtime/command_line.h"
#include "helper/runtime/exec_line.h"
#include "helper/runtime/launcher_mount.h"
#include "helper/runtime/low_level.h"
#include "helper/runtime/prepare_spec.h"
#include "helper/runtime/record.h"
#include "helper/runtime/settings.h"
#include "helper/spec/scan_spec.h"

namespace {

using doff::AppliedPolicy;
using doff::CommandLine;
using doff::Grammar;
using nlohmann::json;

// An argv, with the NULL behind it.
class Words {
 public:
  explicit Words(std::vector<std::string> words) : words_(std::move(words)) {
    for (std::string& each : words_) pointers_.push_back(each.data());
    pointers_.push_back(nullptr);
  }
  char** argv() { return pointers_.data(); }

 private:
  std::vector<std::string> words_;
  std::vector<char*> pointers_;
};

std::string text_of(const char* text) { return text == nullptr ? "-" : text; }

doff::ScannedSpec scanned(const std::string& text) {
  auto spec = doff::scan_spec(text, "spec");
  REQUIRE(spec);
  return *std::move(spec);
}

AppliedPolicy policy_of(const std::string& text) {
  AppliedPolicy applied;
  applied.source = "p.yaml";
  applied.digest = "sha256:0";
  if (text.empty()) return applied;
  auto policy = doff::parse_policy(text, "p.yaml");
  REQUIRE(policy);
  applied.connect = policy->connect;
  applied.layers.push_back(*std::move(policy));
  return applied;
}

std::string prepared(const std::string& text, const AppliedPolicy& policy,
                     const std::string& launcher = "/usr/bin/doff") {
  const doff::Launcher file{launcher, "sha256:1"};
  const auto done =
      doff::prepare_config(text, "spec", scanned(text), policy, file);
  REQUIRE(done);
  return done->text;
}

constexpr const char* kDropAll =
    "version: 1\ncapabilities: {drop: [ALL], allow: [KILL]}\n";

const std::string kConfig =
    R"({
  "ociVersion": "1.0.2",
  "process": {
    "args": ["sh"],
    "capabilities": {
      "bounding": ["CAP_KILL", "CAP_SYS_ADMIN"],
      "effective": ["CAP_SYS_ADMIN"]
    }
  },
  "mounts": [
    {"destination": "/proc"}
  ],
  "annotations": {"a": "b"},
  "big": 18446744073709551615, "float": 1.10, "odd": [ 1,2 ]
})";

doff::SpecSets sets(doff::CapabilitySet all) {
  return {.bounding = all,
          .permitted = all,
          .effective = all,
          .inheritable = {},
          .ambient = {}};
}

doff::Result<doff::PreparedSpec> process(
    const std::string& text, doff::CapabilitySet container,
    doff::CapabilitySet allowed,
    const std::vector<std::string>& front = {"/dev/.doff", "--"}) {
  const auto spec = scanned(text);
  REQUIRE(spec.kind == doff::SpecKind::kProcess);
  return doff::prepare_process(text, "p", *spec.process, sets(container),
                               allowed, front);
}

constexpr auto kNothing = doff::CapabilitySet();

}  // namespace

TEST_CASE("the subcommand is found behind any global options") {
  struct Row {
    std::vector<std::string> words;
    std::string subcommand;
    std::string root;
    std::string log;
    bool json;
  };
  for (const Row& row : std::vector<Row>{
           {{"x", "state", "id"}, "state", "-", "-", false},
           {{"x", "--root", "/r", "exec", "id"}, "exec", "/r", "-", false},
           {{"x", "--root=/r", "--log", "/l", "--log-format", "json", "create"},
            "create",
            "/r",
            "/l",
            true},
           {{"x", "-root", "/r", "-log-format=json", "run"},
            "run",
            "/r",
            "-",
            true},
           {{"x", "--systemd-cgroup", "--rootless", "true", "exec"},
            "exec",
            "-",
            "-",
            false},
           {{"x", "--cgroup-manager=disabled", "--", "exec"},
            "exec",
            "-",
            "-",
            false},
           {{"x", "--new", "exec", "id"}, "exec", "-", "-", false},
           {{"x", "--new", "value", "exec"}, "exec", "-", "-", false},
           {{"x", "--new=create", "exec"}, "exec", "-", "-", false},
           {{"x", "--version"}, "", "-", "-", false},
           {{"x", "--root"}, "", "-", "-", false},
           {{"x"}, "", "-", "-", false}}) {
    Words words(row.words);
    INFO(row.words.back());
    const CommandLine line = doff::read_command_line(words.argv());
    CHECK(line.subcommand == row.subcommand);
    CHECK(text_of(line.root) == row.root);
    CHECK(text_of(line.log) == row.log);
    CHECK(line.log_is_json == row.json);
  }
}

TEST_CASE("our own option comes first, and is not for the low-level runtime") {
  Words words({"x", "--doff-settings", "/s", "--root", "/r", "kill", "id"});
  const CommandLine line = doff::read_command_line(words.argv());
  CHECK(text_of(line.settings) == "/s");
  CHECK(line.words == words.argv() + 2);
  CHECK(line.subcommand_at == 3);
  CHECK(line.subcommand == "kill");
}

TEST_CASE("only what starts a process is rewritten") {
  for (const char* each : {"create", "run", "restore", "exec"})
    CHECK(doff::is_rewritten(each));
  for (const char* each : {"start", "state", "kill", "delete", "", "exe"})
    CHECK_FALSE(doff::is_rewritten(each));
}

TEST_CASE("options of exec are read as the runtime reads them") {
  const auto read = [](std::vector<std::string> words, Grammar grammar) {
    words.insert(words.begin(), {"x", "exec"});
    Words argv(std::move(words));
    auto exec =
        doff::read_exec_line(doff::read_command_line(argv.argv()), grammar);
    REQUIRE(exec);
    return *std::move(exec);
  };
  for (const Grammar grammar : {Grammar::kGo, Grammar::kGetopt}) {
    const auto exec =
        read({"-t", "--detach", "--pid-file=/p", "-e", "A=1", "--env=B=2", "-u",
              "5:6", "--cwd", "/w", "id", "ls", "-t", "--", "x"},
             grammar);
    CHECK(exec.terminal);
    CHECK(exec.id == "id");
    CHECK(exec.command == std::vector<std::string>{"ls", "-t", "--", "x"});
    CHECK(exec.env == std::vector<std::string>{"A=1", "B=2"});
    CHECK(exec.user == "5:6");
    CHECK(exec.cwd == "/w");
    CHECK(exec.others ==
          std::vector<std::string>{"--detach", "--pid-file", "/p"});
    CHECK_FALSE(exec.process_file);
  }
  CHECK(read({"-p=/f", "id"}, Grammar::kGo).process_file == "/f");
  CHECK(read({"-p/f", "id"}, Grammar::kGetopt).process_file == "/f");
  CHECK(read({"-process", "/f", "id"}, Grammar::kGo).process_file == "/f");
  const auto cluster = read({"-tdu5", "id", "ls"}, Grammar::kGetopt);
  CHECK(cluster.terminal);
  CHECK(cluster.user == "5");
  CHECK(cluster.others == std::vector<std::string>{"--detach"});
  CHECK_FALSE(read({"--tty=false", "id", "ls"}, Grammar::kGo).terminal);
  CHECK(read({"--new=1", "--preserve-fds", "2", "id", "ls"}, Grammar::kGo)
            .others ==
        std::vector<std::string>{"--new=1", "--preserve-fds", "2"});
}

TEST_CASE("what could be read in two ways on exec's command line is refused") {
  for (std::vector<std::string> words : std::vector<std::vector<std::string>>{
           {"--new", "id", "ls"},
           {"--process"},
           {"id"},
           {},
           {"--preserve-fds", "-1", "id", "ls"},
           {"--tty=perhaps", "id", "ls"}}) {
    INFO((words.empty() ? "nothing" : words.front()));
    words.insert(words.begin(), {"x", "exec"});
    Words argv(words);
    CHECK_FALSE(doff::read_exec_line(doff::read_command_line(argv.argv()),
                                     Grammar::kGo));
  }
}

TEST_CASE("a cluster with a flag that nobody knows is refused") {
  // Passed on, it would say what its other flags say once more.
  Words argv({"x", "exec", "-tdx", "id", "ls"});
  const CommandLine line = doff::read_command_line(argv.argv());
  const auto exec = doff::read_exec_line(line, Grammar::kGetopt);
  REQUIRE_FALSE(exec);
  CHECK(to_text(exec.error()) ==
        "exec \"-tdx\": doff-runtime does not know one of these options; "
        "write each as a word of its own");
}

TEST_CASE("a container whose name begins with a dash stays behind two") {
  Words argv({"x", "exec", "--detach", "--", "-t", "ls"});
  const auto exec =
      doff::read_exec_line(doff::read_command_line(argv.argv()), Grammar::kGo);
  REQUIRE(exec);
  CHECK(doff::words_with(*exec, "/f") ==
        std::vector<std::string>{"exec", "--detach", "--process", "/f", "--",
                                 "-t"});
  Words usual({"x", "exec", "id", "ls"});
  const auto plain =
      doff::read_exec_line(doff::read_command_line(usual.argv()), Grammar::kGo);
  REQUIRE(plain);
  CHECK(doff::words_with(*plain, "/f") ==
        std::vector<std::string>{"exec", "--process", "/f", "id"});
}

TEST_CASE("settings are lines of a name and a value") {
  std::string text =
      "# a comment\n\nruntime /usr/bin/crun\n  policy\t/p  \nlauncher /l\r\n"
      "record /var/log/x\nrecord-arguments yes\n";
  doff::Settings settings;
  REQUIRE_FALSE(doff::parse_settings(text, settings));
  CHECK(text_of(settings.runtime) == "/usr/bin/crun");
  CHECK(text_of(settings.policy) == "/p");
  CHECK(text_of(settings.launcher) == "/l");
  CHECK(text_of(settings.record) == "/var/log/x");
  CHECK(settings.record_arguments);
}

TEST_CASE("what is wrong in settings is told with its line") {
  struct Row {
    std::string text;
    unsigned line;
    std::string_view cause;
  };
  for (Row row : std::vector<Row>{
           {"runtime /a\nrun /b\n", 2, "no such setting"},
           {"runtime /a\nruntime /a\n", 2, "given twice"},
           {"runtime\n", 1, "has no value"},
           {"runtime runc\n", 1, "not an absolute path"},
           {"record stderr\n", 1,
            "not none, journald, syslog or an absolute path"},
           {"record-arguments true\n", 1, "not yes or no"},
           {"runtime /a", 0, "its last line does not end in a newline"},
           {std::string("runtime /a\0\n", 12), 0, "has a NUL byte"}}) {
    doff::Settings settings;
    const auto fault = doff::parse_settings(row.text, settings);
    REQUIRE(fault);
    CHECK(fault->line == row.line);
    CHECK(fault->cause == row.cause);
  }
}

TEST_CASE("a runtime's grammar goes by its name") {
  CHECK(doff::grammar_of("/usr/bin/crun") == Grammar::kGetopt);
  CHECK(doff::grammar_of("/crun-1.2/runc") == Grammar::kGo);
  CHECK(doff::grammar_of("/usr/bin/youki") == Grammar::kGo);
}

TEST_CASE("a config.json changes where it has to, and nowhere else") {
  const std::string text = prepared(kConfig, policy_of(kDropAll));
  CHECK(text.find(R"("bounding": ["CAP_KILL"])") != std::string::npos);
  CHECK(text.find(
            R"("big": 18446744073709551615, "float": 1.10, "odd": [ 1,2 ])") !=
        std::string::npos);
  const json spec = json::parse(text);
  CHECK(spec["process"]["capabilities"]["effective"].empty());
  REQUIRE(spec["mounts"].size() == 2);
  const json& mount = spec["mounts"][1];
  CHECK(mount["destination"] == "/.doff");
  CHECK(mount["source"] == "/usr/bin/doff");
  for (const char* option : {"bind", "ro", "nosuid", "nodev"})
    CHECK(std::ranges::count(mount["options"], option) == 1);
  CHECK(spec["annotations"]["a"] == "b");
  CHECK(spec["annotations"]["io.doff.policy"] == "p.yaml sha256:0");
  CHECK(spec["annotations"]["io.doff.removed"] == "CAP_SYS_ADMIN");
  CHECK(spec["annotations"]["io.doff.launcher"] == "sha256:1");
}

TEST_CASE("preparing a config.json twice is preparing it once") {
  for (const char* policy : {"", kDropAll}) {
    const std::string once = prepared(kConfig, policy_of(policy));
    CHECK(prepared(once, policy_of(policy)) == once);
  }
}

TEST_CASE("mounts and annotations are made where there are none") {
  for (const char* rest :
       {"", R"(,"mounts":null)", R"(,"mounts":[],"annotations":{})",
        R"(,"annotations":null)", R"(,"mounts":[ ])"}) {
    INFO(rest);
    const json spec = json::parse(
        prepared(std::string(R"({"ociVersion":"1","process":{"args":["a"]})") +
                     rest + "}",
                 policy_of("")));
    REQUIRE(spec["mounts"].size() == 1);
    CHECK(spec["annotations"].size() == 3);
  }
}

TEST_CASE("without a policy creation leaves the capabilities alone") {
  const json before = json::parse(kConfig);
  const json after = json::parse(prepared(kConfig, policy_of("")));
  CHECK(after["process"] == before["process"]);
}

TEST_CASE("a spelling that only crun takes does not outlive a policy") {
  const std::string text = prepared(
      R"({"process":{"capabilities":{"bounding":["CAP_KILL","cap_sys_admin"]}}})",
      policy_of(kDropAll));
  CHECK(text.find("sys_admin") == std::string::npos);
}

TEST_CASE("what an annotation of ours said before is replaced") {
  const json spec = json::parse(prepared(
      R"({"process":{"args":["a"]},"annotations":{"io.doff.removed":"lies"}})",
      policy_of(kDropAll)));
  CHECK(spec["annotations"]["io.doff.policy"] == "p.yaml sha256:0");
}

TEST_CASE("annotations tighten, and are refused where they are wrong") {
  doff::Settings settings;
  settings.policy = "/dev/null";  // refused: not a policy
  CHECK_FALSE(doff::read_applied_policy(settings, {}));
  settings = {};
  const auto read = [&](std::vector<doff::ScannedAnnotation> annotations) {
    return doff::read_applied_policy(settings, annotations);
  };
  const auto docker = doff::CapabilitySet(0xa80425fb);
  const auto plain = read({});
  REQUIRE(plain);
  CHECK_FALSE(plain->bounds_creation());
  CHECK(plain->left_of(docker) == docker);
  const auto dropped = read({{"io.doff.cap-drop", "NET_RAW cap_kill", {}}});
  REQUIRE(dropped);
  CHECK(dropped->left_of(docker) ==
        docker - doff::only("NET_RAW") - doff::only("KILL"));
  const auto both = read(
      {{"io.doff.profile", "nemoclaw", {}}, {"io.doff.cap-drop", "KILL", {}}});
  REQUIRE(both);
  CHECK(both->bounds_creation());
  CHECK((both->left_of(docker) & doff::only("NET_RAW")).empty());
  CHECK((both->left_of(docker) & doff::only("KILL")).empty());
  CHECK(both->digest != dropped->digest);
  const auto all = read({{"io.doff.cap-drop", "ALL", {}}});
  REQUIRE(all);
  CHECK(all->left_of(docker).empty());
  CHECK_FALSE(read({{"io.doff.profile", "nemoclow", {}}}));
  CHECK_FALSE(read({{"io.doff.cap-drop", "NET_RAV", {}}}));
  CHECK_FALSE(read(
      {{"io.doff.cap-drop", "KILL", {}}, {"io.doff.cap-drop", "CHOWN", {}}}));
}

TEST_CASE("a process has at most its own, the container's and the policy's") {
  const std::string text =
      R"({"args":["sh"],"cwd":"/","capabilities":{"bounding":["CAP_KILL","CAP_CHOWN","CAP_BPF"],)"
      R"("effective":["CAP_KILL","CAP_BPF"],"permitted":["CAP_KILL","CAP_BPF"],)"
      R"("inheritable":["CAP_KILL"],"ambient":["CAP_KILL"]},"noNewPrivileges":false})";
  const auto none = process(text, doff::kAllCapabilities, kNothing);
  REQUIRE(none);
  CHECK(none->after == doff::SpecSets());
  const auto some = process(text, doff::only("KILL") | doff::only("CHOWN"),
                            doff::only("KILL") | doff::only("BPF"));
  REQUIRE(some);
  CHECK(some->after.bounding == doff::only("KILL"));
  CHECK(some->after.ambient == doff::only("KILL"));
  const json spec = json::parse(some->text);
  CHECK(spec["noNewPrivileges"] == true);
  CHECK(spec["args"] == json({"/dev/.doff", "--", "sh"}));
}

TEST_CASE("a process that says nothing has what the container has, cut") {
  for (const char* text : {R"({"args":["sh"],"cwd":"/"})",
                           R"({"args":["sh"],"cwd":"/","capabilities":null})",
                           R"({"args":["sh"],"noNewPrivileges":null})"}) {
    const auto made = process(text, doff::only("KILL") | doff::only("CHOWN"),
                              doff::only("KILL"));
    REQUIRE(made);
    CHECK(made->before.bounding == (doff::only("KILL") | doff::only("CHOWN")));
    CHECK(made->after.bounding == doff::only("KILL"));
    CHECK(json::parse(made->text)["noNewPrivileges"] == true);
  }
}

TEST_CASE("a process without a command is refused") {
  for (const char* text : {R"({"cwd":"/"})", R"({"cwd":"/","args":null})",
                           R"({"cwd":"/","args":[]})"})
    CHECK_FALSE(process(text, kNothing, kNothing));
}

TEST_CASE("a record is one line, whatever the command is called") {
  doff::ConnectRecord record;
  record.arguments = {"a\nb\xff\x1b", "secret"};
  record.decision = "started";
  const std::string line = doff::to_json(record, false);
  CHECK(std::ranges::none_of(line, [](char c) { return c < ' ' || c > '~'; }));
  CHECK(line.find("secret") == std::string::npos);
  CHECK(doff::to_json(record, true).find("secret") != std::string::npos);
  record.cause = "because";
  const json refused = json::parse(doff::to_json(record, false));
  CHECK(refused["cause"] == "because");
  CHECK_FALSE(refused.contains("verdict"));
}
