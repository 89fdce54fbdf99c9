#include "helper/doffctl/commands.h"

namespace doff {

void add_completion(CLI::App& /*app*/, Action& /*chosen*/) {}

}  // namespace doff
