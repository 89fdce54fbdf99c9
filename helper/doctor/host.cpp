#include "helper/doctor/host.h"

#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <span>
#include <system_error>

#include "caps/capability_set.h"
#include "caps/names.h"
#include "helper/file.h"
#include "helper/policy/tightened.h"
#include "helper/runtime/applied_policy.h"
#include "helper/runtime/host.h"
#include "helper/runtime/low_level.h"
#include "helper/runtime/settings.h"

namespace doff {
namespace {

constexpr const char* kHost = "host";
constexpr std::size_t kLongestProgram = std::size_t{64} << 20;

Check ok(const char* what, std::string detail) {
  return {kHost, what, Outcome::kOk, std::move(detail)};
}

Check check_settings(const std::string& file, std::span<char> buffer,
                     Settings& settings) {
  constexpr const char* kWhat = "settings";
  const std::string path = file.empty() ? kSettingsFile : file;
  const auto fault =
      read_settings(file.empty() ? nullptr : path.c_str(), buffer, settings);
  if (fault)
    return wrong(kHost, kWhat,
                 {.doing = fault->name.empty() ? "the settings"
                                               : std::string(fault->name),
                  .value = std::string(fault->value),
                  .cause = std::string(fault->cause),
                  .next = fault->next.empty() ? "see doff-runtime(8), SETTINGS"
                                              : std::string(fault->next),
                  .place = {path, fault->line, fault->line == 0 ? 0U : 1U}});
  if (access(path.c_str(), F_OK) != 0)
    return ok(kWhat, path + " is not there: the defaults");
  return ok(kWhat, path);
}

Check check_low_level(const Settings& settings) {
  constexpr const char* kWhat = "low-level runtime";
  if (const char* const path = find_low_level(settings)) return ok(kWhat, path);
  if (settings.runtime != nullptr)
    return wrong(kHost, kWhat,
                 {.doing = kWhat,
                  .value = settings.runtime,
                  .error = errno,
                  .next = "install it, or correct the setting `runtime`"});
  return wrong(kHost, kWhat,
               {.doing = kWhat,
                .cause = "neither runc nor crun is in /usr/local, /usr or /, "
                         "in sbin or bin",
                .next = "install one, or name one with the setting `runtime`"});
}

Check check_launcher(const Settings& settings, std::string& launcher) {
  constexpr const char* kWhat = "launcher";
  const auto path = find_launcher({.line = {}, .settings = settings});
  if (!path) return wrong(kHost, kWhat, path.error());
  const auto text = read_file(*path, kLongestProgram);
  if (!text) return wrong(kHost, kWhat, text.error());
  const auto alone = is_static(*text);
  if (alone && *alone) {
    launcher = *path;
    return ok(kWhat, *path + ", static");
  }
  return wrong(
      kHost, kWhat,
      {.doing = "the launcher",
       .value = *path,
       .cause = alone ? "is linked dynamically: a container has not got its "
                        "libraries"
                      : "not a program for this machine",
       .next = "install doff again"});
}

Check check_program(const char* what, const std::string& path) {
  Failure failure{.doing = what,
                  .value = path,
                  .next = "install doff again: it belongs beside doffctl"};
  struct stat about {};
  if (stat(path.c_str(), &about) != 0)
    failure.error = errno;
  else if (!S_ISREG(about.st_mode))
    failure.cause = "not a regular file";
  else if ((about.st_mode & S_IXUSR) == 0)
    failure.cause = "not executable";
  else if ((about.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    failure.cause = "writable by others than its owner";
  else
    return ok(what, path);
  return wrong(kHost, what, failure);
}

std::string summary(const ConnectPolicy& connect) {
  const CapabilitySet left = allowed(connect);
  return "a command keeps " + (left.empty() ? "nothing" : names(left)) +
         ", filter " + (connect.inject ? connect.seccomp : "none");
}

Check check_policy(const Settings& settings,
                   std::optional<ConnectPolicy>& connect) {
  constexpr const char* kWhat = "policy";
  const auto policy = read_applied_policy(settings, {});
  if (!policy) return wrong(kHost, kWhat, doff::summary(policy.error()));
  connect = policy->connect;
  return ok(kWhat, policy->source + ": " + summary(policy->connect));
}

}  // namespace

Checks check_host(const std::string& settings_file, HostFacts& facts) {
  std::array<char, 16384> buffer{};
  Settings settings;
  Checks checks = {check_settings(settings_file, buffer, settings)};
  const bool known = checks.front().outcome == Outcome::kOk;
  std::error_code error;
  const auto directory =
      std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  facts.runtime = directory / "doff-runtime";
  const auto add = [&](const char* what, const auto& check) {
    checks.push_back(known ? check()
                           : Check{kHost, what, Outcome::kSkipped,
                                   "the settings are wrong"});
  };
  add("low-level runtime", [&] { return check_low_level(settings); });
  add("launcher", [&] { return check_launcher(settings, facts.launcher); });
  checks.push_back(check_program("doff-runtime", facts.runtime));
  checks.push_back(check_program("doff-runtime-rewrite",
                                 directory / "doff-runtime-rewrite"));
  add("policy", [&] { return check_policy(settings, facts.connect); });
  return checks;
}

std::optional<bool> is_static(std::string_view file) {
  using Header = std::conditional_t<sizeof(void*) == 8, Elf64_Ehdr, Elf32_Ehdr>;
  using Program =
      std::conditional_t<sizeof(void*) == 8, Elf64_Phdr, Elf32_Phdr>;
  // Of this very program: its class, its byte order.
  constexpr unsigned char kClass = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
  constexpr unsigned char kOrder =
      __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
  Header header;
  if (file.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, file.data(), sizeof header);
  if (std::memcmp(&header.e_ident[0], ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != kClass || header.e_ident[EI_DATA] != kOrder ||
      header.e_phentsize != sizeof(Program) || header.e_phnum == 0 ||
      header.e_phoff > file.size() ||
      (file.size() - header.e_phoff) / sizeof(Program) < header.e_phnum)
    return std::nullopt;
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    Program program;
    std::memcpy(&program, &file[header.e_phoff + i * sizeof program],
                sizeof program);
    if (program.p_type == PT_INTERP) return false;
  }
  return true;
}

}  // namespace doff
