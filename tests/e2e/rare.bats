#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # stderr: run --separate-stderr sets it
# shellcheck disable=SC2030,SC2031 # a test is a subshell; run sets them in each
# Refusals that no other suite comes by: each is a line of launcher/ that was
# not covered (test.sh --coverage).

setup_file() {
  load lib
  require_root
  need gcc setpriv
  make_accounts
  compiled answer >/dev/null
}

setup() {
  load lib
  require_root
  accounts=$BATS_TEST_TMPDIR/accounts
  export accounts
  cp -a "$BATS_FILE_TMPDIR/accounts" "$accounts"
  answer=$(compiled answer)
  # bats makes its directories for their owner alone.
  home=$(mktemp -d)
  chmod 755 "$home"
  cp "$DOFF" "$home/doff"
  cp "$answer" "$home/answer"
}

teardown() {
  rm -rf "$home"
}

# as ARG...: doff ARG... where /etc/passwd and /etc/group are the test's.
as() {
  run --separate-stderr with_accounts "$DOFF" "$@"
}

# answering CALL=ERRNO ARG...: doff ARG... where that call is answered so.
answering() {
  run --separate-stderr "$answer" "$1" -- "$DOFF" "${@:2}"
}

# unprivileged CALL=ERRNO: --userns always for somebody with no privilege.
unprivileged() {
  run --separate-stderr setpriv --reuid 4000 --regid 4000 --clear-groups \
    "$home/answer" "$1" -- "$home/doff" --userns always "${RAN[@]}"
}

@test "a descriptor for a report that nobody asked for" {
  run --separate-stderr "$DOFF" --report-fd 1 "${RAN[@]}"
  refused "--report-fd: there is no report" "--report human or json"
}

@test "an /etc/passwd and an /etc/group without an entry" {
  : >"$accounts/passwd"
  as --user sandbox "${RAN[@]}"
  refused "/etc/passwd is missing or empty" "give numbers"
  : >"$accounts/group"
  as --user 1500:video "${RAN[@]}"
  refused "/etc/group is missing or empty" "give its number"
}

@test "a group of the user's whose number cannot be read" {
  echo "broken:x:12x:sandbox" >>"$accounts/group"
  as --user sandbox "${RAN[@]}"
  refused "--user 'broken'" "its number is malformed"
}

@test "a home directory that is longer than a path" {
  local home
  printf -v home '/%05000d' 0
  echo "far:x:1501:1501::$home:/bin/sh" >>"$accounts/passwd"
  as --user far "${RAN[@]}"
  refused "setting HOME" "name too long"
}

@test "--groups init for a uid without an entry: its own group alone" {
  run --separate-stderr with_accounts setpriv --reuid 4000 --clear-groups \
    --inh-caps +setgid --ambient-caps +setgid "$home/doff" --groups init \
    --accept inert sh -c 'id -G'
  assert_eq groups 0 "$output"
}

@test "a parent's death that the kernel does not tell of" {
  local code
  for code in 1 0; do
    answering prctl:1=$code --pdeathsig TERM "${RAN[@]}"
    refused "--pdeathsig: prctl"
  done
}

@test "a working directory that cannot be asked for" {
  answering getcwd=13 "${RAN[@]}"
  refused "looking at the working directory" "Permission denied"
}

@test "a user namespace that may not be joined: by whom" {
  unprivileged setns=1
  refused "entering a user namespace" "denied by a seccomp filter around doff"
  unprivileged setns=22
  refused "entering a user namespace" "Invalid argument"
  unprivileged setns=0
  refused "entering a user namespace" "but the kernel disagrees"
}

@test "a user namespace that there is not in this kernel" {
  unprivileged unshare=22
  refused "entering a user namespace" "this kernel has no user namespaces"
}

@test "a user namespace that is refused for another reason" {
  # With these flags alone: the launcher looks for filters with others.
  unprivileged unshare:0x10000000=1
  refused "entering a user namespace" "by a security module"
  unprivileged unshare:0x10000000=28
  refused "entering a user namespace" "as many as user.max_user_namespaces"
}

@test "a child that cannot be made" {
  unprivileged clone=11
  refused "entering a user namespace" "Resource temporarily unavailable"
}
