// CRI-O's crio.conf, or a drop-in of ours for it: [crio.runtime.runtimes.doff],
// and `default_runtime`. Pure.
#pragma once

#include <optional>
#include <string>

#include "helper/setup/registration.h"

namespace doff {

// See Register and Unregister.
[[nodiscard]] Result<Registered> register_with_crio(
    const std::optional<std::string>& text, const std::string& source,
    const Registration& registration);
[[nodiscard]] Result<Remainder> unregister_from_crio(const std::string& text,
                                                     const std::string& source);

}  // namespace doff
