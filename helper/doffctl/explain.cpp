#include "helper/doffctl/commands.h"

namespace doff {

void add_explain(CLI::App& /*app*/, Action& /*chosen*/) {}

}  // namespace doff
