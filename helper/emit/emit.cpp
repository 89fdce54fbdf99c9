#include "helper/emit/emit.h"

#include <algorithm>
#include <array>

#include "caps/names.h"
#include "helper/emit/forms.h"
#include "helper/words.h"

namespace doff {
namespace {

constexpr CapabilitySet kFourteen = engine(Semantics::kDocker).defaults;

constexpr auto kTargets = std::to_array<Target>({
    {"docker", "flags for `docker run` and `docker create`",
     "Docker's default set", kFourteen, Semantics::kDocker, kAllCapabilities,
     container_flags, container_flags_json},
    {"podman", "flags for `podman run` and `podman create`",
     "Podman's default set", engine(Semantics::kPodman).defaults,
     Semantics::kPodman, kAllCapabilities, container_flags,
     container_flags_json},
    {"compose", "keys of a service in a Compose file", "Docker's default set",
     kFourteen, Semantics::kDocker, kAllCapabilities, compose_service,
     compose_service_json},
    {"kubernetes", "a container's securityContext", "containerd's default set",
     engine(Semantics::kCri).defaults, Semantics::kCri, kAllCapabilities,
     security_context, security_context_json},
    // A service that says nothing may have everything.
    {"systemd", "a drop-in for a service", "everything", kAllCapabilities,
     Semantics::kDocker, kAllCapabilities, systemd_drop_in,
     systemd_drop_in_json},
    // A runtime has no default set; its callers bring containerd's.
    {"oci", "`process.capabilities` of a config.json",
     "containerd's default set", kFourteen, Semantics::kDocker,
     kAllCapabilities, oci_process, oci_process},
    {"openshell", "a gateway.toml, with steps as comments",
     "OpenShell's own, nothing", CapabilitySet(), Semantics::kDocker,
     CapabilitySet(), openshell_gateway, openshell_gateway_json},
});

}  // namespace

std::span<const Target> targets() { return kTargets; }

std::string target_names() {
  std::string names;
  for (const Target& each : kTargets) {
    if (!names.empty()) names += '|';
    names += each.name;
  }
  return names;
}

Result<Target> find_target(std::string_view name) {
  const auto* const found = std::ranges::find(kTargets, name, &Target::name);
  if (found != kTargets.end()) return *found;
  std::array<std::string_view, kTargets.size()> known;
  std::ranges::transform(kTargets, known.begin(), &Target::name);
  return tl::unexpected(
      Failure{.doing = "emit",
              .value = std::string(name),
              .cause = name.empty() ? "for which target?" : "no such target",
              .guess = std::string(nearest_name(name, known)),
              .next = "give one of " + target_names()});
}

Result<std::string> emit(const Target& target, CapabilitySet bounding,
                         Form form) {
  const CapabilitySet nameless = bounding - kAllCapabilities;
  if (!nameless.empty())
    return tl::unexpected(
        Failure{.doing = "emit " + std::string(target.name),
                .value = names(nameless),
                .cause = "a capability without a name, and the format takes "
                         "only names"});
  return form == Form::kText ? target.text(bounding) : target.json(bounding);
}

}  // namespace doff
