#include "helper/runtime/host.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "helper/runtime/complaint.h"

namespace doff {
Failure summary(const Failures& failures) {
  Failure first = failures.front();
  if (failures.size() > 1)
    first.next += std::string(first.next.empty() ? "" : "; ") + "and " +
                  std::to_string(failures.size() - 1) +
                  " more: doffctl policy check";
  return first;
}

int complain(const CommandLine& line, Failure failure) {
  if (failure.error != 0) {
    failure.cause += std::string(failure.cause.empty() ? "" : ": ") +
                     std::string(describe(failure.error));
    failure.error = 0;
  }
  const std::string text = to_text(failure);
  return complain(line, std::array<std::string_view, 1>{text});
}

Result<std::string> find_launcher(const Host& host) {
  const bool named = host.settings.launcher != nullptr;
  std::error_code code;
  const std::string path =
      named ? host.settings.launcher
            : (std::filesystem::read_symlink("/proc/self/exe", code)
                   .parent_path() /
               "doff")
                  .string();
  const auto failed = [&](std::string cause, int error) {
    return tl::unexpected(Failure{
        .doing = "the launcher",
        .value = path,
        .cause = std::move(cause),
        .error = error,
        .next = named ? "correct the setting `launcher`"
                      : "install doff again, or name one with the setting "
                        "`launcher`"});
  };
  struct stat about {};
  if (stat(path.c_str(), &about) != 0) return failed("", errno);
  if (!S_ISREG(about.st_mode)) return failed("not a regular file", 0);
  if ((about.st_mode & S_IXOTH) == 0)
    return failed("not executable by everybody", 0);
  if ((about.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return failed("writable by others than its owner", 0);
  // A mount's source is where this file is, not a link to it.
  const auto real = std::filesystem::canonical(path, code);
  if (code) return failed("", code.value());
  return real.string();
}

}  // namespace doff
