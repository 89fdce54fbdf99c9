#include "launcher/plan.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

#include "launcher/file.h"

namespace doff {
namespace {

using Result = std::optional<Failure>;

constexpr const char* kPasswd = "/etc/passwd";
constexpr const char* kGroup = "/etc/group";
constexpr std::size_t kDatabaseLimit = std::size_t{16} << 20;

// An absent file has no entries, as getpwnam(3) and getgrnam(3) have it.
Result read_database(const char* path, std::string_view& text) {
  std::span<char> bytes;
  auto failure = read_file(path, kDatabaseLimit, Trust::kAnyOwner, bytes);
  if (failure && failure->error == ENOENT) return std::nullopt;
  text = {bytes.data(), bytes.size()};
  return failure;
}

// Digits are a number, other words a name; both as Docker's --user.
Result resolve_user(std::string_view word, bool group_given, Account& user) {
  if (word.empty()) return Failure{.cause = "the user is empty"};
  std::string_view passwd;
  if (auto failure = read_database(kPasswd, passwd)) return failure;
  std::optional<Account> found;
  if (const auto number = parse_number(word, kLargestId)) {
    found = find_account(passwd, Uid{*number});
    user.uid = Uid{*number};
    user.home = "/";
    if (!found && !group_given)
      return Failure{.cause =
                         "this uid has no entry in /etc/passwd, so its "
                         "group is not known",
                     .next = "say which, --user UID:GID"};
  } else if (word.find_first_not_of("0123456789") == std::string_view::npos) {
    return Failure{.cause = "not a user id, 0 to 4294967294"};
  } else {
    found = find_account(passwd, word);
    if (!found)
      return Failure{.cause = passwd.empty() ? "/etc/passwd is missing or empty"
                                             : "no such user in /etc/passwd",
                     .next = "give numbers, --user UID:GID"};
  }
  if (found) user = *found;
  return std::nullopt;
}

// Whoever runs doff; without an entry, a number without a name.
Result resolve_caller(Account& caller) {
  std::string_view passwd;
  auto failure = read_database(kPasswd, passwd);
  caller.uid = Uid{geteuid()};
  caller.gid = Gid{getegid()};
  if (const auto found = find_account(passwd, caller.uid))
    caller.name = found->name;
  return failure;
}

Result resolve_group(std::string_view word, std::string_view group, Gid& gid) {
  if (word.empty()) return Failure{.cause = "the group is empty"};
  if (const auto number = parse_number(word, kLargestId)) {
    gid = Gid{*number};
    return std::nullopt;
  }
  const auto found = find_group(group, word);
  if (!found)
    return Failure{.value = word,
                   .cause = group.empty() ? "/etc/group is missing or empty"
                                          : "no such group in /etc/group",
                   .next = "give its number"};
  gid = *found;
  return std::nullopt;
}

// --user USER[:GROUP].
Result resolve_user_and_group(std::string_view word, std::string_view group,
                              Account& user) {
  const std::size_t colon = std::min(word.find(':'), word.size());
  const bool group_given = colon < word.size();
  if (auto failure = resolve_user({word.data(), colon}, group_given, user))
    return failure;
  word.remove_prefix(colon + (group_given ? 1 : 0));
  if (!group_given) return std::nullopt;
  return resolve_group(word, group, user.gid);
}

// --user and --groups, into plan.user and plan.groups.
Result resolve_identity(const Options& options, Plan& plan) {
  static GroupList list;
  const GroupsRule rule = options.groups != GroupsRule::kUnsaid ? options.groups
                          : options.user != nullptr ? GroupsRule::kInit
                                                    : GroupsRule::kKeep;
  if (rule != GroupsRule::kKeep) plan.groups = list.all();
  if (rule != GroupsRule::kInit && options.user == nullptr) return std::nullopt;

  std::string_view group;
  if (auto failure = read_database(kGroup, group)) return failure;
  Account account;
  if (options.user != nullptr) {
    if (auto failure = resolve_user_and_group(options.user, group, account))
      return failure;
    plan.user = account;
  } else if (auto failure = resolve_caller(account)) {
    return failure;
  }
  if (rule != GroupsRule::kInit) return std::nullopt;
  if (auto failure = add_memberships(group, account, list)) return failure;
  plan.groups = list.all();
  return std::nullopt;
}

Result resolve_capabilities(const Options& options, Plan& plan) {
  plan.allowed.keep = options.add - options.drop;
  plan.allowed.ambient = options.ambient;
  const bool root = plan.user ? plan.user->uid == Uid{0} : geteuid() == 0;
  plan.permitted = root ? plan.allowed.keep : plan.allowed.ambient;
  if (options.ambient <= plan.allowed.keep) return std::nullopt;
  return Failure{.doing = "ambient",
                 .cause = "it names a capability that is not kept",
                 .next = "--cap-add keeps it, --cap-drop does not",
                 .is_option = true};
}

}  // namespace

Result make_plan(const Options& options, Plan& plan) {
  if (auto failure = resolve_identity(options, plan)) {
    failure->doing = options.user == nullptr ? "groups" : "user";
    failure->is_option = true;
    if (failure->value.empty() && options.user != nullptr)
      failure->value = options.user;
    return failure;
  }
  if (auto failure = resolve_capabilities(options, plan)) return failure;
  if (auto failure = find_filter(options.seccomp, plan.filter)) {
    failure->doing = "seccomp";
    failure->is_option = true;
    return failure;
  }
  return std::nullopt;
}

}  // namespace doff
