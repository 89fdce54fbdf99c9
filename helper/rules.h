// How container engines combine a default set of capabilities with what is
// added and dropped. Pure. DESIGN: three families of rules; the tests hold
// each against the real engine.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "caps/capability_set.h"
#include "caps/names.h"
#include "helper/failure.h"
#include "helper/words.h"

namespace doff {

enum class Semantics : std::uint8_t { kDocker, kPodman, kCri, kCrio };

// One row for each, in the order of the enumeration.
struct Engine {
  std::string_view name;   // what --semantics takes
  std::string_view title;  // for people
  CapabilitySet defaults;
};
// docker: moby's and containerd's fourteen. podman: containers.conf's eleven,
// as Debian and Fedora ship it. crio: CRI-O's nine; it combines as containerd.
inline constexpr std::array<Engine, 4> kEngines = {{
    {"docker", "Docker", CapabilitySet(0xa80425fb)},
    {"podman", "Podman", CapabilitySet(0x800405fb)},
    {"cri", "containerd's CRI", CapabilitySet(0xa80425fb)},
    {"crio", "CRI-O", CapabilitySet(0x5fb)},
}};
constexpr const Engine& engine(Semantics semantics) {
  return kEngines[static_cast<std::size_t>(semantics)];
}
std::optional<Semantics> find_semantics(std::string_view name);

struct Request {
  Words add;
  Words drop;

  [[nodiscard]] bool empty() const { return add.empty() && drop.empty(); }
};

// What decided on a capability: the last step that spoke of it.
enum class Cause : std::uint8_t {
  kAbsent,  // not in the set that the rules began with, and not added
  kPresent,
  kAddedByName,
  kAddedByAll,
  kDroppedByName,
  kDroppedByAll,
};
// Whose step it was.
enum class Layer : std::uint8_t { kBase, kPolicy, kFlags };

struct Decision {
  Cause cause = Cause::kAbsent;
  Layer layer = Layer::kBase;
};

// A set, and for every capability why it is in it or not.
class Resolution {
 public:
  explicit Resolution(CapabilitySet base);

  void give(CapabilitySet some, Decision why);
  void take(CapabilitySet some, Decision why);

  [[nodiscard]] CapabilitySet set() const { return set_; }
  [[nodiscard]] Decision decision(Capability one) const {
    return decisions_[number(one)];
  }

 private:
  CapabilitySet set_;
  std::array<Decision, kCapabilityBits> decisions_{};
};

// Applies `request` to `resolution` by the rules of `semantics`. `all` is what
// the word ALL adds: the named capabilities, or what the host may give away.
// An error is a request that the engine refuses as contradictory; then
// `resolution` is as it was.
[[nodiscard]] Result<void> combine(Semantics semantics, const Request& request,
                                   Layer layer, CapabilitySet all,
                                   Resolution& resolution);

}  // namespace doff
