// Any bytes as an engine's configuration: no crash, and what setup adds to them
// it takes away again to the byte. The first byte chooses the engine, and
// whether doff is to be its default.
#include <cstddef>
#include <cstdint>
#include <string>

#include "helper/failure.h"
#include "helper/setup/registration.h"
#include "tests/fuzz/invariants.h"

namespace {

using doff::fuzz::check_failure_in;
using doff::fuzz::require;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size == 0) return 0;
  const doff::EngineConfiguration& engine = doff::engines()[data[0] % 4];
  const doff::Registration wanted{"/usr/bin/doff-runtime", (data[0] & 4U) != 0};
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);

  const auto left = engine.remove(text, "fuzz");
  if (!left) check_failure_in("fuzz", left.error());
  const auto added = engine.add(text, "fuzz", wanted);
  if (!added) {
    check_failure_in("fuzz", added.error());
    return 0;
  }
  // Nobody else has written our name, in letters or as an escape.
  if (text.find("doff") != std::string::npos ||
      text.find('\\') != std::string::npos)
    return 0;
  const auto again = engine.add(added->text, "fuzz", wanted);
  require(again && again->text == added->text, "to add it again adds nothing");
  require(added->text != text, "there was something to add");
  const auto undone = engine.remove(added->text, "fuzz");
  require(undone && *undone == text, "what was added goes, and nothing else");
  return 0;
}
