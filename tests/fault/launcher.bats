#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # output, status: run sets them
# shellcheck disable=SC2030,SC2031 # a test is a subshell
# shellcheck disable=SC2054 # commas within words are meant
# Every system call of the launcher fails once in every way, lies once, comes
# with every signal, or is late: inject.cpp. Either the shell has what is
# promised here, or there is none and doff says why. DOFF_FAULT_ALL=1 tries
# every call of a row of like ones, too.

setup_file() {
  load ../e2e/lib
  require_root
  need gcc setpriv unshare
  : "${FAULT_INJECT:=$BATS_TEST_DIRNAME/../../build/release/tests/fault/inject}"
  export FAULT_INJECT
  bin=$(mktemp -d)
  cp "$DOFF" "$bin/doff"
  ln -s doff "$bin/doff-shell"
  cp "$(compiled answer)" "$bin/answer"
  chmod 755 "$bin" "$bin"/*
  export bin
  # An /etc of our own: accounts, and shell.conf.
  etc=$BATS_FILE_TMPDIR/etc
  mkdir -p "$etc/doff"
  make_accounts
  cp "$accounts"/* "$etc"
  echo "shell /bin/true" >"$etc/doff/shell.conf"
  chmod 755 "$BATS_FILE_TMPDIR" "$etc" "$etc/doff"
  chmod 644 "$etc/doff/shell.conf"
  export etc
}

teardown_file() {
  [[ -z ${bin-} ]] || rm -r "$bin"
}

setup() {
  shopt -s extglob
  load ../e2e/lib
  require_root
}

# promised FIELD=VALUE...: what the shell holds, and no more. Unsaid is the
# default: no capability, no_new_privs, a filter, root without groups, no
# descriptor but the three, and the directory.
promised() {
  local -A value=([CapInh]=$NOTHING [CapPrm]=$NOTHING [CapEff]=$NOTHING
    [CapBnd]=$NOTHING [CapAmb]=$NOTHING [NoNewPrivs]=1 [Seccomp]=2
    [Uid]=0,0,0,0 [Gid]=0,0,0,0 [Groups]="" [fds]=0,1,2 [userns]=same
    [cwd]=$PWD)
  local each
  for each in "$@"; do value[${each%%=*}]=${each#*=}; done
  promise=
  otherwise=()
  for each in CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs Seccomp Uid Gid \
    Groups fds userns cwd; do
    promise+="${promise:+ }$each=${value[$each]}"
  done
}

# but FAULT FIELD=VALUE...: in this case, where more is not to be had.
but() {
  local state=$promise each
  for each in "${@:2}"; do
    state=${state/${each%%=*}=+([^ ])/$each}
  done
  otherwise+=(--otherwise "$1" "$state")
}

# holds COMMAND...: under every fault, what was promised() or a word of it.
holds() {
  local all=()
  [[ -z ${DOFF_FAULT_ALL-} ]] || all=(--all)
  # shellcheck disable=SC2016
  run unshare --mount --propagation private sh -c '
    mount --bind "$etc" /etc && exec "$@"' sh "$FAULT_INJECT" "${all[@]}" \
    --errnos "$BATS_TEST_DIRNAME/errnos" --program "$bin/doff" \
    --promise "$promise" "${otherwise[@]}" -- "$@"
  ((status == 0)) || fail "$output"
  echo "# $BATS_TEST_DESCRIPTION: $output" >&3
}

# The root of a container: Docker's fourteen, and without one of them.
readonly WITHOUT_SETPCAP=(setpriv --clear-groups --bounding-set
  -all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+net_raw,+net_bind_service,+sys_chroot,+mknod,+audit_write,+setfcap)
readonly ROOT=("${WITHOUT_SETPCAP[@]/%,+setfcap/,+setfcap,+setpcap}")
readonly USER=(setpriv --reuid 4000 --regid 4000 --groups 4000,24)

@test "root of a container" {
  promised
  holds "${ROOT[@]}" "$bin/doff" /bin/true
}

@test "an inheritable and an ambient set that were there" {
  promised
  holds "${ROOT[@]}" --inh-caps +chown,+net_raw --ambient-caps +net_raw \
    "$bin/doff" /bin/true
}

@test "capabilities that are kept" {
  promised CapBnd=0000000000002001 CapPrm=0000000000002001 \
    CapEff=0000000000002001 CapInh=0000000000000001 CapAmb=0000000000000001
  # Somebody who is not root keeps what is ambient.
  local error
  for error in EPERM ENOSYS; do
    but "geteuid: $error" CapPrm=0000000000000001 CapEff=0000000000000001
  done
  holds "${ROOT[@]}" "$bin/doff" --cap-add CHOWN,NET_RAW --ambient CHOWN \
    /bin/true
}

@test "a container that was trimmed when it was made" {
  promised
  holds setpriv --clear-groups --bounding-set -all "$bin/doff" /bin/true
}

@test "another user and its groups" {
  promised Uid=1500,1500,1500,1500 Gid=1500,1500,1500,1500 \
    Groups=1500,1605,1644
  # Where there is no /etc/group, nobody is in it.
  but "open: ENOENT" Groups=1500
  holds "${ROOT[@]}" "$bin/doff" --user sandbox --groups init /bin/true
}

@test "another user with an ambient capability" {
  promised CapBnd=0000000000000400 CapPrm=0000000000000400 \
    CapEff=0000000000000400 CapInh=0000000000000400 CapAmb=0000000000000400 \
    Uid=1500,1500,1500,1500 Gid=1500,1500,1500,1500 Groups=1500,1605,1644
  but "open: ENOENT" Groups=1500
  holds "${ROOT[@]}" "$bin/doff" --user sandbox --cap-add NET_BIND_SERVICE \
    --ambient NET_BIND_SERVICE /bin/true
}

@test "a user namespace, without any privilege" {
  promised Uid=4000,4000,4000,4000 Gid=4000,4000,4000,4000 Groups=24,4000 \
    userns=own
  holds "${USER[@]}" "$bin/doff" --userns always /bin/true
}

@test "no filter" {
  promised Seccomp=0
  holds "${ROOT[@]}" "$bin/doff" --seccomp none /bin/true
}

@test "the filter hardened" {
  promised
  holds "${ROOT[@]}" "$bin/doff" --seccomp hardened /bin/true
}

@test "--accept inert, without CAP_SETPCAP" {
  promised CapBnd=00000000a80424fb
  holds "${WITHOUT_SETPCAP[@]}" "$bin/doff" --accept inert /bin/true
}

@test "an outer filter that refuses ours, and closes the same" {
  promised
  holds "${ROOT[@]}" "$bin/answer" seccomp=1 prctl:22=1 \
    "unshare&0x10000000=1" "clone&0x10000000=1" clone3=38 setns=1 -- \
    "$bin/doff" /bin/true
}

@test "a login shell" {
  promised
  # Told that it has opened descriptor 0, it closes that.
  but "openat: 0 without effect" fds=1,2
  holds "${ROOT[@]}" "$bin/doff-shell" -c true
}

@test "a directory, a signal, a report, and descriptors that stay" {
  promised fds=0,1,2,9 cwd=/
  holds "${ROOT[@]}" "$bin/doff" --chdir / --pdeathsig KILL --report json \
    --keep-fd 9 /bin/true
}
