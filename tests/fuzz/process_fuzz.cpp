// Any bytes as the process.json of an exec: no crash, and what doff-runtime
// makes of it holds no more than was asked for, than the container has and than
// the policy allows, with the launcher in front, however a runtime reads it.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "caps/capability_set.h"
#include "caps/names.h"
#include "helper/failure.h"
#include "helper/runtime/prepare_spec.h"
#include "helper/spec/scan_spec.h"
#include "tests/fuzz/invariants.h"
#include "tests/fuzz/json_readings.h"

namespace {

using doff::CapabilitySet;
using doff::SpecSets;
using doff::fuzz::find;
using doff::fuzz::kSets;
using doff::fuzz::require;
using doff::fuzz::Runtime;
using doff::fuzz::set_of;
using doff::fuzz::Value;

struct Trial {
  SpecSets container;
  CapabilitySet allowed;
  std::vector<std::string> front;
};

std::vector<Trial> make_trials() {
  using doff::only;
  const CapabilitySet docker(0xa80425fb);
  const CapabilitySet all = doff::kAllCapabilities;
  const CapabilitySet two = only("CHOWN") | only("KILL");
  return {{{docker, docker, docker, {}, {}},
           {},
           {"/dev/.doff", "--accept", "sealed", "--"}},
          {{all, all, all, all, all}, all, {}},
          {{two, two, two, two, only("KILL")},
           only("KILL") | only("SYS_ADMIN"),
           {"/.doff", "\"\\\n\x01\xff", ""}},
          {{}, all, {"/.doff"}}};
}

// What a process has without `capabilities`: the container's.
CapabilitySet held(Runtime runtime, const Value& process, const char* name,
                   CapabilitySet container) {
  const Value* const sets = find(runtime, &process, "capabilities");
  if (sets == nullptr || sets->text == "null") return container;
  return set_of(find(runtime, sets, name));
}

SpecSets held(Runtime runtime, const Value& process,
              const SpecSets& container) {
  return {held(runtime, process, "bounding", container.bounding),
          held(runtime, process, "permitted", container.permitted),
          held(runtime, process, "effective", container.effective),
          held(runtime, process, "inheritable", container.inheritable),
          held(runtime, process, "ambient", container.ambient)};
}

void check_sets(const SpecSets& before, const SpecSets& after,
                CapabilitySet limit) {
  require(after.bounding <= limit && after.permitted <= limit &&
              after.effective <= limit && after.inheritable <= limit &&
              after.ambient <= limit,
          "no more than the container has and the policy allows");
  require(after.bounding <= before.bounding &&
              after.permitted <= before.permitted &&
              after.effective <= before.effective &&
              after.inheritable <= before.inheritable &&
              after.ambient <= before.ambient,
          "no more than was asked for");
  require(after.effective <= after.permitted &&
              after.permitted <= after.bounding &&
              after.ambient <= (after.permitted & after.inheritable),
          "sets that the kernel takes");
}

void check_command(const Value& before, const Value& after,
                   const std::vector<std::string>& front) {
  const Value* const old = find(Runtime::kCrun, &before, "args");
  const Value* const now = find(Runtime::kCrun, &after, "args");
  require(old != nullptr && now != nullptr &&
              now == find(Runtime::kRunc, &after, "args"),
          "there is one command");
  require(now->members.size() == front.size() + old->members.size(),
          "the launcher's words and the command's");
  for (std::size_t i = 0; i < front.size(); ++i)
    require(now->members[i].second.kind == Value::Kind::kString &&
                (front[i].find('\xff') != std::string::npos ||
                 now->members[i].second.text == front[i]),
            "the launcher's words stand in front");
  for (std::size_t i = 0; i < old->members.size(); ++i)
    require(now->members[front.size() + i] == old->members[i],
            "and the command's behind them, untouched");
}

// What was to change, and nothing else.
void check_rest(Value before, Value after) {
  for (Value* const process : {&before, &after}) {
    std::erase_if(process->members, [](const Value::Member& member) {
      return member.first == "args" || member.first == "noNewPrivileges";
    });
    for (auto& [key, value] : process->members) {
      if (key != "capabilities") continue;
      std::erase_if(value.members, [](const Value::Member& set) {
        return std::ranges::count(kSets, set.first) != 0;
      });
    }
    std::erase_if(process->members, [](const Value::Member& member) {
      return member.first == "capabilities" && member.second.members.empty();
    });
  }
  require(before == after, "the rest is as it was");
}

void check_prepared(std::string_view text, const Trial& trial,
                    const doff::PreparedSpec& prepared) {
  const auto before = doff::fuzz::read(text);
  const auto after = doff::fuzz::read(prepared.text);
  require(before && after, "both are JSON");
  const CapabilitySet limit = trial.container.bounding & trial.allowed;
  for (const Runtime runtime : {Runtime::kCrun, Runtime::kRunc}) {
    const SpecSets now = held(runtime, *after, trial.container);
    check_sets(held(runtime, *before, trial.container), now, limit);
    require(now == prepared.after, "what was noted is what is there");
    const Value* const flag = find(runtime, &*after, "noNewPrivileges");
    require(flag != nullptr && flag->text == "t", "no_new_privs is set");
  }
  check_command(*before, *after, trial.front);
  check_rest(*before, *after);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  static const std::vector<Trial> trials = make_trials();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto spec = doff::scan_spec(text, "fuzz");
  if (!spec) {
    doff::fuzz::check_failure(spec.error());
    return 0;
  }
  if (spec->kind != doff::SpecKind::kProcess) return 0;
  require(spec->process.has_value(), "a process.json is a process");
  for (const Trial& trial : trials) {
    const auto prepared =
        doff::prepare_process(text, "fuzz", *spec->process, trial.container,
                              trial.allowed, trial.front);
    if (prepared)
      check_prepared(text, trial, *prepared);
    else
      doff::fuzz::check_failure(prepared.error());
  }
  return 0;
}
