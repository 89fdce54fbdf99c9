#include "helper/setup/registration.h"

#include <algorithm>
#include <array>
#include <utility>

#include "helper/setup/containerd.h"
#include "helper/setup/crio.h"
#include "helper/setup/docker.h"
#include "helper/setup/podman.h"

namespace doff {
namespace {

constexpr std::string_view kRestartDocker =
    "run: systemctl restart docker (not reload: dockerd 20.10 crashes when its "
    "default runtime has gone; without live-restore, containers end)";
constexpr std::string_view kReadByPodman = "Podman reads it by itself";
constexpr std::string_view kRestartContainerd =
    "run: systemctl restart containerd (containers run on)";
constexpr std::string_view kRestartCrio =
    "run: systemctl restart crio (containers run on)";

constexpr std::array<EngineConfiguration, 4> kEngines = {
    {{"docker", "/etc/docker/daemon.json", "run: systemctl reload docker",
      kRestartDocker, register_with_docker, unregister_from_docker},
     {"podman", "/etc/containers/containers.conf.d/10-doff.conf", kReadByPodman,
      kReadByPodman, register_with_podman, unregister_from_podman},
     {"containerd", "/etc/containerd/config.toml", kRestartContainerd,
      kRestartContainerd, register_with_containerd, unregister_from_containerd},
     {"crio", "/etc/crio/crio.conf.d/10-doff.conf", kRestartCrio, kRestartCrio,
      register_with_crio, unregister_from_crio}}};

}  // namespace

std::span<const EngineConfiguration> engines() { return kEngines; }

std::optional<std::string> find_odd_path(std::string_view path) {
  if (!path.starts_with('/')) return "not an absolute path";
  const bool plain = std::ranges::all_of(path, [](char c) {
    return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
  });
  if (!plain) return "not all of it is plain ASCII";
  return std::nullopt;
}

bool is_ours(std::string_view path) {
  return path.substr(path.rfind('/') + 1) == "doff-runtime";
}

Failure taken(const std::string& path, Place place) {
  return {.doing = "the runtime doff",
          .value = path,
          .cause = "another runtime has this name already",
          .next = "take it out first",
          .place = std::move(place)};
}

Failure wrong_type(std::string key, const std::string& wanted, Place place) {
  return {.doing = std::move(key),
          .cause = "must be " + wanted,
          .place = std::move(place)};
}

}  // namespace doff
