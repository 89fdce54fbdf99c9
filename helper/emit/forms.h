// The forms of `doffctl emit`, one pair for each target; see emit.h.
#pragma once

#include <string>

#include "caps/capability_set.h"

namespace doff {

// `docker run` and `podman run` take the same words.
std::string container_flags(CapabilitySet bounding);
std::string container_flags_json(CapabilitySet bounding);  // one word each

std::string compose_service(CapabilitySet bounding);
std::string compose_service_json(CapabilitySet bounding);

std::string security_context(CapabilitySet bounding);
std::string security_context_json(CapabilitySet bounding);

std::string systemd_drop_in(CapabilitySet bounding);
std::string systemd_drop_in_json(CapabilitySet bounding);

// JSON already, so it is both forms.
std::string oci_process(CapabilitySet bounding);

// In openshell.cpp: a gateway.toml whose comments are the steps to take.
std::string openshell_gateway(CapabilitySet bounding);
std::string openshell_gateway_json(CapabilitySet bounding);

}  // namespace doff
