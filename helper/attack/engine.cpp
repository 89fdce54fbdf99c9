#include "helper/attack/engine.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace doff {
namespace {

struct Engine {
  std::string_view name;
  std::vector<std::string> inspect;  // the container comes after
  bool json;                         // runc(8) state, and not a number alone
};

const std::array<Engine, 4>& engines() {
  static const std::vector<std::string> by_format = {
      "inspect", "--type", "container", "--format", "{{.State.Pid}}"};
  static const std::array<Engine, 4> all = {{{"docker", by_format, false},
                                             {"podman", by_format, false},
                                             {"runc", {"state"}, true},
                                             {"crun", {"state"}, true}}};
  return all;
}

// No option, and no path: runc(8) has them as directories.
bool is_name(std::string_view word) {
  constexpr std::string_view kFirst =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  constexpr std::string_view kMore = "_.-+";
  return !word.empty() && kFirst.find(word[0]) != std::string_view::npos &&
         std::ranges::all_of(word, [&](char c) {
           return (kFirst.find(c) != std::string_view::npos) ||
                  (kMore.find(c) != std::string_view::npos);
         });
}

Failure about(const std::string& container) {
  return {.doing = "--container", .value = container};
}

}  // namespace

Result<Pid> read_first_process(const std::string& text, bool json) {
  std::int32_t pid = -1;
  if (json) {
    const auto state = nlohmann::json::parse(text, nullptr, false);
    const bool told = state.is_object() && state.contains("pid") &&
                      state["pid"].is_number_integer();
    // runc tells the last number of one that has stopped.
    if (told && state.value("status", "") == "stopped") return Pid{0};
    if (told) pid = state["pid"].get<std::int32_t>();
  } else {
    std::string_view word = text;
    while (word.ends_with('\n')) word.remove_suffix(1);
    const auto [end, error] =
        std::from_chars(word.data(), word.data() + word.size(), pid);
    if (error != std::errc{} || end != word.data() + word.size()) pid = -1;
  }
  if (pid < 0)
    return tl::unexpected(Failure{.doing = "the container's first process",
                                  .cause = "the engine does not tell it"});
  return Pid{pid};
}

Result<Entry> find_entry(const Calls& calls, const std::string& container) {
  Failure failure = about(container);
  if (!is_name(container)) {
    failure.cause = "not the name or id of a container";
    failure.next = "docker ps, podman ps or runc list show them";
    return tl::unexpected(failure);
  }
  std::optional<Entry> found;
  std::string asked;
  for (const Engine& each : engines()) {
    const auto client = find_program(each.name);
    if (!client) continue;
    asked.append(asked.empty() ? "" : ", ").append(each.name);
    std::vector<std::string> words = {*client};
    std::ranges::copy(each.inspect, std::back_inserter(words));
    words.push_back(container);
    const auto told = calls.run(std::move(words));
    if (calls.interrupted()) return tl::unexpected(Failure{"interrupted"});
    if (!told) continue;  // it does not have it, or does not answer
    const auto pid = read_first_process(*told, each.json);
    if (!pid) return tl::unexpected(pid.error());
    // docker's own runc lists none of docker's, but another's may be there.
    if (found) {
      failure.cause = found->engine + " and " + std::string(each.name) +
                      " have a container of that name";
      failure.next = "give its id";
      return tl::unexpected(failure);
    }
    found = {std::string(each.name), *pid, {*client, "exec", container}};
  }
  if (!found) {
    failure.cause = asked.empty()
                        ? "none of docker, podman, runc and crun is there"
                        : "none of the engines that are there has it: " + asked;
    failure.next = asked.empty() ? "run `doffctl attack --here` in it"
                                 : "docker ps, podman ps or runc list show "
                                   "those that run; of other engines' "
                                   "containers, run `doffctl attack --here` "
                                   "in it";
    return tl::unexpected(failure);
  }
  if (number(found->first_process) == 0) {
    failure.cause = "it is not running";
    failure.next = found->engine + " start " + container;
    return tl::unexpected(failure);
  }
  return *std::move(found);
}

}  // namespace doff
