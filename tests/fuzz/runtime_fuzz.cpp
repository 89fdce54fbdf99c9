// Any words as an OCI runtime's command line, one a line: what doff-runtime
// finds there is there, what it passes on reads the same again, and a process
// that it makes of the words has the command that they say.
#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "helper/failure.h"
#include "helper/runtime/command_line.h"
#include "helper/runtime/exec_line.h"
#include "helper/spec/scan_spec.h"
#include "tests/fuzz/invariants.h"
#include "tests/fuzz/words.h"

namespace {

using doff::CommandLine;
using doff::ExecLine;
using doff::Grammar;
using doff::fuzz::require;
using doff::fuzz::Words;

// What it reads of any command line.
void check_line(const CommandLine& line, const Words& words, char** argv) {
  const bool ours = words.size() > 2 && words[1] == "--doff-settings";
  require(line.words == argv + (ours ? 2 : 0), "only our own words go");
  require(
      (line.settings != nullptr) == ours && (!ours || line.settings == argv[2]),
      "--doff-settings stands first");
  for (const char* const value : {line.root, line.log})
    require(value == nullptr || words.holds(value), "a value is a word");
  const std::size_t first = ours ? 3 : 1;
  if (line.subcommand_at == 0) {
    require(line.subcommand.empty(), "no subcommand has no name");
    return;
  }
  const char* const at = line.words[line.subcommand_at];
  require(at != nullptr && line.subcommand == at,
          "the subcommand is where it is said to be");
  // What starts a process hides at most as the value of an option.
  const std::size_t end =
      static_cast<std::size_t>(line.subcommand_at) + (ours ? 2 : 0);
  for (std::size_t i = first; i < end; ++i)
    require(!doff::is_rewritten(words[i]) ||
                (i > first && words[i - 1].starts_with('-')),
            "no subcommand is passed over");
}

bool equal(const ExecLine& a, const ExecLine& b) {
  return a.process_file == b.process_file && a.id == b.id &&
         a.others == b.others && a.preserve_fds == b.preserve_fds;
}

// The command line with which the low-level runtime is called.
void check_passed_on(ExecLine exec, Grammar grammar) {
  exec.process_file = "/proc/self/fd/3";
  Words again("runtime", doff::words_with(exec, *exec.process_file));
  const auto read =
      doff::read_exec_line(doff::read_command_line(again.argv()), grammar);
  require(read && equal(*read, exec), "what is passed on reads the same");
  require(read->command.empty() && !read->terminal && !read->user &&
              !read->cwd && read->env.empty() && read->capabilities.empty() &&
              read->additional_gids.empty() && !read->label && !read->apparmor,
          "what describes the process stands in the file alone");
}

const doff::RunningContainer& container() {
  static const doff::RunningContainer made = [] {
    doff::RunningContainer some{
        .id = "c",
        .pid = 1,
        .source = "fuzz",
        .config = R"({"ociVersion":"1.0.2","process":{"terminal":false,)"
                  R"("user":{"uid":0,"gid":0,"additionalGids":[10]},)"
                  R"("args":["init"],"env":["PATH=/bin"],"cwd":"/",)"
                  R"("capabilities":{"bounding":["CAP_KILL"],)"
                  R"("effective":["CAP_KILL"],"permitted":["CAP_KILL"]}}})"};
    auto spec = doff::scan_spec(some.config, some.source);
    require(spec.has_value(), "the harness has a container");
    some.spec = *std::move(spec);
    return some;
  }();
  return made;
}

void check_process(const ExecLine& exec, Grammar grammar) {
  const auto text = doff::process_of(exec, container(), grammar);
  if (!text) {
    doff::fuzz::check_failure(text.error());
    return;
  }
  // A file that both runtimes read in one way, or a reason.
  const auto spec = doff::scan_spec(*text, "fuzz");
  if (!spec) return doff::fuzz::check_failure(spec.error());
  require(spec->kind == doff::SpecKind::kProcess, "it is a process.json");
  require(spec->process->terminal == exec.terminal,
          "its terminal is asked for");
  const auto json = nlohmann::json::parse(*text);
  const auto& args = json["args"];
  require(args.size() == exec.command.size(), "it has the command's words");
  for (std::size_t i = 0; i < args.size(); ++i)
    // What is not UTF-8 is replaced for runc, as its own Go would.
    require(args[i] == exec.command[i] ||
                args[i].get<std::string>().find("\xef\xbf\xbd") !=
                    std::string::npos,
            "word by word");
  const auto& env = json["env"];
  require(env.size() >= exec.env.size(), "it has the variables");
}

void check_exec(const CommandLine& line, const Words& words, Grammar grammar) {
  const auto exec = doff::read_exec_line(line, grammar);
  words.check_untouched();
  if (!exec) {
    doff::fuzz::check_failure(exec.error());
    return;
  }
  constexpr int kMost = 1000;
  require(exec->preserve_fds >= 0 && exec->preserve_fds <= kMost,
          "descriptors are counted up to 1000");
  const std::size_t count = exec->command.size();
  const std::size_t id = words.size() - count - 1;
  require(count < words.size() && words[id] == exec->id,
          "the container's name stands before the command");
  for (std::size_t i = 0; i < count; ++i)
    require(exec->command[i] == words[id + 1 + i],
            "the command is all that is behind it, untouched");
  require(exec->process_file || count != 0, "there is something to start");
  check_passed_on(*exec, grammar);
  if (!exec->process_file) check_process(*exec, grammar);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  Words words("doff-runtime", Words::of(data, size));
  const CommandLine line = doff::read_command_line(words.argv());
  words.check_untouched();
  check_line(line, words, words.argv());
  if (line.subcommand != "exec") return 0;
  for (const Grammar grammar : {Grammar::kGo, Grammar::kGetopt})
    check_exec(line, words, grammar);
  return 0;
}
