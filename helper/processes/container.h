// Which container a process is in, by the names that engines give to control
// groups. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace doff {

struct Container {
  std::string_view engine;  // docker, podman, cri, crio, nerdctl; "": unknown
  std::string id;           // 64 hexadecimal digits

  bool operator==(const Container&) const = default;
};

// `cgroup` is the text of /proc/PID/cgroup: lines HIERARCHY:CONTROLLERS:PATH,
// of version 1, 2 or both. A container within a container is the inner one. An
// engine's own helper beside the container (conmon) is in none.
[[nodiscard]] std::optional<Container> find_container(std::string_view cgroup);

}  // namespace doff
