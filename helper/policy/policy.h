// The policy document, doff-policy(5), as a value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "caps/capability_set.h"
#include "caps/verdict.h"
#include "helper/failure.h"
#include "helper/rules.h"
#include "helper/words.h"

namespace doff {

// A word of a list and where it stands, so that `explain` can name the line.
struct PolicyWord {
  Words word;  // ALL or one capability
  Place place;
};
using PolicyWords = std::vector<PolicyWord>;

Words all_of(const PolicyWords& words);

// The section `capabilities`, for when a container is created: `drop` is taken
// from what the container would have, then `allow` of that is given back.
// `allow` is empty unless `drop` has ALL: it could only say what is so anyway.
struct CreatePolicy {
  PolicyWords drop;
  PolicyWords allow;

  // As --cap-drop and --cap-add would say it.
  [[nodiscard]] Request request() const;
};

// To what cannot be had as it is asked for.
enum class Response : std::uint8_t { kRefuse, kClamp };
// Every command, or those only that get a terminal.
enum class Match : std::uint8_t { kAll, kTerminal };

// The section `connect`, for each command started later in the container. The
// values here are the defaults.
struct ConnectPolicy {
  PolicyWords allow;  // what may be left to it; `Words::all` is possible
  Verdict accept = Verdict::kSealed;
  std::string seccomp = "regain";  // none, regain, hardened
  Response privileged = Response::kRefuse;
  bool inject = true;
  Match match = Match::kAll;
  // Where the launcher is not in the container.
  Response missing = Response::kRefuse;
};

struct Policy {
  std::string source;  // the file, or `profile NAME`, for messages
  std::optional<CreatePolicy> capabilities;  // absent: create changes nothing
  ConnectPolicy connect;
};

// The longest document that is read, in bytes: OpenShell's own limit.
inline constexpr std::size_t kLongestPolicy = std::size_t{4} << 20;

// Reads a document: `version: 1` and our two sections, alone or inside an
// OpenShell policy, whose own sections are left unjudged. The failures are all
// that is wrong with it, in the order of their places. `source` names it.
// Bytes of any kind are safe to give.
[[nodiscard]] Checked<Policy> parse_policy(std::string_view text,
                                           std::string_view source);

// The same of a file; "-" is stdin. Regular files, and pipes, of at most
// kLongestPolicy.
[[nodiscard]] Checked<Policy> read_policy(const std::string& path);

}  // namespace doff
