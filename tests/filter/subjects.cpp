#include "subjects.h"

#include <vector>

namespace {

using statement::Profile;

constexpr sock_filter kRegainAarch64[] = {
#include "aarch64/regain.inc"
};
constexpr sock_filter kHardenedAarch64[] = {
#include "aarch64/hardened.inc"
};
#ifdef __x86_64__
constexpr sock_filter kRegainX86[] = {
#include "x86_64/regain.inc"
};
constexpr sock_filter kHardenedX86[] = {
#include "x86_64/hardened.inc"
};
#endif

}  // namespace

std::string Subject::name() const {
  return std::string(architecture.name) +
         (profile == Profile::kRegain ? " regain" : " hardened");
}

std::span<const Subject> subjects() {
  static const std::vector<Subject> kSubjects = {
#ifdef __x86_64__
      {statement::x86_64(), Profile::kRegain, kRegainX86},
      {statement::x86_64(), Profile::kHardened, kHardenedX86},
#endif
      {statement::aarch64(), Profile::kRegain, kRegainAarch64},
      {statement::aarch64(), Profile::kHardened, kHardenedAarch64},
  };
  return kSubjects;
}
