#include "helper/runtime/launcher_mount.h"

#include <filesystem>
#include <nlohmann/json.hpp>

namespace doff {
namespace {

using Json = nlohmann::json;

bool is_dev(const std::string& destination) {
  const auto path = std::filesystem::path(destination).lexically_normal();
  return path == "/dev" || path == "/dev/";
}

}  // namespace

std::string launcher_path(std::string_view config, const ScannedSpec& spec) {
  bool tmpfs = false;
  try {
    if (spec.mounts)
      for (const Json& each : Json::parse(spec.mounts->of(config)))
        if (is_dev(each.value("destination", "")))
          tmpfs = each.value("type", "") == "tmpfs";
  } catch (const Json::exception&) {
    // A mount of a wrong type: the low-level runtime refuses it.
    tmpfs = false;
  }
  return tmpfs ? kLauncherInDev : kLauncherInRoot;
}

}  // namespace doff
