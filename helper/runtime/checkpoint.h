// What restore gives back: the capabilities in the images of a checkpoint,
// which criu gives to processes whatever is in the spec.
#pragma once

#include <string>
#include <string_view>

#include "caps/capability_set.h"
#include "helper/failure.h"

namespace doff {

// Fails unless every process and thread of the checkpoint in `directory` has
// each of its sets within `allowed`. `allowed_by`, for people: which policy.
[[nodiscard]] Result<void> check_checkpoint(const std::string& directory,
                                            CapabilitySet allowed,
                                            const std::string& allowed_by);

// The inheritable, permitted, effective and bounding set in one, of the process
// or thread that `image`, the file `name`, is of; none of one that has ended.
// The kernel keeps the ambient set within them. Pure.
[[nodiscard]] Result<CapabilitySet> capabilities_in_core(
    std::string_view image, const std::string& name);

}  // namespace doff
