// containerd's config.toml: a runtime of its CRI plugin, which Kubernetes
// speaks to, and `default_runtime_name`. Pure.
#pragma once

#include <optional>
#include <string>

#include "helper/setup/registration.h"

namespace doff {

// See Register and Unregister.
[[nodiscard]] Result<Registered> register_with_containerd(
    const std::optional<std::string>& text, const std::string& source,
    const Registration& registration);
[[nodiscard]] Result<Remainder> unregister_from_containerd(
    const std::string& text, const std::string& source);

}  // namespace doff
