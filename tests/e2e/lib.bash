# shellcheck shell=bash
# What every suite needs: the binaries under test, tools, and ways to look at a
# process. Sourced by each .bats file.
bats_require_minimum_version 1.5.0

e2e=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
: "${DOFF:=$e2e/../../build/release/launcher/doff}"
DOFF=$(realpath "$DOFF")
: "${DOFFCTL:=$e2e/../../build/release/helper/doffctl}"
DOFFCTL=$(realpath -m "$DOFFCTL")
: "${DOFF_RUNTIME:=$e2e/../../build/release/helper/doff-runtime}"
DOFF_RUNTIME=$(realpath -m "$DOFF_RUNTIME")
export DOFF DOFFCTL DOFF_RUNTIME
# What script(1) starts. It must be bash: dash throws away the functions that
# bash exports, and so where SHELL is unset they would be missing.
export SHELL=/bin/bash
# What takes long to make and does not depend on DOFF.
: "${DOFF_TEST_CACHE:=$BATS_RUN_TMPDIR/cache}"

# The eight of the report, and the ten that NemoClaw's entrypoint drops.
# shellcheck disable=SC2034
REPORTED_EIGHT=(SYS_ADMIN NET_RAW NET_BIND_SERVICE SYS_PTRACE DAC_OVERRIDE
  FOWNER SETUID SETGID)
# shellcheck disable=SC2034
NEMOCLAW_TEN=(SYS_ADMIN SYS_PTRACE NET_RAW DAC_OVERRIDE SYS_CHROOT FSETID
  SETFCAP MKNOD AUDIT_WRITE NET_BIND_SERVICE)
export NOTHING=0000000000000000

# bash ignores `set -e` in whatever stands before `||`; what runs there sets
# `fatal`, so that the first failure still ends it.
fail() {
  printf '%s\n' "$@" >&2
  [[ -z ${fatal-} ]] || exit 1
  return 1
}

# until_true SHELL_CONDITION [WORD...]: waits for it, in a process of its own,
# since bats makes a loop in bash slow; two minutes, then it will never be.
until_true() {
  local condition=$1
  shift
  timeout 120 sh -c "until $condition; do sleep 0.01; done" sh "$@" ||
    fail "waited in vain for: $condition" "$@"
}

# Skips by name where the machine, not doff, is what is missing.
require_root() {
  ((EUID == 0)) || skip "only root can set up what is tested here"
}

# Tools that a package manager has are never a reason to skip.
need() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || fail "this suite needs the tool $tool"
  done
}

# assert_eq WHAT EXPECTED ACTUAL
assert_eq() {
  [[ $2 == "$3" ]] ||
    fail "$1:" "  expected: $(printf %q "$2")" "  actual:   $(printf %q "$3")"
}

# assert_has TEXT PART...: every PART stands in TEXT.
assert_has() {
  local text=$1 part
  shift
  for part in "$@"; do
    [[ $text == *"$part"* ]] ||
      fail "expected to find: $part" "in: $text"
  done
}

assert_lacks() {
  local text=$1 part
  shift
  for part in "$@"; do
    [[ $text != *"$part"* ]] || fail "expected not to find: $part" "in: $text"
  done
}

# refused PART...: after `run --separate-stderr`, the command was not run, the
# exit status is 125, stdout is empty and stderr holds every PART.
refused() {
  # shellcheck disable=SC2154 # run --separate-stderr sets them
  assert_eq "exit status ($stderr)" 125 "$status"
  # shellcheck disable=SC2154
  assert_eq stdout "" "$output"
  [[ $stderr == "doff: "* ]] || fail "stderr does not begin with 'doff: '" \
    "$stderr"
  assert_lacks "$stderr" RAN
  assert_has "$stderr" "$@"
}

# What a refused command would have said, on both streams.
# shellcheck disable=SC2034
RAN=(sh -c 'echo RAN; echo RAN >&2')

# field NAME FILE: the value in /proc/PID/status, its words a blank apart.
field() {
  awk -v name="$1:" '$1 == name { $1 = ""; print substr($0, 2) }' "$2"
}

# bit_of CAP: its number, from the kernel's own header by way of capsh.
bit_of() {
  local mask number
  for number in {0..63}; do
    printf -v mask %x $((1 << number))
    if [[ $(capsh --decode="$mask") == *"=cap_${1,,}" ]]; then
      echo "$number"
      return
    fi
  done
  fail "capsh does not know $1"
}

# names_of HEX: its names by capsh, upper case, without prefix, by commas.
names_of() {
  capsh --decode="$1" | sed 's/.*=//; s/cap_//g' | tr '[:lower:]' '[:upper:]'
}

# names_residue TEXT HEX: TEXT shows HEX, and its names or, if there are few,
# those that are missing from it.
names_residue() {
  local missing
  printf -v missing %x $((0x1ffffffffff & ~0x$2))
  [[ $1 == *"$2 ($(names_of "$2"))"* ]] ||
    [[ $1 == *"$2 (all but $(names_of "$missing"))"* ]] ||
    fail "$2 is not shown with its names in:" "$1"
}

# compiled NAME [FLAG...]: the path of the program made from NAME.c.
compiled() {
  local name=$1 program=$BATS_RUN_TMPDIR/$1
  shift
  if [[ ! -x $program ]]; then
    gcc -O1 -Wall -Wextra -Werror -static -pthread "$@" \
      -o "$program.new$BASHPID" "$e2e/$name.c" >&2
    mv "$program.new$BASHPID" "$program"
  fi
  echo "$program"
}

# A process table of our own: sandbox (uid 1500), which /etc/group puts into
# two more groups. Under `with_accounts CMD`, these are /etc/passwd and
# /etc/group.
make_accounts() {
  accounts=$BATS_FILE_TMPDIR/accounts
  mkdir -p "$accounts"
  cat >"$accounts/passwd" <<'PASSWD'
root:x:0:0:root:/root:/bin/sh
sandbox:x:1500:1500:the agent:/home/sandbox:/bin/sh
malformed:x:15x0:1500::/:/bin/sh
PASSWD
  cat >"$accounts/group" <<'GROUP'
root:x:0:
sandbox:x:1500:
video:x:1644:other,sandbox
denied:x:1605:sandbox
others:x:1699:other,sandboxes
GROUP
  chmod 644 "$accounts"/*
  # bats makes its directories for their owner alone.
  chmod 755 "$accounts"
  export accounts
}

with_accounts() {
  # shellcheck disable=SC2016
  unshare --mount --propagation private sh -c '
    mount --bind "$accounts/passwd" /etc/passwd &&
    mount --bind "$accounts/group" /etc/group && exec "$@"' sh "$@"
}
