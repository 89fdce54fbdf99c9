#include "helper/doffctl/commands.h"

namespace doff {

void add_emit(CLI::App& /*app*/, Action& /*chosen*/) {}

}  // namespace doff
