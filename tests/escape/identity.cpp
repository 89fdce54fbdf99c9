// Families 1 to 5: more by executing a file, by another id, by asking.
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "tests/escape/attack.h"

namespace doff::escape {
namespace {

constexpr int kCapabilities = 64;  // numbers that a set has room for

bool write_sets(const State& wanted) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  for (unsigned half = 0; half < 2; ++half)
    data[half] = {static_cast<std::uint32_t>(wanted.effective >> 32 * half),
                  static_cast<std::uint32_t>(wanted.permitted >> 32 * half),
                  static_cast<std::uint32_t>(wanted.inheritable >> 32 * half)};
  return syscall(SYS_capset, &header, data.data()) == 0;
}

// Has a copy of this program executed tell what it came to.
Result judge_execution(const char* path, bool from_descriptor) {
  const State before = state();
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) return not_tried("no pipe");
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    std::array<char*, 3> argv = {const_cast<char*>(path),
                                 const_cast<char*>(kTell), nullptr};
    if (from_descriptor) {
      const int file = open(path, O_RDONLY);
      syscall(SYS_execveat, file, "", argv.data(), environ, AT_EMPTY_PATH);
    } else {
      execv(path, argv.data());
    }
    const int error = errno;
    static_cast<void>(write(ends[1], &error, sizeof error));
    _exit(0);
  }
  close(ends[1]);
  State after{};
  const ssize_t size = read(ends[0], &after, sizeof after);
  waitpid(child, nullptr, 0);
  if (size == sizeof(int)) {
    const int error = static_cast<int>(after.ids[0]);
    return error == EPERM
               ? holds("EPERM")
               : with(Outcome::kNotTried, "executing it: ", errno_name(error));
  }
  if (size != sizeof after) return not_tried("it told nothing");
  if (after.ids != before.ids) return escapes("the ids change");
  const auto gained = after.permitted | after.effective;
  if (gained != 0) return with(Outcome::kEscapes, "it holds ", gained);
  return holds("without a capability");
}

// One of prepare()'s files.
Result execute(const Setting& setting, const char* name,
               bool raise_inheritable = false) {
  if (setting.prepared == nullptr)
    return not_tried("needs files made with privileges: --prepared");
  std::array<char, 4096> path{};
  static_cast<void>(
      std::snprintf(path.data(), path.size(), "%s/%s", setting.prepared, name));
  if (access(path.data(), F_OK) != 0)
    return with(Outcome::kNotTried, "it could not be prepared: ", name);
  if (raise_inheritable) {
    State wanted = state();
    wanted.inheritable |= wanted.permitted;
    static_cast<void>(write_sets(wanted));
  }
  return judge_execution(path.data(), false);
}

template <auto call>
Result change_ids(const Setting& /*setting*/) {
  return failed(call(somebody_else(getuid()), somebody_else(getgid())));
}

// setfsuid() has no failure but the old id: -1 is never taken, and asks.
Result change_file_ids(const Setting& /*setting*/) {
  const auto user = somebody_else(getuid());
  const auto group = somebody_else(getgid());
  setfsuid(user);
  setfsgid(group);
  const bool changed =
      setfsuid(static_cast<uid_t>(-1)) == static_cast<int>(user) ||
      setfsgid(static_cast<gid_t>(-1)) == static_cast<int>(group);
  return changed ? escapes("it changes") : holds("unchanged");
}

template <std::uint64_t State::*set>
Result raise(const Setting& /*setting*/) {
  const State before = state();
  for (unsigned number = 0; number < kCapabilities; ++number) {
    const std::uint64_t bit = std::uint64_t{1} << number;
    State wanted = before;
    wanted.*set |= bit;
    // What permitted holds may be made effective, and is family 3's.
    if ((before.*set & bit) == 0 && write_sets(wanted) &&
        (state().*set & bit) != 0)
      return with(Outcome::kEscapes, "it takes ", bit);
  }
  // Everything is there already: nothing could be raised.
  if ((before.*set) != 0)
    return with(Outcome::kEscapes, "the set holds ", before.*set);
  return holds("no capability");
}

Result raise_ambient(const Setting& /*setting*/) {
  State wanted = state();
  wanted.inheritable |= wanted.permitted;
  static_cast<void>(write_sets(wanted));
  for (unsigned number = 0; number < kCapabilities; ++number)
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) == 0)
      return with(Outcome::kEscapes, "it takes ", std::uint64_t{1} << number);
  return holds("no capability");
}

Result keep_capabilities(const Setting& /*setting*/) {
  prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  if (setresuid(somebody_else(getuid()), somebody_else(getuid()),
                somebody_else(getuid())) != 0)
    return holds(errno_name(errno));
  const State after = state();
  if (after.permitted != 0)
    return with(Outcome::kEscapes, "it keeps ", after.permitted);
  return escapes("the user changes");
}

constexpr std::array kAttempts = {
    Attempt{1, "a setuid-root program",
            [](const Setting& s) { return execute(s, "setuid-root"); }},
    Attempt{1, "a setgid-root program",
            [](const Setting& s) { return execute(s, "setgid-root"); }},
    Attempt{1, "a program that is setuid and setgid to another",
            [](const Setting& s) { return execute(s, "setuid-other"); }},
    Attempt{2, "a file with +ep",
            [](const Setting& s) { return execute(s, "ep"); }},
    Attempt{2, "a file with +p",
            [](const Setting& s) { return execute(s, "p"); }},
    Attempt{2, "a file with +ei",
            [](const Setting& s) { return execute(s, "ei", true); }},
    Attempt{2, "a file with +ep for one root user (v3)",
            [](const Setting& s) { return execute(s, "rootid"); }},
    Attempt{3, "a program",
            [](const Setting& s) { return judge_execution(s.self, false); }},
    Attempt{3, "a program by its descriptor",
            [](const Setting& s) { return judge_execution(s.self, true); }},
    Attempt{4, "setuid", change_ids<[](uid_t u, gid_t) { return setuid(u); }>},
    Attempt{4, "setresuid, effective", change_ids<[](uid_t u, gid_t) {
              return setresuid(static_cast<uid_t>(-1), u,
                               static_cast<uid_t>(-1));
            }>},
    Attempt{4, "setresuid, saved", change_ids<[](uid_t u, gid_t) {
              return setresuid(static_cast<uid_t>(-1), static_cast<uid_t>(-1),
                               u);
            }>},
    Attempt{4, "setresgid",
            change_ids<[](uid_t, gid_t g) { return setresgid(g, g, g); }>},
    Attempt{4, "setgroups, one",
            change_ids<[](uid_t, gid_t g) { return setgroups(1, &g); }>},
    Attempt{4, "setgroups, none",
            change_ids<[](uid_t, gid_t) { return setgroups(0, nullptr); }>},
    Attempt{4, "setfsuid and setfsgid", change_file_ids},
    Attempt{5, "capset, permitted", raise<&State::permitted>},
    Attempt{5, "capset, inheritable", raise<&State::inheritable>},
    Attempt{5, "the ambient set", raise_ambient},
    Attempt{5, "securebits",
            [](const Setting&) {
              return failed(
                  prctl(PR_SET_SECUREBITS,
                        prctl(PR_GET_SECUREBITS) ^ SECBIT_NO_SETUID_FIXUP));
            }},
    Attempt{5, "keepcaps, and another user", keep_capabilities},
};

}  // namespace

unsigned somebody_else(unsigned id) { return id == 0 ? 1 : 0; }

bool read_sets(int pid, State& state) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, pid};
  std::array<__user_cap_data_struct, 2> data{};
  if (syscall(SYS_capget, &header, data.data()) != 0) return false;
  const auto whole = [](std::uint32_t low, std::uint32_t high) {
    return std::uint64_t{high} << 32 | low;
  };
  state.permitted = whole(data[0].permitted, data[1].permitted);
  state.effective = whole(data[0].effective, data[1].effective);
  state.inheritable = whole(data[0].inheritable, data[1].inheritable);
  return true;
}

State state() {
  State now{};
  uid_t* const ids = now.ids.data();
  getresuid(ids, ids + 1, ids + 2);
  getresgid(ids + 3, ids + 4, ids + 5);
  // Where it is refused, nothing may look like less than there is.
  if (!read_sets(0, now)) now.permitted = ~std::uint64_t{0};
  return now;
}

std::span<const Attempt> identity_attempts() { return kAttempts; }

}  // namespace doff::escape
