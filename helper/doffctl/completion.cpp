// doffctl completion: scripts with which shells complete doffctl's words.
#include <algorithm>
#include <array>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "caps/names.h"
#include "helper/completion/description.h"
#include "helper/doffctl/command.h"
#include "helper/doffctl/commands.h"

namespace doff {
namespace {

struct Shell {
  std::string_view name;
  std::string (*script)(const std::vector<DescribedCommand>&);
};
constexpr std::array<Shell, 3> kShells = {{{"bash", bash_completion},
                                           {"zsh", zsh_completion},
                                           {"fish", fish_completion}}};

int print_completion(const std::string& word) {
  const auto* const shell = std::ranges::find(kShells, word, &Shell::name);
  if (shell == kShells.end()) {
    std::array<std::string_view, kShells.size()> known;
    std::ranges::transform(kShells, known.begin(), &Shell::name);
    return complain({.doing = "completion",
                     .value = word,
                     .cause = "no such shell",
                     .guess = std::string(nearest_name(word, known)),
                     .next = "bash, zsh or fish"});
  }
  std::cout << shell->script(described_commands());
  return kExitDone;
}

}  // namespace

void add_completion(const Command& doffctl) {
  const auto shell = std::make_shared<std::string>();
  const Command command = doffctl.add(
      "completion", "print what completes doffctl's words in a shell");
  command.value("SHELL", "bash|zsh|fish", *shell, "the shell that reads it")
      .required();
  command.does([shell] { return print_completion(*shell); });
}

}  // namespace doff
