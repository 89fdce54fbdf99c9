#include "helper/spec/trim_spec.h"

namespace doff {

Result<TrimmedSpec> trim_spec(std::string_view /*text*/,
                              const std::string& source, const Wish& /*wish*/,
                              Widen /*widen*/) {
  return tl::unexpected(
      Failure{.doing = "trimming", .value = source, .cause = "not yet"});
}

}  // namespace doff
