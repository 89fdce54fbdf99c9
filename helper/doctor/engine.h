// What doctor asks of an engine, and the proof that it makes with it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "helper/doctor/calls.h"
#include "helper/doctor/check.h"
#include "helper/doctor/host.h"
#include "helper/doctor/throw_away.h"
#include "helper/failure.h"

namespace doff {

// How an engine that answers stands to doff.
struct Standing {
  std::string version{};
  std::string registered{};  // doff-runtime's path there; "": none is
  std::string where{};       // that was looked at
  std::string by_default{};  // the default runtime's name; "": not known
  bool is_default = false;
};

struct Patient {
  std::string_view name;
  // All are there where it is installed; the first is what is called.
  std::vector<std::string_view> programs;
  Result<Standing> (*ask)(const Calls& calls, const std::string& client,
                          const HostFacts& host);
  std::unique_ptr<ThrowAway> (*throw_away)(const Calls& calls,
                                           const std::string& client,
                                           const HostFacts& host);
  // Whether `exec` can be asked for a terminal where doctor has none.
  bool gives_terminals = true;
};
std::span<const Patient> patients();

// docker, podman, containerd and crio, in the order of patients().
Result<Standing> ask_docker(const Calls& calls, const std::string& client,
                            const HostFacts& host);
Result<Standing> ask_podman(const Calls& calls, const std::string& client,
                            const HostFacts& host);
Result<Standing> ask_containerd(const Calls& calls, const std::string& client,
                                const HostFacts& host);
Result<Standing> ask_crio(const Calls& calls, const std::string& client,
                          const HostFacts& host);

// What `docker info` and `podman info` print as JSON. Pure.
[[nodiscard]] Result<Standing> read_docker_info(std::string_view text);
// `usual` without a runtime that is named, `with_doff` with doff; nothing where
// Podman does not know that.
[[nodiscard]] Result<Standing> read_podman_info(
    std::string_view usual, const std::optional<std::string>& with_doff);

// All checks of an engine. What is left behind is one of them.
Checks check_engine(const Patient& patient, const HostFacts& host,
                    Calls& calls);

// Names of checks.
inline constexpr const char* kRegistered = "registered";
inline constexpr const char* kCleanUp = "cleaning up";

// That an engine has not got doff is a note in what check_engine() returns, as
// a host may have engines that it does not use. It is wrong of one that was
// named, and where no engine has it. Pure.
void judge_registrations(Checks& checks, bool named);

}  // namespace doff
