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
//     a runtime;
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

std::string heading(CapabilitySet bounding) {
  const std::string wish = "# Asked for: " + names(bounding, " ") + ".\n";
  return "# OpenShell 0.1, as of November 2026 (0.1.7).\n"
         "#\n" +
         wish + "# Given by OpenShell: none.\n";
}

// What differs from the wish, said plainly.
std::string shortfall(CapabilitySet bounding) {
  if (bounding.empty()) return "# That is what was asked for.\n";
  return "# That is less than was asked for, and OpenShell has nothing that "
         "adds any:\n"
         "# what needs them has to be done when the image is built.\n";
}

constexpr const char* kDrivers =
    "#\n"
    "# Its drivers docker, podman and kubernetes drop ALL and add nothing, in "
    "the\n"
    "# sandbox's container and in its supervisor's. No key of this file, no "
    "option of\n"
    "# `openshell sandbox create` and nothing in --driver-config-json changes "
    "that.\n"
    "# Not so certain: the driver vm, whose sandbox is a guest, and drivers "
    "that others\n"
    "# wrote. Look at what runs: doffctl audit --all\n";

// Valid whatever the wish: what gives the bounding set is the version and the
// driver.
constexpr const char* kTables =
    "\n"
    "[openshell]\n"
    "version = 2  # what 0.1.0 and later ask for\n"
    "\n"
    "[openshell.gateway]\n"
    "compute_driver = \"docker\"  # or \"podman\" or \"kubernetes\"\n"
    "\n"
    "# The runtime of sandboxes can be named with Kubernetes only. A runtime "
    "may take\n"
    "# capabilities away as well.\n"
    "# [openshell.drivers.kubernetes]\n"
    "# default_runtime_class_name = \"NAME\"\n";

constexpr const char* kConnect =
    "\n"
    "# `openshell sandbox connect` opens its shells from inside the sandbox, "
    "with what\n"
    "# the container has: none. docker exec, podman exec and kubectl exec go "
    "past\n"
    "# OpenShell, and with --privileged past the container's bounding set too: "
    "start\n"
    "# their shells through doff(1).\n";

// The steps for the releases before, which no setting can bring to `bounding`.
std::string before(CapabilitySet bounding) {
  const CapabilitySet missing = supervisor_needs() - bounding;
  std::string text =
      "\n"
      "# OpenShell 0.0.x (up to 0.0.116; its sandboxes do not survive the "
      "upgrade)\n"
      "# One container holds the agent and the supervisor, which is root and "
      "needs what\n"
      "# doffctl's profile openshell-supervisor has. So the bounding set "
      "cannot "
      "be\n"
      "# emptied when the container is created";
  if (missing.empty())
    text += ".\n# What was asked for leaves it all of that.\n";
  else
    text +=
        ", and what was asked for would\n"
        "# keep the supervisor from starting, for want of\n"
        "#   " +
        names(missing, " ") + ".\n";
  text +=
      "# - Nothing in its driver tables or in `openshell sandbox create` "
      "takes\n"
      "#   capabilities away. Below it, Podman alone has a way: a precreate "
      "hook,\n"
      "#   see `doffctl hook`. Trim no further than openshell-supervisor.\n"
      "# - Shells: from 0.0.73 the supervisor empties the bounding set of "
      "those that\n"
      "#   `sandbox connect` opens. Before, and for docker exec in every "
      "release, the\n"
      "#   shell has the container's: start it through doff(1).\n";
  return text;
}

}  // namespace

std::string openshell_gateway(CapabilitySet bounding) {
  return heading(bounding) + shortfall(bounding) + kDrivers + kTables +
         kConnect + before(bounding);
}

std::string openshell_gateway_json(CapabilitySet /*bounding*/) {
  const nlohmann::ordered_json json = {
      {"openshell",
       {{"version", 2}, {"gateway", {{"compute_driver", "docker"}}}}}};
  return json.dump(2) + "\n";
}

}  // namespace doff
