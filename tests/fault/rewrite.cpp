// rewrite --program FILE --tree DIR --from TEXT [OPTION...] -- COMMAND [ARG...]
// For every system call that FILE makes from the first on that names TEXT,
// every fault. Each file in DIR is then what it was or what it is without a
// fault, never a third; what says that it succeeded has done it all; and beside
// them nothing is left, but by a kill. --becomes FILE is what a success starts.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <span>
#include <sstream>

#include "tests/fault/errno_table.h"
#include "tests/fault/faults.h"
#include "tests/fault/traced_run.h"

namespace doff::fault {
namespace {

namespace fs = std::filesystem;

// By its path beneath the directory: its mode and owner, and its content.
struct File {
  std::string about;
  std::string content;
  bool operator==(const File&) const = default;
};
using Tree = std::map<std::string, File>;

struct Options {
  Subject subject;
  std::string errnos;
  fs::path tree;
  std::string lock;  // a file that may come and stay
  std::string only;  // the calls at which faults are tried; empty: all
};

File look_at(const fs::path& path) {
  struct stat about {};
  lstat(path.c_str(), &about);
  std::ostringstream text;
  text << std::oct << about.st_mode << " " << about.st_uid << ":"
       << about.st_gid;
  if (S_ISLNK(about.st_mode)) return {text.str(), fs::read_symlink(path)};
  if (!S_ISREG(about.st_mode)) return {text.str(), ""};
  std::ifstream file(path, std::ios::binary);
  return {text.str(), {std::istreambuf_iterator<char>(file), {}}};
}

Tree read_tree(const Options& options) {
  Tree tree;
  for (const auto& each : fs::recursive_directory_iterator(options.tree))
    if (each.path().filename() != options.lock)
      tree[each.path().lexically_relative(options.tree)] = look_at(each.path());
  return tree;
}

void restore(const fs::path& kept, const fs::path& tree) {
  for (const auto& each : fs::directory_iterator(tree)) fs::remove_all(each);
  fs::copy(kept, tree,
           fs::copy_options::recursive | fs::copy_options::copy_symlinks);
}

bool is_temporary(const std::string& path) {
  return fs::path(path).filename().string().starts_with(".doffctl-");
}

struct Case {
  const Fault& fault;
  const Tree& before;
  const Tree& after;

  [[nodiscard]] bool is_lie() const {
    return fault.act == Act::kAnswer && fault.value == 0;
  }
  [[nodiscard]] bool is_kill() const {
    return fault.act == Act::kSignal && fault.value == SIGKILL;
  }
  // What a lie about chmod(2) leaves is not what this is about.
  [[nodiscard]] bool is_same(const Tree& tree, const std::string& path,
                             const File* now) const {
    const auto found = tree.find(path);
    if (found == tree.end() || now == nullptr)
      return found == tree.end() && now == nullptr;
    return found->second.content == now->content &&
           (is_lie() || found->second.about == now->about);
  }

  [[nodiscard]] std::string wrong(const Tree& now) const {
    for (const auto& [path, file] : now) {
      if (is_temporary(path) && (is_kill() || is_lie())) continue;
      if (!before.contains(path) && !after.contains(path))
        return path + " is left";
      if (!is_same(before, path, &file) && !is_same(after, path, &file))
        return path + " is neither the old nor the new: " + file.about;
    }
    for (const Tree* const tree : {&before, &after})
      for (const auto& [path, file] : *tree)
        if (!now.contains(path) && !is_same(before, path, nullptr) &&
            !is_same(after, path, nullptr))
          return path + " is gone";
    return "";
  }
};

// Empty, or what is wrong.
std::string wrong(const Ending& ending, const Case& one, const Tree& now,
                  bool may_crash) {
  if (!ending.happened) return "the call was not made";
  if (ending.left_behind) return "a process is left behind";
  if (auto why = one.wrong(now); !why.empty()) return why + "; " + ending.said;
  const bool succeeded = ending.end == End::kBecame ||
                         (ending.end == End::kExited && ending.value == 0);
  if (succeeded)
    return one.is_lie() || now == one.after ? "" : "success, but not done";
  if (ending.end == End::kHung) return "it hangs";
  if (ending.end == End::kSignalled)
    return one.fault.act == Act::kSignal || may_crash
               ? ""
               : "died of signal " + std::to_string(ending.value);
  if (one.fault.act == Act::kDelay) return "refused because of a delay";
  if (ending.said.find("all is as it was") != std::string::npos &&
      now != one.before && !one.is_lie())
    return "not all is as it was; " + ending.said;
  return ending.said.starts_with("doff") ? "" : "no word of it: " + ending.said;
}

int sweep(Options& options) {
  const ErrnoTable table = read_errno_table(options.errnos);
  const fs::path kept = options.tree.string() + ".kept";
  fs::remove_all(kept);
  fs::copy(options.tree, kept,
           fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  const Tree before = read_tree(options);
  std::vector<Call> calls;
  const Ending plain = run(options.subject, std::nullopt, &calls);
  const Tree after = read_tree(options);
  if (before == after || plain.end == End::kSignalled || calls.empty()) {
    std::cout << "FAILED: without any fault nothing is done: " << plain.said
              << "\n";
    return 1;
  }
  const std::size_t seen = calls.size();
  if (!options.only.empty())
    std::erase_if(calls, [&](const Call& call) {
      return ("," + options.only + ",").find("," + call.kind + ",") ==
             std::string::npos;
    });
  int faults = 0;
  int olds = 0;
  int news = 0;
  int failures = 0;
  for (const Call& call : calls) {
    const auto facts = table.find(call.kind);
    if (facts == table.end()) {
      std::cout << "FAILED: " << call.kind << " is not in " << options.errnos
                << "\n";
      ++failures;
      continue;
    }
    for (const NamedFault& each : faults_of(call, facts->second)) {
      restore(kept, options.tree);
      const Ending ending = run(options.subject, each.fault, nullptr);
      const Tree now = read_tree(options);
      const Case one{each.fault, before, after};
      // malloc(3) believes that there is memory.
      const bool may_crash =
          facts->second.may_crash || (call.kind == "mmap" && one.is_lie());
      const std::string why = wrong(ending, one, now, may_crash);
      ++faults;
      olds += now == before ? 1 : 0;
      news += now == after ? 1 : 0;
      if (why.empty()) continue;
      ++failures;
      std::cout << "FAILED: process " << call.process << " call "
                << call.ordinal << ", " << call.kind << ": " << each.name
                << ": " << why << "\n";
    }
  }
  std::cout << faults << " faults at " << calls.size() << " of " << seen
            << " calls"
            << (options.only.empty() ? "" : " (" + options.only + ")") << ": "
            << olds << " times all is the old, " << news
            << " times all is the new, " << failures << " failures\n";
  restore(kept, options.tree);
  fs::remove_all(kept);
  return failures == 0 ? 0 : 1;
}

int usage() {
  std::cerr
      << "usage: rewrite --errnos TABLE --program FILE --tree DIR --from "
         "TEXT [--becomes FILE] [--lock NAME] [--only CALL,...] -- COMMAND "
         "[ARG...]\n";
  return 2;
}

}  // namespace

int main(std::span<char*> words) {
  Options options;
  const std::map<std::string, std::string*> values = {
      {"--errnos", &options.errnos},
      {"--program", &options.subject.program},
      {"--from", &options.subject.from},
      {"--becomes", &options.subject.becomes},
      {"--lock", &options.lock},
      {"--only", &options.only}};
  std::size_t next = 1;
  for (; next + 1 < words.size() && words[next] != std::string("--");
       next += 2) {
    const auto value = values.find(words[next]);
    if (words[next] == std::string("--tree"))
      options.tree = words[next + 1];
    else if (value == values.end())
      return usage();
    else
      *value->second = words[next + 1];
  }
  for (++next; next < words.size(); ++next)
    options.subject.command.emplace_back(words[next]);
  if (options.subject.command.empty() || options.tree.empty()) return usage();
  return sweep(options);
}

}  // namespace doff::fault

int main(int argc, char** argv) {
  return doff::fault::main({argv, static_cast<std::size_t>(argc)});
}
