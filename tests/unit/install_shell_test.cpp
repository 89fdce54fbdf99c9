#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "helper/install_shell/change.h"
#include "helper/install_shell/lines.h"
#include "helper/install_shell/notes.h"
#include "helper/install_shell/passwd.h"
#include "helper/install_shell/root.h"
#include "helper/runtime/digest.h"

namespace {

namespace fs = std::filesystem;

const std::string kDigest = "sha256:" + std::string(64, 'a');

// A root file system for one test, with /inside, and beside it /outside.
class Roots {
 public:
  Roots() {
    std::string name = (fs::temp_directory_path() / "doff-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
    fs::create_directories(path_ / "root/inside");
    fs::create_directories(path_ / "outside");
    std::ofstream(path_ / "outside/file") << "outside";
  }
  Roots(const Roots&) = delete;
  Roots& operator=(const Roots&) = delete;
  ~Roots() { fs::remove_all(path_); }

  [[nodiscard]] fs::path in(const std::string& path) const {
    return path_ / "root" / path;
  }
  [[nodiscard]] fs::path outside() const { return path_ / "outside"; }
  [[nodiscard]] doff::Root open() const {
    auto root = doff::Root::open((path_ / "root").string());
    REQUIRE(root);
    return *std::move(root);
  }
  void make(const std::string& path, const std::string& text) const {
    std::ofstream(in(path)) << text;
  }
  [[nodiscard]] std::string content(const std::string& path) const {
    std::ifstream stream(in(path));
    return {std::istreambuf_iterator<char>(stream), {}};
  }

 private:
  fs::path path_;
};

doff::Change fails(const char* what) {
  return {what, "never",
          []() -> doff::Result<void> {
            return tl::unexpected(doff::Failure{.doing = "failing"});
          },
          [] { return doff::Result<void>{}; }};
}

}  // namespace

TEST_CASE("a line of passwd is found by its name") {
  const std::string text =
      "root:x:0:0:root:/root:/bin/bash\n\n+::::::\napp:x:1::a:/:\n"
      "short:x:1\nlast:x:2:2::/:/bin/sh";
  const auto lines = doff::passwd_lines(text);
  REQUIRE(lines.size() == 5);
  CHECK(lines[1].name == "+");
  CHECK(lines[4].number == 6);
  CHECK(doff::find_user(text, "root", "p")->shell == "/bin/bash");
  CHECK(doff::find_user(text, "app", "p")->shell.empty());
  CHECK(doff::find_user(text, "last", "p")->shell == "/bin/sh");
}

TEST_CASE("a line of passwd that cannot be edited is refused with its place") {
  const auto refusal = [](const char* text, const char* user) {
    const auto found = doff::find_user(text, user, "p");
    REQUIRE_FALSE(found);
    return doff::to_text(found.error());
  };
  CHECK(refusal("app:x:1:1::/:/bin/sh\n", "ap") ==
        "--user \"ap\": no such user in p; did you mean \"app\"?");
  CHECK(refusal("", "app") == "--user \"app\": no such user in p");
  CHECK(refusal("app:x:7:1::/:/bin/sh\n", "7") ==
        "--user \"7\": no such user in p; did you mean \"app\"?; give a name, "
        "not a number");
  CHECK(refusal("app:x:7:1::/:/bin/sh\n", "8") ==
        "--user \"8\": no such user in p; give a name, not a number");
  CHECK(refusal("a:1:2\n", "a") ==
        "p:1:1: --user \"a\": the line has 3 fields, not 7; correct it with "
        "vipw(8)");
  CHECK(refusal("a:x:1:1::/:/a:b\n", "a").find("8 fields") !=
        std::string::npos);
  CHECK(refusal("a:x:1:1::/:\nb:::::::\na:x:1:1::/:\n", "a") ==
        "p:1:1: --user \"a\": has another line, 3; correct it with vipw(8)");
}

TEST_CASE("a shell is put in, and back, and no other byte changes") {
  for (const std::string text :
       {"a:x:1:1::/:/bin/sh\nb:x:2:2::/:/bin/sh\n", "a:x:1:1::/:/bin/sh",
        "b:x:2:2::/:\na:x:1:1:/bin/sh:/bin/sh:/bin/sh\n", "a::::::\r\n"}) {
    INFO(text);
    const auto line = doff::find_user(text, "a", "p");
    REQUIRE(line);
    const std::string former(line->shell);
    const std::string changed = doff::with_shell(text, *line, "/doff");
    CHECK(changed.size() == text.size() - former.size() + 5);
    const auto again = doff::find_user(changed, "a", "p");
    CHECK(again->shell == "/doff");
    CHECK(doff::with_shell(changed, *again, former) == text);
  }
}

TEST_CASE("a line is added, and taken away, and no other byte changes") {
  for (const std::string text :
       {"", "\n", "/bin/sh\n", "/bin/sh", "#x\n\n/bin/sh\n\n", "/a/doff\n"}) {
    INFO(text);
    CHECK_FALSE(doff::has_line(text, "/doff"));
    CHECK(doff::without_line(text, "/doff") == text);
    const std::string longer = doff::with_line(text, "/doff");
    CHECK(doff::has_line(longer, "/doff"));
    CHECK(doff::without_line(longer, "/doff") == text);
  }
  CHECK(doff::with_line("/bin/sh", "/doff") == "/bin/sh\n/doff");
  CHECK(doff::without_line("/doff\n/doff2\n", "/doff") == "/doff2\n");
  CHECK(doff::without_line("/doff2\n/doff", "/doff") == "/doff2");
}

TEST_CASE("the shell of a configuration is the last one") {
  const auto shell = [](const char* text) {
    return doff::configured_shell(text, "c").value().value_or("none");
  };
  CHECK(shell("") == "none");
  CHECK(shell("# shell /bin/a\naccept inert\nshells /bin/b\n") == "none");
  CHECK(shell("shell /bin/a\n \tshell \t /bin/b c \t\n#\n") == "/bin/b c");
  CHECK(shell("shell\n").empty());
  CHECK_FALSE(doff::configured_shell("shell /bin/a", "c"));
  CHECK(doff::has_option(" accept\tinert\n", "accept"));
  CHECK_FALSE(doff::has_option("#accept inert\naccepted x\n", "accept"));
}

TEST_CASE("notes are read as they were written") {
  doff::Notes notes;
  CHECK(*doff::parse_notes(doff::to_text(notes), "n") == notes);
  notes = {.users = {{"app", "/bin/bash"}, {"b c", ""}},
           .shadowed = "/bin/sh",
           .shell = "/bin/a b",
           .launchers = {kDigest},
           .made = {"/etc/doff", doff::kShellConf},
           .edited = {doff::kShells}};
  CHECK(*doff::parse_notes(doff::to_text(notes), "n") == notes);
}

TEST_CASE("notes of somebody else's are refused") {
  for (const std::string line :
       {"made /etc/passwd", "made /etc/../x", "line /etc/passwd", "user app",
        "user :/bin/sh", "user a:bin/sh", "user a:/b:c", "user a:/b\tc",
        "shadow bin/sh", "shadow /bin/cat", "shadow /bin/", "shell ",
        "shell sh", "launcher sha256:", "launcher md5", "other x", "", "made",
        "user a:/bin/sh\nshadow /bin/cat"}) {
    INFO(line);
    const auto notes = doff::parse_notes(line + "\n", "n");
    REQUIRE_FALSE(notes);
    CHECK(notes.error().place.line ==
          (line.find('\n') == std::string::npos ? 1 : 2));
  }
  CHECK_FALSE(doff::parse_notes("shadow /bin/sh", "n"));
}

TEST_CASE("a shell to be shadowed has a name that doff knows") {
  for (const char* const name :
       {"sh", "bash", "rbash", "dash", "ash", "zsh", "ksh", "mksh", "fish"})
    CHECK_FALSE(doff::find_odd_shell(std::string("/x/") + name));
  CHECK(doff::find_odd_shell("bin/sh")->cause == "not an absolute path");
  CHECK(doff::find_odd_shell("bin/sh")->next == "it begins at ROOTFS: /bin/sh");
  CHECK(doff::find_odd_shell("zsh")->next == "it begins at ROOTFS: /bin/zsh");
  CHECK(doff::find_odd_shell("/bin/bahs")->guess == "bash");
  CHECK(doff::find_odd_shell("/bin/sh/"));
  CHECK(doff::find_odd_shell("/bin\n/sh"));
  CHECK(doff::find_odd_shell("/"));
  CHECK(doff::find_odd_shell(""));
}

TEST_CASE("no path leads out of a root") {
  const Roots roots;
  fs::create_directory_symlink(roots.outside(), roots.in("absolute"));
  fs::create_directory_symlink("../outside", roots.in("relative"));
  fs::create_directory_symlink("/inside", roots.in("to-inside"));
  fs::create_symlink(roots.outside() / "file", roots.in("inside/file"));
  roots.make("here", "here");
  const doff::Root root = roots.open();
  for (const std::string path :
       {"/absolute/file", "/relative/file", "/../outside/file",
        "/inside/../../outside/file"}) {
    INFO(path);
    const auto read = root.read(path, 100);
    CHECK((read && !*read));
    CHECK_FALSE(root.open_directory(doff::parent_in_root(path)));
    CHECK_FALSE(root.look_at_program(path));
    CHECK_FALSE(doff::make({doff::make_file(root, path, "new", 0644, "")}));
  }
  CHECK(root.read("/inside/file", 100).error().cause ==
        "a symbolic link, which is not followed");
  CHECK((*root.read("/../to-inside/../here", 100))->text == "here");
  CHECK(std::distance(fs::directory_iterator(roots.outside()), {}) == 1);
}

TEST_CASE("what is not a regular file is refused unopened") {
  const Roots roots;
  REQUIRE(mkfifo(roots.in("fifo").c_str(), 0600) == 0);
  const doff::Root root = roots.open();
  for (const char* const path : {"/fifo", "/inside"})
    CHECK(root.read(path, 100).error().cause == "not a regular file");
  CHECK(*root.digest_of_entry("/fifo") == "");
  CHECK_FALSE(root.look_at_program("/fifo"));
  CHECK(doff::Root::open(roots.in("fifo").string()).error().error == ENOTDIR);
  CHECK_FALSE(*root.read("/none", 100));
  CHECK_FALSE(*root.read("/none/none", 100));
}

TEST_CASE("what was made before a failure is taken back, the last first") {
  const Roots roots;
  const doff::Root root = roots.open();
  roots.make("edited", "old");
  const auto file =
      std::make_shared<const doff::ReadFile>(**root.read("/edited", 100));
  const auto failed = doff::make(
      {doff::make_directory(root, "/new"),
       doff::make_file(root, "/new/file", "new", 0600, ""),
       doff::edit_file(root, file, "/edited", "new", ""),
       doff::make_stand_in(root, "/edited.real", "doff", file->about),
       doff::exchange(root, "/edited", "edited.real",
                      {doff::digest_of("doff")}),
       fails("last")});
  REQUIRE_FALSE(failed);
  CHECK(failed.error().next == "all is as it was");
  CHECK(roots.content("edited") == "old");
  CHECK(std::distance(fs::directory_iterator(roots.in("")), {}) == 2);
}

TEST_CASE("what cannot be taken back is told") {
  const Roots roots;
  const doff::Root root = roots.open();
  doff::Change stuck = doff::make_directory(root, "/new");
  stuck.take_back = [] {
    return doff::Result<void>(
        tl::unexpected(doff::Failure{.doing = "removing", .value = "new"}));
  };
  CHECK(doff::make({stuck, fails("last")}).error().next ==
        "and this is left: removing \"new\"");
  doff::Change final = doff::make_directory(root, "/final");
  final.take_back = {};
  CHECK(
      doff::make({final, fails("last")}).error().next.find("not done: last") !=
      std::string::npos);
  CHECK(fs::exists(roots.in("final")));
}

TEST_CASE("of a step that fails, nothing of somebody else's is taken back") {
  const Roots roots;
  const doff::Root root = roots.open();
  roots.make("edited", "old");
  const auto file =
      std::make_shared<const doff::ReadFile>(**root.read("/edited", 100));
  // As another install-shell has made all of it meanwhile.
  fs::create_directory(roots.in("new"));
  roots.make("file", "same");
  fs::remove(roots.in("edited"));
  roots.make("edited", "same");
  const std::vector<doff::Change> steps = {
      doff::make_directory(root, "/new"),
      doff::make_file(root, "/file", "same", 0644, "made"),
      doff::make_stand_in(root, "/file", "same", file->about),
      doff::edit_file(root, file, "/edited", "same", "edited")};
  for (const doff::Change& each : steps) {
    INFO(each.path);
    CHECK(doff::make({each}).error().next.ends_with("all is as it was"));
  }
  CHECK(fs::exists(roots.in("new")));
  CHECK(roots.content("file") == "same");
  CHECK(roots.content("edited") == "same");
}

TEST_CASE("a step that was done all the same is taken back as well") {
  bool back = false;
  const doff::Change done = {
      "path", "made",
      []() -> doff::Result<void> {
        return tl::unexpected(doff::Failure{.doing = "syncing", .done = true});
      },
      [&] {
        back = true;
        return doff::Result<void>{};
      }};
  CHECK(doff::make({done}).error().next == "all is as it was");
  CHECK(back);
}

TEST_CASE("only a launcher takes a shell's place, and only that of a shell") {
  const Roots roots;
  const doff::Root root = roots.open();
  const auto exchange =
      doff::exchange(root, "/inside/sh", "real", {doff::digest_of("doff")});
  const auto refusal = [&](const char* shell, const char* real) {
    roots.make("inside/sh", shell);
    roots.make("inside/real", real);
    const auto failed = doff::make({exchange});
    REQUIRE_FALSE(failed);
    CHECK(roots.content("inside/sh") == shell);
    CHECK(roots.content("inside/real") == real);
    return failed.error().cause;
  };
  CHECK(refusal("doff", "shell") == "it is not the launcher any more");
  CHECK(refusal("shell", "another") == "it is not the launcher any more");
  CHECK(refusal("doff", "doff") == "it is a launcher by now");
}

TEST_CASE("what somebody else has put there meanwhile is not lost") {
  const Roots roots;
  const doff::Root root = roots.open();
  roots.make("sh", "shell");
  const struct stat about = **root.look_at("/sh");
  const std::set<std::string> launchers{doff::digest_of("doff")};
  const auto stand_in = doff::make_stand_in(root, "/real", "doff", about);
  const auto exchange = doff::exchange(root, "/sh", "real", launchers);
  const auto back = doff::step_back(root, "/sh", "real", launchers);
  REQUIRE(doff::make({stand_in}));
  fs::remove(roots.in("sh"));
  roots.make("sh", "another");
  REQUIRE(doff::make({exchange}));
  CHECK(roots.content("sh") == "doff");
  CHECK(roots.content("real") == "another");
  fs::remove(roots.in("sh"));
  roots.make("sh", "a third");
  REQUIRE(doff::make({back}));
  CHECK(roots.content("sh") == "a third");
  CHECK(roots.content("real") == "another");
}

TEST_CASE("a shell is back with its inode, and a link as a link") {
  const Roots roots;
  const doff::Root root = roots.open();
  roots.make("busybox", "shell");
  fs::create_symlink("busybox", roots.in("sh"));
  const std::set<std::string> launchers{doff::digest_of("doff")};
  for (const std::string path : {"/busybox", "/sh"}) {
    const struct stat about = **root.look_at(path);
    REQUIRE(doff::make({doff::make_stand_in(root, "/real", "doff", about),
                        doff::exchange(root, path, "real", launchers)}));
    CHECK(roots.content(path.substr(1)) == "doff");
    CHECK((*root.look_at("/real"))->st_ino == about.st_ino);
    REQUIRE(doff::make({doff::step_back(root, path, "real", launchers)}));
    CHECK((*root.look_at(path))->st_ino == about.st_ino);
    CHECK_FALSE(*root.look_at("/real"));
  }
}

TEST_CASE("a launcher that is renewed has no set-ID bits") {
  const Roots roots;
  const doff::Root root = roots.open();
  roots.make("sh", "doff");
  REQUIRE(chmod(roots.in("sh").c_str(), 06751) == 0);
  const auto file =
      std::make_shared<const doff::ReadFile>(**root.read("/sh", 100));
  REQUIRE(doff::make({doff::renew_launcher(root, file, "/sh", "newer")}));
  CHECK(roots.content("sh") == "newer");
  CHECK(((*root.look_at("/sh"))->st_mode & 07777) == 0751);
}

TEST_CASE("a stand-in has a shell's mode, without set-ID bits") {
  const Roots roots;
  const doff::Root root = roots.open();
  roots.make("sh", "shell");
  REQUIRE(chmod(roots.in("sh").c_str(), 06751) == 0);
  const struct stat about = **root.look_at("/sh");
  REQUIRE(doff::make({doff::make_stand_in(root, "/real", "doff", about)}));
  CHECK(((*root.look_at("/real"))->st_mode & 07777) == 0751);
}
