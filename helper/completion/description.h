// doffctl's command line as shells need it to complete words: a plain value,
// read off the CLI::App that parses it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace doff {

struct Described {
  std::string name;
  std::string help;
};

// What may stand in one place.
struct Values {
  enum class Kind : std::uint8_t {
    kAny,    // nothing to be offered
    kFiles,  // a file's path, or one of `words`
    kWords,  // one of `words`
    kList,   // some of `words`, with commas between
  };
  Kind kind = Kind::kAny;
  std::vector<std::string> words;
};

struct DescribedOption {
  std::string name;  // with its dashes
  std::string help;
  bool takes_value = false;
  Values values;
};

struct DescribedCommand {
  std::string path;  // "" for doffctl itself, "trim", "policy show"
  std::vector<Described> subcommands;
  std::vector<DescribedOption> options;
  std::vector<Values> positionals;  // in order
  bool repeats = false;             // the last positional, as often as wanted
  bool runs_command = false;        // takes `-- COMMAND [ARG...]`
};

// doffctl itself first, then each subcommand before its own.
std::vector<DescribedCommand> describe(const CLI::App& app);

// The scripts that complete it.
std::string bash_completion(const std::vector<DescribedCommand>& commands);
std::string fish_completion(const std::vector<DescribedCommand>& commands);
std::string zsh_completion(const std::vector<DescribedCommand>& commands);

}  // namespace doff
