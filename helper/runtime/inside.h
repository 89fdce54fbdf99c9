// What there is in a running container, seen from outside through
// /proc/PID/root. No link in it leads out.
#pragma once

#include <cstdint>
#include <string>

#include "helper/descriptor.h"

namespace doff {

class Inside {
 public:
  // The root of the mount namespace of the process `pid`, which may be in a
  // chroot itself. Where it may not be looked at, nothing is known of it.
  explicit Inside(std::int32_t pid);

  // Whether the launcher is mounted at `path`, read-only and nosuid, with the
  // bytes of which `digest` was written down: the container's root may have
  // mounted something else, or written to it.
  [[nodiscard]] bool has_launcher(const std::string& path,
                                  const std::string& digest) const;

  enum class Command : std::uint8_t {
    kFound,
    kNotInPath,  // has no slash, and no directory of PATH has it
    kMissing,
    kNotExecutable,
    kUnknown,
  };
  // What execve(2) would say of `name`. One without a slash is looked for in
  // the directories of `path`; a relative one begins at `cwd`.
  [[nodiscard]] Command look_up(const std::string& name,
                                const std::string& path,
                                const std::string& cwd) const;

 private:
  [[nodiscard]] Command look_at(const std::string& path,
                                const std::string& cwd) const;
  Descriptor root_;
};

}  // namespace doff
