// The profiles, once: which system calls each denies, and when. compile.cpp
// turns them into BPF with libseccomp; tests/filter/ judges that BPF against a
// statement of its own; doff(1) says what they break.
#pragma once

#include <linux/sched.h>
#include <sys/ioctl.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string_view>

namespace doff {

// Denies `call` with `error`; only if `argument` (>= 0), masked, is `value`.
// Nothing but masked equality: libseccomp 2.5.4 gets other comparisons wrong.
struct Denial {
  std::string_view call;
  int error = EPERM;
  int argument = -1;
  std::uint64_t mask = 0;
  std::uint64_t value = 0;
};

// The kernel reads 32 bits of an ioctl command and of clone's flags, so a
// comparison that looks at 64 is passed by setting one of the upper.
inline constexpr std::uint64_t kLower32 = 0xffffffff;

// What gives a shell without capabilities some back, or lets it type into the
// terminal of whoever started it.
inline constexpr std::array kRegainDenials = std::to_array<Denial>({
    {"unshare", EPERM, 0, CLONE_NEWUSER, CLONE_NEWUSER},
    {"clone", EPERM, 0, CLONE_NEWUSER, CLONE_NEWUSER},
    // Its flags are in memory, where a filter cannot look. ENOSYS makes every
    // libc fall back to clone.
    {"clone3", ENOSYS},
    {"setns"},
    {"ioctl", EPERM, 1, kLower32, TIOCSTI},
    {"ioctl", EPERM, 1, kLower32, TIOCLINUX},
});

// And what only widens the kernel's surface for a shell that has none.
inline constexpr std::array kHardenedDenials = std::to_array<Denial>({
    // Other processes' memory and descriptors.
    {"ptrace"},
    {"process_vm_readv"},
    {"process_vm_writev"},
    {"process_madvise"},
    {"pidfd_getfd"},
    {"kcmp"},
    // Programs and queues that the kernel runs for us.
    {"bpf"},
    {"perf_event_open"},
    {"userfaultfd"},
    {"io_uring_setup"},
    {"io_uring_enter"},
    {"io_uring_register"},
    // Keyrings are not namespaced.
    {"add_key"},
    {"request_key"},
    {"keyctl"},
    // Mounts, and files by handle from outside of the root directory.
    {"mount"},
    {"umount2"},
    {"pivot_root"},
    {"chroot"},
    {"fsopen"},
    {"fsconfig"},
    {"fsmount"},
    {"fspick"},
    {"move_mount"},
    {"open_tree"},
    {"mount_setattr"},
    {"open_by_handle_at"},
    {"name_to_handle_at"},
    {"fanotify_init"},
    {"quotactl"},
    {"quotactl_fd"},
    {"swapon"},
    {"swapoff"},
    // The kernel itself.
    {"kexec_load"},
    {"kexec_file_load"},
    {"init_module"},
    {"finit_module"},
    {"delete_module"},
    {"reboot"},
    {"acct"},
    {"syslog"},
    {"lookup_dcookie"},
    {"settimeofday"},
    {"clock_settime"},
    {"vhangup"},
    {"iopl"},
    {"ioperm"},
    {"modify_ldt"},
    // Every other namespace, by unshare and by clone. The time namespace's
    // bit is part of clone's exit signal, and means nothing there.
    {"unshare", EPERM, 0, CLONE_NEWTIME, CLONE_NEWTIME},
    {"unshare", EPERM, 0, CLONE_NEWNS, CLONE_NEWNS},
    {"unshare", EPERM, 0, CLONE_NEWCGROUP, CLONE_NEWCGROUP},
    {"unshare", EPERM, 0, CLONE_NEWUTS, CLONE_NEWUTS},
    {"unshare", EPERM, 0, CLONE_NEWIPC, CLONE_NEWIPC},
    {"unshare", EPERM, 0, CLONE_NEWPID, CLONE_NEWPID},
    {"unshare", EPERM, 0, CLONE_NEWNET, CLONE_NEWNET},
    {"clone", EPERM, 0, CLONE_NEWNS, CLONE_NEWNS},
    {"clone", EPERM, 0, CLONE_NEWCGROUP, CLONE_NEWCGROUP},
    {"clone", EPERM, 0, CLONE_NEWUTS, CLONE_NEWUTS},
    {"clone", EPERM, 0, CLONE_NEWIPC, CLONE_NEWIPC},
    {"clone", EPERM, 0, CLONE_NEWPID, CLONE_NEWPID},
    {"clone", EPERM, 0, CLONE_NEWNET, CLONE_NEWNET},
});

}  // namespace doff
