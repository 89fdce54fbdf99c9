// The options that say which capabilities are wanted: --policy, --profile,
// --cap-add, --cap-drop, --semantics. trim, emit, explain, audit and hook have
// them in common.
#pragma once

#include <string>
#include <vector>

#include "helper/doffctl/command.h"
#include "helper/failure.h"
#include "helper/wish.h"

namespace doff {

// As they were typed.
struct WishOptions {
  std::string policy;
  std::string profile;
  std::vector<std::string> cap_add;
  std::vector<std::string> cap_drop;
  std::string semantics;
};
// Adds --policy and --profile, of which one may be given.
void add_policy_options(const Command& command, WishOptions& options);
// Adds --cap-add and --cap-drop, each as often as wanted.
void add_capability_options(const Command& command, WishOptions& options);
void add_semantics_option(const Command& command, WishOptions& options);

// What they mean. A policy is read here.
[[nodiscard]] Checked<Wish> read_wish(const WishOptions& options);

// The same, for what creates or trims a container: refuses a wish that says
// nothing about that. `command` is the subcommand, for the message.
[[nodiscard]] Checked<Wish> read_wish_to_create(const WishOptions& options,
                                                const std::string& command);

}  // namespace doff
