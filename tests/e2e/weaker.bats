#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # stderr: run --separate-stderr sets it
# Every way in which the result could be weaker than asked is found by reading
# it back: calls that fail, and calls that claim success and do nothing. Each
# is a refusal, with the actual cause, and the command is never run.

setup_file() {
  load lib
  require_root
  need gcc capsh setpriv jq strace
  compiled answer >/dev/null
}

setup() {
  load lib
  require_root
  answer=$(compiled answer)
  bounding=$(field CapBnd /proc/self/status)
  make_accounts
}

# under RULE... -- ARG...: doff ARG... under a filter (see answer.c).
under() {
  local rules=()
  while [[ $1 != -- ]]; do
    rules+=("$1")
    shift
  done
  shift
  run --separate-stderr timeout 30 "$answer" "${rules[@]}" -- "$DOFF" "$@"
}

# Numbers of <linux/prctl.h> and errno values.
readonly CAPBSET_READ=23 CAPBSET_DROP=24 SET_SECCOMP=22 SET_NNP=38 GET_NNP=39
readonly SET_PDEATHSIG=1
readonly AMBIENT=47 AMBIENT_RAISE=2 AMBIENT_CLEAR=4
readonly DONE=0 EPERM=1 EINVAL=22 ENOSPC=28 ENOSYS=38
readonly NEWUSER=0x10000000

@test "a filter that answers nothing changes nothing" {
  under setgroups=$DONE -- sh -c 'echo fine'
  assert_eq "exit status ($stderr)" 0 "$status"
  assert_eq stdout fine "$output"
  assert_eq stderr "" "$stderr"
}

@test "CAP_SETPCAP missing: refused, and named as the cause" {
  run --separate-stderr setpriv --bounding-set -setpcap "$DOFF" "${RAN[@]}"
  refused "CapBnd holds" "CAP_SETPCAP is not effective" "inert, not sealed"
  local left
  printf -v left %016x $((0x$bounding & ~(1 << 8)))
  names_residue "$stderr" "$left"
}

@test "CAP_SETPCAP missing, --accept inert: one line, and no way up" {
  run --separate-stderr setpriv --bounding-set -setpcap "$DOFF" \
    --accept inert sed -n 's/^\(Cap...\|NoNewPrivs\):\t//p' /proc/self/status
  assert_eq "exit status ($stderr)" 0 "$status"
  local left
  printf -v left %016x $((0x$bounding & ~(1 << 8)))
  assert_eq "Inh Prm Eff Bnd Amb NoNewPrivs" \
    "$NOTHING $NOTHING $NOTHING $left $NOTHING 1" \
    "${output//$'\n'/ }"
  assert_eq "lines on stderr" 1 "$(wc -l <<<"$stderr")"
  names_residue "$stderr" "$left"
}

@test "CAP_SETPCAP missing, the bounding set empty: sealed and silent" {
  run --separate-stderr setpriv --bounding-set -all "$DOFF" \
    sed -n 's/^\(CapBnd\|NoNewPrivs\|Seccomp\):\t//p' /proc/self/status
  assert_eq "exit status ($stderr)" 0 "$status"
  assert_eq "CapBnd, NoNewPrivs, Seccomp" "$NOTHING 1 2" "${output//$'\n'/ }"
  assert_eq stderr "" "$stderr"
}

@test "CAP_SETPCAP missing but all that is left was asked for: sealed" {
  run --separate-stderr setpriv --bounding-set -all,+chown "$DOFF" \
    --cap-add CHOWN sed -n 's/^\(CapBnd\|NoNewPrivs\):\t//p' /proc/self/status
  assert_eq "exit status ($stderr)" 0 "$status"
  assert_eq "CapBnd, NoNewPrivs" "0000000000000001 1" "${output//$'\n'/ }"
}

@test "a drop denied although CAP_SETPCAP is held" {
  under prctl:$CAPBSET_DROP=$EPERM -- "${RAN[@]}"
  refused "CapBnd holds $bounding" "PR_CAPBSET_DROP" \
    "denied although the capability is held" "Operation not permitted"
  assert_lacks "$stderr" "CAP_SETPCAP is not effective"
}

@test "one single drop denied" {
  under prctl:$CAPBSET_DROP:21=$EPERM -- "${RAN[@]}"
  refused "CapBnd holds 0000000000200000 (SYS_ADMIN)" PR_CAPBSET_DROP
}

@test "a drop that claims success and did nothing" {
  under prctl:$CAPBSET_DROP=$DONE -- "${RAN[@]}"
  refused "CapBnd holds $bounding" PR_CAPBSET_DROP \
    "reported success, but the kernel disagrees"
}

@test "one single drop that claims success and did nothing" {
  under prctl:$CAPBSET_DROP:13=$DONE -- "${RAN[@]}"
  refused "CapBnd holds 0000000000002000 (NET_RAW)" \
    "reported success, but the kernel disagrees"
}

@test "strace makes every prctl fail: refused" {
  run --separate-stderr timeout 30 strace -o /dev/null -e inject=prctl:error=EPERM \
    "$DOFF" "${RAN[@]}"
  refused PR_CAPBSET_READ "Operation not permitted"
}

@test "strace makes every prctl claim success: refused" {
  run --separate-stderr timeout 30 strace -o /dev/null -e inject=prctl:retval=0 \
    "$DOFF" "${RAN[@]}"
  refused "cannot be read back" "answer is impossible" \
    "no_new_privs is not set"
}

@test "every prctl claims success under a filter: refused" {
  under prctl=$DONE -- "${RAN[@]}"
  refused "cannot be read back" "answer is impossible"
}

@test "a bounding set that cannot be read is not an empty one" {
  under prctl:$CAPBSET_READ=$EPERM -- "${RAN[@]}"
  refused "cannot be read back: prctl(PR_CAPBSET_READ)" \
    "Operation not permitted"
}

@test "a bounding set that ends at once is not an empty one" {
  under prctl:$CAPBSET_READ=$EINVAL -- "${RAN[@]}"
  refused "prctl(PR_CAPBSET_READ)"
}

@test "a bounding set that reads as empty without an end is not believed" {
  under prctl:$CAPBSET_READ=$DONE -- "${RAN[@]}"
  refused "prctl(PR_CAPBSET_READ)" "answer is impossible"
}

@test "capset fails" {
  under capset=$EPERM -- "${RAN[@]}"
  refused CapPrm CapEff "capset: it failed" "Operation not permitted" "open"
}

@test "capset claims success and did nothing" {
  under capset=$DONE -- "${RAN[@]}"
  refused CapPrm CapEff \
    "capset: it reported success, but the kernel disagrees"
}

@test "capset claims success, an inheritable set was there" {
  run --separate-stderr setpriv --inh-caps +net_raw "$answer" capset=$DONE -- \
    "$DOFF" "${RAN[@]}"
  refused "CapInh holds 0000000000002000 (NET_RAW)"
}

@test "capget denied" {
  under capget=$EPERM -- "${RAN[@]}"
  refused "cannot be read back: capget" "Operation not permitted"
}

@test "capget claims success and says nothing" {
  under capget=$DONE -- "${RAN[@]}"
  refused CapPrm CapEff CapInh
  under capget=$DONE capset=$DONE -- "${RAN[@]}"
  refused CapPrm CapEff CapInh
}

@test "ambient capabilities left behind" {
  run --separate-stderr setpriv --inh-caps +chown --ambient-caps +chown \
    "$answer" prctl:$AMBIENT:$AMBIENT_CLEAR=$DONE capset=$DONE -- \
    "$DOFF" "${RAN[@]}"
  refused "CapAmb holds 0000000000000001 (CHOWN)" \
    "reported success, but the kernel disagrees"
}

@test "ambient capabilities left behind by a clear that fails" {
  run --separate-stderr setpriv --inh-caps +chown --ambient-caps +chown \
    "$answer" prctl:$AMBIENT:$AMBIENT_CLEAR=$EPERM capset=$DONE -- \
    "$DOFF" "${RAN[@]}"
  refused "CapAmb holds 0000000000000001 (CHOWN)" PR_CAP_AMBIENT \
    "Operation not permitted"
}

@test "an ambient set that cannot be read is not an empty one" {
  local answered
  for answered in $DONE $EPERM $EINVAL; do
    run --separate-stderr timeout 30 setpriv --inh-caps +chown \
      --ambient-caps +chown "$answer" "prctl:$AMBIENT=$answered" \
      capset=$DONE -- "$DOFF" "${RAN[@]}"
    refused "CapInh holds 0000000000000001 (CHOWN)"
  done
  assert_has "$stderr" "CapAmb holds 0000000000000001 (CHOWN)"
}

@test "an ambient set that reads as empty, where --ambient asked for more" {
  under prctl:$AMBIENT=$DONE -- --cap-add CHOWN --ambient CHOWN "${RAN[@]}"
  refused "not every --ambient capability is ambient"
}

@test "--ambient that is not raised" {
  under prctl:$AMBIENT:$AMBIENT_RAISE=$DONE -- --cap-add CHOWN \
    --ambient CHOWN "${RAN[@]}"
  refused "not every --ambient capability is ambient" \
    "reported success, but the kernel disagrees"
}

@test "no_new_privs fails" {
  under prctl:$SET_NNP=$EPERM -- "${RAN[@]}"
  refused "no_new_privs is not set" PR_SET_NO_NEW_PRIVS \
    "Operation not permitted"
}

@test "no_new_privs claims success and did nothing" {
  under prctl:$SET_NNP=$DONE -- --seccomp none "${RAN[@]}"
  refused "no_new_privs is not set" \
    "reported success, but the kernel disagrees"
}

@test "no_new_privs that is neither set nor told" {
  under prctl:$SET_NNP=$DONE prctl:$GET_NNP=$EPERM -- --seccomp none "${RAN[@]}"
  refused "no_new_privs is not set"
}

@test "a signal on the parent's death that claims success and was not set" {
  under prctl:$SET_PDEATHSIG=$DONE -- --pdeathsig KILL "${RAN[@]}"
  refused "--pdeathsig"
}

@test "both ways to load a filter denied: not loaded, refused" {
  under seccomp=$EPERM prctl:$SET_SECCOMP=$EPERM -- "${RAN[@]}"
  refused "the seccomp filter is not in force" "Operation not permitted" \
    "--seccomp none"
}

@test "seccomp claims success and loaded nothing, in filter mode already" {
  under seccomp=$DONE -- "${RAN[@]}"
  refused "the seccomp filter is not in force" \
    "reported success, but the kernel disagrees"
}

@test "prctl(PR_SET_SECCOMP) claims success and loaded nothing" {
  under seccomp=$ENOSYS prctl:$SET_SECCOMP=$DONE -- "${RAN[@]}"
  refused "the seccomp filter is not in force"
}

@test "hardened claims success and loaded nothing" {
  under seccomp=$DONE -- --seccomp hardened "${RAN[@]}"
  refused "the seccomp filter is not in force"
}

@test "hardened not loaded under an outer filter that is like regain" {
  under seccomp=$DONE "unshare&$NEWUSER=$EPERM" "clone&$NEWUSER=$EPERM" \
    clone3=$ENOSYS setns=$EPERM -- --seccomp hardened "${RAN[@]}"
  refused "the seccomp filter is not in force"
}

@test "hardened not loaded within regain itself" {
  run --separate-stderr timeout 30 "$DOFF" "$answer" seccomp=$DONE -- \
    "$DOFF" --seccomp hardened "${RAN[@]}"
  refused "the seccomp filter is not in force"
}

@test "a filter file not loaded" {
  # A program of one instruction: allow.
  printf '\006\0\0\0\0\0\377\177' >"$BATS_TEST_TMPDIR/allow.bpf"
  run --separate-stderr timeout 30 strace -f -o /dev/null \
    -e inject=seccomp:retval=0 \
    "$DOFF" --seccomp "$BATS_TEST_TMPDIR/allow.bpf" "${RAN[@]}"
  refused "the seccomp filter is not in force"
}

@test "a filter file not loaded, in filter mode already" {
  printf '\006\0\0\0\0\0\377\177' >"$BATS_TEST_TMPDIR/allow.bpf"
  under seccomp=$EPERM prctl:$SET_SECCOMP=$EPERM -- \
    --seccomp "$BATS_TEST_TMPDIR/allow.bpf" "${RAN[@]}"
  refused "the seccomp filter is not in force"
}

@test "a filter file that the kernel rejects, in filter mode already" {
  head -c 8 /dev/zero >"$BATS_TEST_TMPDIR/bad.bpf"
  under setgroups=$DONE -- --seccomp "$BATS_TEST_TMPDIR/bad.bpf" "${RAN[@]}"
  refused "the seccomp filter is not in force" "Invalid argument"
}

@test "seccomp(2) refused, prctl allowed: sealed by the other way" {
  local error
  for error in $EPERM $ENOSYS; do
    under seccomp="$error" -- --report json --report-fd 2 \
      sed -n 's/^Seccomp_filters:\t//p' /proc/self/status
    assert_eq "exit status ($stderr)" 0 "$status"
    assert_eq "filters around the command" 2 "$output"
    assert_eq "verdict and filter" "sealed in-force" \
      "$(jq -r '"\(.verdict) \(.filter_state)"' <<<"$stderr")"
  done
}

@test "both refused, but user namespaces are closed outside: sealed" {
  under seccomp=$EPERM prctl:$SET_SECCOMP=$EPERM "unshare&$NEWUSER=$EPERM" \
    "clone&$NEWUSER=$EPERM" clone3=$ENOSYS -- --report json \
    sed -n 's/^Seccomp_filters:\t//p' /proc/self/status
  assert_eq "exit status ($stderr)" 0 "$status"
  assert_eq "filters around the command" 1 "$output"
  assert_eq "verdict and filter" "sealed outside" \
    "$(jq -r '"\(.verdict) \(.filter_state)"' <<<"$stderr")"
}

@test "both refused, and one way to a user namespace is open: refused" {
  local open
  local -A closed=([unshare]="unshare&$NEWUSER=$EPERM"
    [clone]="clone&$NEWUSER=$EPERM" [clone3]="clone3=$ENOSYS")
  for open in "${!closed[@]}"; do
    local others=()
    local each
    for each in "${!closed[@]}"; do
      [[ $each == "$open" ]] || others+=("${closed[$each]}")
    done
    under seccomp=$EPERM prctl:$SET_SECCOMP=$EPERM "${others[@]}" -- \
      "${RAN[@]}"
    refused "the seccomp filter is not in force"
  done
}

@test "both refused, and namespaces used up for now: refused" {
  under seccomp=$EPERM prctl:$SET_SECCOMP=$EPERM "unshare&$NEWUSER=$ENOSPC" \
    "clone&$NEWUSER=$ENOSPC" clone3=$ENOSYS -- "${RAN[@]}"
  refused "the seccomp filter is not in force"
}

@test "both refused, and the entry of 32-bit programs is open: refused" {
  [[ $(uname -m) == x86_64 ]] || skip "only x86-64 has that entry"
  under foreign seccomp=$EPERM prctl:$SET_SECCOMP=$EPERM \
    "unshare&$NEWUSER=$EPERM" "clone&$NEWUSER=$EPERM" clone3=$ENOSYS -- \
    "${RAN[@]}"
  refused "the seccomp filter is not in force"
}

@test "OpenShell's filter: everything done already, seccomp refused: sealed" {
  run --separate-stderr setpriv --bounding-set -all --no-new-privs \
    "$answer" seccomp:1=$EPERM prctl:$SET_SECCOMP=$EPERM \
    "unshare&$NEWUSER=$EPERM" "clone&$NEWUSER=$EPERM" clone3=$ENOSYS -- \
    "$DOFF" sh -c 'echo fine'
  assert_eq "exit status ($stderr)" 0 "$status"
  assert_eq stdout fine "$output"
  assert_eq stderr "" "$stderr"
}

@test "setresuid denied" {
  with_accounts true || skip "cannot bind-mount over /etc/passwd"
  run --separate-stderr with_accounts "$answer" setresuid=$EPERM -- \
    "$DOFF" --user sandbox "${RAN[@]}"
  refused "the user ids are not those of --user" setresuid \
    "denied although the capability is held"
}

@test "setresuid claims success and did nothing" {
  run --separate-stderr with_accounts "$answer" setresuid=$DONE -- \
    "$DOFF" --user sandbox "${RAN[@]}"
  refused "the user ids are not those of --user" \
    "reported success, but the kernel disagrees"
}

@test "setresgid denied, or claims success" {
  local answered
  for answered in $EPERM $DONE; do
    run --separate-stderr with_accounts "$answer" setresgid="$answered" -- \
      "$DOFF" --user sandbox "${RAN[@]}"
    refused "the group ids are not those of --user" setresgid
  done
}

@test "setgroups denied, or claims success" {
  local answered
  for answered in $EPERM $DONE; do
    run --separate-stderr with_accounts "$answer" setgroups="$answered" -- \
      "$DOFF" --user sandbox "${RAN[@]}"
    refused "the supplementary groups are not those asked for" setgroups
  done
}

@test "no --accept covers a wrong user, group or ambient set" {
  local call
  for call in setresuid setresgid setgroups; do
    run --separate-stderr with_accounts "$answer" "$call=$DONE" -- \
      "$DOFF" --user sandbox --accept open "${RAN[@]}"
    refused "not those" "$call"
  done
}

@test "ids that are not told are not believed" {
  local call
  for call in getresuid getresgid getgroups; do
    under "$call=$EPERM" -- "${RAN[@]}"
    refused "cannot be read back: $call" "Operation not permitted"
  done
  # Nothing is told, and nothing is no group.
  under getgroups=$DONE -- --groups clear "${RAN[@]}"
  refused "cannot be read back: getgroups" "answer is impossible"
  # Root asks for root; nothing is read, and nothing is 0.
  run --separate-stderr setpriv --reuid 1 --inh-caps +setuid,+setpcap \
    --ambient-caps +setuid,+setpcap "$answer" getresuid=$DONE \
    setresuid=$DONE -- "$DOFF" --user 0:0 "${RAN[@]}"
  refused "the user ids are not those of --user"
}

@test "several weaknesses at once are all named" {
  under capset=$DONE prctl:$CAPBSET_DROP=$EPERM prctl:$SET_NNP=$DONE -- \
    "${RAN[@]}"
  refused CapBnd CapPrm CapEff "no_new_privs is not set"
}

@test "a refusal's reasons are in the JSON, too" {
  under prctl:$CAPBSET_DROP=$DONE -- --report json --report-fd 1 "${RAN[@]}"
  assert_eq "exit status" 125 "$status"
  assert_lacks "$output$stderr" RAN
  assert_eq verdict "inert false 1" \
    "$(jq -r '"\(.verdict) \(.accepted) \(.reasons | length)"' <<<"$output")"
  assert_has "$(jq -r '.reasons[0]' <<<"$output")" "CapBnd holds $bounding" \
    "the kernel disagrees"
  assert_eq "after" "$bounding" "$(jq -r .after.bounding.hex <<<"$output")"
}
