#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # stderr: run --separate-stderr sets it
# shellcheck disable=SC2030,SC2031 # a test is a subshell; run sets them in each
# shellcheck disable=SC2034 # supervisor.bash reads them
# shellcheck disable=SC2016 # what stands in single quotes is for other shells
# An older kind of supervisor takes away every capability but leaves the
# bounding set of the report, and has no filter: what doff makes of its shells.

setup_file() {
  load lib
  load supervisor
  make_supervisor
  need capsh
}

setup() {
  load lib
  load supervisor
  use_supervisor
}

teardown() {
  end_talks
}

# old COMMAND...: under the older kind of supervisor.
old() {
  require_old_bounding
  run --separate-stderr in_image plain "$supervisor" --old 998:998 "$@"
}

facts=(sed -n 's/^\(Cap...\|NoNewPrivs\):\t//p' /proc/self/status)

@test "the older kind: refused, with the remedies" {
  old doff "${RAN[@]}"
  refused "CapBnd holds $OLD_BOUNDING" "CAP_SETPCAP is not effective" \
    "--accept inert" --userns
  names_residue "$stderr" "$OLD_BOUNDING"
}

@test "the older kind, --accept inert: one line, which names the residue" {
  old doff --accept inert "${facts[@]}"
  assert_eq "exit status" 0 "$status"
  assert_eq "Inh Prm Eff Bnd Amb, no_new_privs" \
    "$NOTHING $NOTHING $NOTHING $OLD_BOUNDING $NOTHING 1" "${output//$'\n'/ }"
  assert_eq "lines on stderr ($stderr)" 1 "$(wc -l <<<"$stderr")"
  names_residue "$stderr" "$OLD_BOUNDING"
}

@test "the older kind, --userns auto: sealed in a namespace, and silent" {
  old doff --userns auto "${facts[@]}"
  assert_eq "status and stderr" 0 "$status$stderr"
  assert_eq "Inh Prm Eff Bnd Amb, no_new_privs" \
    "$NOTHING $NOTHING $NOTHING $NOTHING $NOTHING 1" "${output//$'\n'/ }"
  old doff --userns auto sh -c 'readlink /proc/self/ns/user; id; ulimit -c'
  assert_lacks "$output" "$(readlink /proc/self/ns/user)"
  assert_has "$output" "uid=998(older) gid=998(older)"
}

@test "the older kind where no namespace may be made: auto is as without" {
  compiled answer >/dev/null
  install -m 755 "$(compiled answer)" "$images/plain/usr/bin/answer"
  local denied=(answer "unshare&0x10000000=1" "clone&0x10000000=1" clone3=38
    -- doff --userns auto)
  old "${denied[@]}" "${RAN[@]}"
  refused "CapBnd holds $OLD_BOUNDING" "--accept inert"
  old "${denied[@]}" --accept inert "${facts[@]}"
  assert_has "$output" "$OLD_BOUNDING"
  assert_eq "lines on stderr ($stderr)" 1 "$(wc -l <<<"$stderr")"
}

# shadowed_old LINE...: doff is /bin/bash, and shell.conf says LINE... more.
shadowed_old() {
  require_old_bounding
  user=998:998
  outer=(--old)
  cp -a "$images" "$BATS_TEST_TMPDIR/images"
  images=$BATS_TEST_TMPDIR/images
  printf '%s\n' "$@" >>"$images/shadow/etc/doff/shell.conf"
}

# old_talk PLACE TALK
old_talk() {
  use_place "$1"
  use_talk "$1-$2"
  "$2"
  finish
}

@test "the older kind, doff as /bin/bash: refused" {
  shadowed_old
  run --separate-stderr in_image shadow "$supervisor" --old 998:998 \
    /bin/bash -lc 'echo RAN; echo RAN >&2'
  refused "CapBnd holds $OLD_BOUNDING" "--accept inert" --userns
}

@test "the older kind, doff as /bin/bash, accept inert: one line more" {
  shadowed_old 'accept inert'
  old_talk plain login_command
  old_talk shadow login_command
  assert_eq "Inh Prm Eff Bnd Amb, no_new_privs, filters" \
    "$NOTHING $NOTHING $NOTHING $OLD_BOUNDING $NOTHING 1 1" \
    "$(<"$BATS_TEST_TMPDIR/state")"
  assert_eq residue 1 "$(grep -c "^doff: .*$OLD_BOUNDING" "$talk/err")"
  sed -i /^doff:/d "$talk/err"
  same_as "$BATS_TEST_TMPDIR/plain-login_command"
}

@test "the older kind, doff as /bin/bash, userns auto: sealed, and the same" {
  shadowed_old 'userns auto'
  local each
  for each in login_command piped nested interactive file_transfer; do
    old_talk plain "$each"
    old_talk shadow "$each"
    sealed 1
    same_as "$BATS_TEST_TMPDIR/plain-$each"
  done
}
