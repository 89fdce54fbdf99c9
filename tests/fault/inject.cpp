// inject --program FILE --promise STATE [OPTION...] -- COMMAND [ARG...]
// For every system call that FILE makes before it becomes the shell, every
// fault: each errno of the table, success without effect, signals, death, a
// delay. Either what it becomes has this STATE, or it says why there is none.
// --otherwise CALL: FAULT STATE is for a fault in which another state is right.
#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <fstream>
#include <iostream>
#include <span>
#include <sstream>

#include "tests/fault/errno_table.h"
#include "tests/fault/faults.h"
#include "tests/fault/traced_run.h"

namespace doff::fault {
namespace {

struct Options {
  Subject subject;
  std::string errnos;
  std::string promise;
  // With what is as it is in such a case: FAULT, as it is named, and a state.
  std::map<std::string, std::string> otherwise{};
  bool all = false;  // no place left out
};

std::string link(const std::string& path) {
  std::array<char, PATH_MAX> bytes{};
  const ssize_t size = readlink(path.c_str(), bytes.data(), bytes.size());
  return {bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

std::string descriptors(const std::string& directory) {
  std::vector<int> open;
  DIR* const listing = opendir(directory.c_str());
  while (const dirent* const entry =
             listing == nullptr ? nullptr : readdir(listing))
    if (entry->d_name[0] != '.') open.push_back(std::stoi(entry->d_name));
  if (listing != nullptr) closedir(listing);
  std::ranges::sort(open);
  std::string text;
  for (const int fd : open)
    text += (text.empty() ? "" : ",") + std::to_string(fd);
  return text;
}

std::string joined(std::istream& words) {
  std::string text;
  for (std::string word; words >> word;)
    text += (text.empty() ? "" : ",") + word;
  return text;
}

std::string words_of(const std::string& path) {
  std::ifstream file(path);
  return joined(file);
}

std::string state_of(pid_t pid) {
  constexpr auto kFields = std::to_array<std::string_view>(
      {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs",
       "Seccomp", "Uid", "Gid", "Groups"});
  const std::string proc = "/proc/" + std::to_string(pid);
  std::map<std::string, std::string, std::less<>> values;
  std::ifstream file(proc + "/status");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    name.pop_back();
    values[name] = joined(words);
  }
  std::string text;
  for (const auto field : kFields)
    text += std::string(field) + "=" + values.find(field)->second + " ";
  const bool same = link(proc + "/ns/user") == link("/proc/self/ns/user");
  return text + "fds=" + descriptors(proc + "/fd") +
         " userns=" + (same ? "same" : words_of(proc + "/uid_map")) +
         " cwd=" + link(proc + "/cwd");
}

// Of any fault in a child, whose death alone its parent sees.
constexpr auto kOfChildren = std::to_array<std::string_view>(
    {"entering a user namespace", "seccomp filter is not in force"});

bool is_said(const Ending& ending, const Fault& fault, const CallFacts& facts) {
  const auto has = [&](std::string_view words) {
    return ending.said.find(words) != std::string::npos;
  };
  return std::ranges::any_of(facts.words, has) ||
         (fault.process > 0 && std::ranges::any_of(kOfChildren, has));
}

// Empty, or what is wrong.
std::string wrong(const Ending& ending, const Fault& fault,
                  const CallFacts& facts, const std::string& promise) {
  if (!ending.happened) return "the call was not made";
  if (ending.left_behind) return "a process is left behind";
  switch (ending.end) {
    case End::kBecame:
      if (ending.value != 0) return "a child became the shell";
      return ending.state == promise ? "" : "the shell has " + ending.state;
    case End::kExited:
      if (ending.value < 125 || ending.value > 127)
        return "exit status " + std::to_string(ending.value);
      return is_said(ending, fault, facts) ? ""
                                           : "no word of it: " + ending.said;
    case End::kSignalled:
      if (fault.process == 0 && fault.act == Act::kSignal &&
          ending.value == fault.value)
        return "";
      if (facts.may_crash && ending.value == SIGSEGV) return "";
      return "died of signal " + std::to_string(ending.value);
    case End::kHung:
      return "it hangs";
  }
  return "";
}

struct Count {
  int faults = 0;
  int shells = 0;
  int refusals = 0;
  int deaths = 0;
  int failures = 0;
};

void judge(const Call& call, const NamedFault& fault, const CallFacts& facts,
           const Options& options, Count& count) {
  Ending ending = run(options.subject, fault.fault, nullptr);
  // Its parent may kill a child before it comes to its last call.
  for (int tries = 1; !ending.happened && fault.fault.process > 0 && tries < 50;
       ++tries)
    ending = run(options.subject, fault.fault, nullptr);
  const auto other = options.otherwise.find(call.kind + ": " + fault.name);
  const std::string& promise =
      other == options.otherwise.end() ? options.promise : other->second;
  const std::string why = wrong(ending, fault.fault, facts, promise);
  ++count.faults;
  if (!why.empty()) {
    ++count.failures;
    std::cout << "FAILED: process " << call.process << " call " << call.ordinal
              << ", " << call.kind << ": " << fault.name << ": " << why << "\n";
  } else if (ending.end == End::kBecame) {
    ++count.shells;
  } else {
    ++(ending.end == End::kExited ? count.refusals : count.deaths);
  }
}

int sweep(const Options& options) {
  const ErrnoTable table = read_errno_table(options.errnos);
  std::vector<Call> calls;
  const Ending plain = run(options.subject, std::nullopt, &calls);
  if (plain.end != End::kBecame || plain.state != options.promise) {
    std::cout << "FAILED: without any fault: " << plain.said << plain.state
              << "\nand not " << options.promise << "\n";
    return 1;
  }
  const std::vector<Call> tried = options.all ? calls : thinned(calls);
  Count count;
  for (const Call& call : tried) {
    const auto facts = table.find(call.kind);
    if (facts == table.end()) {
      std::cout << "FAILED: " << call.kind << " is not in " << options.errnos
                << "\n";
      ++count.failures;
      continue;
    }
    for (const NamedFault& fault : faults_of(call, facts->second))
      judge(call, fault, facts->second, options, count);
  }
  std::cout << count.faults << " faults at " << tried.size() << " of "
            << calls.size() << " calls";
  if (tried.size() < calls.size())
    std::cout << " (--all: also inside of rows of one call)";
  std::cout << ": " << count.shells << " shells as promised, " << count.refusals
            << " refusals that name it, " << count.deaths
            << " deaths by the signal, " << count.failures << " failures\n";
  return count.failures == 0 ? 0 : 1;
}

int usage() {
  std::cerr << "usage: inject --errnos TABLE --program FILE --promise STATE "
               "[--otherwise FAULT STATE] [--all] -- COMMAND [ARG...]\n";
  return 2;
}

}  // namespace

int main(std::span<char*> words) {
  Options options;
  std::size_t next = 1;
  for (; next < words.size(); ++next) {
    const std::string word = words[next];
    if (word == "--") break;
    if (word == "--all") {
      options.all = true;
      continue;
    }
    if (++next == words.size()) return usage();
    if (word == "--errnos") {
      options.errnos = words[next];
    } else if (word == "--program") {
      options.subject.program = words[next];
    } else if (word == "--promise") {
      options.promise = words[next];
    } else if (word == "--otherwise" && next + 1 < words.size()) {
      options.otherwise[words[next]] = words[next + 1];
      ++next;
    } else {
      return usage();
    }
  }
  for (++next; next < words.size(); ++next)
    options.subject.command.emplace_back(words[next]);
  if (options.subject.command.empty()) return usage();
  options.subject.look = state_of;
  return sweep(options);
}

}  // namespace doff::fault

int main(int argc, char** argv) {
  return doff::fault::main({argv, static_cast<std::size_t>(argc)});
}
