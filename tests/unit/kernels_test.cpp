// doff itself, DOFF_LAUNCHER, on kernels that there are not yet, or no longer:
// with each last capability that 64 bits have room for.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "caps/names.h"
#include "caps/verdict.h"
#include "tests/unit/kernel.h"

namespace {

using doff::Capability;
using doff::CapabilitySet;
using doff::Kernel;
using doff::Verdict;

constexpr int kStarted = 42;
constexpr int kRefused = 125;
constexpr unsigned kSetpcap = 8;
constexpr unsigned kLast = doff::kCapabilityBits - 1;

CapabilitySet one(unsigned number) {
  return CapabilitySet(static_cast<Capability>(number));
}

int start(Kernel& kernel, std::vector<std::string> options) {
  options.insert(options.begin(), DOFF_LAUNCHER);
  options.insert(options.end(), {"--", "/bin/sh", "-c", "exit 42"});
  return kernel.run(options);
}

// Whether COMMAND was started, which is to be so if and only if the state of
// its process is worth `accept`; and that nothing was won on the way.
bool starts(Kernel& kernel, const std::vector<std::string>& options,
            CapabilitySet keep, CapabilitySet ambient = {},
            Verdict accept = Verdict::kSealed) {
  const doff::Credentials before = kernel.process;
  const int status = start(kernel, options);
  doff::Credentials after = kernel.process;
  REQUIRE(after.permitted <= before.permitted);
  REQUIRE(after.bounding <= before.bounding);
  REQUIRE(after.effective <= after.permitted);
  REQUIRE(after.ambient <= (after.permitted & after.inheritable));
  after.no_new_privs = true;
  const bool good = doff::judge(after, {keep, ambient}) >= accept;
  REQUIRE(status == (good ? kStarted : kRefused));
  return good;
}

}  // namespace

TEST_CASE("kernel: every capability falls, up to whatever the last one is") {
  for (unsigned last = 0; last <= kLast; ++last) {
    INFO("the last capability is " << last);
    Kernel kernel(last);
    // A kernel without CAP_SETPCAP has no way to drop one.
    CHECK(starts(kernel, {}, {}) == (last >= kSetpcap));
    CHECK(kernel.process.permitted.empty());
    CHECK(kernel.process.effective.empty());
    CHECK(kernel.process.inheritable.empty());
    CHECK(kernel.process.bounding.empty() == (last >= kSetpcap));
  }
}

TEST_CASE("kernel: ALL keeps what has a name and is there, no other") {
  for (unsigned last = 0; last <= kLast; ++last) {
    INFO("the last capability is " << last);
    Kernel kernel(last);
    const CapabilitySet left = kernel.process.bounding & doff::kAllCapabilities;
    CHECK(starts(kernel, {"--cap-add", "ALL"}, doff::kAllCapabilities));
    CHECK(kernel.process.bounding == left);
    CHECK(kernel.process.permitted == left);
    CHECK(kernel.process.effective == left);
    CHECK(kernel.process.inheritable.empty());
  }
}

TEST_CASE("kernel: the last capability alone is kept, by its number") {
  for (unsigned last = kSetpcap; last <= kLast; ++last) {
    INFO("the last capability is " << last);
    Kernel kernel(last);
    const std::string number = std::to_string(last);
    CHECK(starts(kernel, {"--cap-add", number, "--ambient", number}, one(last),
                 one(last)));
    CHECK(kernel.process.bounding == one(last));
    CHECK(kernel.process.ambient == one(last));
  }
}

TEST_CASE("kernel: a number behind the last one is kept where it is not") {
  for (unsigned last = kSetpcap; last < kLast; ++last) {
    INFO("the last capability is " << last);
    Kernel kernel(last);
    CHECK(
        starts(kernel, {"--cap-add", std::to_string(last + 1)}, one(last + 1)));
    CHECK(kernel.process.bounding.empty());
  }
}

TEST_CASE("kernel: a drop that is not done is seen, whichever it is") {
  for (unsigned number = 0; number <= kLast; ++number) {
    INFO("capability " << number);
    Kernel kernel(kLast);
    kernel.undropped = one(number);
    CHECK_FALSE(starts(kernel, {}, {}));
    CHECK(kernel.process.bounding == one(number));
    Kernel other(kLast);
    other.undropped = one(number);
    CHECK(starts(other, {"--accept", "inert"}, {}, {}, Verdict::kInert));
  }
}

TEST_CASE("kernel: without CAP_SETPCAP there is no shell, or an inert one") {
  for (unsigned last = 0; last <= kLast; ++last) {
    INFO("the last capability is " << last);
    Kernel kernel(last);
    kernel.process.permitted = kernel.process.effective = {};
    const CapabilitySet bounding = kernel.process.bounding;
    CHECK_FALSE(starts(kernel, {}, {}));
    CHECK(starts(kernel, {"--accept", "inert"}, {}, {}, Verdict::kInert));
    CHECK(kernel.process.bounding == bounding);
  }
}

TEST_CASE("kernel: what is permitted is enough, effective or not") {
  Kernel kernel(kLast);
  kernel.process.effective = {};
  CHECK(starts(kernel, {}, {}));
  CHECK(kernel.process.bounding.empty());
}

TEST_CASE("kernel: twice is once") {
  for (unsigned last = kSetpcap; last <= kLast; ++last) {
    INFO("the last capability is " << last);
    Kernel kernel(last);
    REQUIRE(starts(kernel, {"--cap-add", "CHOWN"}, doff::only("CHOWN")));
    const CapabilitySet once = kernel.process.bounding;
    CHECK(starts(kernel, {"--cap-add", "CHOWN"}, doff::only("CHOWN")));
    CHECK(kernel.process.bounding == once);
    CHECK(kernel.process.permitted == once);
  }
}
