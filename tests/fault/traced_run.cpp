#include "tests/fault/traced_run.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <span>
#include <utility>

namespace doff::fault {
namespace {

constexpr unsigned kLimit = 20;        // seconds; then it hangs
constexpr unsigned kOrphansLimit = 5;  // for what the program has left
constexpr useconds_t kDelay = 3000;
constexpr int kCanary = 9;  // a descriptor of the host's, to be closed

[[noreturn]] void stop(const char* doing) {
  std::perror(doing);
  std::exit(2);
}

// <linux/prctl.h> has them as macros. One that is not here gets its number for
// a name, which no table knows.
constexpr auto kPrctls = std::to_array<std::pair<std::uint64_t, const char*>>(
    {{PR_SET_PDEATHSIG, "PR_SET_PDEATHSIG"},
     {PR_GET_PDEATHSIG, "PR_GET_PDEATHSIG"},
     {PR_SET_DUMPABLE, "PR_SET_DUMPABLE"},
     {PR_SET_KEEPCAPS, "PR_SET_KEEPCAPS"},
     {PR_GET_SECCOMP, "PR_GET_SECCOMP"},
     {PR_SET_SECCOMP, "PR_SET_SECCOMP"},
     {PR_CAPBSET_READ, "PR_CAPBSET_READ"},
     {PR_CAPBSET_DROP, "PR_CAPBSET_DROP"},
     {PR_GET_SECUREBITS, "PR_GET_SECUREBITS"},
     {PR_SET_NO_NEW_PRIVS, "PR_SET_NO_NEW_PRIVS"},
     {PR_GET_NO_NEW_PRIVS, "PR_GET_NO_NEW_PRIVS"},
     {PR_CAP_AMBIENT, "PR_CAP_AMBIENT"}});

std::string kind_of(const __ptrace_syscall_info& info) {
  const std::uint64_t number = info.entry.nr;
  char* const name =
      seccomp_syscall_resolve_num_arch(info.arch, static_cast<int>(number));
  std::string kind = name == nullptr ? std::to_string(number) : name;
  std::free(name);
  if (number != SYS_prctl) return kind;
  const auto* const found =
      std::ranges::find(kPrctls, info.entry.args[0],
                        &std::pair<std::uint64_t, const char*>::first);
  return kind + "(" +
         (found == kPrctls.end() ? std::to_string(info.entry.args[0])
                                 : found->second) +
         ")";
}

bool is_program(pid_t pid, const std::string& program) {
  struct stat running {};
  struct stat wanted {};
  return stat(("/proc/" + std::to_string(pid) + "/exe").c_str(), &running) ==
             0 &&
         stat(program.c_str(), &wanted) == 0 &&
         running.st_dev == wanted.st_dev && running.st_ino == wanted.st_ino;
}

// Whether one of the first two arguments is a path that holds `text`.
bool names_path(pid_t pid, std::span<const std::uint64_t> arguments,
                const std::string& text) {
  for (const std::uint64_t address : arguments.first(2)) {
    std::array<char, 256> bytes{};
    const iovec to = {bytes.data(), bytes.size() - 1};
    const iovec from = {std::bit_cast<void*>(address), bytes.size() - 1};
    if (process_vm_readv(pid, &to, 1, &from, 1, 0) > 0 &&
        std::string(bytes.data()).find(text) != std::string::npos)
      return true;
  }
  return false;
}

// As /dev/null, and not the host's own: who is told that open(2) gave 0 may
// change the mode of what is there.
int open_null() {
  const std::string path = "/dev/doff-fault-" + std::to_string(getpid());
  if (mknod(path.c_str(), S_IFCHR | 0666, makedev(1, 3)) != 0) stop("mknod");
  const int null = open(path.c_str(), O_RDWR);
  unlink(path.c_str());
  if (null < 0) stop("open");
  return null;
}

// Never returns.
[[noreturn]] void become(const Subject& subject, int said) {
  const int null = open_null();
  dup2(null, STDIN_FILENO);
  dup2(null, STDOUT_FILENO);
  dup2(said, STDERR_FILENO);
  syscall(SYS_close_range, 3U, ~0U, 0U);
  dup2(open("/", O_RDONLY | O_DIRECTORY), kCanary);
  close(3);
  std::vector<char*> argv;
  for (const std::string& word : subject.command)
    argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
  kill(getpid(), SIGSTOP);
  execvp(argv[0], argv.data());
  stop(argv[0]);
}

std::string everything(int fd) {
  std::string text;
  std::array<char, 4096> bytes{};
  lseek(fd, 0, SEEK_SET);
  while (const auto got = read(fd, bytes.data(), bytes.size())) {
    if (got < 0) stop("what was said");
    text.append(bytes.data(), static_cast<std::size_t>(got));
  }
  return text;
}

void wake(int /*SIGALRM*/) {}

struct Process {
  int index = 0;
  int calls = 0;
  bool fresh = true;      // its first stop is ptrace's own
  bool stopping = false;  // SIGSTOP was passed on to it
  // At the entry of the call to be answered.
  std::optional<user_regs_struct> held{};
};

class Run {
 public:
  Run(const Subject& subject, const std::optional<Fault>& fault,
      std::vector<Call>* calls)
      : subject_(subject), fault_(fault), calls_(calls) {}

  Ending go() {
    const int said = memfd_create("stderr", MFD_CLOEXEC);
    const pid_t first = fork();
    if (said < 0 || first < 0) stop("starting");
    if (first == 0) become(subject_, said);
    first_ = first;
    struct sigaction action {};
    action.sa_handler = wake;
    sigaction(SIGALRM, &action, nullptr);
    alarm(kLimit);
    int status = 0;
    while (!over_) {
      const pid_t pid = waitpid(-1, &status, __WALL);
      if (pid < 0 && errno == ECHILD) break;
      if (pid < 0 && errno == EINTR) {
        ending_.left_behind = ended_;
        break;
      }
      if (pid < 0) stop("waitpid");
      notice(pid, status);
    }
    alarm(0);
    clean_up();
    ending_.said = everything(said);
    close(said);
    return ending_;
  }

 private:
  void clean_up() {
    for (const auto& [pid, process] : processes_) kill(pid, SIGKILL);
    while (waitpid(-1, nullptr, __WALL) > 0 || errno == EINTR) continue;
  }

  void notice(pid_t pid, int status) {
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      processes_.erase(pid);
      if (pid != first_) return;
      ending_.end = WIFEXITED(status) ? End::kExited : End::kSignalled;
      ending_.value =
          WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
      ended_ = true;
      alarm(kOrphansLimit);
      return;
    }
    auto [place, is_new] = processes_.try_emplace(pid);
    Process& process = place->second;
    if (is_new) {
      process.index = static_cast<int>(known_++);
      ptrace(PTRACE_SETOPTIONS, pid, nullptr,
             PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC |
                 PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                 PTRACE_O_TRACEVFORK);
    }
    const int signal = WSTOPSIG(status);
    const int event = status >> 16;
    if (signal == (SIGTRAP | 0x80)) return at_call(pid, process);
    if (event == PTRACE_EVENT_EXEC) return at_execve(pid, process);
    if (event != 0) return resume(pid, process, 0);
    if (std::exchange(process.fresh, false) && signal == SIGSTOP)
      return resume(pid, process, 0);
    at_signal(pid, process, signal);
  }

  void at_execve(pid_t pid, Process& process) {
    if (!begun_) {
      begun_ = is_program(pid, subject_.program);
      counting_ = begun_ && subject_.from.empty();
      return resume(pid, process, 0);
    }
    if (!subject_.becomes.empty() && !is_program(pid, subject_.becomes))
      return resume(pid, process, 0);
    ending_.end = End::kBecame;
    ending_.value = process.index;
    if (subject_.look) ending_.state = subject_.look(pid);
    over_ = true;
  }

  // SIGSTOP is passed on, stops it, and is undone by SIGCONT.
  void at_signal(pid_t pid, Process& process, int signal) {
    if (signal == SIGSTOP && std::exchange(process.stopping, false)) {
      kill(pid, SIGCONT);
      return resume(pid, process, 0);
    }
    process.stopping = signal == SIGSTOP;
    resume(pid, process, signal);
  }

  void at_call(pid_t pid, Process& process) {
    __ptrace_syscall_info info{};
    if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) <= 0)
      return resume(pid, process, 0);
    if (info.op == PTRACE_SYSCALL_INFO_EXIT && process.held)
      answer(pid, process);
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY && begun_) {
      const auto arguments = std::span<const std::uint64_t>(info.entry.args);
      if (!counting_ && names_path(pid, arguments, subject_.from))
        counting_ = true;
      if (counting_) count(pid, process, info);
    }
    resume(pid, process, 0);
  }

  void count(pid_t pid, Process& process, const __ptrace_syscall_info& info) {
    const int ordinal = process.calls++;
    if (calls_ != nullptr)
      calls_->push_back({process.index, ordinal, kind_of(info)});
    if (!fault_ || fault_->process != process.index ||
        fault_->ordinal != ordinal)
      return;
    ending_.happened = true;
    switch (fault_->act) {
      case Act::kAnswer:
        return take_away(pid, process, info.arch == AUDIT_ARCH_X86_64);
      case Act::kSignal:
        kill(pid, static_cast<int>(fault_->value));
        return;
      case Act::kDelay:
        usleep(kDelay);
    }
  }

  // Not by the number -1, which a filter around the process would get to see:
  // closing no descriptor is allowed by every filter, and does nothing.
  // By the entry of 32-bit programs it has another number.
  static void take_away(pid_t pid, Process& process, bool native) {
    user_regs_struct registers{};
    if (ptrace(PTRACE_GETREGS, pid, nullptr, &registers) != 0)
      stop("PTRACE_GETREGS");
    process.held = registers;
    registers.orig_rax = native ? SYS_close : ~0ULL;
    registers.rdi = ~0ULL;
    if (ptrace(PTRACE_SETREGS, pid, nullptr, &registers) != 0)
      stop("PTRACE_SETREGS");
  }

  void answer(pid_t pid, Process& process) {
    user_regs_struct registers = *std::exchange(process.held, std::nullopt);
    registers.rax = static_cast<unsigned long long>(fault_->value);
    if (ptrace(PTRACE_SETREGS, pid, nullptr, &registers) != 0)
      stop("PTRACE_SETREGS");
  }

  // From call to call until the fault has happened, then at full speed.
  void resume(pid_t pid, const Process& process, int signal) const {
    const bool step = begun_ && (!ending_.happened || process.held.has_value());
    ptrace(step ? PTRACE_SYSCALL : PTRACE_CONT, pid, nullptr, signal);
  }

  const Subject& subject_;
  const std::optional<Fault>& fault_;
  std::vector<Call>* calls_;
  pid_t first_ = 0;
  std::size_t known_ = 0;
  std::map<pid_t, Process> processes_;
  bool begun_ = false;     // the program runs
  bool counting_ = false;  // and has come to the first call that counts
  bool ended_ = false;     // the first process has
  bool over_ = false;      // it has become what it starts
  Ending ending_{};
};

}  // namespace

Ending run(const Subject& subject, const std::optional<Fault>& fault,
           std::vector<Call>* calls) {
  return Run(subject, fault, calls).go();
}

}  // namespace doff::fault
