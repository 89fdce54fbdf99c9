#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # stderr: run --separate-stderr sets it
# shellcheck disable=SC2030,SC2031 # a test is a subshell; run sets them in each
# What the filters close, and what must go on working under them.

setup_file() {
  load lib
  require_root
  need gcc script strace gdb python3 setpriv unshare
  compiled regain >/dev/null
  compiled answer >/dev/null
}

setup() {
  load lib
  require_root
  regain=$(compiled regain)
}

# closed EXPECTED WAY...: each way ends with EXPECTED, as root without
# capabilities and as an ordinary user.
closed() {
  local expected=$1 way
  shift
  for way in "$@"; do
    run --separate-stderr "$DOFF" "${options[@]}" "$regain" "$way"
    assert_eq "$way ($stderr)" "$expected" "$output"
  done
}
options=()

# open_without_doff WAY: or the test says nothing.
open_without_doff() {
  assert_eq "$1 without doff" open "$("$regain" "$1")"
}

@test "user namespaces by unshare: denied, whatever else is asked for" {
  open_without_doff unshare
  closed EPERM unshare unshare-more
  run --separate-stderr "$DOFF" unshare -U -r id -u
  assert_eq "exit status of unshare -U" 1 "$status"
  assert_has "$stderr" "Operation not permitted"
}

@test "user namespaces by clone: denied, with high bits too" {
  open_without_doff clone
  closed EPERM clone clone-high
  closed open clone-plain
}

@test "clone3 is not there, so that libcs fall back to clone" {
  open_without_doff clone3
  closed ENOSYS clone3 clone3-plain
}

@test "setns, by a namespace's file and by pidfd: denied" {
  closed EPERM setns setns-pidfd
}

@test "an ordinary user finds the same closed" {
  cp "$regain" "$BATS_TEST_TMPDIR/regain"
  local way public
  public=$(mktemp -d)
  chmod 755 "$public"
  cp "$regain" "$DOFF" "$public"
  run --separate-stderr setpriv --reuid 4000 --regid 4000 --clear-groups \
    --bounding-set -all "$public/${DOFF##*/}" "$public/regain" \
    unshare clone clone3 setns setns-pidfd
  rm -r "$public"
  assert_eq "unshare clone clone3 setns setns-pidfd ($stderr)" \
    "EPERM EPERM ENOSYS EPERM EPERM" "${output//$'\n'/ }"
}

@test "TIOCSTI and TIOCLINUX: denied, with high bits too" {
  local ways="tiocsti tiocsti-high tioclinux tioclinux-high" plain
  plain=$(SHELL=/bin/sh script -qec "$regain tiocsti" /dev/null </dev/null |
    tr -d '\r' | grep -oE 'open|E[A-Z]+' | tail -n 1)
  echo "# TIOCSTI without doff: $plain" >&3
  run env SHELL=/bin/sh script -qec "$DOFF $regain $ways" /dev/null </dev/null
  assert_eq "$ways" "EPERM EPERM EPERM EPERM" \
    "$(tr -d '\r' <<<"$output" | tr '\n' ' ' | sed 's/ $//')"
}

# A kernel without x32 answers ENOSYS by itself, so that does not count.
@test "the x32 entry: killed or denied, for any call" {
  [[ $(uname -m) == x86_64 ]] || skip "x32 is of x86-64"
  local way
  for way in x32 x32-getpid; do
    run --separate-stderr "$DOFF" "$regain" "$way"
    [[ $status -eq $((128 + 31)) || $output == EPERM ]] ||
      fail "$way: status $status, $output"
  done
}

@test "the int 0x80 entry: killed or denied, for any call" {
  [[ $(uname -m) == x86_64 ]] || skip "int 0x80 is of x86-64"
  local way
  for way in int80 int80-getpid; do
    run --separate-stderr "$DOFF" "$regain" "$way"
    [[ $status -eq $((128 + 31)) || $output == EPERM ]] ||
      fail "$way: status $status, $output"
  done
}

@test "nothing can take the filter off: it is in every child" {
  run --separate-stderr "$DOFF" sh -c "sh -c 'exec $regain unshare clone'"
  assert_eq "unshare clone" "EPERM EPERM" "${output//$'\n'/ }"
}

@test "--seccomp none leaves them open, so it is the filter that closes" {
  run --separate-stderr "$DOFF" --seccomp none "$regain" unshare
  assert_eq unshare open "$output"
}

works() {
  run --separate-stderr "$DOFF" "${options[@]}" "$@"
  assert_eq "exit status of $* ($output$stderr)" 0 "$status"
}

@test "threads start: Python on glibc" {
  works python3 -c '
import threading
seen = []
threads = [threading.Thread(target=seen.append, args=(i,)) for i in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
print(len(seen))'
  assert_eq "threads that ran" 8 "$output"
}

@test "processes start: fork, vfork, posix_spawn, pipes" {
  works python3 -c '
import os, subprocess
os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
print(subprocess.check_output(["echo", "fine"]).decode().strip())'
  assert_eq stdout fine "$output"
}

@test "strace traces a child, and injects into it" {
  works strace -o "$BATS_TEST_TMPDIR/trace" true
  assert_has "$(<"$BATS_TEST_TMPDIR/trace")" execve "exited with 0"
  run --separate-stderr "$DOFF" strace -o /dev/null -e inject=chdir:error=EIO \
    python3 -c 'import os; os.chdir("/")'
  assert_has "$stderr" "Input/output error"
}

@test "gdb runs a child and prints its registers" {
  works gdb -nx -batch -ex 'starti' -ex 'info registers' -ex 'kill' /bin/true
  assert_has "$output" "Program stopped"
}

@test "a compiler works, and what it made runs" {
  printf '%s\n' '#include <stdio.h>' 'int main(void) { puts("built"); }' \
    >"$BATS_TEST_TMPDIR/a.c"
  works gcc -O2 -o "$BATS_TEST_TMPDIR/a.out" "$BATS_TEST_TMPDIR/a.c"
  works "$BATS_TEST_TMPDIR/a.out"
  assert_eq stdout built "$output"
}

@test "terminals, job control and tmux work: a new session with its own pty" {
  works env TMUX_TMPDIR="$BATS_TEST_TMPDIR" tmux -f /dev/null -L under-doff \
    new-session -d 'exit 0'
  works sh -c 'SHELL=/bin/sh script -qec "stty size" /dev/null </dev/null'
}

@test "hardened closes what regain closes" {
  options=(--seccomp hardened)
  closed EPERM unshare unshare-more clone clone-high setns setns-pidfd
  closed ENOSYS clone3
  closed EPERM unshare-mount
}

@test "hardened: threads, processes and a compiler still work" {
  options=(--seccomp hardened)
  works python3 -c 'import threading
t = threading.Thread(target=print, args=("fine",)); t.start(); t.join()'
  assert_eq stdout fine "$output"
  printf 'int main(void) { return 0; }\n' >"$BATS_TEST_TMPDIR/a.c"
  works gcc -o "$BATS_TEST_TMPDIR/a.out" "$BATS_TEST_TMPDIR/a.c"
  works "$BATS_TEST_TMPDIR/a.out"
}

@test "hardened denies its list to one who holds every capability" {
  local call number denied=0
  for call in ptrace process_vm_readv process_vm_writev pidfd_getfd kcmp bpf \
    perf_event_open userfaultfd io_uring_setup io_uring_enter \
    io_uring_register add_key request_key keyctl mount umount2 pivot_root \
    fsopen fsconfig fsmount fspick move_mount open_tree mount_setattr \
    open_by_handle_at name_to_handle_at fanotify_init kexec_load \
    kexec_file_load init_module finit_module delete_module acct; do
    number=$(printf '#include <sys/syscall.h>\nSYS_%s\n' "$call" |
      gcc -E -P - | tail -n 1)
    [[ $number =~ ^[0-9]+$ ]] || {
      echo "# $call has no number here" >&3
      continue
    }
    run --separate-stderr "$DOFF" --cap-add ALL --seccomp hardened "$regain" \
      "$number"
    assert_eq "$call ($stderr)" EPERM "$output"
    denied=$((denied + 1))
  done
  ((denied >= 30)) || fail "only $denied calls checked"
}

@test "regain does not deny that list" {
  local call number
  for call in ptrace process_vm_readv kcmp; do
    number=$(printf '#include <sys/syscall.h>\nSYS_%s\n' "$call" |
      gcc -E -P - | tail -n 1)
    run --separate-stderr "$DOFF" --cap-add ALL "$regain" "$number"
    [[ $output != EPERM ]] || fail "$call: EPERM"
  done
}
