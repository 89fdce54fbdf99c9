#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2030,SC2031 # a test is a subshell; run sets them in each
# shellcheck disable=SC2154 # stderr: run --separate-stderr sets it
# shellcheck disable=SC2016 # what stands in single quotes is for other shells
# Attacks on the launcher while it works: by the user whose shell it is about to
# start, by signals and by limits.

setup_file() {
  load lib
  require_root
  need gdb pkill setpriv strace
  public=$(mktemp -d)
  chmod 755 "$public"
  cp "$(realpath \
    "${DOFF_ATTACK:-$e2e/../../build/release/tests/escape/doff-attack}")" \
    "$public/doff-attack"
  export public
}

teardown_file() {
  [[ -z ${public-} ]] || rm -r "$public"
}

setup() {
  load lib
  require_root
  attack=$public/doff-attack
}

teardown() {
  [[ -n ${held-} ]] || return 0
  kill -KILL "$held" || true
  wait "$held" 2>/dev/null || true
}

# outcome WAY...: of WAY, tried by the user of the shell: open, or denied.
outcome() {
  setpriv --reuid 4000 --regid 4000 --clear-groups timeout 5 "$@" \
    >/dev/null 2>&1 && echo open || echo denied
}


# A full pipe holds the launcher at its last step, all privileges given up.
@test "while it works, the shell's user can neither read nor trace it" {
  local pipe=$BATS_TEST_TMPDIR/pipe way
  mkfifo "$pipe"
  exec 9<>"$pipe"
  dd if=/dev/zero of="$pipe" bs=4096 oflag=nonblock status=none || true
  "$DOFF" --user 4000:4000 --groups clear --report json --report-fd 9 \
    sleep 100 </dev/null 3>&- &
  held=$!
  timeout 10 sh -c 'until grep -q "^Seccomp:.2" "/proc/$0/status"; do
    sleep 0.02; done' "$held"
  assert_eq "its user" 4000 "$(field Uid "/proc/$held/status" | cut -f1 -d' ')"
  for way in exe environ maps fd/0; do
    assert_eq "$way" denied "$(outcome cat "/proc/$held/$way")"
  done
  assert_eq mem denied "$(outcome sh -c 'exec 3<"$0"' "/proc/$held/mem")"
  assert_eq descriptors denied "$(outcome ls "/proc/$held/fd")"
  assert_eq ptrace denied "$(outcome gdb -nx -batch -p "$held")"

  # The same of the shell, which is the user's own, is not.
  timeout 10 sh -c 'cat "$1" >/dev/null & until grep -q "^Name:.sleep" \
    "/proc/$0/status"; do sleep 0.02; done; kill $!' "$held" "$pipe"
  for way in exe environ maps fd/0; do
    assert_eq "$way of the shell" open "$(outcome cat "/proc/$held/$way")"
  done
  assert_eq "descriptors of the shell" open "$(outcome ls "/proc/$held/fd")"
}

# never_above WORD...: behind WORD... and doff, a shell is either within the plan
# or none. Prints which.
never_above() {
  run --separate-stderr "$@"
  if [[ $output == *hold* ]]; then
    assert_has "$output" "2 hold, 0 escape, 0 not tried"
    echo started
  else
    assert_eq stdout "" "$output"
    ((status != 0)) || fail "nothing was started, with status 0"
    echo refused
  fi
}

@test "small limits during the launch: sealed, or no shell" {
  local limit outcomes=""
  for limit in "-n 0" "-n 3" "-v 0" "-v 64" "-v 256" "-s 0" "-s 16" "-f 0" \
    "-u 1" "-t 1" "-c 0" "-d 0" "-l 0"; do
    outcomes+=" $(never_above bash -c "ulimit $limit && exec \"\$@\"" bash \
      "$DOFF" "$attack" 3 5)"
  done
  echo "#$outcomes" >&3
  assert_has "$outcomes" started refused
}

@test "a signal at any call of the launch: sealed, or no shell" {
  local calls call signal outcomes=""
  calls=$(strace -qq -o /dev/stdout "$DOFF" /bin/true | grep -oE '^[a-z_0-9]+' |
    sort -u | grep -v execve)
  for call in $calls; do
    for signal in TERM KILL; do
      outcomes+=" $(never_above strace -qq -o /dev/null \
        -e "inject=$call:signal=$signal:when=1" "$DOFF" "$attack" 3 5)"
    done
  done
  assert_has "$outcomes" refused
}

# The launcher is the child of a tracer, which is that of timeout.
@test "stopped at a call of the launch, and gone on: sealed" {
  local call pid
  for call in capset seccomp setresuid close_range; do
    timeout 20 strace -qq -o /dev/null -e "inject=$call:signal=STOP:when=1" \
      "$DOFF" --user 4000:4000 --groups clear "$attack" 3 5 \
      >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    pid=$!
    sh -c 'while :; do pkill -CONT -P "$(pgrep -P "$0")"; sleep 0.05; done' \
      "$pid" 2>/dev/null 3>&- &
    held=$!
    wait "$pid" || fail "$call: $(<"$BATS_TEST_TMPDIR/out")"
    kill "$held"
    assert_has "$(<"$BATS_TEST_TMPDIR/out")" "2 hold, 0 escape, 0 not tried"
  done
}
