#include "statement.h"

#include <algorithm>

namespace statement {
namespace {

using Call = seccomp_data;

// clone(2) and unshare(2): the flags, by their values in the manual's header.
constexpr std::uint64_t kNewUser = 0x10000000;
constexpr std::uint64_t kNewMount = 0x00020000;
constexpr std::uint64_t kNewCgroup = 0x02000000;
constexpr std::uint64_t kNewUts = 0x04000000;
constexpr std::uint64_t kNewIpc = 0x08000000;
constexpr std::uint64_t kNewPid = 0x20000000;
constexpr std::uint64_t kNewNetwork = 0x40000000;
constexpr std::uint64_t kNewTime = 0x00000080;

// ioctl_tty(2).
constexpr std::uint32_t kTypeIntoTerminal = 0x5412;   // TIOCSTI
constexpr std::uint32_t kPasteIntoTerminal = 0x541c;  // TIOCLINUX

// The kernel's own x86 entry: bit 30 of the number says x32. -1 is what a
// tracer writes to skip a call, and no call of x32.
bool is_x32(const Architecture& architecture, const Call& call) {
  const auto number = static_cast<std::uint32_t>(call.nr);
  return architecture.has_x32 && number >= 0x40000000 && number != 0xffffffff;
}

bool has_any(std::uint64_t argument, std::uint64_t flags) {
  return (argument & flags) != 0;
}

// No user namespace by unshare or clone; none by clone3, whose flags cannot
// be seen; no namespace entered; nothing typed into the terminal.
std::uint32_t regain(std::string_view name, const Call& call) {
  if (name == "clone3") return kNoSuchCall;
  if (name == "setns") return kPermissionDenied;
  if (name == "unshare" || name == "clone")
    return has_any(call.args[0], kNewUser) ? kPermissionDenied : kAllow;
  if (name == "ioctl") {
    // The kernel's `unsigned int cmd`.
    const auto command = static_cast<std::uint32_t>(call.args[1]);
    if (command == kTypeIntoTerminal || command == kPasteIntoTerminal)
      return kPermissionDenied;
  }
  return kAllow;
}

// What the design names, and the kin of each.
constexpr std::string_view kDeniedByHardened[] = {
    // ptrace and process_vm: other processes' memory, descriptors, secrets
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise",
    "pidfd_getfd", "kcmp",
    // bpf, perf_event_open, userfaultfd
    "bpf", "perf_event_open", "userfaultfd",
    // io_uring
    "io_uring_setup", "io_uring_enter", "io_uring_register",
    // the keyring calls
    "add_key", "request_key", "keyctl",
    // the mount API, old and new, and what else changes the tree of files
    "mount", "umount2", "pivot_root", "chroot", "fsopen", "fsconfig", "fsmount",
    "fspick", "move_mount", "open_tree", "mount_setattr", "quotactl",
    "quotactl_fd", "swapon", "swapoff",
    // files by handle, and watching whole mounts
    "open_by_handle_at", "name_to_handle_at", "fanotify_init", "lookup_dcookie",
    // kexec, module loading, and the machine as a whole
    "kexec_load", "kexec_file_load", "init_module", "finit_module",
    "delete_module", "reboot", "acct", "syslog", "settimeofday",
    "clock_settime", "vhangup", "iopl", "ioperm", "modify_ldt"};

// clone takes the lowest byte of its flags for a signal, so that a new time
// namespace is unshare's alone.
constexpr std::uint64_t kNewOfClone = kNewUser | kNewMount | kNewCgroup |
                                      kNewUts | kNewIpc | kNewPid | kNewNetwork;
constexpr std::uint64_t kNewOfUnshare = kNewOfClone | kNewTime;

// All that regain denies, the list, and every kind of new namespace.
std::uint32_t hardened(std::string_view name, const Call& call) {
  if (std::ranges::find(kDeniedByHardened, name) != std::end(kDeniedByHardened))
    return kPermissionDenied;
  if (name == "unshare" && has_any(call.args[0], kNewOfUnshare))
    return kPermissionDenied;
  if (name == "clone" && has_any(call.args[0], kNewOfClone))
    return kPermissionDenied;
  return regain(name, call);
}

}  // namespace

std::uint32_t action(Profile profile, const Architecture& architecture,
                     const seccomp_data& call) {
  if (call.arch != architecture.token) return kKillProcess;
  if (is_x32(architecture, call)) return kKillProcess;
  const std::string_view name = architecture.call(call.nr);
  return profile == Profile::kRegain ? regain(name, call)
                                     : hardened(name, call);
}

}  // namespace statement
