// What has a Kubernetes cluster run pods under doff-runtime.
#pragma once

#include <string>

namespace doff {

// The files of kubernetes/, as one stream of YAML documents.
std::string manifests();

}  // namespace doff
