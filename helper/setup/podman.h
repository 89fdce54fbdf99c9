// Podman's containers.conf, or a drop-in of ours for it: [engine.runtimes], and
// `runtime` in [engine]. Pure.
#pragma once

#include <optional>
#include <string>

#include "helper/setup/registration.h"

namespace doff {

// See Register and Unregister.
[[nodiscard]] Result<Registered> register_with_podman(
    const std::optional<std::string>& text, const std::string& source,
    const Registration& registration);
[[nodiscard]] Result<Remainder> unregister_from_podman(
    const std::string& text, const std::string& source);

}  // namespace doff
