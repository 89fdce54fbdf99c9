// create, run and restore: the bundle's config.json, trimmed and with the
// launcher, before the low-level runtime reads it.
#pragma once

#include "helper/failure.h"
#include "helper/runtime/host.h"

namespace doff {

// The file is replaced as a whole, or not at all.
[[nodiscard]] Checked<void> prepare_bundle(const Host& host);

}  // namespace doff
