// Where containers find the launcher.
#pragma once

#include <string>
#include <string_view>

#include "helper/spec/scan_spec.h"

namespace doff {

// A file of /dev, because that is a tmpfs of the container's own: it is there
// in an image that has nothing, writable when the root is not, holds no link
// that the image brought along, and what is mounted on it is not in the image's
// layers. The container's root can neither rename nor remove a mount point.
inline constexpr const char* kLauncherInDev = "/dev/.doff";
// Where /dev is not such a tmpfs, but the host's, say: nothing of ours may
// appear in that.
inline constexpr const char* kLauncherInRoot = "/.doff";

// Which of the two it is, by the mounts of a config.json; before and after ours
// is among them.
std::string launcher_path(std::string_view config, const ScannedSpec& spec);

}  // namespace doff
