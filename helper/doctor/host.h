// What doff needs on a host before any engine is asked.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "helper/doctor/check.h"
#include "helper/failure.h"
#include "helper/policy/policy.h"

namespace doff {

struct HostFacts {
  std::string runtime;   // the doff-runtime beside this program; may be missing
  std::string launcher;  // "": there is none that would do
  // What the policy says of a command; nothing: it is not known what is right.
  std::optional<ConnectPolicy> connect;
};

// `settings_file` is as of doff-runtime's --doff-settings; "": kSettingsFile.
// Settings, low-level runtime, launcher, both programs of doff-runtime, policy.
Checks check_host(const std::string& settings_file, HostFacts& facts);

// Whether an ELF file is a program that brings all of itself: it asks for no
// interpreter, elf(5) PT_INTERP. Nothing: it is no ELF file of this machine's
// kind, or a damaged one. Pure.
std::optional<bool> is_static(std::string_view file);

}  // namespace doff
