#!/usr/bin/env bats
# shellcheck shell=bats
# A shell that runc or crun starts through doff, over the whole matrix of
# containers, judged by /proc/PID/status as seen from outside. A row is a
# container made once; a combination is an exec into it.

setup_file() {
  load lib
  load container
  require_root
  need jq capsh script nsenter
  make_runtimes
  make_shared
  root_of busybox >/dev/null
  root_of deb >/dev/null
}

setup() {
  load lib
  load container
  require_root
  containers=()
  launches=()
}

teardown() {
  local each
  for each in "${launches[@]}"; do
    kill -KILL "$(<"$each/pid")" || true
  done 2>/dev/null
  for each in "${containers[@]}"; do
    runtime "${each%%:*}" delete --force "${each#*:}" || true
  done 2>/dev/null
}

# Every bounding set is cut to what this machine's root may give away.
# Sets bounding_hex, bounding_json and setpcap (may uid 0 drop from it).
use_bounding() {
  local asked ours
  ours=$((16#$(field CapBnd /proc/self/status)))
  case $1 in
    full) asked=$ours ;;
    docker) asked=$((0xa80425fb)) ;;
    reported) asked=$((0x4a82c35fb)) ;;
    empty) asked=0 ;;
    no-setpcap) asked=$((ours & ~(1 << 8))) ;;
  esac
  (((asked & ours) == asked)) || skip "root here has not all of $1"
  printf -v bounding_hex %016x "$asked"
  bounding_json=$(json_capabilities "$bounding_hex")
  setpcap=$((asked >> 8 & 1))
}

# The shell that doff starts: says where it is, and stays.
# shellcheck disable=SC2016
shell='t=pipe; [ -t 0 ] && t=terminal; p=absent; [ -e /proc/self/status ] && p=mounted; echo started $t $p; read -r wait'

# begin DIR UID TERMINAL PROC OPTIONS_JSON: starts an exec in the background.
# Without /proc the runtimes themselves cannot exec, so there the process waits
# until the /proc which it found has been taken away.
begin() {
  local dir=$1 wait="" rc=0
  mkdir -p "$dir"
  [[ $4 == mounted ]] || wait='"sh","-c","while [ -e /proc/self ]; do sleep 0.02; done; exec \"$@\"","sh",'
  process_json "$2" "$bounding_json" "$nnp" "$3" \
    "$wait\"/e2e/doff\",$5\"sh\",\"-c\",\"${shell//\"/\\\"}\"" \
    >"$dir/process.json"
  local exec=("$BATS_RUN_TMPDIR/runtime/$runtime" exec --pid-file "$dir/pid"
    --process "$dir/process.json" "$id")
  if [[ $3 == true ]]; then
    exec=(script -qec "${exec[*]}" /dev/null)
  fi
  # 3 is bats' own; a container that held it would keep bats waiting.
  {
    "${exec[@]}" <>"$BATS_FILE_TMPDIR/never" >"$dir/out" 2>"$dir/err" || rc=$?
    echo "$rc" >"$dir/rc.new"
    mv "$dir/rc.new" "$dir/rc"
  } 3>&- &
  launches+=("$dir")
}

# Until the shell has spoken or the exec has ended.
# shellcheck disable=SC2016
settle() {
  until_true 'grep -qs ^started "$1/out" || [ -e "$1/rc" ]' "$1"
}

# A terminal joins both streams and ends lines with CR LF. What is still in it
# when the process has ended, crun shows in pieces as if it were its own log:
# each in red, behind a time.
lines_of() {
  local time='[-0-9T:.]*Z: '
  tr -d '\r' <"$1" | sed -z "s/\x1b\[0m\n\x1b\[1;31m$time//g
    s/\x1b\[1;31m$time//; s/\x1b\[0m\n//"
}

# check_started DIR UID TERMINAL PROC BOUNDING: a shell runs with the given
# bounding set and nothing else.
check_started() {
  local dir=$1 place=pipe notes
  [[ $3 == false ]] || place=terminal
  lines_of "$dir/out" >"$dir/text"
  assert_eq "last line on stdout ($(<"$dir/err"))" "started $place $4" \
    "$(tail -n 1 "$dir/text")"
  assert_eq "from outside" "Name: sh
Uid: $2 $2 $2 $2
CapInh: $NOTHING
CapPrm: $NOTHING
CapEff: $NOTHING
CapBnd: $5
CapAmb: $NOTHING
NoNewPrivs: 1
Seccomp: 2" "$(sed -nE '/^(Name|Uid|Cap...|NoNewPrivs|Seccomp):/ s/\t/ /gp' \
    "/proc/$(<"$dir/pid")/status")"
  notes=$(cat "$dir/err" "$dir/text" | grep -v '^started ' || true)
  if [[ $5 == "$NOTHING" ]]; then
    assert_eq "noise" "" "$notes"
  else
    assert_eq "lines on stderr" 1 "$(wc -l <<<"$notes")"
    assert_has "$notes" "doff: inert" CapBnd
    names_residue "$notes" "$5"
  fi
}

check_refused() {
  local text
  text=$(cat "$1/err" <(lines_of "$1/out"))
  assert_lacks "$text" started
  assert_eq "exit status ($text)" 125 "$(<"$1/rc")"
  assert_has "$text" CapBnd "CAP_SETPCAP is not effective" "--accept inert"
  names_residue "$text" "$bounding_hex"
}

# check_row PROC LOCKED: one container, four execs (and where doff refuses,
# the same four with --accept inert).
check_row() {
  local proc=$1 locked=$2 uid terminal dir kinds kind failures=0
  id=doff-$BATS_SUITE_TEST_NUMBER-$$-$proc-$locked-$nnp
  local bundle=$BATS_TEST_TMPDIR/$id
  make_bundle "$bundle" "$root" "$bounding_hex" "$locked" "$nnp"
  runtime "$runtime" run -d --pid-file "$bundle/pid" -b "$bundle" "$id" \
    <"$BATS_FILE_TMPDIR/empty" >"$bundle/log" 2>&1 3>&- || {
    fail "cannot start a container: $(<"$bundle/log")"
    return 1
  }
  containers+=("$runtime:$id")
  for uid in 0 1000; do
    for terminal in false true; do
      dir=$bundle/$uid-$terminal
      begin "$dir-default" "$uid" "$terminal" "$proc" ''
      sealed "$uid" ||
        begin "$dir-inert" "$uid" "$terminal" "$proc" '"--accept","inert",'
    done
  done
  if [[ $proc == absent ]]; then
    take_proc_away "$(<"$bundle/pid")" || failures=1
  fi
  for uid in 0 1000; do
    for terminal in false true; do
      dir=$bundle/$uid-$terminal
      kinds=default
      sealed "$uid" || kinds="default inert"
      for kind in $kinds; do
        (fatal=1 check_launch "$dir-$kind" "$kind") || {
          echo "FAILED: uid $uid, terminal $terminal, /proc $proc," \
            "read-only $locked, no_new_privs $nnp, $kind" >&2
          failures=$((failures + 1))
        }
        kill -KILL "$(<"$dir-$kind/pid")" 2>/dev/null || true
      done
      combinations=$((combinations + 1))
    done
  done
  wait
  runtime "$runtime" delete --force "$id"
  launches=()
  containers=()
  return "$((failures > 0))"
}

sealed() {
  [[ $bounding_hex == "$NOTHING" ]] || { (($1 == 0)) && ((setpcap)); }
}

check_launch() {
  settle "$1"
  if [[ $2 == inert ]]; then
    check_started "$1" "$uid" "$terminal" "$proc" "$bounding_hex"
  elif sealed "$uid"; then
    check_started "$1" "$uid" "$terminal" "$proc" "$NOTHING"
  else
    check_refused "$1"
  fi
}

# Not before every exec is done, which is when the runtime's own process has
# become the shell that waits.
# shellcheck disable=SC2016
take_proc_away() {
  local dir
  for dir in "${launches[@]}"; do
    until_true 'grep -qs "^Name:.sh$" "/proc/$(cat "$1/pid")/status"' "$dir"
  done
  nsenter -t "$1" -m -p umount -l /proc
}

# check_matrix RUNTIME ROOT BOUNDING
check_matrix() {
  local runtime=$1 root nnp id proc locked failed=0
  combinations=0
  root=$(root_of "$2")
  use_bounding "$3"
  [[ -p $BATS_FILE_TMPDIR/never ]] || mkfifo "$BATS_FILE_TMPDIR/never"
  : >"$BATS_FILE_TMPDIR/empty"
  for proc in mounted absent; do
    for locked in true false; do
      for nnp in true false; do
        check_row "$proc" "$locked" || failed=1
      done
    done
  done
  echo "# $1, $2, $3: $combinations combinations checked" >&3
  return "$failed"
}

@test "runc, Debian, the full bounding set: only what is planned is held" {
  check_matrix runc deb full
}

@test "runc, Debian, Docker's fourteen: only what is planned is held" {
  check_matrix runc deb docker
}

@test "runc, Debian, the reported CapBnd 4a82c35fb: only what is planned is held" {
  check_matrix runc deb reported
}

@test "runc, Debian, an empty bounding set: only what is planned is held" {
  check_matrix runc deb empty
}

@test "runc, Debian, all but CAP_SETPCAP: only what is planned is held" {
  check_matrix runc deb no-setpcap
}

@test "runc, busybox, the full bounding set: only what is planned is held" {
  check_matrix runc busybox full
}

@test "runc, busybox, Docker's fourteen: only what is planned is held" {
  check_matrix runc busybox docker
}

@test "runc, busybox, the reported CapBnd 4a82c35fb: only what is planned is held" {
  check_matrix runc busybox reported
}

@test "runc, busybox, an empty bounding set: only what is planned is held" {
  check_matrix runc busybox empty
}

@test "runc, busybox, all but CAP_SETPCAP: only what is planned is held" {
  check_matrix runc busybox no-setpcap
}

@test "crun, Debian, the full bounding set: only what is planned is held" {
  check_matrix crun deb full
}

@test "crun, Debian, Docker's fourteen: only what is planned is held" {
  check_matrix crun deb docker
}

@test "crun, Debian, the reported CapBnd 4a82c35fb: only what is planned is held" {
  check_matrix crun deb reported
}

@test "crun, Debian, an empty bounding set: only what is planned is held" {
  check_matrix crun deb empty
}

@test "crun, Debian, all but CAP_SETPCAP: only what is planned is held" {
  check_matrix crun deb no-setpcap
}

@test "crun, busybox, the full bounding set: only what is planned is held" {
  check_matrix crun busybox full
}

@test "crun, busybox, Docker's fourteen: only what is planned is held" {
  check_matrix crun busybox docker
}

@test "crun, busybox, the reported CapBnd 4a82c35fb: only what is planned is held" {
  check_matrix crun busybox reported
}

@test "crun, busybox, an empty bounding set: only what is planned is held" {
  check_matrix crun busybox empty
}

@test "crun, busybox, all but CAP_SETPCAP: only what is planned is held" {
  check_matrix crun busybox no-setpcap
}
