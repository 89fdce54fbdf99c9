#include "launcher/identity.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace {

using doff::Gid;
using doff::GroupList;
using doff::Uid;

constexpr std::string_view kPasswd =
    "root:x:0:0:root:/root:/bin/bash\n"
    "daemon:*:1:1::/usr/sbin:/usr/sbin/nologin\n"
    "\n"
    "# a comment: not an entry\n"
    "sandbox:x:998:997:An agent,,,:/sandbox:/bin/sh\n"
    "sandbox:x:0:0:a second entry of that name:/root:/bin/sh\n"
    "twin:x:998:5:the same uid again:/twin:/bin/sh\n"
    "short:x:7:8\n"
    "+@netgroup::::::\n"
    "+::::::\n"
    "-nobody::::::\n"
    "last:x:4294967294:4294967294::/:/bin/sh";

constexpr std::string_view kGroup =
    "root:x:0:\n"
    "users:x:100:alice,bob\n"
    "\n"
    "docker:x:50:bob,alice\n"
    "bobby:x:7:bobby\n"
    "again:x:100:alice\n"
    "users:x:101:\n"
    "only:x:3:alice\n"
    "broken:x:twelve:carol\n"
    "short:x:9\n"
    "+:::\n"
    "last:x:4:alice";

std::vector<std::uint32_t> numbers(const GroupList& list) {
  std::vector<std::uint32_t> all;
  for (const Gid gid : list.all()) all.push_back(static_cast<uint32_t>(gid));
  return all;
}

// A user whose own group, 5000, stands in none of the texts.
constexpr std::uint32_t kOwn = 5000;
doff::Account user(std::string_view name) {
  return {.name = name, .uid = Uid{1000}, .gid = Gid{kOwn}, .home = "/"};
}

// The text alone in memory, so that a sanitizer sees a read behind its end.
std::vector<char> exactly(std::string_view text) {
  return {text.begin(), text.end()};
}

}  // namespace

TEST_CASE("an account is found by its name, the first entry of that name") {
  const auto sandbox = doff::find_account(kPasswd, "sandbox");
  REQUIRE(sandbox);
  CHECK(sandbox->name == "sandbox");
  CHECK(sandbox->uid == Uid{998});
  CHECK(sandbox->gid == Gid{997});
  CHECK(sandbox->home == "/sandbox");
  CHECK(doff::find_account(kPasswd, "root")->home == "/root");
  CHECK(doff::find_account(kPasswd, "daemon")->gid == Gid{1});
}

TEST_CASE("an account is found by its uid, the first entry with it") {
  CHECK(doff::find_account(kPasswd, Uid{0})->name == "root");
  CHECK(doff::find_account(kPasswd, Uid{998})->name == "sandbox");
  CHECK(doff::find_account(kPasswd, Uid{4294967294})->name == "last");
  CHECK_FALSE(doff::find_account(kPasswd, Uid{5}));
  CHECK_FALSE(doff::find_account(kPasswd, Uid{0xffffffff}));
}

TEST_CASE("an entry may end after its gid, and without a newline") {
  const auto brief = doff::find_account(kPasswd, "short");
  REQUIRE(brief);
  CHECK(brief->gid == Gid{8});
  CHECK(brief->home.empty());
  CHECK(doff::find_account(kPasswd, "last")->home == "/");
}

TEST_CASE("no account has part of a name, another case, or no entry") {
  for (const char* const name :
       {"roo", "root:x", "oot", "Root", "root ", "nosuch", "# a comment", "+",
        "+@netgroup", "-nobody", "nobody", "x", ""}) {
    INFO("'" << name << "'");
    CHECK_FALSE(doff::find_account(kPasswd, name));
  }
  CHECK_FALSE(doff::find_account("", "root"));
  CHECK_FALSE(doff::find_account("\n\n\n", "root"));
  CHECK_FALSE(doff::find_account("\n\n\n", Uid{0}));
}

TEST_CASE("an entry with an unreadable number is no entry") {
  for (const char* const number :
       {"", "-1", "+1", " 1", "1 ", "1x", "0x10", "4294967295", "4294967296",
        "18446744073709551616", "99999999999999999999999"}) {
    INFO("'" << number << "'");
    const std::string uid =
        "u:x:" + std::string(number) + ":5::/home:/bin/sh\n";
    const std::string gid =
        "u:x:5:" + std::string(number) + "::/home:/bin/sh\n";
    CHECK_FALSE(doff::find_account(uid, "u"));
    CHECK_FALSE(doff::find_account(gid, "u"));
    CHECK_FALSE(doff::find_account(gid, Uid{5}));
    CHECK_FALSE(doff::find_account(uid, Uid{0}));
    CHECK_FALSE(doff::find_account(uid, Uid{0xffffffff}));
  }
}

TEST_CASE("an entry with too few fields is no entry") {
  for (const char* const line : {"u", "u:", "u:x", "u:x:", "u:x:5", "u:x:5:"}) {
    INFO(line);
    CHECK_FALSE(doff::find_account(line, "u"));
    CHECK_FALSE(doff::find_account(line, Uid{5}));
    CHECK_FALSE(doff::find_account(line, Uid{0}));
  }
}

TEST_CASE("a broken entry of a name is not passed over for a later one") {
  constexpr std::string_view kText = "u:x:bad:5::/:\nu:x:0:0::/:\n";
  CHECK_FALSE(doff::find_account(kText, "u"));
  CHECK(doff::find_account(kText, Uid{0}));
  CHECK_FALSE(doff::find_group("g:x:bad:\ng:x:0:\n", "g"));
}

TEST_CASE("leading zeros are still decimal") {
  CHECK(doff::find_account("u:x:010:0008::/:\n", "u")->uid == Uid{10});
  CHECK(doff::find_account("u:x:010:0008::/:\n", "u")->gid == Gid{8});
}

TEST_CASE("a group is found by its name, the first entry of that name") {
  CHECK(doff::find_group(kGroup, "root") == Gid{0});
  CHECK(doff::find_group(kGroup, "users") == Gid{100});
  CHECK(doff::find_group(kGroup, "short") == Gid{9});
  CHECK(doff::find_group(kGroup, "last") == Gid{4});
  for (const char* const name : {"use", "broken", "alice", "nosuch", "+"}) {
    INFO(name);
    CHECK_FALSE(doff::find_group(kGroup, name));
  }
  CHECK_FALSE(doff::find_group("", "root"));
  CHECK_FALSE(doff::find_group("g:x:4294967295:\n", "g"));
  CHECK(doff::find_group("g:x:4294967294:\n", "g") == Gid{4294967294});
}

TEST_CASE("memberships come in ascending order, each once") {
  GroupList list;
  REQUIRE(list.insert(Gid{42}));
  CHECK_FALSE(doff::add_memberships(kGroup, user("alice"), list));
  CHECK(numbers(list) == std::vector<std::uint32_t>{3, 4, 42, 50, 100, kOwn});
}

TEST_CASE("a member is a whole name, not a part of one") {
  for (const char* const members :
       {"bobby", "abob", "bob2,bobby", "bob ", " bob", "Bob", ",", ""}) {
    INFO("'" << members << "'");
    GroupList list;
    CHECK_FALSE(doff::add_memberships("g:x:1:" + std::string(members) + "\n",
                                      user("bob"), list));
    CHECK(numbers(list) == std::vector<std::uint32_t>{kOwn});
  }
  for (const char* const members :
       {"bob", "a,bob", "bob,a", "a,bob,b", ",bob,", "bob,bob"}) {
    INFO(members);
    GroupList list;
    CHECK_FALSE(doff::add_memberships("g:x:1:" + std::string(members) + "\n",
                                      user("bob"), list));
    CHECK(numbers(list) == std::vector<std::uint32_t>{1, kOwn});
  }
}

TEST_CASE("a group of the user whose number is malformed is an error") {
  for (const char* const number : {"", "x", "-1", "4294967295", "1 "}) {
    INFO("'" << number << "'");
    GroupList list;
    const std::string text = "g:x:" + std::string(number) + ":bob\n";
    const auto failure = doff::add_memberships(text, user("bob"), list);
    REQUIRE(failure);
    CHECK(failure->value == "g");
    CHECK(failure->cause.find("malformed") != std::string_view::npos);
  }
}

TEST_CASE("a malformed group of other users is not the user's business") {
  GroupList list;
  CHECK_FALSE(doff::add_memberships(kGroup, user("bob"), list));
  CHECK(numbers(list) == std::vector<std::uint32_t>{50, 100, kOwn});
  CHECK(doff::add_memberships(kGroup, user("carol"), list)->value == "broken");
}

TEST_CASE("lines without fields list nobody") {
  for (const char* const text :
       {"", "\n", "bob", "bob\n", ":::\n", "+:::\n", "g:x:1\n", "g:x:1:\n",
        "g:bob:1:\n", "bob:x:1:\n", "\n\n::bob:\n"}) {
    INFO("'" << text << "'");
    GroupList list;
    CHECK_FALSE(doff::add_memberships(text, user("bob"), list));
    CHECK(numbers(list) == std::vector<std::uint32_t>{kOwn});
  }
}

TEST_CASE("a user without a name is in no group but the own one") {
  GroupList list;
  CHECK_FALSE(
      doff::add_memberships("g:x:1:\nh:x:2:a,,b\ni:x::,\n", user(""), list));
  CHECK(numbers(list) == std::vector<std::uint32_t>{kOwn});
}

TEST_CASE("65536 groups are as many as the kernel takes, 65537 an error") {
  std::string text;
  for (std::uint32_t gid = 0; gid < doff::kMostGroups; ++gid)
    text += "g:x:" + std::to_string(1000 + gid) + ":bob\n";
  GroupList list;
  REQUIRE_FALSE(doff::add_memberships(text, user("bob"), list));
  CHECK(list.all().size() == 65536);
  CHECK(list.all().front() == Gid{1000});
  CHECK(list.all().back() == Gid{66535});

  CHECK(list.insert(Gid{1000}));
  CHECK(list.insert(Gid{66535}));
  CHECK_FALSE(list.insert(Gid{999}));
  CHECK_FALSE(list.insert(Gid{66536}));
  CHECK(list.all().size() == 65536);

  CHECK_FALSE(doff::add_memberships("g:x:1000:bob\n", user("bob"), list));
  const auto failure = doff::add_memberships("g:x:1:bob\n", user("bob"), list);
  REQUIRE(failure);
  CHECK(failure->value == "bob");
  doff::Account stranger = user("bob");
  stranger.gid = Gid{1};
  CHECK(doff::add_memberships("", stranger, list));
  CHECK(failure->cause.find("65536") != std::string_view::npos);
}

TEST_CASE("groups inserted in any order stand in ascending order") {
  std::vector<std::uint32_t> gids(2000);
  std::iota(gids.begin(), gids.end(), 5);
  auto shuffled = gids;
  std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(5));
  GroupList list;
  for (int twice = 0; twice < 2; ++twice)
    for (const std::uint32_t gid : shuffled) REQUIRE(list.insert(Gid{gid}));
  CHECK(numbers(list) == gids);
  CHECK(list.insert(Gid{0xfffffffe}));
  CHECK(list.insert(Gid{0}));
  CHECK(list.all().front() == Gid{0});
  CHECK(list.all().back() == Gid{0xfffffffe});
}

TEST_CASE("no text cut off anywhere is read behind its end") {
  GroupList list;
  for (std::size_t size = 0; size <= kPasswd.size(); ++size) {
    const auto memory = exactly({kPasswd.data(), size});
    const std::string_view text(memory.data(), memory.size());
    doff::find_account(text, "last");
    doff::find_account(text, Uid{4294967294});
  }
  for (std::size_t size = 0; size <= kGroup.size(); ++size) {
    const auto memory = exactly({kGroup.data(), size});
    const std::string_view text(memory.data(), memory.size());
    doff::find_group(text, "last");
    doff::add_memberships(text, user("alice"), list);
  }
  SUCCEED("a sanitizer judges this");
}
