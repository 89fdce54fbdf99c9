#include "helper/doffctl/commands.h"

namespace doff {

void add_hook(CLI::App& /*app*/, Action& /*chosen*/) {}

}  // namespace doff
