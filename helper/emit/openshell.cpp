// What OpenShell takes. Read in November 2026, in the repository
// NVIDIA/OpenShell:
//   crates/openshell-driver-podman/src/container.rs at 04a448c,
//     build_isolation_specs(): the workload and the supervisor get
//     cap_drop ALL and no cap_add; the sandbox's own settings (driver_config)
//     are cdi_devices and mounts, anything else is refused;
//   crates/openshell-driver-docker/README.md at 03c8c5f and
//     crates/openshell-driver-kubernetes/README.md at 0215c70: the same of
//     Docker's containers and of both Pods;
//   docs/how-it-works/gateways/configuration.mdx at 0187268: the tables of
//     schema 2, in which an unknown key keeps the gateway from starting. None
//     is about capabilities; only Kubernetes' default_runtime_class_name names
//     a runtime, which pod.runtime_class_name of --driver-config-json overrides
//     where allow_driver_config lets it;
//   pull requests 2942 (two containers without capabilities, in 0.1.0), 2814
//     (schema 2), 2001 (0.0.73 empties the bounding set of a shell);
//   crates/openshell-driver-podman/README.md at 02ae9bc: what the supervisor
//     of 0.0.x is given, and why.
// tests/unit/emit_test.cpp holds the keys that are named here.
#include <nlohmann/json.hpp>

#include "helper/emit/forms.h"
#include "helper/policy/profiles.h"
#include "helper/words.h"

namespace doff {
namespace {

constexpr const char* kSupervisorProfile = "openshell-supervisor";

// One table for one fact: what the supervisor of 0.0.x needs is the profile.
CapabilitySet supervisor_needs() {
  const auto profile = find_profile(kSupervisorProfile);
  if (!profile || !profile->capabilities) return {};
  return all_of(profile->capabilities->allow).named;
}

constexpr const char* kAsExpected = "# That is what was asked for.\n";
constexpr const char* kTooLittle =
    R"(# That is less than was asked for, and OpenShell has nothing that adds
# any: what needs them has to be done when the image is built.
)";

// Valid whatever the wish: the version and the driver are what decides.
constexpr const char* kGateway = R"(#
# Its drivers docker, podman and kubernetes drop ALL and add nothing, both
# in a sandbox's container and in its supervisor's. No key of this file, no
# option of `openshell sandbox create` and nothing in its
# --driver-config-json changes that. Unknown here: the driver vm, whose
# sandbox is a guest, and drivers that are not OpenShell's. See what runs:
# doffctl audit --all

[openshell]
version = 2  # what 0.1.0 and later ask for

[openshell.gateway]
compute_driver = "docker"  # or "podman" or "kubernetes"

# A runtime can be chosen with Kubernetes only. It may take away more.
# [openshell.drivers.kubernetes]
# default_runtime_class_name = "NAME"
# allow_driver_config = false  # or who creates a sandbox chooses another

# `openshell sandbox connect` opens a shell with what the container has:
# none. docker exec, podman exec and kubectl exec go past OpenShell, the
# first two with --privileged past the container's bounding set as well:
# start their shells through doff(1).

# OpenShell 0.0.x (to 0.0.116; sandboxes do not survive the upgrade)
# One container holds the agent and the supervisor, which is root and needs
# what doffctl's profile openshell-supervisor has. So the bounding set
# cannot be emptied when the container is created.
)";
constexpr const char* kSupervisorHas =
    "# What was asked for leaves it all of that.\n";
constexpr const char* kSupervisorLacks =
    "# What was asked for would take from it:\n";
constexpr const char* kBefore =
    R"(# - Nothing in a driver's table or in `openshell sandbox create` takes
#   capabilities away. Below OpenShell, Podman has a way: a precreate hook,
#   `doffctl hook json --profile openshell-supervisor`.
# - From 0.0.73 on, the supervisor empties the bounding set of shells that
#   `openshell sandbox connect` opens. Before, and for docker exec in every
#   release, a shell has the container's: start it through doff(1).
)";

// One line for each, as there may be many.
std::string comment_lines(CapabilitySet set) {
  std::string text;
  for (const Capability each : set) text += "#     " + short_name(each) + "\n";
  return text;
}

}  // namespace

std::string openshell_gateway(CapabilitySet bounding) {
  std::string text =
      "# OpenShell 0.1, as of November 2026 (0.1.7).\n"
      "#\n"
      "# Asked for: " +
      names(bounding, " ") +
      ".\n"
      "# Given by OpenShell: none.\n";
  text += bounding.empty() ? kAsExpected : kTooLittle;
  text += kGateway;
  const CapabilitySet missing = supervisor_needs() - bounding;
  text += missing.empty() ? kSupervisorHas : kSupervisorLacks;
  return text + comment_lines(missing) + kBefore;
}

std::string openshell_gateway_json(CapabilitySet /*bounding*/) {
  const nlohmann::ordered_json json = {
      {"openshell",
       {{"version", 2}, {"gateway", {{"compute_driver", "docker"}}}}}};
  return json.dump(2) + "\n";
}

}  // namespace doff
