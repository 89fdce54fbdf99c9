// The program that install-shell copies, and how any doff is known as one.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace doff {

struct Launcher {
  std::string path;
  std::string text;  // the program itself
  std::string digest;
};

// What each version of doff writes when it refuses, and so has in its read-only
// data, and no shell does: launcher/report.cpp. A launcher without it is not
// installed, so that a version that says it otherwise is noticed. Backwards, so
// that doffctl, which has this, is not taken for doff.
inline constexpr std::string_view kMarkOfDoffBackwards =
    " trats ot desufer :ffod";

// Whether the program `text` is doff, of whatever version.
inline bool is_doff(std::string_view text) {
  return std::search(text.rbegin(), text.rend(), kMarkOfDoffBackwards.begin(),
                     kMarkOfDoffBackwards.end()) != text.rend();
}

}  // namespace doff
