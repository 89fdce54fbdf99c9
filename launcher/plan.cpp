#include "launcher/plan.h"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "caps/names.h"
#include "launcher/failure.h"
#include "launcher/file.h"

namespace doff {
namespace {

// An absent file has no entries, as getpwnam(3) and getgrnam(3) have it.
std::string_view read_database(const char* path, std::string_view option) {
  constexpr std::size_t kLimit = std::size_t{16} << 20;
  const auto text = read_file(path, kLimit, {.may_be_absent = true}, option);
  return {text.data(), text.size()};
}

// --user USER[:GROUP]. Digits are a number, other words a name; both as
// Docker's.
Account resolve_user(std::string_view value, std::string_view passwd,
                     std::string_view group) {
  const auto stop = [&](std::string_view cause, std::string_view next = "") {
    refuse_option("user", {.value = value, .cause = cause, .next = next});
  };
  const std::size_t colon = std::min(value.find(':'), value.size());
  const bool group_given = colon < value.size();

  const std::string_view user(value.data(), colon);
  const auto uid = parse_number(user, kLargestId);
  const auto entry =
      uid ? find_account(passwd, Uid{*uid}) : find_account(passwd, user);
  if (user.empty()) stop("the user is empty");
  if (!uid && user.find_first_not_of("0123456789") == std::string_view::npos)
    stop("not a user id, 0 to 4294967294");
  if (!uid && !entry)
    stop(passwd.empty() ? "/etc/passwd is missing or empty"
                        : "no such user in /etc/passwd",
         "give numbers, --user UID:GID");
  if (!entry && !group_given)
    stop("this uid has no entry in /etc/passwd, so its group is not known",
         "say which, --user UID:GID");
  Account account{.uid = Uid{uid.value_or(kNoId)}, .home = "/"};
  if (entry) account = *entry;
  if (!group_given) return account;

  const std::string_view name(user.end() + 1, value.end());
  const auto gid = parse_number(name, kLargestId);
  const auto found = gid ? Gid{*gid} : find_group(group, name);
  if (name.empty()) stop("the group is empty");
  if (!found)
    stop(group.empty() ? "/etc/group is missing or empty"
                       : "no such group in /etc/group",
         "give its number");
  account.gid = found.value_or(Gid{kNoId});
  return account;
}

// Whoever runs doff; without an entry, a number without a name.
Account caller(std::string_view passwd) {
  Account account{.uid = Uid{geteuid()}, .gid = Gid{getegid()}};
  if (const auto entry = find_account(passwd, account.uid))
    account.name = entry->name;
  return account;
}

// --user and --groups, into plan.user and plan.groups.
void resolve_identity(const Options& options, Plan& plan) {
  static GroupList list;
  const bool given = options.user != nullptr;
  GroupsRule rule = options.groups;
  if (rule == GroupsRule::kUnsaid)
    rule = given ? GroupsRule::kInit : GroupsRule::kKeep;
  if (rule == GroupsRule::kClear) plan.groups = list.all();
  if (rule != GroupsRule::kInit && !given) return;

  const std::string_view option = given ? "user" : "groups";
  const std::string_view passwd = read_database("/etc/passwd", option);
  const std::string_view group = read_database("/etc/group", option);
  if (given) plan.user = resolve_user(options.user, passwd, group);
  if (rule != GroupsRule::kInit) return;

  const Account member = plan.user ? *plan.user : caller(passwd);
  if (const auto failure = add_memberships(group, member, list))
    refuse_option(option, *failure);
  plan.groups = list.all();
}

}  // namespace

Plan make_plan(const Options& options) {
  Plan plan;
  resolve_identity(options, plan);
  plan.allowed = {options.add - options.drop, options.ambient};
  if (!(plan.allowed.ambient <= plan.allowed.keep))
    refuse_option("ambient",
                  {.cause = "it names a capability that is not kept",
                   .next = "--cap-add keeps it, --cap-drop does not"});
  const bool root = plan.user ? plan.user->uid == Uid{0} : geteuid() == 0;
  plan.permitted = root ? plan.allowed.keep : plan.allowed.ambient;
  if (const auto failure = find_filter(options.seccomp, plan.filter))
    refuse_option("seccomp", *failure);
  return plan;
}

}  // namespace doff
