#include "helper/emit/emit.h"

#include <iostream>
#include <memory>
#include <string>

#include "caps/names.h"
#include "helper/doffctl/command.h"
#include "helper/doffctl/commands.h"
#include "helper/doffctl/wish_options.h"
#include "helper/failure.h"
#include "helper/words.h"

namespace doff {
namespace {

struct Options {
  std::string target;
  WishOptions wish;
  bool json = false;
};

// The answer is no where the target gives less than is asked for.
int answer(const Target& target, CapabilitySet bounding) {
  const CapabilitySet lacking = bounding - target.most;
  if (lacking.empty()) return kExitDone;
  complain({.doing = "emit " + std::string(target.name),
            .value = names(lacking),
            .cause = "the target gives no container these",
            .next = "what is printed says what it does give"});
  return kExitNo;
}

int run(const Options& options) {
  const auto target = find_target(options.target);
  if (!target) return complain(target.error());
  const auto wish = read_wish_to_create(options.wish, "emit");
  if (!wish) return complain_of_all(wish.error());
  const auto resolution =
      resolve(*wish, target->semantics, target->base, kAllCapabilities);
  if (!resolution) return complain(resolution.error());
  const auto text = emit(*target, resolution->set(),
                         options.json ? Form::kJson : Form::kText);
  if (!text) return complain(text.error());
  std::cout << *text;
  return answer(*target, resolution->set());
}

// A row for each target, with what a wish begins with.
std::string table() {
  std::string text =
      "Targets, and the set that --cap-add and --cap-drop begin with:";
  for (const Target& each : targets()) {
    std::string row = "  " + std::string(each.name);
    row.resize(14, ' ');
    text += "\n" + row + std::string(each.title) + "; " +
            std::string(each.base_name);
  }
  return text;
}

}  // namespace

void add_emit(const Command& doffctl) {
  const auto options = std::make_shared<Options>();
  const Command command =
      doffctl.add("emit", "print what gives a container such a bounding set");
  // Not required(), whose complaint would not say which there are.
  command.value("TARGET", target_names(), options->target, "what it is for");
  add_policy_options(command, options->wish);
  add_capability_options(command, options->wish);
  command.flag("--json", options->json, "print JSON, for programs");
  command.footer(table());
  command.does([options] { return run(*options); });
}

}  // namespace doff
