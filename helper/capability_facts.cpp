#include "helper/capability_facts.h"

#include <array>
#include <cstddef>
#include <cstdint>

#include "caps/names.h"

namespace doff {
namespace {

using enum Danger;

// In the order of kCapabilityNames.
constexpr std::array<CapabilityFacts, kCapabilityNames.size()> kFacts = {{
    // CHOWN
    {kMedium, "Give any file to any owner and group.",
     "Takes over every file of the container and of its writable volumes.",
     "chown fails: package managers, image builds, and entrypoints that hand "
     "a volume to the service's user."},
    // DAC_OVERRIDE
    {kMedium,
     "Read, write and execute files whatever their permission bits say.",
     "Every file of the container and of its volumes is open, whoever owns it.",
     "Root no longer opens what other users keep to themselves; some "
     "entrypoints and package scripts count on it."},
    // DAC_READ_SEARCH
    {kHigh,
     "Read any file, search any directory, and open files by their handles "
     "(open_by_handle_at).",
     "A handle does not care for mounts: any file on the file system of a "
     "bind mount can be opened, outside of the mount too.",
     "Backup and indexing programs no longer read what others own."},
    // FOWNER
    {kMedium,
     "Do to any file what only its owner may: mode, times, ACLs, attributes, "
     "deletion from sticky directories.",
     "A changed mode opens every file of the container and of its volumes.",
     "chmod and touch fail on other users' files; so do some archives and "
     "package scripts."},
    // FSETID
    {kLow,
     "Keep the set-user-ID and set-group-ID bits of a file that is written "
     "to, and set the latter for a foreign group.",
     "A set-user-ID program that is writable can be replaced and stays one.",
     "Package managers may leave set-group-ID bits off."},
    // KILL
    {kLow, "Send signals to processes of other users.",
     "Stops every process that it sees, a supervisor or a monitor as well.",
     "A supervisor that runs as root cannot stop services of other users."},
    // SETGID
    {kMedium,
     "Take on any group, set supplementary groups, and map groups into a user "
     "namespace.",
     "Any group of a volume, socket or device opens what belongs to it.",
     "su, sudo, sshd, gosu and servers that lower their privileges fail."},
    // SETUID
    {kMedium, "Take on any user ID, and map users into a user namespace.",
     "Becomes every other user of the container, its supervisor's included.",
     "su, sudo, sshd, gosu and servers that lower their privileges fail."},
    // SETPCAP
    {kLow,
     "Drop from the bounding set, put any of the bounding set into the "
     "inheritable set, and set securebits.",
     "Little: it gives nothing that the bounding set does not hold already.",
     "Nobody in the container can empty a bounding set; doff then refuses, or "
     "needs --userns or --accept."},
    // LINUX_IMMUTABLE
    {kLow, "Set and clear a file's immutable and append-only flags.",
     "Log files that may only grow can be cut; files on volumes can be made "
     "undeletable.",
     "chattr +i and +a fail."},
    // NET_BIND_SERVICE
    {kLow,
     "Listen on ports below 1024, or below "
     "net.ipv4.ip_unprivileged_port_start.",
     "Where the network is the host's, it can stand in for the host's own "
     "services.",
     "Ports such as 80 and 443 are refused, unless the engine lowers that "
     "sysctl (Docker 20.10 and later do)."},
    // NET_BROADCAST
    {kLow, "Nothing: no part of the kernel asks for it.",
     "None is known today.", "Nothing."},
    // NET_ADMIN
    {kHigh,
     "Configure interfaces, addresses, routes, firewalls, tunnels and traffic "
     "control.",
     "Redirects and watches all traffic of its network, the host's with "
     "--network host, and reaches netfilter code that has had many holes.",
     "VPNs, ip, iptables and sandboxes that filter their own network fail."},
    // NET_RAW
    {kMedium,
     "Open raw and packet sockets, and bind to foreign addresses for "
     "transparent proxies.",
     "Reads and forges packets on its network: ARP, DNS and more can be "
     "spoofed for neighbours on the same bridge.",
     "tcpdump and arping fail; so does ping where ping_group_range is closed."},
    // IPC_LOCK
    {kLow, "Lock memory beyond RLIMIT_MEMLOCK, and use huge pages.",
     "Pins memory that the host then lacks.",
     "Databases, secret stores and RDMA programs that lock much memory fail."},
    // IPC_OWNER
    {kMedium, "Use System V IPC objects whatever their permissions say.",
     "Reads and changes shared memory of others; the host's with --ipc host.",
     "Almost nothing: few programs share such objects between users."},
    // SYS_MODULE
    {kHigh, "Load and unload kernel modules.",
     "A module is code in the host's kernel: this is the host.",
     "modprobe fails; drivers are the host's business."},
    // SYS_RAWIO
    {kHigh,
     "Use I/O ports, /dev/mem, /proc/kcore, model-specific registers and raw "
     "disk commands.",
     "Reads and writes hardware and memory past the kernel's checks.",
     "Hardware tools such as flashrom and hdparm fail."},
    // SYS_CHROOT
    {kMedium, "Call chroot, and enter mount namespaces (with SYS_ADMIN).",
     "Leaves any chroot that it is in, and can show set-user-ID programs "
     "another root.",
     "chroot, debootstrap, and servers that lock themselves in (sshd, some "
     "mail and name servers) fail."},
    // SYS_PTRACE
    {kHigh,
     "Trace any process, read and write its memory, and see all of its /proc "
     "files.",
     "Takes over each process that it sees, a sandbox's supervisor first; the "
     "host's with --pid host.",
     "Debugging other users' processes fails; one's own still works."},
    // SYS_PACCT
    {kLow, "Switch process accounting on and off (acct).",
     "Records of what runs can be stopped or sent to another file.",
     "accton fails."},
    // SYS_ADMIN
    {kHigh,
     "Mount, enter namespaces, and more administrative calls than any other "
     "capability covers.",
     "Close to root on the host: mounts, cgroups, devices and kernel "
     "interfaces have each served as ways out.",
     "mount, containers inside of the container, FUSE and some sandboxes "
     "fail."},
    // SYS_BOOT
    {kHigh, "Reboot, and load another kernel (kexec_load).",
     "kexec knows no namespaces: it replaces the host's kernel. A reboot from "
     "a pid namespace ends only that (since Linux 3.4).",
     "Nothing that belongs into a container."},
    // SYS_NICE
    {kMedium,
     "Raise priorities, choose real-time scheduling and processors, and move "
     "memory, for any process.",
     "Takes processor time from every neighbour.",
     "Real-time audio, some databases and NUMA tuning fail or run slower."},
    // SYS_RESOURCE
    {kMedium,
     "Go beyond limits: rlimits, quotas, reserved disk blocks, message queues, "
     "oom_score_adj.",
     "Uses up what the host shares, and lets others be killed for it.",
     "Raising hard limits fails."},
    // SYS_TIME
    {kMedium, "Set the clocks.",
     "The clock is the host's: certificates, logs and timers of everybody "
     "follow it.",
     "NTP daemons fail."},
    // SYS_TTY_CONFIG
    {kLow, "Hang up terminals, and configure virtual consoles.",
     "Disturbs a console that the container was given.",
     "Display servers on a console fail."},
    // MKNOD
    {kMedium, "Make device files (mknod).",
     "A node for the host's disk is the host's disk. Only the container's "
     "device rules stand between.",
     "Building root file systems with their own /dev fails; FIFOs and sockets "
     "need no capability."},
    // LEASE
    {kLow, "Take leases on files of other users (Linux 2.4).",
     "Delays others that open the file.",
     "File servers such as Samba fall back to other ways of locking."},
    // AUDIT_WRITE
    {kLow, "Write records to the kernel's audit log (Linux 2.6.11).",
     "False records of logins and commands.",
     "sshd, login, su and sudo may refuse where they are built with audit "
     "support."},
    // AUDIT_CONTROL
    {kMedium, "Switch auditing on and off and change its rules (Linux 2.6.11).",
     "Blinds the host's audit; the kernel takes it from the first namespaces "
     "only.",
     "auditd and auditctl fail."},
    // SETFCAP
    {kMedium,
     "Set file capabilities (Linux 2.6.24), and map user 0 into a user "
     "namespace (5.12).",
     "Leaves files behind that give whoever executes them what the bounding "
     "set holds.",
     "setcap fails, and with it packages such as those of ping."},
    // MAC_OVERRIDE
    {kMedium, "Go past mandatory access control; Smack heeds it (2.6.25).",
     "Where Smack confines the container, nothing does.",
     "Nothing without Smack."},
    // MAC_ADMIN
    {kHigh,
     "Change mandatory access control: Smack (2.6.25), AppArmor's profiles, "
     "SELinux labels that are unknown.",
     "Replaces the profile that confines the container.",
     "Loading AppArmor profiles inside of the container fails."},
    // SYSLOG
    {kMedium,
     "Read and clear the kernel's log where dmesg_restrict is set, and see "
     "kernel addresses where kptr_restrict is 1 (Linux 2.6.37).",
     "The log is the host's; addresses in it help to attack the kernel.",
     "dmesg fails on most hosts."},
    // WAKE_ALARM
    {kLow, "Set timers that wake the machine (Linux 3.0).",
     "Keeps a laptop from sleeping.", "Alarm timers (CLOCK_*_ALARM) fail."},
    // BLOCK_SUSPEND
    {kLow, "Hold off suspend (Linux 3.5).", "Keeps a laptop from sleeping.",
     "EPOLLWAKEUP has no effect."},
    // AUDIT_READ
    {kMedium, "Read the audit log over netlink (Linux 3.16).",
     "Shows what the host and other containers do.",
     "Programs that follow the audit log fail."},
    // PERFMON
    {kHigh,
     "Use performance monitoring without limits, and let BPF programs trace "
     "(Linux 5.8).",
     "Watches the kernel and every process of the host; what it reads helps "
     "to attack both.",
     "perf sees only one's own processes, or nothing."},
    // BPF
    {kHigh, "Load BPF programs and use all map types (Linux 5.8).",
     "Runs programs in the kernel; with PERFMON or NET_ADMIN they read its "
     "memory and its packets.",
     "Observability agents, and networking by BPF, fail."},
    // CHECKPOINT_RESTORE
    {kMedium,
     "Choose pids, and read mappings of other processes, for checkpoints "
     "(Linux 5.9).",
     "Takes the pid of a process that ended, and opens files that others have "
     "mapped.",
     "CRIU needs it, or SYS_ADMIN."},
}};

constexpr CapabilityFacts kUnnamed = {
    kHigh, "Unknown: newer than this program, which names 41 (Linux 5.9).",
    "Nobody can say, so it should not be there.", "Unknown."};

constexpr const CapabilityFacts& look_up(Capability capability) {
  const unsigned n = number(capability);
  return n < kFacts.size() ? kFacts[n] : kUnnamed;
}

constexpr auto kByDanger = [] {
  std::array<CapabilitySet, 3> sets;
  for (const Capability each : CapabilitySet(~std::uint64_t{0}))
    sets[static_cast<std::size_t>(look_up(each).danger)] |= CapabilitySet(each);
  return sets;
}();

}  // namespace

std::string_view name(Danger danger) {
  constexpr std::array<std::string_view, 3> kNames = {"low", "medium", "high"};
  return kNames[static_cast<std::size_t>(danger)];
}

const CapabilityFacts& facts(Capability capability) {
  return look_up(capability);
}

CapabilitySet of_danger(Danger danger) {
  return kByDanger[static_cast<std::size_t>(danger)];
}

}  // namespace doff
