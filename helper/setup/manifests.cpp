#include "helper/setup/manifests.h"

#include <array>
#include <string_view>

namespace doff {
namespace {

// In this order: what one needs comes before it.
constexpr auto kFiles = std::to_array<std::string_view>({
#include "helper/setup/manifests.inc"
});

}  // namespace

std::string manifests() {
  std::string stream;
  for (const std::string_view each : kFiles)
    stream.append(stream.empty() ? "" : "---\n").append(each);
  return stream;
}

}  // namespace doff
