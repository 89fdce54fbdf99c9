#include "helper/doffctl/commands.h"

namespace doff {

void add_minimize(CLI::App& /*app*/,
                  const std::vector<std::string>& /*command*/,
                  Action& /*chosen*/) {}

}  // namespace doff
