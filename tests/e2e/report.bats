#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # stderr: run --separate-stderr sets it
# The reported case: an exec into a container whose bounding set is 4a82c35fb,
# Docker's fourteen with SYS_ADMIN, NET_ADMIN, SYS_PTRACE and SYSLOG.

setup_file() {
  load lib
  load container
  require_root
  need jq capsh
  make_runtimes
  make_shared
  local root bundle=$BATS_FILE_TMPDIR/bundle
  root=$(root_of deb)
  make_bundle "$bundle" "$root" 4a82c35fb false false
  export id=doff-report-$$
  runtime runc run -d -b "$bundle" "$id" </dev/null \
    >"$BATS_FILE_TMPDIR/log" 2>&1 3>&- || fail "$(<"$BATS_FILE_TMPDIR/log")"
}

teardown_file() {
  load lib
  load container
  runtime runc delete --force "$id"
}

setup() {
  load lib
  load container
  require_root
}

# inside COMMAND [ARG...]: as a person's exec into the container would run it.
inside() {
  run --separate-stderr runtime runc exec "$id" "$@"
  assert_eq "exit status ($stderr)" 0 "$status"
}

bounding='s/^CapBnd:\t//p'

@test "without doff, the shell has the reported CapBnd" {
  inside sed -n "$bounding" /proc/self/status
  assert_eq CapBnd 00000004a82c35fb "$output"
}

@test "none of the eight reported capabilities is in CapBnd" {
  inside /e2e/doff sed -n "$bounding" /proc/self/status
  local each
  for each in "${REPORTED_EIGHT[@]}"; do
    ((!(0x$output >> $(bit_of "$each") & 1))) || fail "$each in $output"
  done
  assert_eq CapBnd "$NOTHING" "$output"
  assert_eq stderr "" "$stderr"
}

@test "none of the ten that NemoClaw's entrypoint drops is in CapBnd" {
  inside /e2e/doff sed -n "$bounding" /proc/self/status
  local each
  for each in "${NEMOCLAW_TEN[@]}"; do
    ((!(0x$output >> $(bit_of "$each") & 1))) || fail "$each in $output"
  done
}

@test "capsh --print inside shows an empty bounding set" {
  inside capsh --print
  assert_has "$(grep '^Bounding set' <<<"$output")" cap_sys_admin
  inside /e2e/doff capsh --print
  assert_eq "Bounding set" "Bounding set =" "$(grep ^Bounding <<<"$output")"
  assert_eq "Current" "Current: =" "$(grep ^Current: <<<"$output")"
  assert_eq "Ambient set" "Ambient set =" "$(grep ^Ambient <<<"$output")"
}

# shellcheck disable=SC2016
facts='id -un; sed -n "s/^\(Cap[PEIAB]..\|[UG]id\|Groups\):\t//p" /proc/self/status'

@test "--user sandbox --cap-add SETPCAP: CapBnd is 100 and id says sandbox" {
  inside /e2e/doff --user sandbox --cap-add SETPCAP -- sh -c \
    "id -un; sed -n '$bounding' /proc/self/status"
  assert_eq "id -un, CapBnd" "sandbox 0000000000000100" "${output//$'\n'/ }"
  assert_eq stderr "" "$stderr"
}

@test "it equals what the capsh and setpriv chain gives, in one step" {
  local chain drop
  # setpriv itself needs SETUID and SETGID, so they fall last.
  drop=$(names_of "$(printf %x $((0x4a82c35fb & ~0x1c0)))")
  drop=cap_${drop//,/,cap_}
  inside capsh "--drop=${drop,,}" -- -c "exec setpriv --reuid sandbox \
    --regid sandbox --init-groups --bounding-set -setuid,-setgid \
    sh -c '$facts'"
  chain=$output
  assert_has "$chain" sandbox 0000000000000100
  inside /e2e/doff --user sandbox --cap-add SETPCAP -- sh -c "$facts"
  assert_eq "doff's facts" "$chain" "$output"
}
