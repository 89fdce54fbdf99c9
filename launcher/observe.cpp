#include "launcher/observe.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "launcher/memory.h"

namespace doff {
namespace {

constexpr CapabilitySet kEverything{~std::uint64_t{0}};

// prctl(2) without the libc.
long ask(int question, unsigned long about = 0, unsigned long which = 0) {
  return syscall(SYS_prctl, question, about, which, 0, 0);
}

void unreadable(State& state, std::string_view call, int error) {
  if (!state.unreadable.empty()) return;
  state.unreadable = call;
  state.error = error;
}

void observe_sets(State& state) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  constexpr std::uint32_t kAll = ~0U;  // what a call that does nothing leaves
  std::array<__user_cap_data_struct, 2> data = {
      {{kAll, kAll, kAll}, {kAll, kAll, kAll}}};
  Credentials& held = state.credentials;
  if (syscall(SYS_capget, &header, data.data()) != 0)
    unreadable(state, "capget", errno);
  const auto join = [&](auto half) {
    return CapabilitySet(data[0].*half | std::uint64_t{data[1].*half} << 32);
  };
  held.permitted = join(&__user_cap_data_struct::permitted);
  held.effective = join(&__user_cap_data_struct::effective);
  held.inheritable = join(&__user_cap_data_struct::inheritable);
}

// Asks for each number until EINVAL, which is behind the last capability.
// Number 64 cannot exist, so a filter that answers 0 to every prctl does not
// pass for an empty set.
CapabilitySet read_bounding(State& state) {
  CapabilitySet set;
  for (unsigned n = 0; n <= kCapabilityBits; ++n) {
    const long answer = ask(PR_CAPBSET_READ, n);
    if (answer < 0 && errno == EINVAL && n > 0) return set;
    if (answer < 0 || answer > 1 || n == kCapabilityBits) {
      unreadable(state, "prctl(PR_CAPBSET_READ)", answer < 0 ? errno : 0);
      break;
    }
    if (answer == 1) set |= CapabilitySet(static_cast<Capability>(n));
  }
  return kEverything;
}

// The kernel keeps the ambient set within the permitted and the inheritable
// one (capabilities(7)), which capget has told: unlike a prctl's 0, its answer
// cannot be made up by a filter. So only those need asking.
CapabilitySet read_ambient(CapabilitySet possible) {
  CapabilitySet set;
  for (const Capability each : possible)
    if (ask(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, number(each)) != 0)
      set |= CapabilitySet(each);
  return set;
}

void observe_identity(State& state) {
  auto& uids = state.uids;
  auto& gids = state.gids;
  if (syscall(SYS_getresuid, uids.data(), &uids[1], &uids[2]) != 0)
    unreadable(state, "getresuid", errno);
  if (syscall(SYS_getresgid, gids.data(), &gids[1], &gids[2]) != 0)
    unreadable(state, "getresgid", errno);
  // -1 is no id: the call changes nothing and returns the present one.
  uids[3] = static_cast<Uid>(syscall(SYS_setfsuid, -1));
  gids[3] = static_cast<Gid>(syscall(SYS_setfsgid, -1));

  // A negative size is an error; a filter that answers 0 does not know that.
  if (syscall(SYS_getgroups, -1, nullptr) >= 0)
    return unreadable(state, "getgroups", 0);
  const long count = syscall(SYS_getgroups, 0, nullptr);
  if (count == 0) return;
  const auto groups = map_zeroed<Gid>(kMostGroups);
  if (count < 0 || groups.empty() ||
      syscall(SYS_getgroups, groups.size(), groups.data()) != count)
    return unreadable(state, "getgroups", errno);
  state.groups = groups.first(static_cast<std::size_t>(count));
}

}  // namespace

int observe_seccomp() { return static_cast<int>(ask(PR_GET_SECCOMP)); }

State observe() {
  State state;
  Credentials& held = state.credentials;
  observe_sets(state);
  held.bounding = read_bounding(state);
  held.ambient = read_ambient(held.permitted & held.inheritable);
  held.no_new_privs = ask(PR_GET_NO_NEW_PRIVS) == 1;
  const long bits = ask(PR_GET_SECUREBITS);
  if (bits < 0) unreadable(state, "prctl(PR_GET_SECUREBITS)", errno);
  state.securebits = static_cast<unsigned>(bits);
  state.seccomp_mode = observe_seccomp();
  observe_identity(state);
  return state;
}

}  // namespace doff
