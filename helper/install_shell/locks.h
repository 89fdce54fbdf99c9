// That nobody else changes a root file system meanwhile.
#pragma once

#include "helper/descriptor.h"
#include "helper/failure.h"
#include "helper/install_shell/root.h"

namespace doff {

// Against another install-shell: flock(2) of the root's directory, for as long
// as the descriptor is open. Waits for some seconds, then refuses.
[[nodiscard]] Result<Descriptor> lock_root(const Root& root);

// Against useradd(8), passwd(1) and the like, as lckpwdf(3) does it, on the
// root's own /etc/.pwd.lock, which is made where it is missing, and stays.
[[nodiscard]] Result<Descriptor> lock_passwd(const Root& root);

}  // namespace doff
