// Which engine has a container, and how a person is let into it there.
#pragma once

#include <string>
#include <vector>

#include "helper/doctor/calls.h"
#include "helper/failure.h"
#include "helper/processes/status.h"

namespace doff {

struct Entry {
  std::string engine;
  Pid first_process{};
  // `docker exec ID`: what is started in it comes after.
  std::vector<std::string> exec;
};

// Asks the engines that are there for a running container by its name or id.
[[nodiscard]] Result<Entry> find_entry(const Calls& calls,
                                       const std::string& container);

// The process's number in what `docker inspect --format {{.State.Pid}}` or
// `runc state` printed; 0: it does not run. Pure.
[[nodiscard]] Result<Pid> read_first_process(const std::string& text,
                                             bool json);

}  // namespace doff
