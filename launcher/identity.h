// Who a name is, from the text of passwd(5) and group(5). Parsed here, never
// through NSS: glibc's getpwnam would load the container's own libraries into
// a process that still holds every capability (CVE-2019-14271).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "launcher/failure.h"

namespace doff {

enum class Uid : std::uint32_t {};
enum class Gid : std::uint32_t {};

// "No change" to setresuid(2), so nobody's.
inline constexpr std::uint32_t kNoId = 0xffffffff;
inline constexpr std::uint32_t kLargestId = kNoId - 1;

// A line of passwd(5). The views point into its text.
struct Account {
  std::string_view name{};
  Uid uid{};
  Gid gid{};
  std::string_view home{};
};

inline constexpr std::size_t kMostGroups = 65536;  // NGROUPS_MAX

// Supplementary groups in ascending order, each once. getgroups(2) orders by
// the host's numbers, so in a user namespace maybe otherwise.
class GroupList {
 public:
  // False: the list is full, or there is no memory.
  [[nodiscard]] bool insert(Gid gid);
  [[nodiscard]] std::span<const Gid> all() const { return gids_.first(size_); }

 private:
  std::span<Gid> gids_;  // of kMostGroups, mapped with the first
  std::size_t size_ = 0;
};

// The first line whose name (or whose number) is asked for. An entry that
// matches by name and whose numbers cannot be read is no entry.
std::optional<Account> find_account(std::string_view passwd,
                                    std::string_view name);
std::optional<Account> find_account(std::string_view passwd, Uid uid);
std::optional<Gid> find_group(std::string_view group, std::string_view name);

// Adds the user's own group and every one that lists the user as a member, as
// initgroups(3) does. Fails when a line that does so has no readable number,
// or when there are more than the kernel takes: a group left out may be one
// that the user is denied by (mode 0705).
std::optional<Failure> add_memberships(std::string_view group,
                                       const Account& user, GroupList& list);

}  // namespace doff
