// An image from nothing, as `docker save` would write it: what the throw-away
// container is made of, without a registry. Pure.
#pragma once

#include <string>
#include <string_view>

namespace doff {

// The program in doctor's image, which waits for SIGTERM: wait.cpp.
inline constexpr const char* kWaitPath = "/doff-doctor";
std::string_view wait_program();

// A POSIX archive with one more file, executable by everybody; without the
// end that it needs. `path` has at most 100 bytes.
void append_file(std::string& archive, std::string_view path,
                 std::string_view content);
// The end: two blocks of zeros.
void end_archive(std::string& archive);

// An archive for `docker load`, `podman load` and `ctr images import`: the
// image `name` for `architecture`, as images call it, with one layer that holds
// nothing but `program` at kWaitPath.
std::string image_archive(std::string_view name, std::string_view architecture,
                          std::string_view program);

// What images call the architecture that uname(2) calls `machine`.
std::string_view image_architecture(std::string_view machine);

}  // namespace doff
