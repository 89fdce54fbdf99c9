#include "helper/processes/container.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

namespace doff {
namespace {

constexpr std::size_t kIdSize = 64;

struct Spelling {
  std::string_view prefix;  // of a path's component; the id follows
  std::string_view engine;
};
// With systemd's driver, PREFIX ID ".scope"; with cgroupfs's, Podman and CRI-O
// leave the suffix out. containerd's last is what systemd's notation for a
// path becomes where the runtime was not told to use systemd's driver.
constexpr std::array<Spelling, 6> kSpellings = {{
    {"docker-", "docker"},
    {"libpod-", "podman"},
    {"cri-containerd-", "cri"},
    {"crio-", "crio"},
    {"nerdctl-", "nerdctl"},
    {":cri-containerd:", "cri"},
}};

bool is_id(std::string_view word) {
  return word.size() == kIdSize && std::ranges::all_of(word, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// A component that is nothing but an id: the one above it tells whose.
std::string_view engine_of_parent(std::string_view parent) {
  if (parent == "docker") return "docker";
  // kubepods/burstable/podUID/ID, as of the kubelet with cgroupfs's driver, and
  // containerd's namespace for pods that nobody gave a parent.
  if (parent.starts_with("pod") || parent == "k8s.io") return "cri";
  return "";
}

std::optional<Container> read_component(std::string_view component,
                                        std::string_view parent) {
  constexpr std::string_view kScope = ".scope";
  if (is_id(component))
    return Container{engine_of_parent(parent), std::string(component)};
  if (component.ends_with(kScope)) component.remove_suffix(kScope.size());
  for (const Spelling& each : kSpellings) {
    const std::size_t where = component.rfind(each.prefix);
    if (where == std::string_view::npos) continue;
    if (each.prefix.front() != ':' && where != 0) continue;
    const auto id = component.substr(where + each.prefix.size());
    if (is_id(id)) return Container{each.engine, std::string(id)};
  }
  return std::nullopt;
}

std::string_view take_last_component(std::string_view& path) {
  const std::size_t slash = path.rfind('/');
  const std::size_t begin = slash == std::string_view::npos ? 0 : slash + 1;
  const std::string_view component = path.substr(begin);
  path = path.substr(0, begin == 0 ? 0 : slash);
  return component;
}

void read_path(std::string_view path, std::vector<Container>& found) {
  while (!path.empty()) {
    const std::string_view component = take_last_component(path);
    std::string_view above = path;
    auto read = read_component(component, take_last_component(above));
    if (read && std::ranges::find(found, *read) == found.end())
      found.push_back(std::move(*read));
  }
}

}  // namespace

std::vector<Container> find_containers(std::string_view cgroup) {
  std::vector<Container> found;
  while (!cgroup.empty()) {
    const std::size_t end = std::min(cgroup.find('\n'), cgroup.size());
    std::string_view line = cgroup.substr(0, end);
    cgroup.remove_prefix(std::min(end + 1, cgroup.size()));
    // The controllers' part may have colons of its own (name=a:b), the first
    // slash begins the path.
    line.remove_prefix(std::min(line.find('/'), line.size()));
    read_path(line, found);
  }
  return found;
}

}  // namespace doff
