#include "helper/doffctl/beside.h"

#include <sys/stat.h>
#include <unistd.h>

#include <system_error>

namespace doff {

bool is_program(const std::filesystem::path& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         access(path.c_str(), X_OK) == 0;
}

Result<std::string> find_doff(const std::string& given) {
  if (!given.empty()) {
    if (is_program(given)) return given;
    return tl::unexpected(Failure{
        .doing = "--doff", .value = given, .cause = "no file that can be run"});
  }
  std::error_code error;
  const auto here =
      std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  if (is_program(here / "doff")) return here / "doff";
  return tl::unexpected(Failure{.doing = "the launcher",
                                .value = here / "doff",
                                .cause = "doff is not beside doffctl",
                                .next = "name it with --doff PATH"});
}

}  // namespace doff
