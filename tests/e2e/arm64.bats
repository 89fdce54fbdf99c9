#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # stderr: run --separate-stderr sets it
# The arm64 launcher under qemu-user, which passes prctl and capset on to the
# kernel of this machine and knows no seccomp(2): so the drop can be seen, and
# that a filter which cannot be loaded is refused.

setup() {
  load lib
  require_root
  [[ -n ${DOFF_ARM64-} ]] || skip "DOFF_ARM64 does not name an arm64 build"
  need qemu-aarch64-static
}

doff() { run --separate-stderr qemu-aarch64-static "$DOFF_ARM64" "$@"; }

@test "arm64: a static executable for aarch64" {
  run readelf -hlW "$DOFF_ARM64"
  assert_has "$output" AArch64 LOAD
  assert_lacks "$output" INTERP DYNAMIC RWE
}

@test "arm64: without a filter it seals, and says so" {
  doff --seccomp none --dry-run --report json
  assert_eq "exit status ($stderr)" 0 "$status"
  assert_eq "verdict and sets" "sealed $NOTHING $NOTHING $NOTHING true" \
    "$(jq -r '"\(.verdict) \(.after.bounding.hex) \(.after.permitted.hex)" +
      " \(.after.inheritable.hex) \(.after.no_new_privs)"' <<<"$output")"
}

@test "arm64: a filter that cannot be loaded is refused" {
  doff sh -c 'echo started'
  assert_eq "exit status" 125 "$status"
  assert_eq stdout "" "$output"
  assert_has "$stderr" "the seccomp filter is not in force"
}

@test "arm64: CAP_SETPCAP missing is refused, and named" {
  run --separate-stderr setpriv --bounding-set -setpcap \
    qemu-aarch64-static "$DOFF_ARM64" --seccomp none sh -c 'echo started'
  assert_eq "exit status" 125 "$status"
  assert_eq stdout "" "$output"
  assert_has "$stderr" "CAP_SETPCAP is not effective"
}

@test "arm64: an unknown option has a neighbour" {
  doff --cap-dorp ALL
  assert_eq "exit status" 125 "$status"
  assert_has "$stderr" "did you mean cap-drop"
}
