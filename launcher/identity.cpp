#include "launcher/identity.h"

#include <algorithm>

#include "launcher/memory.h"
#include "launcher/options.h"

namespace doff {
namespace {

// Cuts the part up to the first `separator` off the front of `text`.
std::string_view take(std::string_view& text, char separator) {
  const std::size_t size = std::min(text.find(separator), text.size());
  const std::string_view part(text.data(), size);
  text.remove_prefix(std::min(size + 1, text.size()));
  return part;
}

std::optional<Account> parse_account(std::string_view line) {
  Account account;
  account.name = take(line, ':');
  take(line, ':');  // password
  const auto uid = parse_number(take(line, ':'), kLargestId);
  const auto gid = parse_number(take(line, ':'), kLargestId);
  take(line, ':');  // comment
  account.home = take(line, ':');
  if (!uid || !gid) return std::nullopt;
  account.uid = Uid{*uid};
  account.gid = Gid{*gid};
  return account;
}

struct Group {
  std::string_view name;
  std::optional<std::uint32_t> gid;
  std::string_view members;
};

Group parse_group(std::string_view line) {
  Group group;
  group.name = take(line, ':');
  take(line, ':');  // password
  group.gid = parse_number(take(line, ':'), kLargestId);
  group.members = take(line, ':');
  return group;
}

bool lists(std::string_view members, std::string_view user) {
  while (!members.empty())
    if (take(members, ',') == user) return true;
  return false;
}

}  // namespace

bool GroupList::insert(Gid gid) {
  if (gids_.empty()) gids_ = map_zeroed<Gid>(kMostGroups);
  Gid* const end = gids_.data() + size_;
  Gid* const place = std::lower_bound(gids_.data(), end, gid);
  if (place != end && *place == gid) return true;
  if (size_ == gids_.size()) return false;
  std::move_backward(place, end, end + 1);
  *place = gid;
  ++size_;
  return true;
}

std::optional<Account> find_account(std::string_view passwd,
                                    std::string_view name) {
  while (!passwd.empty()) {
    const std::string_view line = take(passwd, '\n');
    std::string_view rest = line;
    if (take(rest, ':') == name) return parse_account(line);
  }
  return std::nullopt;
}

std::optional<Account> find_account(std::string_view passwd, Uid uid) {
  while (!passwd.empty()) {
    const auto account = parse_account(take(passwd, '\n'));
    if (account && account->uid == uid) return account;
  }
  return std::nullopt;
}

std::optional<Gid> find_group(std::string_view group, std::string_view name) {
  while (!group.empty()) {
    const Group entry = parse_group(take(group, '\n'));
    if (entry.name != name) continue;
    if (!entry.gid) return std::nullopt;
    return Gid{*entry.gid};
  }
  return std::nullopt;
}

std::optional<Failure> add_memberships(std::string_view group,
                                       const Account& user, GroupList& list) {
  const Failure full{.value = user.name, .cause = "in more than 65536 groups"};
  if (!list.insert(user.gid)) return full;
  while (!group.empty()) {
    const Group entry = parse_group(take(group, '\n'));
    if (user.name.empty() || !lists(entry.members, user.name)) continue;
    if (!entry.gid)
      return Failure{.value = entry.name, .cause = "its number is malformed"};
    if (!list.insert(Gid{*entry.gid})) return full;
  }
  return std::nullopt;
}

}  // namespace doff
