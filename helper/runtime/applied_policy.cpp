#include "helper/runtime/applied_policy.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <utility>

#include "caps/names.h"
#include "helper/file.h"
#include "helper/policy/profiles.h"
#include "helper/policy/tightened.h"
#include "helper/rules.h"
#include "helper/runtime/digest.h"
#include "helper/wish.h"
#include "helper/words.h"

namespace doff {
namespace {

// With its length, so that two texts are not one with another border.
void add_part(std::string_view text, Digest& digest) {
  digest.add(std::to_string(text.size()) + ":");
  digest.add(text);
}

Failure at_annotation(std::string_view name, Failure failure) {
  failure.doing = "the annotation " + std::string(name);
  return failure;
}

// The one of that name, if it is there.
Result<std::optional<std::string>> find_only(
    std::span<const ScannedAnnotation> annotations, std::string_view name) {
  std::optional<std::string> found;
  for (const ScannedAnnotation& each : annotations) {
    if (each.name != name) continue;
    if (found)
      return tl::unexpected(at_annotation(
          name, {.value = each.value, .cause = "is there twice"}));
    found = each.value;
  }
  return found;
}

// Nothing where no file is named and kPolicyFile is not there.
Result<std::optional<std::string>> read_policy_text(const Settings& settings) {
  const char* const path =
      settings.policy != nullptr ? settings.policy : kPolicyFile;
  const auto failed = [path](std::string cause, int error, std::string next) {
    return tl::unexpected(Failure{.doing = "the policy",
                                  .value = path,
                                  .cause = std::move(cause),
                                  .error = error,
                                  .next = std::move(next)});
  };
  struct stat about {};
  if (stat(path, &about) != 0) {
    if (errno == ENOENT && settings.policy == nullptr) return std::nullopt;
    return failed("", errno, "put it there, or correct the setting `policy`");
  }
  if ((about.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return failed("writable by others than its owner", 0, "chmod go-w it");
  auto text = read_file(path, kLongestPolicy);
  if (!text) return tl::unexpected(text.error());
  return std::move(*text);
}

Checked<std::optional<Policy>> read_host_policy(const Settings& settings,
                                                Digest& digest) {
  const auto text = read_policy_text(settings);
  if (!text) return tl::unexpected(Failures{text.error()});
  if (!*text) return std::nullopt;
  add_part(**text, digest);
  auto policy = parse_policy(
      **text, settings.policy != nullptr ? settings.policy : kPolicyFile);
  if (!policy) return tl::unexpected(policy.error());
  return std::move(*policy);
}

}  // namespace

bool AppliedPolicy::bounds_creation() const {
  return !dropped.empty() ||
         std::ranges::any_of(layers, [](const Policy& each) {
           return each.capabilities.has_value();
         });
}

CapabilitySet AppliedPolicy::left_of(CapabilitySet bounding) const {
  CapabilitySet left = bounding - dropped;
  for (const Policy& each : layers) {
    if (!each.capabilities) continue;
    // Docker's rules never refuse, so there is a resolution.
    const auto resolution =
        resolve({.policy = each, .flags = {}, .semantics = {}},
                Semantics::kDocker, bounding, kAllCapabilities);
    left = left & (resolution ? resolution->set() : CapabilitySet());
  }
  return left;
}

Checked<AppliedPolicy> read_applied_policy(
    const Settings& settings, std::span<const ScannedAnnotation> annotations) {
  AppliedPolicy applied;
  Digest digest;
  const auto note = [&applied](const std::string& source) {
    applied.source += (applied.source.empty() ? "" : ", ") + source;
  };
  auto host = read_host_policy(settings, digest);
  if (!host) return tl::unexpected(host.error());
  if (*host) {
    note((*host)->source);
    applied.connect = (*host)->connect;
    applied.layers.push_back(**std::move(host));
  }
  const auto profile = find_only(annotations, kProfileKey);
  if (!profile) return tl::unexpected(Failures{profile.error()});
  if (*profile) {
    auto policy = find_profile(**profile);
    if (!policy)
      return tl::unexpected(
          Failures{at_annotation(kProfileKey, policy.error())});
    note(policy->source);
    add_part(**profile, digest);
    applied.connect = tightened(applied.connect, policy->connect);
    applied.layers.push_back(*std::move(policy));
  }
  auto drop = find_only(annotations, kCapDropKey);
  if (!drop) return tl::unexpected(Failures{drop.error()});
  if (*drop) {
    // Podman splits the value of --annotation at commas.
    std::ranges::replace(**drop, ' ', ',');
    Words words;
    if (auto added = add_words(**drop, words); !added)
      return tl::unexpected(
          Failures{at_annotation(kCapDropKey, added.error())});
    note("annotation " + std::string(kCapDropKey));
    add_part(**drop, digest);
    applied.dropped =
        words.all ? CapabilitySet(~std::uint64_t{0}) : words.named;
  }
  if (applied.source.empty()) applied.source = "defaults";
  applied.digest = digest.text();
  return applied;
}

}  // namespace doff
