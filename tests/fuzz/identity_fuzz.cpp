// Any bytes as passwd(5) and group(5): who a name is, as a plain reading of
// the files has it, and never a number that is nobody's. The first two lines
// are a user and a group to look for; a line of % parts the files.
#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "launcher/identity.h"
#include "tests/fuzz/invariants.h"
#include "tests/fuzz/launcher_message.h"
#include "tests/fuzz/words.h"

namespace {

using doff::Account;
using doff::Gid;
using doff::Uid;
using doff::fuzz::require;
using doff::fuzz::split;

// The lines of a file in fields, of which there are always enough.
using Lines = std::vector<std::vector<std::string>>;

Lines read(std::string_view text) {
  constexpr std::size_t kFields = 7;
  Lines lines;
  auto all = split(text, '\n');
  if (all.back().empty()) all.pop_back();  // behind the last newline
  for (const std::string& line : all) {
    auto fields = split(line, ':');
    fields.resize(std::max(fields.size(), kFields));
    lines.push_back(std::move(fields));
  }
  return lines;
}

std::optional<std::uint32_t> number(const std::string& digits) {
  constexpr std::size_t kMost = 4000;
  if (digits.empty() || digits.size() > kMost ||
      digits.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  const std::size_t first =
      std::min(digits.find_first_not_of('0'), digits.size() - 1);
  const std::string short_form = digits.substr(first);
  constexpr std::size_t kDigits = 10;
  if (short_form.size() > kDigits || std::stoull(short_form) > doff::kLargestId)
    return std::nullopt;
  return static_cast<std::uint32_t>(std::stoull(short_form));
}

bool is(const std::optional<Account>& account,
        const std::vector<std::string>& fields) {
  const auto uid = number(fields[2]);
  const auto gid = number(fields[3]);
  if (!uid || !gid) return !account;
  return account && account->name == fields[0] && account->uid == Uid{*uid} &&
         account->gid == Gid{*gid} && account->home == fields[5];
}

void check_accounts(std::string_view passwd, const std::string& user) {
  const Lines lines = read(passwd);
  const auto found = doff::find_account(passwd, user);
  const auto line = std::ranges::find_if(
      lines, [&](const auto& fields) { return fields[0] == user; });
  require(line == lines.end() ? !found : is(found, *line),
          "a name is the first line of that name");
  constexpr std::size_t kEnough = 16;  // each is a walk
  for (std::size_t i = 0; i < std::min(lines.size(), kEnough); ++i) {
    const auto& fields = lines[i];
    const auto uid = number(fields[2]);
    if (!uid || !number(fields[3])) continue;
    const auto by_uid = doff::find_account(passwd, Uid{*uid});
    const auto first = std::ranges::find_if(lines, [&](const auto& each) {
      return number(each[2]) == uid && number(each[3]);
    });
    require(is(by_uid, *first), "a number is the first line of that number");
  }
  require(!doff::find_account(passwd, Uid{doff::kNoId}), "nobody has no id");
}

void check_group(std::string_view group, const std::string& name) {
  const Lines lines = read(group);
  const auto found = doff::find_group(group, name);
  const auto line = std::ranges::find_if(
      lines, [&](const auto& fields) { return fields[0] == name; });
  const auto gid = line == lines.end() ? std::nullopt : number((*line)[2]);
  require(found.has_value() == gid.has_value() && (!gid || *found == Gid{*gid}),
          "a group is the first line of that name");
}

void check_memberships(std::string_view group, const std::string& user) {
  constexpr Gid kOwn{4711};
  const Account account{.name = user, .gid = kOwn};
  doff::GroupList list;
  const auto failure = doff::add_memberships(group, account, list);

  std::set<Gid> expected = {kOwn};
  bool malformed = false;
  for (const auto& fields : read(group)) {
    const auto members = split(fields[3], ',');
    if (user.empty() || !std::ranges::count(members, user)) continue;
    const auto gid = number(fields[2]);
    malformed = malformed || !gid;
    if (gid) expected.insert(Gid{*gid});
  }
  require(failure.has_value() == malformed,
          "no group whose number cannot be read is left out");
  if (failure) {
    require(!failure->cause.empty(), "a failure has a cause");
    (void)doff::fuzz::message(*failure);
  } else {
    require(std::ranges::equal(list.all(), expected),
            "the groups are the user's own and those that list the user");
  }
  // The list lives until execve(2), of which there is none here.
  const auto all = list.all();
  if (!all.empty())
    munmap(const_cast<Gid*>(all.data()), doff::kMostGroups * sizeof(Gid));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t user_end = std::min(text.find('\n'), size);
  const std::size_t group_end = std::min(text.find('\n', user_end + 1), size);
  if (group_end == size) return 0;
  const std::string user = text.substr(0, user_end);
  const std::string name = text.substr(user_end + 1, group_end - user_end - 1);
  const std::string rest = text.substr(group_end);
  const std::size_t parted = std::min(rest.find("\n%\n"), rest.size());
  // Alone in memory, so that a sanitizer sees a read behind their ends.
  const std::vector<char> passwd(
      rest.begin() + 1, rest.begin() + static_cast<std::ptrdiff_t>(
                                           std::max<std::size_t>(parted, 1)));
  std::vector<char> group;
  if (parted < rest.size())
    group.assign(rest.begin() + static_cast<std::ptrdiff_t>(parted) + 3,
                 rest.end());
  check_accounts({passwd.data(), passwd.size()}, user);
  check_group({group.data(), group.size()}, name);
  check_memberships({group.data(), group.size()}, user);
  return 0;
}
