// Other processes, read from /proc. The only code here that looks at them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "helper/failure.h"
#include "helper/processes/container.h"
#include "helper/processes/status.h"

namespace doff {

// Where a process's capabilities count.
enum class UserNamespace : std::uint8_t {
  kOurs,
  kBelow,    // within it only; known where ours is the first of all
  kUnknown,  // not told to us, or ours is not the first
};

// Why a process was not read.
enum class Missing : std::uint8_t { kVanished, kRefused };
template <typename T>
using Seen = tl::expected<T, Missing>;

// Whether a uid_map is that of the first user namespace: only that maps all IDs
// to themselves, user_namespaces(7).
bool is_first_user_namespace(std::string_view uid_map);

// /proc, and what there is to know of us to compare others with. Members may be
// called from several threads at once.
class Proc {
 public:
  [[nodiscard]] static Result<Proc> open();
  ~Proc();
  Proc(Proc&& other) noexcept;
  Proc(const Proc&) = delete;
  Proc& operator=(const Proc&) = delete;
  Proc& operator=(Proc&&) = delete;

  // In ascending order, as of this moment.
  [[nodiscard]] Result<std::vector<Pid>> pids() const;

  // Credentials are those of all its living threads together: each has its own.
  // The rest is of the first that lives.
  [[nodiscard]] Seen<Status> status(Pid pid) const;

  // These cost a file each; where it cannot be read they give the least that
  // can be said. They want a living thread, `Status::thread`: of a first thread
  // that has ended, the kernel shows no namespaces, arguments or, in version 1,
  // control groups, even while other threads of the process go on.
  [[nodiscard]] std::vector<Container> containers(Pid thread) const;
  [[nodiscard]] UserNamespace user_namespace(Pid thread) const;
  // Its arguments, a blank apart, at most 4 KiB; "" where it shows none.
  [[nodiscard]] std::string command_line(Pid thread) const;

 private:
  explicit Proc(int fd);

  int fd_;
  std::string user_namespace_;
  bool first_user_namespace_ = false;
};

}  // namespace doff
