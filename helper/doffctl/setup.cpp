// doffctl setup: doff-runtime in the configuration of an engine.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "caps/names.h"
#include "helper/doffctl/command.h"
#include "helper/doffctl/commands.h"
#include "helper/failure.h"
#include "helper/setup/manifests.h"
#include "helper/setup/registration.h"
#include "helper/spec/replace_file.h"
#include "helper/spec/unified_diff.h"

namespace doff {
namespace {

constexpr std::size_t kLongestConfiguration = 4U << 20;
constexpr const char* kKubernetes = "kubernetes";

struct SetupOptions {
  std::string engine;
  std::string config;
  std::string runtime;
  bool as_default = false;
  bool undo = false;
  bool write = false;
};

std::vector<std::string_view> engine_names() {
  std::vector<std::string_view> names;
  for (const EngineConfiguration& each : engines()) names.push_back(each.name);
  names.emplace_back(kKubernetes);
  return names;
}

std::string engine_type() {
  std::string type;
  for (const std::string_view each : engine_names())
    type.append(type.empty() ? "" : "|").append(each);
  return type;
}

Result<const EngineConfiguration*> find_engine(const std::string& name) {
  for (const EngineConfiguration& each : engines())
    if (each.name == name) return &each;
  Failure failure{.doing = "setup", .next = "which one? " + engine_type()};
  failure.cause = "it needs an engine";
  if (!name.empty()) {
    failure.value = name;
    failure.cause = "no such engine";
    failure.guess = std::string(nearest_name(name, engine_names()));
  }
  return tl::unexpected(failure);
}

// The runtime that was named, or the one beside doffctl. What is registered has
// to be there, and what root's daemons run must not be anybody's to change.
Result<std::string> find_runtime(const SetupOptions& options) {
  std::string path = options.runtime;
  if (path.empty()) {
    std::error_code error;
    const auto own = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error)
      return tl::unexpected(
          Failure{.doing = "/proc/self/exe", .error = error.value()});
    path = own.parent_path() / "doff-runtime";
  }
  Failure failure{.doing = "the runtime",
                  .value = path,
                  .next = options.runtime.empty()
                              ? "install it beside doffctl, or name it with "
                                "--runtime"
                              : "see --runtime in doffctl(1)"};
  if (const auto odd = find_odd_path(path)) {
    failure.cause = *odd;
    return tl::unexpected(failure);
  }
  if (!is_ours(path)) {
    failure.cause = "is not called doff-runtime, by which setup knows it again";
    return tl::unexpected(failure);
  }
  struct stat about {};
  if (stat(path.c_str(), &about) != 0) {
    failure.error = errno;
    return tl::unexpected(failure);
  }
  if (!S_ISREG(about.st_mode))
    failure.cause = "not a regular file";
  else if (access(path.c_str(), X_OK) != 0)
    failure.cause = "not executable";
  else if ((about.st_mode & S_IWOTH) != 0)
    failure.cause = "anybody may write to it";
  if (!failure.cause.empty()) return tl::unexpected(failure);
  return path;
}

// Nothing where there is no file.
Result<std::optional<ReadFile>> read_if_there(const std::string& path) {
  auto file = read_to_replace(path, kLongestConfiguration);
  if (file) return std::optional(*std::move(file));
  if (file.error().error == ENOENT) return std::nullopt;
  return tl::unexpected(file.error());
}

// What becomes of a file; nothing: there is none.
using Content = std::optional<std::string>;

Result<void> write(const std::string& path, const std::optional<ReadFile>& file,
                   const Content& content) {
  if (!file) return create(path, *content);
  return content ? replace(*file, *content) : remove(*file);
}

void say(const std::string& path, const std::string& text) {
  std::cerr << "doffctl: " << doff::escaped(path) << ": " << text << "\n";
}

// Shows what changes, and does it if that is asked for.
int change(const SetupOptions& options, const EngineConfiguration& engine,
           const std::string& path, const std::optional<ReadFile>& file,
           const Content& content) {
  const Content before = file ? Content(file->text) : std::nullopt;
  if (content == before) {
    say(path, options.undo ? "nothing of doffctl setup is in it"
                           : "doff is registered there already");
    return kExitDone;
  }
  if (options.write)
    if (const auto written = write(path, file, content); !written)
      return complain(written.error());
  std::cout << unified_diff(before.value_or(""), content.value_or(""), path);
  const std::string afterwards(options.undo ? engine.after_undo
                                            : engine.afterwards);
  if (options.write)
    say(path, (content ? "written; now " : "removed; now ") + afterwards);
  else
    say(path, "nothing was changed; --write does, and then " + afterwards);
  if (options.undo)
    say(path, "containers that were made with doff cannot start without it");
  return kExitDone;
}

int add_runtime(const SetupOptions& options, const EngineConfiguration& engine,
                const std::string& path, const std::optional<ReadFile>& file) {
  const auto runtime = find_runtime(options);
  if (!runtime) return complain(runtime.error());
  const auto text = file ? Content(file->text) : std::nullopt;
  const auto registered =
      engine.add(text, path, {*runtime, options.as_default});
  if (!registered) return complain(registered.error());
  for (const std::string& each : registered->notes) say(path, each);
  return change(options, engine, path, file, registered->text);
}

int remove_runtime(const SetupOptions& options,
                   const EngineConfiguration& engine, const std::string& path,
                   const std::optional<ReadFile>& file) {
  if (!file) return change(options, engine, path, file, std::nullopt);
  const auto left = engine.remove(file->text, path);
  if (!left) return complain(left.error());
  return change(options, engine, path, file, *left);
}

// The first option that says nothing here, or nothing.
std::optional<std::string> find_idle_option(const SetupOptions& options) {
  const bool cluster = options.engine == kKubernetes;
  if (!options.runtime.empty() && (cluster || options.undo)) return "--runtime";
  if (options.as_default && (cluster || options.undo)) return "--default";
  if (!options.config.empty() && cluster) return "--config";
  return std::nullopt;
}

int print_manifests(const SetupOptions& options) {
  if (options.write || options.undo)
    return complain(
        {.doing = "setup kubernetes",
         .value = options.undo ? "--undo" : "--write",
         .cause = "kubectl is what speaks to a cluster",
         .next = std::string("doffctl setup kubernetes | kubectl ") +
                 (options.undo ? "delete" : "apply") + " -f -"});
  std::cout << manifests();
  return kExitDone;
}

int setup(const SetupOptions& options) {
  if (const auto idle = find_idle_option(options))
    return complain({.doing = "setup " + options.engine,
                     .value = *idle,
                     .cause = options.undo
                                  ? "--undo takes back all that setup has done"
                                  : "a pod names the class; there is no file",
                     .next = "leave it out"});
  if (options.engine == kKubernetes) return print_manifests(options);
  const auto engine = find_engine(options.engine);
  if (!engine) return complain(engine.error());
  const std::string path =
      options.config.empty() ? std::string((*engine)->file) : options.config;
  const auto file = read_if_there(path);
  if (!file) return complain(file.error());
  return options.undo ? remove_runtime(options, **engine, path, *file)
                      : add_runtime(options, **engine, path, *file);
}

}  // namespace

void add_setup(const Command& doffctl) {
  const auto options = std::make_shared<SetupOptions>();
  const Command command = doffctl.add(
      "setup", "register doff-runtime with an engine; shows what would change");
  // Not required(), whose complaint would not say which there are.
  command.value("ENGINE", engine_type(), options->engine,
                "what starts the containers");
  command.flag("--write", options->write, "do it");
  command.flag("--undo", options->undo, "take it back");
  command.flag("--default", options->as_default,
               "for every container that names no other runtime");
  command.value("--runtime", "FILE", options->runtime,
                "doff-runtime; without this, the one beside doffctl");
  command.value("--config", "FILE", options->config,
                "the engine's configuration, if not where it usually is");
  command.does([options] { return setup(*options); });
}

}  // namespace doff
