#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "tests/escape/attack.h"

namespace doff::escape {
namespace {

struct Name {
  int error;
  const char* name;
};
constexpr std::array kNames = {
    Name{EPERM, "EPERM"},         Name{ENOENT, "ENOENT"},
    Name{ESRCH, "ESRCH"},         Name{EIO, "EIO"},
    Name{ENXIO, "ENXIO"},         Name{ENOEXEC, "ENOEXEC"},
    Name{EBADF, "EBADF"},         Name{EAGAIN, "EAGAIN"},
    Name{ENOMEM, "ENOMEM"},       Name{EACCES, "EACCES"},
    Name{EFAULT, "EFAULT"},       Name{EBUSY, "EBUSY"},
    Name{EEXIST, "EEXIST"},       Name{ENODEV, "ENODEV"},
    Name{ENOTDIR, "ENOTDIR"},     Name{EINVAL, "EINVAL"},
    Name{ENOTTY, "ENOTTY"},       Name{ETXTBSY, "ETXTBSY"},
    Name{ENOSPC, "ENOSPC"},       Name{EROFS, "EROFS"},
    Name{ENOSYS, "ENOSYS"},       Name{EOPNOTSUPP, "EOPNOTSUPP"},
    Name{EOVERFLOW, "EOVERFLOW"}, Name{ENOKEY, "ENOKEY"},
    Name{ESTALE, "ESTALE"},       Name{EUSERS, "EUSERS"},
};

}  // namespace

const char* errno_name(int error) {
  const auto* const found = std::ranges::find(kNames, error, &Name::error);
  return found == kNames.end() ? "another errno" : found->name;
}

Result with(Outcome outcome, const char* detail, const char* word) {
  Result result{.outcome = outcome};
  static_cast<void>(std::snprintf(result.detail.data(), result.detail.size(),
                                  "%s%s", detail, word));
  return result;
}

Result with(Outcome outcome, const char* detail, std::uint64_t hex) {
  std::array<char, 20> digits{};
  static_cast<void>(std::snprintf(digits.data(), digits.size(), "%#llx",
                                  static_cast<unsigned long long>(hex)));
  return with(outcome, detail, digits.data());
}

Result holds(const char* detail) { return with(Outcome::kHolds, detail, ""); }
Result escapes(const char* detail) {
  return with(Outcome::kEscapes, detail, "");
}
Result not_tried(const char* reason) {
  return with(Outcome::kNotTried, reason, "");
}

Result failed(long result) {
  return result < 0 ? holds(errno_name(errno)) : escapes("it succeeds");
}

Result refused(long result) {
  if (result >= 0) return escapes("it succeeds");
  const bool denied = errno == EPERM || errno == EACCES || errno == ENOSYS;
  return denied ? holds(errno_name(errno))
                : with(Outcome::kEscapes, "it is let through, to ",
                       errno_name(errno));
}

}  // namespace doff::escape
