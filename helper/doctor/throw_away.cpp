#include "helper/doctor/throw_away.h"

#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "helper/doctor/image.h"
#include "helper/file.h"

namespace doff {
namespace {

Result<Pid> read_pid(std::string_view word, const std::string& name) {
  std::int32_t pid = 0;
  while (word.ends_with('\n')) word.remove_suffix(1);
  const auto [end, error] =
      std::from_chars(word.data(), word.data() + word.size(), pid);
  if (error != std::errc{} || end != word.data() + word.size() || pid <= 0)
    return tl::unexpected(Failure{.doing = "the first process of the container",
                                  .value = name,
                                  .cause = "there is none: it has ended"});
  return Pid{pid};
}

// What `remove` says: `what` is what the engine showed of what is left.
Result<void> gone(const Result<std::string>& left, const std::string& what,
                  const std::string& next) {
  if (left && left->empty()) return {};
  return tl::unexpected(
      Failure{.doing = "cleaning up",
              .value = what,
              .cause = left ? "it is still there" : to_text(left.error()),
              .next = "remove it: " + next});
}

class DockerThrowAway : public ThrowAway {
 public:
  DockerThrowAway(const Calls& calls, std::string client)
      : ThrowAway(random_name("doff-doctor-").value()),
        calls_(calls),
        client_(std::move(client)) {}

  Result<void> start() override {
    const auto file = image_file();
    if (!file) return tl::unexpected(file.error());
    const auto loaded = calls_.run({client_, "load"}, file->get());
    if (!loaded) return tl::unexpected(loaded.error());
    std::vector<std::string> words = {
        client_,     "run",  "--detach",  "--name", name(),
        "--runtime", "doff", "--network", "none",   image()};
    for (const std::string& each : first_command()) words.push_back(each);
    return calls_.run(std::move(words)).map([](const auto&) {});
  }

  Result<Pid> first_process() override {
    const auto pid =
        calls_.run({client_, "inspect", "--format", "{{.State.Pid}}", name()});
    if (!pid) return tl::unexpected(pid.error());
    return read_pid(*pid, name());
  }

  Result<void> connect(bool terminal) override {
    std::vector<std::string> words = {client_, "exec", "--detach"};
    if (terminal) words.emplace_back("--tty");
    words.push_back(name());
    for (const std::string& each : command()) words.push_back(each);
    return calls_.run(std::move(words)).map([](const auto&) {});
  }

  // What is not there cannot be removed; the lists are what counts.
  Result<void> remove() override {
    static_cast<void>(calls_.run({client_, "rm", "--force", name()}));
    static_cast<void>(calls_.run({client_, "rmi", "--force", image()}));
    auto container = gone(calls_.run({client_, "ps", "--all", "--quiet",
                                      "--filter", "name=" + name()}),
                          name(), client_ + " rm --force " + name());
    if (!container) return container;
    return gone(calls_.run({client_, "images", "--quiet", image()}), image(),
                client_ + " rmi --force " + image());
  }

 private:
  const Calls& calls_;
  std::string client_;
};

class ContainerdThrowAway : public ThrowAway {
 public:
  ContainerdThrowAway(const Calls& calls, std::string client,
                      std::string runtime)
      : ThrowAway(random_name("doff-doctor-").value()),
        calls_(calls),
        client_(std::move(client)),
        runtime_(std::move(runtime)) {}

  Result<void> start() override {
    const auto file = image_file();
    if (!file) return tl::unexpected(file.error());
    const auto loaded = ctr({"images", "import", "-"}, file->get());
    if (!loaded) return tl::unexpected(loaded.error());
    std::vector<std::string> words = {"run",
                                      "--detach",
                                      "--null-io",
                                      "--runtime",
                                      "io.containerd.runc.v2",
                                      "--runc-binary",
                                      runtime_,
                                      image(),
                                      name()};
    for (const std::string& each : first_command()) words.push_back(each);
    return ctr(std::move(words)).map([](const auto&) {});
  }

  // Of `ctr tasks list`: TASK, PID, STATUS.
  Result<Pid> first_process() override {
    const auto tasks = ctr({"tasks", "list"});
    if (!tasks) return tl::unexpected(tasks.error());
    const std::size_t at = tasks->find("\n" + name());
    std::string_view line(*tasks);
    line.remove_prefix(at == std::string::npos ? line.size()
                                               : at + 1 + name().size());
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    return read_pid(line.substr(0, line.find(' ')), name());
  }

  Result<void> connect(bool /*terminal*/) override {
    std::vector<std::string> words = {"tasks",     "exec", "--detach",
                                      "--exec-id", "doff", name()};
    for (const std::string& each : command()) words.push_back(each);
    return ctr(std::move(words)).map([](const auto&) {});
  }

  // A namespace that holds anything cannot be removed.
  Result<void> remove() override {
    static_cast<void>(ctr({"tasks", "delete", "--force", name()}));
    static_cast<void>(ctr({"containers", "delete", name()}));
    static_cast<void>(ctr({"images", "delete", "--sync", image()}));
    static_cast<void>(calls_.run({client_, "namespaces", "remove", name()}));
    const auto left = calls_.run({client_, "namespaces", "list", "--quiet"});
    const bool there = left && left->find(name()) != std::string::npos;
    return gone(
        left.map([&](const auto&) { return there ? name() : ""; }),
        "namespace " + name(),
        client_ + " namespaces remove " + name() + ", after all that it holds");
  }

 private:
  [[nodiscard]] Result<std::string> ctr(std::vector<std::string> words,
                                        int input = -1) const {
    words.insert(words.begin(), {client_, "--namespace", name()});
    return calls_.run(std::move(words), input);
  }

  const Calls& calls_;
  std::string client_;
  std::string runtime_;
};

}  // namespace

std::vector<std::string> ThrowAway::first_command() const {
  return {kWaitPath, name_ + "-first"};
}

std::vector<std::string> ThrowAway::command() const {
  return {kWaitPath, name_ + "-command"};
}

std::string ThrowAway::image() const { return "localhost/" + name_ + ":1"; }

Result<Descriptor> ThrowAway::image_file() const {
  utsname machine{};
  uname(&machine);
  const std::string archive = image_archive(
      image(), image_architecture(&machine.machine[0]), wait_program());
  Descriptor file(memfd_create("doff-doctor", MFD_CLOEXEC));
  if (file.get() < 0 || pwrite(file.get(), archive.data(), archive.size(), 0) !=
                            static_cast<ssize_t>(archive.size()))
    return tl::unexpected(
        Failure{.doing = "writing an image to memory", .error = errno});
  return file;
}

std::unique_ptr<ThrowAway> throw_away_in_docker(const Calls& calls,
                                                const std::string& client) {
  return std::make_unique<DockerThrowAway>(calls, client);
}

std::unique_ptr<ThrowAway> throw_away_in_containerd(
    const Calls& calls, const std::string& client, const std::string& runtime) {
  return std::make_unique<ContainerdThrowAway>(calls, client, runtime);
}

}  // namespace doff
