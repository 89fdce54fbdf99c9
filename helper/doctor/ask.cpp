// How each engine is asked about doff.
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "helper/descriptor.h"
#include "helper/doctor/engine.h"
#include "helper/doctor/registered.h"

namespace doff {
namespace {

using Json = nlohmann::json;

// The word at `path`; "" where there is none.
std::string word_at(const Json& json,
                    std::initializer_list<std::string_view> path) {
  const Json* at = &json;
  for (const std::string_view key : path) {
    if (!at->is_object()) return "";
    const auto next = at->find(key);
    if (next == at->end()) return "";
    at = &*next;
  }
  return at->is_string() ? at->get<std::string>() : "";
}

Failure strange(const char* who) {
  return {.doing = who,
          .cause = "its answer is not what this engine says of itself",
          .next = "is it another program of that name?"};
}

Result<Standing> ask_file(std::string_view engine, const HostFacts& host) {
  auto found = look_into_file(engine, host.runtime);
  if (!found) return tl::unexpected(found.error());
  return Standing{.registered = std::move(found->runtime),
                  .where = std::move(found->file),
                  .is_default = found->is_default};
}

Result<void> reach(const std::string& path) {
  const Descriptor socket_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::ranges::copy(path, &address.sun_path[0]);
  if (socket_.get() < 0 ||
      ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address),
                sizeof address) != 0)
    return tl::unexpected(
        Failure{.doing = "connecting to", .value = path, .error = errno});
  return {};
}

}  // namespace

Result<Standing> read_docker_info(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  // The client alone has an answer too, and may call that a success.
  if (json.is_object() && json.contains("ServerErrors") &&
      json["ServerErrors"].is_array() && !json["ServerErrors"].empty() &&
      json["ServerErrors"][0].is_string())
    return tl::unexpected(Failure{
        .doing = "docker info",
        .cause = printable(json["ServerErrors"][0].get<std::string>())});
  Standing standing{.version = word_at(json, {"ServerVersion"}),
                    .registered = word_at(json, {"Runtimes", "doff", "path"}),
                    .where = "docker info",
                    .by_default = word_at(json, {"DefaultRuntime"})};
  if (standing.by_default.empty())
    return tl::unexpected(strange("docker info"));
  standing.is_default =
      standing.by_default == "doff" ||
      is_doff_runtime(word_at(json, {"Runtimes", standing.by_default, "path"}));
  return standing;
}

Result<Standing> read_podman_info(std::string_view usual,
                                  const std::optional<std::string>& with_doff) {
  const Json json = Json::parse(usual, nullptr, false);
  Standing standing{
      .version = word_at(json, {"version", "Version"}),
      .where = "podman info",
      .by_default = word_at(json, {"host", "ociRuntime", "name"})};
  if (standing.by_default.empty())
    return tl::unexpected(strange("podman info"));
  standing.is_default =
      standing.by_default == "doff" ||
      is_doff_runtime(word_at(json, {"host", "ociRuntime", "path"}));
  if (with_doff)
    standing.registered = word_at(Json::parse(*with_doff, nullptr, false),
                                  {"host", "ociRuntime", "path"});
  return standing;
}

Result<Standing> ask_docker(const Calls& calls, const std::string& client,
                            const HostFacts& /*host*/) {
  const auto info = calls.run({client, "info", "--format", "{{json .}}"});
  if (!info) return tl::unexpected(info.error());
  return read_docker_info(*info);
}

Result<Standing> ask_podman(const Calls& calls, const std::string& client,
                            const HostFacts& /*host*/) {
  const auto usual = calls.run({client, "info", "--format", "json"});
  if (!usual) return tl::unexpected(usual.error());
  // Refused where it does not know such a runtime, or has not got its program.
  const auto doff =
      calls.run({client, "--runtime", "doff", "info", "--format", "json"});
  return read_podman_info(*usual, doff ? std::optional(*doff) : std::nullopt);
}

Result<Standing> ask_containerd(const Calls& calls, const std::string& client,
                                const HostFacts& host) {
  const auto version = calls.run({client, "version"});
  if (!version) return tl::unexpected(version.error());
  return ask_file("containerd", host);
}

Result<Standing> ask_crio(const Calls& /*calls*/, const std::string& /*client*/,
                          const HostFacts& host) {
  if (auto reached = reach("/run/crio/crio.sock"); !reached)
    return tl::unexpected(reached.error());
  return ask_file("crio", host);
}

}  // namespace doff
