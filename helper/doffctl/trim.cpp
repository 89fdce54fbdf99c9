#include "helper/doffctl/commands.h"

namespace doff {

void add_trim(CLI::App& /*app*/, Action& /*chosen*/) {}

}  // namespace doff
