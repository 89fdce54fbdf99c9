// Docker's daemon.json: the runtime in `runtimes`, and `default-runtime`. Pure.
#pragma once

#include <optional>
#include <string>

#include "helper/setup/registration.h"

namespace doff {

// See Register and Unregister.
[[nodiscard]] Result<Registered> register_with_docker(
    const std::optional<std::string>& text, const std::string& source,
    const Registration& registration);
[[nodiscard]] Result<Remainder> unregister_from_docker(
    const std::string& text, const std::string& source);

}  // namespace doff
