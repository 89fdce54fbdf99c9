#include "helper/runtime/exec_line.h"

#include <array>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "caps/names.h"

namespace doff {
namespace {

using Json = nlohmann::ordered_json;

// runc 1.1's to 1.3's and crun 1.8's to 1.28's; short ones name long ones.
constexpr std::array<OptionName, 25> kOptions = {{
    {"additional-gids", true},
    {"g", true},
    {"apparmor", true},
    {"cap", true},
    {"c", true},
    {"cgroup", true},
    {"console-socket", true},
    {"cwd", true},
    {"detach"},
    {"d"},
    {"env", true},
    {"e", true},
    {"help"},
    {"h"},
    {"ignore-paused"},
    {"no-new-privs"},
    {"pid-file", true},
    {"preserve-fds", true},
    {"process", true},
    {"p", true},
    {"process-label", true},
    {"tty"},
    {"t"},
    {"user", true},
    {"u", true},
}};
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kLong = {
    {{"g", "additional-gids"},
     {"c", "cap"},
     {"d", "detach"},
     {"e", "env"},
     {"h", "help"},
     {"p", "process"},
     {"t", "tty"},
     {"u", "user"}}};

std::string_view long_name(std::string_view name) {
  for (const auto& [is_short, is_long] : kLong)
    if (name == is_short) return is_long;
  return name;
}

Failure failed(std::string_view option, std::string value, std::string cause) {
  return {.doing = "exec: --" + std::string(option),
          .value = std::move(value),
          .cause = std::move(cause)};
}

// As Go's strconv.ParseBool.
std::optional<bool> read_boolean(std::string_view word) {
  for (const auto* yes : {"1", "t", "T", "TRUE", "true", "True"})
    if (word == yes) return true;
  for (const auto* no : {"0", "f", "F", "FALSE", "false", "False"})
    if (word == no) return false;
  return std::nullopt;
}

Result<void> take_flag(std::string_view name, const ReadOption& option,
                       ExecLine& exec) {
  bool on = true;
  if (option.value != nullptr) {
    const auto read = read_boolean(option.value);
    if (!read)
      return tl::unexpected(failed(name, option.value, "not true or false"));
    on = *read;
  }
  if (name == "tty") exec.terminal = on;
  // Set in any case.
  if (name == "tty" || name == "no-new-privs") return {};
  exec.others.push_back("--" + std::string(name) + (on ? "" : "=false"));
  return {};
}

void take_value(std::string_view name, std::string value, ExecLine& exec) {
  if (name == "process") {
    exec.process_file = std::move(value);
  } else if (name == "cwd") {
    exec.cwd = std::move(value);
  } else if (name == "env") {
    exec.env.push_back(std::move(value));
  } else if (name == "user") {
    exec.user = std::move(value);
  } else if (name == "additional-gids") {
    exec.additional_gids.push_back(std::move(value));
  } else if (name == "process-label") {
    exec.label = std::move(value);
  } else if (name == "apparmor") {
    exec.apparmor = std::move(value);
  } else if (name == "cap") {
    exec.capabilities.push_back(std::move(value));
  } else {
    exec.others.push_back("--" + std::string(name));
    exec.others.push_back(std::move(value));
  }
}

bool takes_value(std::string_view name) {
  for (const OptionName& each : kOptions)
    if (each.name == name) return each.takes_value;
  return false;
}

// Clusters of getopt's flags are one word of which read_option() tells the
// last: the others count too.
Result<void> take_cluster(std::string_view letters, Grammar grammar,
                          ExecLine& exec) {
  if (grammar == Grammar::kGo || letters.starts_with("--")) return {};
  for (letters.remove_prefix(1); letters.size() > 1; letters.remove_prefix(1)) {
    const std::string_view name = long_name(letters.substr(0, 1));
    if (takes_value(name)) return {};
    if (auto taken = take_flag(name, {}, exec); !taken) return taken;
  }
  return {};
}

Result<void> take_option(const ReadOption& option, const char* word,
                         Grammar grammar, ExecLine& exec) {
  const bool is_cluster =
      grammar == Grammar::kGetopt && word[1] != '-' && word[2] != '\0';
  // Passed on as it is, it would say again what the others in it say.
  if (is_cluster && !option.known)
    return tl::unexpected(
        Failure{.doing = "exec",
                .value = word,
                .cause = "doff-runtime does not know one of these options",
                .next = "write each as a word of its own"});
  if (auto taken = take_cluster(word, grammar, exec); !taken) return taken;
  const std::string_view name = long_name(option.name);
  if (!option.known) {
    exec.others.emplace_back(word);
    return {};
  }
  if (!takes_value(name)) return take_flag(name, option, exec);
  if (option.value == nullptr)
    return tl::unexpected(failed(name, "", "has no value"));
  if (name == "preserve-fds") {
    constexpr std::uint32_t kMost = 1000;
    const auto number = parse_number(option.value, kMost);
    if (!number)
      return tl::unexpected(
          failed(name, option.value, "not a number from 0 to 1000"));
    exec.preserve_fds = static_cast<int>(*number);
  }
  take_value(name, option.value, exec);
  return {};
}

std::optional<std::uint32_t> read_id(std::string_view word) {
  return parse_number(word, std::numeric_limits<std::uint32_t>::max());
}

Result<void> set_user(const ExecLine& exec, Grammar grammar, Json& process) {
  if (exec.user) {
    const std::string_view text = *exec.user;
    const std::size_t colon = text.find(':');
    const auto uid = read_id(text.substr(0, colon));
    const auto gid = colon == std::string_view::npos
                         ? std::optional<std::uint32_t>(0)
                         : read_id(text.substr(colon + 1));
    if (!uid || !gid)
      return tl::unexpected(
          failed("user", *exec.user, "not UID or UID:GID, in numbers"));
    // runc keeps the rest of the container's user, crun makes a new one.
    if (grammar == Grammar::kGetopt || !process["user"].is_object())
      process["user"] = Json::object();
    process["user"]["uid"] = *uid;
    if (colon != std::string_view::npos || grammar == Grammar::kGetopt)
      process["user"]["gid"] = *gid;
  }
  for (const std::string& each : exec.additional_gids) {
    const auto gid = read_id(each);
    if (!gid)
      return tl::unexpected(failed("additional-gids", each, "not a number"));
    process["user"]["additionalGids"].push_back(*gid);
  }
  return {};
}

// What asks for more than the container has is judged with the rest.
void set_capabilities(const ExecLine& exec, Grammar grammar, Json& process) {
  if (exec.capabilities.empty()) return;
  for (const char* set :
       {"bounding", "effective", "permitted", "inheritable", "ambient"}) {
    Json& array = process["capabilities"][set];
    if (grammar == Grammar::kGetopt || !array.is_array()) array = Json::array();
    for (const std::string& each : exec.capabilities) array.push_back(each);
  }
}

}  // namespace

Result<ExecLine> read_exec_line(const CommandLine& line, Grammar grammar) {
  ExecLine exec;
  char** at = line.words + line.subcommand_at + 1;
  const char* unknown = nullptr;
  while (const auto option = read_option(at, grammar, kOptions)) {
    if (auto taken = take_option(*option, *at, grammar, exec); !taken)
      return tl::unexpected(taken.error());
    unknown = option->known || option->value != nullptr ? nullptr : *at;
    if (option->words == 2 && at[1] == nullptr) break;
    at += option->words;
  }
  if (*at != nullptr && std::string_view(*at) == "--") ++at;
  if (unknown != nullptr)
    return tl::unexpected(Failure{
        .doing = "exec",
        .value = unknown,
        .cause = "doff-runtime does not know whether this option takes the "
                 "next word for its value",
        .next = "write --OPTION=VALUE, or put another option behind it"});
  if (*at == nullptr)
    return tl::unexpected(
        Failure{.doing = "exec", .cause = "no container is named"});
  exec.id = *at++;
  for (; *at != nullptr; ++at) exec.command.emplace_back(*at);
  if (!exec.process_file && exec.command.empty())
    return tl::unexpected(
        Failure{.doing = "exec", .cause = "neither a command nor --process"});
  return exec;
}

Result<std::string> process_of(const ExecLine& exec,
                               const RunningContainer& container,
                               Grammar grammar) {
  Json process;
  try {
    // The text of a spec that was scanned.
    process = Json::parse(container.spec.process->range.of(container.config));
    process["args"] = exec.command;
    process["terminal"] = exec.terminal;
    if (exec.cwd) process["cwd"] = *exec.cwd;
    if (exec.label) process["selinuxLabel"] = *exec.label;
    if (exec.apparmor) process["apparmorProfile"] = *exec.apparmor;
    if (!process["env"].is_array() ||
        (grammar == Grammar::kGetopt && !exec.env.empty()))
      process["env"] = Json::array();
    for (const std::string& each : exec.env) process["env"].push_back(each);
    if (auto set = set_user(exec, grammar, process); !set)
      return tl::unexpected(set.error());
    set_capabilities(exec, grammar, process);
    // runc's Go replaces what is not UTF-8 as well.
    return process.dump(-1, ' ', false,
                        grammar == Grammar::kGo
                            ? Json::error_handler_t::replace
                            : Json::error_handler_t::strict);
  } catch (const Json::type_error& error) {
    constexpr int kNotUtf8 = 316;
    return tl::unexpected(
        Failure{.doing = "exec: making a process of the options",
                .value = exec.command.empty() ? "" : exec.command.front(),
                .cause = error.id == kNotUtf8
                             ? "an argument or a variable is not UTF-8, and a "
                               "process.json cannot hold it"
                             : error.what(),
                .next = "have a shell in the container make such bytes"});
  } catch (const Json::exception& error) {
    return tl::unexpected(Failure{.doing = "exec: making a process of the "
                                           "options and of the container's",
                                  .value = container.source,
                                  .cause = error.what()});
  }
}

std::vector<std::string> words_with(const ExecLine& exec,
                                    const std::string& file) {
  std::vector<std::string> words = {"exec"};
  words.insert(words.end(), exec.others.begin(), exec.others.end());
  words.insert(words.end(), {"--process", file});
  // It stood behind `--`, or it would have been read as an option.
  if (exec.id.starts_with('-')) words.emplace_back("--");
  words.push_back(exec.id);
  return words;
}

}  // namespace doff
