// Which container a process is in, by the names that engines give to control
// groups. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace doff {

struct Container {
  std::string_view engine;  // docker, podman, cri, crio, nerdctl; "": unknown
  std::string id;           // 64 hexadecimal digits

  bool operator==(const Container&) const = default;
};

// `cgroup` is the text of /proc/PID/cgroup: lines HIERARCHY:CONTROLLERS:PATH,
// of version 1, 2 or both. Each container is told once, of one line the inner
// before the outer. All of them count: who may make a control group below the
// container's gives it any name, but cannot rename those above. An engine's own
// helper beside the container (conmon) is in none.
[[nodiscard]] std::vector<Container> find_containers(std::string_view cgroup);

}  // namespace doff
