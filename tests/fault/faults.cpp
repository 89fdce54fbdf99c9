#include "tests/fault/faults.h"

#include <csignal>
#include <cstddef>

namespace doff::fault {
namespace {

// How many calls from `first` on repeat their kinds with this period.
std::size_t row(std::span<const Call> calls, std::size_t period) {
  std::size_t size = period;
  while (size < calls.size() && calls[size].kind == calls[size - period].kind &&
         calls[size].process == calls[size - period].process)
    ++size;
  return size;
}

}  // namespace

std::vector<NamedFault> faults_of(const Call& call, const CallFacts& facts) {
  std::vector<NamedFault> list;
  const auto add = [&](Act act, long value, const std::string& name) {
    list.push_back({{call.process, call.ordinal, act, value}, name});
  };
  for (const int error : facts.errors)
    add(Act::kAnswer, -error, errno_name(error));
  add(Act::kAnswer, 0, "0 without effect");
  add(Act::kSignal, SIGTERM, "SIGTERM");
  add(Act::kSignal, SIGSTOP, "SIGSTOP and SIGCONT");
  add(Act::kSignal, SIGKILL, "SIGKILL");
  add(Act::kDelay, 0, "a delay");
  return list;
}

std::vector<Call> thinned(std::span<const Call> calls) {
  constexpr std::size_t kFew = 3;
  std::vector<Call> some;
  while (!calls.empty()) {
    const std::size_t period = row(calls, 1) == 1 ? 2 : 1;
    std::size_t size = row(calls, period);
    if (size <= kFew * period) {
      size = period == 2 ? 1 : size;
      some.insert(some.end(), calls.begin(), calls.begin() + size);
    } else {
      const std::size_t middle = size / period / 2 * period;
      for (const std::size_t at : {std::size_t{0}, middle, size - period})
        for (std::size_t i = at; i < at + period; ++i) some.push_back(calls[i]);
    }
    calls = calls.subspan(size);
  }
  return some;
}

}  // namespace doff::fault
