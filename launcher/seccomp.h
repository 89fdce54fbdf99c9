// The seccomp filter: finding it, loading it, and finding out what holds.
#pragma once

#include <linux/filter.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "launcher/failure.h"

namespace doff {

enum class FilterKind : std::uint8_t { kNone, kRegain, kHardened, kFile };
// By FilterKind. The last is no word for --seccomp, which takes a file's name.
inline constexpr std::array<std::string_view, 4> kFilterNames = {
    "none", "regain", "hardened", "file"};

// `program` is classic BPF for seccomp(2), compiled at build time for this
// architecture (see filters/), or a file's bytes.
struct Filter {
  FilterKind kind = FilterKind::kRegain;
  std::span<const sock_filter> program;
};

// `none`, a profile's name, or a file's: a word with a slash or with .bpf at
// its end. A file is a raw array of struct sock_filter, 1 to 4096 of them.
std::optional<Failure> find_filter(const char* word, Filter& filter);

enum class FilterState : std::uint8_t {
  kNotAsked,
  kInForce,  // probes that only this filter answers so were answered so
  kOutside,  // not in force, but every way to make a user namespace was tried
             // and is refused: by an outer filter, a sysctl or an LSM
  kAbsent,   // neither
};

// Loads by seccomp(2), else by prctl(2). Returns 0 or seccomp(2)'s errno.
// Needs no_new_privs or CAP_SYS_ADMIN.
int load_filter(const Filter& filter);

// Whether probes that only `filter`, a profile, answers so are answered so.
bool is_in_force(const Filter& filter);

// Whether a filter around this process refuses every further one.
bool is_loading_denied();

enum class Load : std::uint8_t { kNotTried, kDone, kRefused };

// What holds of `filter` now, by trying it. Of a file, whose content is its
// author's, no more can be found than that it was loaded and that this process
// is filtered. Leaves this process as it is; attempts in earnest are a child's,
// and made only if the profile is not in force.
FilterState find_filter_state(const Filter& filter, Load load);

}  // namespace doff
