// doffctl policy: is a document right, what does it mean, what may be in one.
#include "helper/policy/policy.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "caps/names.h"
#include "caps/verdict.h"
#include "helper/doffctl/command.h"
#include "helper/doffctl/commands.h"
#include "helper/failure.h"
#include "helper/policy/keys.h"
#include "helper/policy/profiles.h"
#include "helper/policy/schema.h"
#include "helper/policy/tightened.h"
#include "helper/words.h"

namespace doff {
namespace {

using Json = nlohmann::ordered_json;

// Names of files may be no UTF-8, and may act on a terminal.
void print(const Json& json) {
  std::cout << json.dump(2, ' ', true, Json::error_handler_t::replace) << "\n";
}

Json to_json(const Failure& failure) {
  return {{"file", failure.place.file},     {"line", failure.place.line},
          {"column", failure.place.column}, {"key", failure.doing},
          {"value", failure.value},         {"cause", failure.cause},
          {"guess", failure.guess},         {"next", failure.next}};
}

// A file that could not be read is no answer, and ends with kExitFailed.
int check(const std::vector<std::string>& files, bool json) {
  int status = kExitDone;
  Json violations = Json::array();
  for (const std::string& file : files) {
    const auto policy = read_policy(file);
    if (policy) {
      if (!json) std::cout << doff::escaped(policy->source) << ": ok\n";
      continue;
    }
    for (const Failure& each : policy.error()) {
      const bool judged = each.place.line != 0;
      if (!judged) status = complain(each);
      if (judged) status = std::max(status, kExitNo);
      if (judged && json) violations.push_back(to_json(each));
      if (judged && !json) std::cerr << to_text(each) << "\n";
    }
  }
  if (json) print(violations);
  return status;
}

// What the words stand for; ALL is every capability that has a name.
CapabilitySet set_of(const Words& words) {
  return words.all ? kAllCapabilities | words.named : words.named;
}

// The most that a container can have under it, whatever it would have had.
CapabilitySet left_by(const CreatePolicy& policy) {
  const Request request = policy.request();
  return (kAllCapabilities - set_of(request.drop)) | request.add.named;
}

std::string names_or_all(CapabilitySet set) {
  if (set == kAllCapabilities) return "ALL";
  // The shorter list of the two is the one that people can check.
  return set.size() > kAllCapabilities.size() / 2
             ? "all but " + names(kAllCapabilities - set)
             : names(set);
}

Json to_json(CapabilitySet set) {
  Json list = Json::array();
  for (const Capability each : set) list.push_back(canonical_name(each));
  return {{"hex", hex_text(set)}, {"names", list}};
}

Json to_json(const Policy& policy) {
  Json json = {{"source", policy.source}, {"capabilities", nullptr}};
  if (const auto& create = policy.capabilities)
    json["capabilities"] = {{"drop", to_json(set_of(all_of(create->drop)))},
                            {"allow", to_json(set_of(all_of(create->allow)))},
                            {"left", to_json(left_by(*create))}};
  const ConnectPolicy& connect = policy.connect;
  json["connect"] = {
      {"allow", to_json(allowed(connect))},
      {"accept", name(connect.accept)},
      {"seccomp", connect.seccomp},
      {"privileged",
       kResponseNames[static_cast<std::size_t>(connect.privileged)]},
      {"inject", connect.inject},
      {"match", kMatchNames[static_cast<std::size_t>(connect.match)]},
      {"missing", kResponseNames[static_cast<std::size_t>(connect.missing)]}};
  return json;
}

void print_set(std::string_view title, CapabilitySet set) {
  std::cout << title << hex_text(set) << "  " << names_or_all(set) << "\n";
}

void print(const Policy& policy) {
  std::cout << doff::escaped(policy.source) << "\n\n";
  std::cout << "capabilities: when the container is created\n";
  if (const auto& create = policy.capabilities) {
    print_set("  taken     ", kAllCapabilities - left_by(*create));
    print_set("  at most   ", left_by(*create));
  } else {
    std::cout << "  nothing is changed\n";
  }
  const ConnectPolicy& connect = policy.connect;
  std::cout << "\nconnect: for each command that is started later\n";
  print_set("  allow       ", allowed(connect));
  std::cout << "  accept      " << name(connect.accept) << "\n"
            << "  seccomp     " << connect.seccomp << "\n"
            << "  privileged  "
            << kResponseNames[static_cast<std::size_t>(connect.privileged)]
            << "\n"
            << "  inject      " << (connect.inject ? "true" : "false") << "\n"
            << "  match       "
            << kMatchNames[static_cast<std::size_t>(connect.match)] << "\n"
            << "  missing     "
            << kResponseNames[static_cast<std::size_t>(connect.missing)]
            << "\n";
}

// The comment that a profile begins with, as one line.
std::string purpose(std::string_view text) {
  std::string line;
  while (text.starts_with("# ")) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    line += (line.empty() ? "" : " ") + std::string(text.substr(2, end - 2));
    text.remove_prefix(end + 1);
  }
  return line;
}

int list_profiles(bool json) {
  Json list = Json::array();
  for (const Profile& each : profiles()) {
    const auto policy = find_profile(each.name);
    if (!policy) return complain(policy.error());
    const CapabilitySet left = policy->capabilities
                                   ? left_by(*policy->capabilities)
                                   : kAllCapabilities;
    if (json)
      list.push_back({{"name", each.name},
                      {"purpose", purpose(each.text)},
                      {"left", to_json(left)}});
    else
      std::cout << (&each == &profiles().front() ? "" : "\n") << each.name
                << "\n  " << purpose(each.text) << "\n  " << hex_text(left)
                << "  " << names_or_all(left) << "\n";
  }
  if (json) print(list);
  return kExitDone;
}

// A profile's name, or else a file: `./none` is a file in any case.
Checked<Policy> find(const std::string& argument) {
  auto profile = find_profile(argument);
  if (profile) return *profile;
  auto file = read_policy(argument);
  const bool like_a_name =
      argument.find_first_of("/.") == std::string::npos && argument != "-";
  if (file || !like_a_name || file.error().front().error != ENOENT) return file;
  profile.error().doing = "policy show";
  profile.error().cause = "no such profile, and no such file";
  return tl::unexpected(Failures{profile.error()});
}

int show(const std::string& argument, bool json) {
  const auto policy = find(argument);
  if (!policy) return complain_of_all(policy.error());
  if (json)
    print(to_json(*policy));
  else
    print(*policy);
  return kExitDone;
}

struct Options {
  std::vector<std::string> files;
  std::string shown;
  bool json = false;
};

}  // namespace

void add_policy(const Command& doffctl) {
  const Command policy = doffctl.add(
      "policy", "check and explain policy documents, doff-policy(5)");
  policy.needs_command();
  const auto options = std::make_shared<Options>();
  const auto add_json = [&options](const Command& command) {
    command.flag("--json", options->json, "print JSON, for programs");
  };

  const Command check_command = policy.add(
      "check", "say all that is wrong with documents; 1: something is");
  check_command.values("FILE", "", options->files, "documents; - for stdin")
      .required();
  add_json(check_command);
  check_command.does(
      [options] { return check(options->files, options->json); });

  const Command show_command = policy.add(
      "show", "say what a document or a profile means; all profiles for none");
  show_command.value("POLICY", "FILE|NAME", options->shown,
                     "a file, or a profile's name");
  add_json(show_command);
  show_command.does([options] {
    return options->shown.empty() ? list_profiles(options->json)
                                  : show(options->shown, options->json);
  });

  policy.add("schema", "print a JSON Schema of the document, for editors")
      .does([] {
        print(policy_schema());
        return kExitDone;
      });
}

}  // namespace doff
