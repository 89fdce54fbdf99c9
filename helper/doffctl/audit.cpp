#include "helper/doffctl/commands.h"

namespace doff {

void add_audit(CLI::App& /*app*/, Action& /*chosen*/) {}

}  // namespace doff
