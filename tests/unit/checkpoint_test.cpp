// The capabilities in criu's images, which are made here as its core.proto and
// creds.proto say.
#include "helper/runtime/checkpoint.h"

#include <sys/stat.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <protozero/pbf_writer.hpp>
#include <string>
#include <utility>

#include "caps/names.h"
#include "tests/unit/set_families.h"

namespace {

using doff::capabilities_in_core;
using doff::CapabilitySet;
using doff::check_checkpoint;
using doff::only;
using protozero::pbf_writer;

using namespace std::string_literals;

constexpr std::uint32_t kTask = 3;
constexpr std::uint32_t kThread = 5;
constexpr std::uint32_t kCredentials = 10;
constexpr std::array<std::uint32_t, 4> kSets = {9, 10, 11, 12};

std::string image(const std::string& core) {
  const std::array<std::uint32_t, 3> header = {
      0x54564319, 0x55053847, static_cast<std::uint32_t>(core.size())};
  return std::string(reinterpret_cast<const char*>(header.data()),
                     sizeof header) +
         core;
}

// A message with the field `tag`: another message.
std::string around(std::uint32_t tag, const std::string& message) {
  std::string text;
  pbf_writer(text).add_message(tag, message);
  return text;
}

void add_set(std::string& text, std::uint32_t tag, CapabilitySet set) {
  pbf_writer writer(text);
  writer.add_uint32(tag, static_cast<std::uint32_t>(set.bits()));
  writer.add_uint32(tag, static_cast<std::uint32_t>(set.bits() >> 32));
}

// With `set` in the field `which`, and nothing in the others.
std::string credentials(CapabilitySet set, std::uint32_t which = kSets[3]) {
  std::string text;
  pbf_writer writer(text);
  writer.add_uint32(1, 1000);  // uid
  for (const std::uint32_t tag : kSets)
    add_set(text, tag, tag == which ? set : CapabilitySet());
  writer.add_uint32(14, 1000);  // groups
  return text;
}

std::string thread(const std::string& message) {
  std::string text;
  pbf_writer(text).add_uint64(1, 7);  // futex_rla
  return around(kThread, text + around(kCredentials, message));
}

std::string task(std::uint32_t state) {
  std::string text;
  pbf_writer writer(text);
  writer.add_uint32(1, state);
  writer.add_string(6, "sh");  // comm
  return around(kTask, text);
}

constexpr std::uint32_t kAlive = 1;
constexpr std::uint32_t kDead = 2;
constexpr std::uint32_t kStopped = 3;
constexpr std::uint32_t kZombie = 6;

std::string refusal(const std::string& text) {
  const auto sets = capabilities_in_core(text, "core-7.img");
  REQUIRE_FALSE(sets.has_value());
  return to_text(sets.error());
}

}  // namespace

TEST_CASE("a process's sets come out of its image, whichever has them") {
  const auto which = GENERATE(9U, 10U, 11U, 12U);
  for (const CapabilitySet each : doff::set_families(1000)) {
    const auto sets = capabilities_in_core(
        image(task(kAlive) + thread(credentials(each, which))), "core-7.img");
    REQUIRE(sets.has_value());
    CHECK(*sets == each);
  }
}

// Readers of Protocol Buffers differ in all of these: criu's took the other
// one.
TEST_CASE("what criu does not write so is refused, whatever it says") {
  const std::string one = credentials({});
  const std::string core = task(kAlive) + thread(one);
  // A key of more bytes than it needs: what is behind its 32nd bit, some cut.
  const auto longer = [](std::string message, std::size_t at) {
    message[at] = static_cast<char>(message[at] | 0x80);
    return message.insert(at + 1, "\x80\x80\x80\x10");
  };
  REQUIRE(capabilities_in_core(image(core), "") == CapabilitySet());
  std::string packed;
  const std::array<std::uint32_t, 2> all = {0xffffffff, 0x1ff};
  for (const std::uint32_t tag : kSets)
    pbf_writer(packed).add_packed_uint32(tag, all.begin(), all.end());
  std::string wide = credentials({});
  wide.replace(wide.rfind("\x60\x00"s) + 1, 1, "\x80\x80\x80\x80\x10");
  std::string unsized;
  pbf_writer(unsized).add_uint32(kThread, 1);
  std::string with_number;
  pbf_writer(with_number).add_uint32(kCredentials, 1);
  for (const std::string& each :
       {thread(one) + thread(one),
        around(kThread, around(kCredentials, one) + around(kCredentials, one)),
        thread(packed + one), thread(one + packed), thread(wide),
        longer(thread(one), 0), thread(longer(one, 0)), thread(one) + unsized,
        around(kThread, with_number + around(kCredentials, one)),
        around(kThread, longer(around(kCredentials, one), 0)),
        thread(one) + task(kAlive), thread(one) + longer(task(kDead), 0),
        longer(thread(one), 1), thread(one + longer("\x7a\x00"s, 1)),
        around(kThread, longer(around(kCredentials, one), 1))})
    CHECK(refusal(image(task(kAlive) + each)) ==
          "the checkpoint \"core-7.img\": not as criu writes it; create the "
          "container anew");
  CHECK_FALSE(refusal(image(longer(task(kDead), 0))).empty());
  CHECK_FALSE(refusal(image(around(kTask, longer("\x08\x02", 0)))).empty());
}

TEST_CASE("what has ended has no capabilities, and no need of credentials") {
  for (const std::uint32_t each : {kDead, kZombie})
    CHECK(capabilities_in_core(image(task(each)), "") == CapabilitySet());
  for (const std::uint32_t each : {kAlive, kStopped, 0U, 4U, 99U})
    CHECK(refusal(image(task(each))) ==
          "the checkpoint \"core-7.img\": does not say which capabilities it "
          "has; create the container anew");
  // Whoever reads the other one restores it.
  CHECK_FALSE(refusal(image(task(kDead) + task(kAlive))).empty());
  CHECK_FALSE(refusal(image(task(kAlive) + task(kDead))).empty());
  for (const auto& [one, other] :
       {std::pair(kDead, kAlive), {kAlive, kDead}, {0U, kDead}}) {
    std::string states;
    pbf_writer writer(states);
    writer.add_uint32(1, one);
    writer.add_uint32(1, other);
    CHECK_FALSE(refusal(image(around(kTask, states))).empty());
  }
}

TEST_CASE("an image that does not say its sets is refused") {
  std::string three = credentials({});
  pbf_writer(three).add_uint32(kSets[3], 1);
  std::string packed;
  const std::array<std::uint32_t, 2> words = {0, 0};
  for (const std::uint32_t tag : kSets)
    pbf_writer(packed).add_packed_uint32(tag, words.begin(), words.end());
  std::string no_bounding;
  for (const std::uint32_t tag : {9U, 10U, 11U}) add_set(no_bounding, tag, {});
  for (const std::string& each :
       {std::string(), std::string("\x2a"), thread(""), thread(three),
        thread(packed), thread(no_bounding), around(kThread, ""),
        thread(credentials({})) + around(kThread, "")})
    CHECK_FALSE(refusal(image(task(kAlive) + each)).empty());
}

TEST_CASE("what is not an image is refused, and so is half of one") {
  const std::string whole = image(task(kAlive) + thread(credentials({})));
  REQUIRE(capabilities_in_core(whole, "").has_value());
  for (std::size_t size = 0; size < whole.size(); ++size)
    CHECK_FALSE(refusal(whole.substr(0, size)).empty());
  CHECK_FALSE(refusal(whole + task(kAlive)).empty());
  for (std::size_t i = 0; i < 12; ++i) {
    std::string other = whole;
    other[i] = static_cast<char>(other[i] ^ 1);
    CHECK(refusal(other) ==
          "the checkpoint \"core-7.img\": not criu's image of a process; "
          "create the container anew");
  }
}

TEST_CASE("every process of a checkpoint is looked at") {
  std::string name =
      (std::filesystem::temp_directory_path() / "doff-XXXXXX").string();
  REQUIRE(mkdtemp(name.data()) != nullptr);
  const std::filesystem::path directory = name;
  const auto write = [&](const char* file, CapabilitySet set) {
    std::ofstream(directory / file) << image(thread(credentials(set)));
  };
  const auto said = [&](CapabilitySet allowed) {
    const auto checked = check_checkpoint(directory, allowed, "p.yaml");
    return checked ? std::string() : to_text(checked.error());
  };
  const std::string quoted = "\"" + name;
  CHECK(said({}) == "the checkpoint " + quoted +
                        "\": has no process in it; create the container anew");
  write("core-1.img", only("KILL"));
  write("core-11.img", only("NET_RAW") | only("SYS_ADMIN"));
  std::ofstream(directory / "pages-1.img") << "something else";
  CHECK(said(only("KILL") | only("NET_RAW") | only("SYS_ADMIN")).empty());
  CHECK(said(only("KILL") | only("NET_RAW")) ==
        "the checkpoint " + quoted +
            "/core-11.img\": has SYS_ADMIN, which is more than the spec and "
            "p.yaml leave; create the container anew");
  CHECK_FALSE(said(only("NET_RAW") | only("SYS_ADMIN")).empty());
  std::ofstream(directory / "core-2.img") << "not one";
  CHECK_FALSE(said(doff::kAllCapabilities).empty());
  // criu may follow a link from elsewhere than here.
  std::filesystem::remove(directory / "core-2.img");
  std::filesystem::create_symlink("core-1.img", directory / "core-2.img");
  CHECK(said(doff::kAllCapabilities) ==
        "the checkpoint " + quoted +
            "/core-2.img\": is a symbolic link; create the container anew");
  std::filesystem::remove(directory / "core-2.img");
  CHECK(said(doff::kAllCapabilities).empty());
  REQUIRE(mkfifo((directory / "core-2.img").c_str(), 0600) == 0);
  CHECK(said(doff::kAllCapabilities) ==
        "the checkpoint " + quoted +
            "/core-2.img\": not a regular file; create the container anew");
  std::filesystem::remove_all(directory);
  CHECK(said({}) ==
        "reading the checkpoint " + quoted + "\": No such file or directory");
}
