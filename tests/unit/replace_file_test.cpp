#include "helper/spec/replace_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLimit = 1 << 20;

// A directory for one test.
class Scratch {
 public:
  Scratch() {
    std::string name = (fs::temp_directory_path() / "doff-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { fs::remove_all(path_); }

  [[nodiscard]] std::string file(const std::string& name) const {
    return (path_ / name).string();
  }
  [[nodiscard]] std::string make(const std::string& name,
                                 const std::string& text) const {
    std::ofstream(file(name)) << text;
    return file(name);
  }
  [[nodiscard]] std::size_t count() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(path_), {}));
  }

 private:
  fs::path path_;
};

std::string content(const std::string& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

struct stat about(const std::string& path) {
  struct stat found {};
  REQUIRE(lstat(path.c_str(), &found) == 0);
  return found;
}

doff::Result<void> replace(const std::string& path, const std::string& text) {
  const auto file = doff::read_to_replace(path, kLimit);
  if (!file) return tl::unexpected(file.error());
  return doff::replace(*file, text);
}

std::string refusal(const std::string& path) {
  const auto file = doff::read_to_replace(path, kLimit);
  return file ? "read" : file.error().cause;
}

// An ACL as acl(5)'s on-disk form has it: owner rw-, uid 1234 rw-, group r--,
// mask `mask`, others ---.
std::string acl(char mask) {
  std::string value("\x02\0\0\0", 4);
  const auto entry = [&](int tag, int permissions, std::uint32_t id) {
    for (const int part : {tag, permissions}) {
      value += static_cast<char>(part & 0xff);
      value += static_cast<char>(part >> 8);
    }
    for (int shift = 0; shift < 32; shift += 8)
      value += static_cast<char>((id >> shift) & 0xff);
  };
  entry(0x01, 6, ~0U);
  entry(0x02, 6, 1234);
  entry(0x04, 4, ~0U);
  entry(0x10, mask, ~0U);
  entry(0x20, 0, ~0U);
  return value;
}

std::string attribute(const std::string& path, const char* name) {
  std::string value(256, '\0');
  const ssize_t size = getxattr(path.c_str(), name, value.data(), 256);
  value.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return value;
}

// False where the file system of temporary files has none.
bool set_attribute(const std::string& path, const char* name,
                   const std::string& value) {
  return setxattr(path.c_str(), name, value.data(), value.size(), 0) == 0;
}

}  // namespace

TEST_CASE("a file is replaced by another one with its mode") {
  const Scratch scratch;
  const std::string path = scratch.make("config.json", "old");
  for (const mode_t mode : {0600U, 0644U, 0440U, 0777U, 04755U}) {
    REQUIRE(chmod(path.c_str(), mode) == 0);
    const ino_t before = about(path).st_ino;
    REQUIRE(replace(path, "new"));
    CHECK(content(path) == "new");
    CHECK(about(path).st_ino != before);
    CHECK((about(path).st_mode & 07777U) == mode);
  }
  CHECK(scratch.count() == 1);
  CHECK(doff::read_to_replace(path, kLimit)->text == "new");
  CHECK_FALSE(doff::read_to_replace(path, 2));
}

TEST_CASE("the owner stays") {
  if (geteuid() != 0) {
    WARN("skipped: only root can give files away");
    return;
  }
  const Scratch scratch;
  const std::string path = scratch.make("config.json", "old");
  REQUIRE(chown(path.c_str(), 1234, 5678) == 0);
  REQUIRE(chmod(path.c_str(), 06755) == 0);
  REQUIRE(replace(path, "new"));
  CHECK(about(path).st_uid == 1234);
  CHECK(about(path).st_gid == 5678);
  CHECK((about(path).st_mode & 07777U) == 06755U);
}

TEST_CASE("extended attributes and the ACL stay") {
  const Scratch scratch;
  const std::string path = scratch.make("config.json", "old");
  const bool has_user = set_attribute(path, "user.doff", "kept");
  const bool has_acl = set_attribute(path, "system.posix_acl_access", acl(6));
  if (!has_user)
    WARN("skipped in part: no user attributes on this file system");
  if (!has_acl) WARN("skipped in part: no ACLs on this file system");
  const mode_t mode = about(path).st_mode;
  REQUIRE(replace(path, "new"));
  CHECK(about(path).st_mode == mode);
  if (has_user) CHECK(attribute(path, "user.doff") == "kept");
  if (has_acl) CHECK(attribute(path, "system.posix_acl_access") == acl(6));
  if (geteuid() == 0)
    CHECK((set_attribute(path, "trusted.doff", "x") && replace(path, "newer") &&
           attribute(path, "trusted.doff") == "x"));
}

TEST_CASE("a directory's default ACL gives nobody the new file") {
  const Scratch scratch;
  const std::string path = scratch.make("config.json", "old");
  REQUIRE(chmod(path.c_str(), 0660) == 0);
  if (!set_attribute(scratch.file(""), "system.posix_acl_default", acl(6))) {
    WARN("skipped: no ACLs on this file system");
    return;
  }
  REQUIRE(replace(path, "new"));
  CHECK(attribute(path, "system.posix_acl_access").empty());
  CHECK((about(path).st_mode & 07777U) == 0660U);
}

TEST_CASE("what cannot be replaced without harm is refused unread") {
  const Scratch scratch;
  const std::string path = scratch.make("config.json", "old");
  fs::create_symlink("config.json", scratch.file("soft"));
  CHECK(refusal(scratch.file("soft")) == "a symbolic link");
  fs::create_hard_link(path, scratch.file("hard"));
  CHECK(refusal(path) == "a file with several hard links");
  REQUIRE(mkfifo(scratch.file("fifo").c_str(), 0600) == 0);
  for (const std::string& each :
       {scratch.file("fifo"), scratch.file(""), scratch.file("."),
        std::string("/dev/null"), std::string()})
    CHECK(refusal(each) == "not a regular file");
  CHECK(doff::read_to_replace(scratch.file("none"), kLimit).error().error ==
        ENOENT);
  CHECK(doff::read_to_replace(scratch.file("none/x"), kLimit).error().error ==
        ENOENT);
}

TEST_CASE("what changed since it was read is not replaced") {
  const Scratch scratch;
  const std::string path = scratch.make("config.json", "old");
  const std::string aside = scratch.file("aside");
  const auto refused_after = [&](const auto& change) {
    const auto file = doff::read_to_replace(path, kLimit);
    REQUIRE(file);
    change();
    const auto replaced = doff::replace(*file, "new");
    REQUIRE_FALSE(replaced);
    CHECK(replaced.error().cause == "changed since it was read");
  };
  refused_after([&] { (void)scratch.make("config.json", "OLD"); });
  refused_after([&] {
    fs::copy_file(path, aside);
    fs::rename(aside, path);
  });
  refused_after([&] { fs::create_hard_link(path, aside); });
  fs::remove(aside);
  refused_after([&] {
    fs::rename(path, aside);
    fs::create_symlink("aside", path);
  });
  CHECK(content(aside) == "OLD");
  CHECK(scratch.count() == 2);
}

TEST_CASE("the path may be of any form") {
  const Scratch scratch;
  const std::string path = scratch.make(std::string(255, 'n'), "old");
  REQUIRE(replace(path, "new"));
  CHECK(content(path) == "new");
  const fs::path before = fs::current_path();
  fs::current_path(scratch.file(""));
  CHECK(replace(std::string(255, 'n'), "newer"));
  fs::current_path(before);
  CHECK(content(path) == "newer");
}

TEST_CASE("a file is made, with the directories on the way to it") {
  const Scratch scratch;
  const mode_t mask = umask(077);
  const std::string path = scratch.file("a/b/config.json");
  CHECK(doff::create(path, "new"));
  CHECK(doff::create(scratch.file("a/other"), ""));
  umask(mask);
  CHECK(content(path) == "new");
  CHECK((about(path).st_mode & 07777U) == 0644U);
  CHECK((about(scratch.file("a/b")).st_mode & 07777U) == 0755U);
  CHECK(scratch.count() == 1);
  CHECK(std::distance(fs::directory_iterator(scratch.file("a/b")), {}) == 1);
}

TEST_CASE("nothing that is there is made anew, and nothing is left behind") {
  const Scratch scratch;
  const std::string path = scratch.make("config.json", "old");
  fs::create_symlink("nowhere", scratch.file("soft"));
  CHECK(doff::create(path, "new").error().error == EEXIST);
  CHECK(doff::create(scratch.file("soft"), "new").error().error == EEXIST);
  CHECK(doff::create(scratch.file("a/b/"), "new").error().error == ENOENT);
  CHECK(doff::create(scratch.file("config.json/a"), "new").error().error ==
        ENOTDIR);
  CHECK(content(path) == "old");
  CHECK(scratch.count() == 2);
}

TEST_CASE("a file that was read is removed, and no other") {
  const Scratch scratch;
  const std::string path = scratch.make("config.json", "old");
  const auto stale = doff::read_to_replace(path, kLimit);
  REQUIRE(stale);
  REQUIRE(replace(path, "new"));
  CHECK(doff::remove(*stale).error().cause == "changed since it was read");
  CHECK(content(path) == "new");
  const auto file = doff::read_to_replace(path, kLimit);
  REQUIRE(file);
  CHECK(doff::remove(*file));
  CHECK(scratch.count() == 0);
}
