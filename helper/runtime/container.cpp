#include "helper/runtime/container.h"

#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "helper/file.h"
#include "helper/processes/proc.h"
#include "helper/spec/trim_spec.h"

namespace doff {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLongestState = std::size_t{16} << 20;

std::string environment(const char* name) {
  // The only thread.
  // NOLINTNEXTLINE(concurrency-mt-unsafe)
  const char* const value = getenv(name);
  return value == nullptr ? "" : value;
}

bool in_user_namespace() {
  const auto map = read_file("/proc/self/uid_map", 4096);
  return !map || !is_first_user_namespace(*map);
}

// Where they look without --root: runc's main.go and rootless_linux.go, crun's
// libcrun/status.c. Root in a user namespace that kept another user's name is
// how rootless Podman calls.
std::string default_root(Grammar grammar) {
  const std::string runtime_dir = environment("XDG_RUNTIME_DIR");
  const bool crun = grammar == Grammar::kGetopt;
  const bool honours = crun || geteuid() != 0 ||
                       (in_user_namespace() && environment("USER") != "root");
  const std::string name = crun ? "/crun" : "/runc";
  return honours && !runtime_dir.empty() ? runtime_dir + name : "/run" + name;
}

Failure failed(const std::string& id, std::string cause) {
  return {.doing = "the container", .value = id, .cause = std::move(cause)};
}

// runc: the label `bundle=PATH`, which libcontainer's specconv puts behind
// those that it makes of annotations; one of them may be called `bundle` too.
std::string bundle_label(const Json& state) {
  constexpr std::string_view kLabel = "bundle=";
  std::string found;
  for (const Json& each : state.at("config").at("labels"))
    if (const auto label = each.get<std::string>(); label.starts_with(kLabel))
      found = label.substr(kLabel.size());
  return found;
}

Result<void> read_state(const std::string& text, Grammar grammar,
                        RunningContainer& container) {
  try {
    const Json state = Json::parse(text);
    if (grammar == Grammar::kGetopt) {
      container.pid = state.at("pid").get<std::int32_t>();
      container.bundle = state.at("bundle").get<std::string>();
    } else {
      container.pid = state.at("init_process_pid").get<std::int32_t>();
      container.bundle = bundle_label(state);
    }
  } catch (const Json::exception& error) {
    return tl::unexpected(
        failed(container.id, "its state is not as the runtime writes it: " +
                                 std::string(error.what())));
  }
  if (container.pid > 0 && container.bundle.starts_with('/')) return {};
  return tl::unexpected(
      failed(container.id, "its state has no process or no bundle"));
}

// One component of a path, whatever the runtime allows.
bool is_component(const std::string& id) {
  return !id.empty() && id != "." && id != ".." &&
         id.find('/') == std::string::npos;
}

}  // namespace

Result<RunningContainer> find_container(const std::string& id, const char* root,
                                        Grammar grammar) {
  RunningContainer container{.id = id};
  if (!is_component(id))
    return tl::unexpected(failed(id, "not the id of a container"));
  const std::string directory =
      (root != nullptr ? root : default_root(grammar)) + "/" + id;
  const auto state = read_file(
      directory + (grammar == Grammar::kGetopt ? "/status" : "/state.json"),
      kLongestState);
  if (!state) {
    Failure failure = state.error();
    failure.doing = "the state of the container";
    if (failure.error == ENOENT)
      failure = failed(id, "does not exist: no state of it in " + directory);
    return tl::unexpected(failure);
  }
  if (auto read = read_state(*state, grammar, container); !read)
    return tl::unexpected(read.error());
  // crun keeps a copy of what it read, which it goes by.
  container.source =
      (grammar == Grammar::kGetopt ? directory : container.bundle) +
      "/config.json";
  auto config = read_file(container.source, kLongestSpec);
  if (!config) return tl::unexpected(config.error());
  container.config = *std::move(config);
  auto spec = scan_spec(container.config, container.source);
  if (!spec) return tl::unexpected(spec.error());
  if (spec->kind != SpecKind::kConfig || !spec->process)
    return tl::unexpected(
        failed(id, container.source + " is no config.json with a `process`"));
  container.spec = *std::move(spec);
  return container;
}

}  // namespace doff
