#include "helper/doffctl/commands.h"

namespace doff {

void add_policy(CLI::App& /*app*/, Action& /*chosen*/) {}

}  // namespace doff
