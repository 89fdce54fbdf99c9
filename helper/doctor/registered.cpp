#include "helper/doctor/registered.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>

#include "helper/file.h"
#include "helper/setup/registration.h"

namespace doff {

Result<InFile> look_into_file(std::string_view engine,
                              const std::string& runtime) {
  constexpr std::size_t kLongest = std::size_t{4} << 20;
  const auto about =
      std::ranges::find(engines(), engine, &EngineConfiguration::name);
  InFile found{.file = std::string(about->file)};
  const auto text = read_file(found.file, kLongest);
  if (!text && text.error().error == ENOENT) return found;
  if (!text) return tl::unexpected(text.error());
  const auto without = about->remove(*text, found.file);
  if (!without) return tl::unexpected(without.error());
  // All that setup would add is there, or at least something of ours.
  const auto has = [&](bool as_default) {
    const auto with = about->add(
        *text, found.file, {.runtime = runtime, .as_default = as_default});
    return with && with->text == *text;
  };
  if (has(false))
    found.runtime = runtime;
  else if (*without != *text)
    found.runtime = "another doff-runtime";
  found.is_default = has(true);
  return found;
}

bool is_doff_runtime(std::string_view path) { return is_ours(path); }

}  // namespace doff
