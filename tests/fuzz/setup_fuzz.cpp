// Any bytes as an engine's configuration: no crash, and what setup adds to them
// it takes away again to the byte. The first byte chooses the engine, and
// whether doff is to be its default.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include "helper/failure.h"
#include "helper/setup/registration.h"

namespace {

void require(bool held, std::string_view invariant) {
  if (held) return;
  std::cerr << "broken: " << invariant << "\n";
  std::abort();
}

void check_failure(const doff::Failure& failure) {
  require(failure.place.file == "fuzz", "a failure names its file");
  require(failure.place.line != 0, "a failure names its line");
  require(!failure.cause.empty(), "a failure has a cause");
  for (const char c : doff::to_text(failure))
    require(c >= ' ' && c < 0x7f, "a message is printable ASCII");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size == 0) return 0;
  const doff::EngineConfiguration& engine = doff::engines()[data[0] % 4];
  const doff::Registration wanted{"/usr/bin/doff-runtime", (data[0] & 4U) != 0};
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);

  const auto left = engine.remove(text, "fuzz");
  if (!left) check_failure(left.error());
  const auto added = engine.add(text, "fuzz", wanted);
  if (!added) {
    check_failure(added.error());
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
