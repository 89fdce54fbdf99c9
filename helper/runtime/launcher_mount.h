// Where containers find the launcher.
#pragma once

namespace doff {

// A file of /dev, because that is a tmpfs of the container's own: it is there
// in an image that has nothing, writable when the root is not, holds no link
// that the image brought along, and what is mounted on it is not in the image's
// layers. The container's root can neither rename nor remove a mount point.
inline constexpr const char* kLauncherInContainer = "/dev/.doff";

}  // namespace doff
