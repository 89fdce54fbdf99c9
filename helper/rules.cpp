#include "helper/rules.h"

#include <algorithm>
#include <cstddef>

namespace doff {
namespace {

constexpr CapabilitySet kEverything{~std::uint64_t{0}};

// moby, oci/caps.TweakCapabilities: ALL in `add` beats ALL in `drop` and leaves
// room for named drops; otherwise what is named in `add` wins.
void combine_as_docker(const Request& request, Layer layer, CapabilitySet all,
                       Resolution& resolution) {
  if (request.add.all) {
    resolution.give(all, {Cause::kAddedByAll, layer});
    resolution.take(request.drop.named, {Cause::kDroppedByName, layer});
    return;
  }
  if (request.drop.all)
    resolution.take(kEverything, {Cause::kDroppedByAll, layer});
  else
    resolution.take(request.drop.named, {Cause::kDroppedByName, layer});
  resolution.give(request.add.named, {Cause::kAddedByName, layer});
}

// containers/common, pkg/capabilities.MergeCapabilities: the same but for what
// it calls a contradiction.
Result<void> combine_as_podman(const Request& request, Layer layer,
                               CapabilitySet all, Resolution& resolution) {
  const auto refuse = [](std::string value) {
    return tl::unexpected(
        Failure{.doing = "capabilities",
                .value = std::move(value),
                .cause = "added and dropped at once, which Podman refuses",
                .next = "say it once"});
  };
  if (request.add.all && request.drop.all) return refuse("ALL");
  const CapabilitySet both = request.add.named & request.drop.named;
  if (!request.add.all && !request.drop.all && !both.empty())
    return refuse(names(both));
  combine_as_docker(request, layer, all, resolution);
  return {};
}

// containerd, pkg/cri/server withCapabilities, and CRI-O: four steps in a fixed
// order, so that a named drop is the last word.
void combine_as_cri(const Request& request, Layer layer, CapabilitySet all,
                    Resolution& resolution) {
  if (request.add.all) resolution.give(all, {Cause::kAddedByAll, layer});
  if (request.drop.all)
    resolution.take(kEverything, {Cause::kDroppedByAll, layer});
  resolution.give(request.add.named, {Cause::kAddedByName, layer});
  resolution.take(request.drop.named, {Cause::kDroppedByName, layer});
}

}  // namespace

std::optional<Semantics> find_semantics(std::string_view name) {
  const auto* const found = std::ranges::find(kEngines, name, &Engine::name);
  if (found == kEngines.end()) return std::nullopt;
  return static_cast<Semantics>(found - kEngines.begin());
}

Resolution::Resolution(CapabilitySet base) : set_(base) {
  for (const Capability each : base)
    decisions_[number(each)].cause = Cause::kPresent;
}

void Resolution::give(CapabilitySet some, Decision why) {
  set_ |= some;
  for (const Capability each : some) decisions_[number(each)] = why;
}

void Resolution::take(CapabilitySet some, Decision why) {
  set_ = set_ - some;
  for (const Capability each : some) decisions_[number(each)] = why;
}

Result<void> combine(Semantics semantics, const Request& request, Layer layer,
                     CapabilitySet all, Resolution& resolution) {
  switch (semantics) {
    case Semantics::kDocker:
      combine_as_docker(request, layer, all, resolution);
      break;
    case Semantics::kPodman:
      return combine_as_podman(request, layer, all, resolution);
    case Semantics::kCri:
    case Semantics::kCrio:
      combine_as_cri(request, layer, all, resolution);
      break;
  }
  return {};
}

}  // namespace doff
