#include "launcher/identity.h"

#include <algorithm>
#include <array>

#include "caps/names.h"
#include "launcher/memory.h"

namespace doff {
namespace {

// Cuts the part up to the first `separator` off the front of `text`.
std::string_view take(std::string_view& text, char separator) {
  const std::size_t size = std::min(text.find(separator), text.size());
  const std::string_view part(text.data(), size);
  text.remove_prefix(std::min(size + 1, text.size()));
  return part;
}

// Of a line; those that it lacks are empty. passwd(5): name, password, uid,
// gid, comment, home. group(5): name, password, gid, members.
using Fields = std::array<std::string_view, 6>;
Fields fields_of(std::string_view line) {
  Fields fields;
  for (std::string_view& field : fields) field = take(line, ':');
  return fields;
}

std::optional<Gid> parse_gid(std::string_view digits) {
  const auto number = parse_number(digits, kLargestId);
  return number ? std::optional(Gid{*number}) : std::nullopt;
}

std::optional<Account> to_account(const Fields& fields) {
  const auto uid = parse_number(fields[2], kLargestId);
  const auto gid = parse_gid(fields[3]);
  if (!uid || !gid) return std::nullopt;
  return Account{fields[0], Uid{*uid}, *gid, fields[5]};
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
    const Fields fields = fields_of(take(passwd, '\n'));
    if (fields[0] == name) return to_account(fields);
  }
  return std::nullopt;
}

std::optional<Account> find_account(std::string_view passwd, Uid uid) {
  while (!passwd.empty()) {
    const auto account = to_account(fields_of(take(passwd, '\n')));
    if (account && account->uid == uid) return account;
  }
  return std::nullopt;
}

std::optional<Gid> find_group(std::string_view group, std::string_view name) {
  while (!group.empty()) {
    const Fields fields = fields_of(take(group, '\n'));
    if (fields[0] == name) return parse_gid(fields[2]);
  }
  return std::nullopt;
}

std::optional<Failure> add_memberships(std::string_view group,
                                       const Account& user, GroupList& list) {
  const Failure full{.value = user.name, .cause = "in more than 65536 groups"};
  if (!list.insert(user.gid)) return full;
  while (!group.empty()) {
    const Fields fields = fields_of(take(group, '\n'));
    if (user.name.empty() || !lists(fields[3], user.name)) continue;
    const auto gid = parse_gid(fields[2]);
    if (!gid)
      return Failure{.value = fields[0], .cause = "its number is malformed"};
    if (!list.insert(*gid)) return full;
  }
  return std::nullopt;
}

}  // namespace doff
