#include "helper/wish.h"

#include "helper/words.h"

namespace doff {
namespace {

// The line of a policy that decided: the last that names it.
const PolicyWord* find_word(const PolicyWords& words, Capability capability,
                            bool by_all) {
  const PolicyWord* found = nullptr;
  for (const PolicyWord& each : words)
    if (by_all ? each.word.all : each.word.named.has(capability)) found = &each;
  return found;
}

std::string rule_in_policy(const Policy& policy, Capability capability,
                           Cause cause) {
  const bool dropped =
      cause == Cause::kDroppedByName || cause == Cause::kDroppedByAll;
  const bool by_all =
      cause == Cause::kDroppedByAll || cause == Cause::kAddedByAll;
  const PolicyWords& words =
      dropped ? policy.capabilities->drop : policy.capabilities->allow;
  std::string text = policy.source;
  if (const PolicyWord* word = find_word(words, capability, by_all))
    text = word->place.file + ":" + std::to_string(word->place.line) + ":" +
           std::to_string(word->place.column);
  return text + ": capabilities." + (dropped ? "drop" : "allow") +
         (by_all ? " ALL" : "");
}

}  // namespace

Result<Resolution> resolve(const Wish& wish, Semantics semantics,
                           CapabilitySet base, CapabilitySet all) {
  Resolution resolution(base);
  if (wish.policy && wish.policy->capabilities) {
    auto done = combine(semantics, wish.policy->capabilities->request(),
                        Layer::kPolicy, all, resolution);
    if (!done) return tl::unexpected(done.error());
  }
  auto done = combine(semantics, wish.flags, Layer::kFlags, all, resolution);
  if (!done) return tl::unexpected(done.error());
  return resolution;
}

std::string reason(Capability capability, const Resolution& resolution,
                   const Wish& wish, CapabilitySet base,
                   std::string_view base_name) {
  const Decision why = resolution.decision(capability);
  std::string text = resolution.set().has(capability) ? "kept: " : "dropped: ";
  const std::string membership =
      std::string(base.has(capability) ? "in " : "not in ") +
      std::string(base_name);
  switch (why.layer) {
    case Layer::kBase:
      return text + membership;
    case Layer::kPolicy:
      return text + rule_in_policy(*wish.policy, capability, why.cause) + "; " +
             membership;
    case Layer::kFlags:
      break;
  }
  switch (why.cause) {
    case Cause::kAddedByAll:
      return text + "--cap-add ALL; " + membership;
    case Cause::kDroppedByAll:
      return text + "--cap-drop ALL; " + membership;
    case Cause::kAddedByName:
      return text + "--cap-add " + short_name(capability) + "; " + membership;
    default:
      return text + "--cap-drop " + short_name(capability) + "; " + membership;
  }
}

}  // namespace doff
