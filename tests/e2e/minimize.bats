#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # stderr: run --separate-stderr sets it
# shellcheck disable=SC2016 # what stands in single quotes is for other shells
# doffctl minimize with real commands: what they need is known from
# capabilities(7), and it is found, by trials through the real doff.

setup_file() {
  load lib
  require_root
  need gcc jq setpriv script unshare python3
  compiled rawsocket >/dev/null
}

setup() {
  load lib
  require_root
  cd "$BATS_TEST_TMPDIR" || return
}

# minimize ARG...: `doffctl minimize`, with the doff under test.
minimize() {
  run --separate-stderr timeout 120 "$DOFFCTL" minimize --doff "$DOFF" "$@"
}

# needs CAPS COMMAND...: these, sorted by number, and nothing on stderr.
needs() {
  local caps=$1
  shift
  minimize --json -- "$@"
  assert_eq "status ($stderr)" 0 "$status"
  assert_eq stderr "" "$stderr"
  assert_eq "what $1 needs" "$caps" \
    "$(jq -r '.capabilities | join(",")' <<<"$output")"
}

# wrong PART... -- ARG...: one line on stderr with every PART, and status 2.
wrong() {
  local parts=()
  while [[ $1 != -- ]]; do
    parts+=("$1")
    shift
  done
  shift
  run --separate-stderr timeout 20 "$DOFFCTL" minimize "$@"
  assert_eq "status ($stderr)" 2 "$status"
  assert_eq stdout "" "$output"
  assert_eq "lines on stderr ($stderr)" 1 "$(wc -l <<<"$stderr")"
  [[ $stderr == "doffctl: "* ]] || fail "$stderr"
  assert_has "$stderr" "${parts[@]}"
}

@test "a command that needs nothing, in four trials" {
  needs "" true
  assert_eq trials 4 "$(jq .trials <<<"$output")"
  assert_eq bounding "$NOTHING" "$(jq -r .bounding <<<"$output")"
}

@test "chown needs CHOWN" {
  touch file
  needs CAP_CHOWN sh -c 'chown 7:7 file && chown 0:0 file'
}

@test "a raw socket needs NET_RAW" {
  needs CAP_NET_RAW "$(compiled rawsocket)"
}

@test "port 80 needs NET_BIND_SERVICE" {
  # In a network of its own: the machine's may have opened low ports to all.
  run --separate-stderr unshare --net sh -c '
    echo 1024 >/proc/sys/net/ipv4/ip_unprivileged_port_start &&
    exec "$@"' sh "$DOFFCTL" minimize --doff "$DOFF" --json -- python3 -c '
import socket
socket.socket().bind(("127.0.0.1", 80))'
  assert_eq "status ($stderr)" 0 "$status"
  assert_eq needs CAP_NET_BIND_SERVICE \
    "$(jq -r '.capabilities[]' <<<"$output")"
}

@test "two that are needed at once" {
  needs CAP_SETGID,CAP_SETUID setpriv --reuid 1234 --regid 1234 \
    --clear-groups true
}

@test "three of different kinds" {
  touch file
  needs CAP_CHOWN,CAP_NET_RAW,CAP_SYS_CHROOT sh -c \
    'chown 7 file && "$0" && chroot / true' "$(compiled rawsocket)"
}

@test "the answer is what the launcher needs to be told, and no less" {
  touch file
  minimize --json -- chown 7:7 file
  local list
  list=$(jq -r '.capabilities | join(",")' <<<"$output")
  run "$DOFF" --cap-add "$list" -- chown 8:8 file
  assert_eq "with it" 0 "$status"
  run "$DOFF" -- chown 9:9 file
  assert_eq "without" 1 "$status"
}

@test "each trial has just the set of its line, and the rest is as it was" {
  LIKE="it was" minimize --verbose --runs 1 -- sh -c '
    sed -n "s/CapBnd:.//p" /proc/self/status >>log
    [ ! -t 0 ] && ! read -r _ && test "$LIKE" = "it was" &&
      test "$PWD" = "$1" && capsh --has-b=cap_kill' sh "$PWD"
  assert_eq "status ($stderr)" 0 "$status"
  assert_has "$output" "needs KILL: 1 of "
  local line hex trials=0
  while read -r line; do
    [[ $line == trial\ * ]] || continue
    trials=$((trials + 1))
    hex=$(sed -n "${trials}p" log)
    [[ $line == *" with all "* ]] && continue
    line=${line##* with }
    [[ $line == none ]] && line=
    assert_eq "trial $trials" "$line" "$(names_of "$hex")"
  done <<<"$stderr"
  assert_eq trials "$(wc -l <log)" "$trials"
}

@test "the same answer and the same trials every time" {
  local first
  minimize --verbose -- setpriv --reuid 1234 --clear-groups true
  first=$output$stderr
  minimize --verbose -- setpriv --reuid 1234 --clear-groups true
  assert_eq again "$first" "$output$stderr"
}

@test "arguments reach the command unchanged" {
  printf '%s\0' '' ' two  words ' $'line\nline' '--json' '--' '[a,b]' '$(id)' \
    '*' $'\xff\xfe' >expected
  minimize --runs 1 -- sh -c 'printf "%s\0" "$@" >got' sh '' ' two  words ' \
    $'line\nline' --json -- '[a,b]' '$(id)' '*' $'\xff\xfe'
  assert_eq "status ($stderr)" 0 "$status"
  cmp expected got
}

@test "for people: how many trials, the flags and the policy" {
  touch file
  minimize -- chown 7:7 file
  assert_eq status 0 "$status"
  assert_eq stderr "" "$stderr"
  assert_has "$output" "/chown needs CHOWN: 1 of " " trials." \
    $'\n--cap-drop=ALL --cap-add=CHOWN\n' \
    $'\nversion: 1\ncapabilities:\n  drop: [ALL]\n  allow: [CHOWN]'
}

@test "on a terminal one line is rewritten, and gone in the end" {
  script -qec "'$DOFFCTL' minimize --doff '$DOFF' -- true" /dev/null </dev/null \
    >terminal
  assert_has "$(<terminal)" $'\r\033[Ktrial 1: ' $'\r\033[Ktrial 4: ' \
    $'\r\033[K/usr/bin/true needs no capability'
}

@test "a command that fails with everything" {
  minimize -- sh -c 'echo what it said >&2; exit 3'
  assert_eq status 1 "$status"
  assert_eq stdout "" "$output"
  assert_has "$stderr" "fails even with" "exit status 3" "2 trials" \
    "what it said"
  minimize --json -- sh -c 'kill -SEGV $$'
  assert_eq status 1 "$status"
  assert_eq result fails "$(jq -r .result <<<"$output")"
  assert_has "$stderr" "killed by SIGSEGV"
}

@test "the command's own exit status 125 is not taken for doff's" {
  minimize -- sh -c 'exit 125'
  assert_eq status 1 "$status"
  assert_has "$stderr" "fails even with" "exit status 125"
}

@test "a command that succeeds every second time" {
  minimize -- sh -c 'echo >>log; test $(($(wc -l <log) % 2)) = 1'
  assert_eq status 1 "$status"
  assert_has "$stderr" "at times" "2 trials"
  rm log
  minimize --json -- sh -c 'echo >>log; test $(($(wc -l <log) % 2)) = 1'
  assert_eq result unsteady "$(jq -r .result <<<"$output")"
}

@test "a command whose last success was luck" {
  # Succeeds with all and, once, with nothing.
  minimize -- sh -c 'grep -q "CapBnd.*00000000$" /proc/self/status || exit 0
    test ! -e lucky && touch lucky'
  assert_eq status 1 "$status"
  assert_has "$stderr" "(none)" "at times" "4 trials"
}

@test "--runs repeats what the answer rests on" {
  minimize --runs 5 --json -- true
  assert_eq "all, then none" 10 "$(jq .trials <<<"$output")"
}

@test "a command that takes too long is ended, with what it started" {
  minimize --timeout 1 -- sh -c 'sleep 300 & echo $! >>started; sleep 300'
  assert_eq status 1 "$status"
  assert_has "$stderr" "still running after 1 s" --timeout
  local pid
  while read -r pid; do
    [[ ! -e /proc/$pid/cwd ]] || ! kill -0 "$pid" 2>/dev/null ||
      fail "$pid is left"
  done <started
  assert_eq started 2 "$(wc -l <started)"
}

@test "a trial that hangs without a capability is one that fails" {
  minimize --timeout 1 --baseline CHOWN,KILL -- sh -c '
    capsh --has-b=cap_kill 2>/dev/null || exec sleep 300'
  assert_eq "status ($stderr)" 0 "$status"
  assert_has "$output" "needs KILL: 1 of 2"
}

@test "Ctrl-C ends the trial, and tells what is known" {
  "$DOFFCTL" minimize --doff "$DOFF" -- sh -c '
    echo $$ >>trials; test $(wc -l <trials) -lt 5 || exec sleep 300
    capsh --has-b=cap_chown 2>/dev/null' >out 2>err &
  local child=$! pid status=0
  until [[ -e trials ]] && (($(wc -l <trials) == 5)); do sleep 0.1; done
  pid=$(tail -n 1 trials)
  kill -TERM "$child"
  wait "$child" || status=$?
  assert_eq "status ($(<err))" 2 "$status"
  assert_eq stdout "" "$(<out)"
  assert_has "$(<err)" "interrupted after 4 trials: it succeeded with CHOWN,"
  ! kill -0 "$pid" 2>/dev/null || fail "the trial is left"
}

@test "killed outright, it leaves no trial behind" {
  "$DOFFCTL" minimize --doff "$DOFF" -- sh -c 'echo $$ >pid; exec sleep 300' &
  local child=$! pid
  until [[ -s pid ]]; do sleep 0.1; done
  pid=$(<pid)
  kill -KILL "$child"
  wait "$child" || true
  timeout 10 sh -c 'while kill -0 "$1" 2>/dev/null; do sleep 0.1; done' sh \
    "$pid"
}

@test "--baseline: names, numbers, ALL and hexadecimal" {
  local baseline
  for baseline in CHOWN,kill,CAP_NET_RAW 0,5,13 0x2021 0000000000002021; do
    minimize --baseline "$baseline" --json -- true
    assert_eq "$baseline ($stderr)" 0000000000002021 \
      "$(jq -r .baseline <<<"$output")"
  done
  minimize --baseline all --json -- true
  assert_eq all "$(field CapBnd /proc/self/status)" \
    "$(jq -r .baseline <<<"$output")"
  touch file
  minimize --baseline KILL -- chown 7:7 file
  assert_eq "chown with KILL" 1 "$status"
  assert_has "$stderr" "fails even with 1 capability"
}

@test "each option wrong" {
  wrong baseline CHOWM "did you mean \"CHOWN\"?" -- --baseline CHOWM -- true
  wrong baseline "an empty name" -- --baseline CHOWN, -- true
  wrong baseline "does not hold" 63 -- --baseline 63 -- true
  wrong baseline "no such capability" -- --baseline 0xg -- true
  wrong runs 0 "1 to 1000" -- --runs 0 -- true
  wrong runs -1 "1 to 1000" -- --runs=-1 -- true
  wrong runs "needs a value" -- --runs
  wrong runs once -- --runs 1 --runs 1 -- true
  wrong timeout 1.5 "1 to 86400" -- --timeout 1.5 -- true
  wrong --doff nowhere -- --doff nowhere -- true
  wrong --jsn "no such option" "did you mean \"--json\"?" -- --jsn -- true
  wrong "no command" "two dashes" -- --doff "$DOFF" --
  wrong "no command" -- --doff "$DOFF"
  wrong "two dashes" "-- true" -- --doff "$DOFF" true
  wrong nocommand PATH -- --doff "$DOFF" -- nocommand
  wrong /nowhere -- --doff "$DOFF" -- /nowhere
  wrong /tmp -- --doff "$DOFF" -- /tmp
}

@test "what is wrong is told at once" {
  run --separate-stderr "$DOFFCTL" minimize --runs x --timeout y -- nocommand
  assert_eq status 2 "$status"
  assert_has "$stderr" --runs --timeout nocommand
}

@test "a launcher that is none ends it" {
  run --separate-stderr "$DOFFCTL" minimize --doff /bin/true -- true
  assert_eq status 2 "$status"
  assert_has "$stderr" "a trial with" "is it doff?"
}

@test "what doff refuses ends it, with doff's own words" {
  printf '#!/bin/sh\nexec "%s" --accept nonsense "$@"\n' "$DOFF" >wrapper
  chmod +x wrapper
  run --separate-stderr "$DOFFCTL" minimize --doff ./wrapper -- true
  assert_eq status 2 "$status"
  assert_eq stdout "" "$output"
  assert_has "$stderr" "a trial with" "doff: --accept 'nonsense'"
}

@test "without CAP_SETPCAP it says so, and what to do" {
  run --separate-stderr setpriv --reuid 1500 --regid 1500 --clear-groups \
    "$DOFFCTL" minimize --doff "$DOFF" -- true
  assert_eq "status ($stderr)" 2 "$status"
  assert_has "$stderr" CAP_SETPCAP sudo --cap-add=SETPCAP
  run --separate-stderr setpriv --bounding-set -setpcap "$DOFFCTL" minimize \
    --doff "$DOFF" -- true
  assert_eq "status ($stderr)" 2 "$status"
  assert_has "$stderr" CAP_SETPCAP
}

@test "a user other than root: what is kept is ambient" {
  mkdir -m 777 theirs
  chmod 711 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR" \
    "${BATS_TEST_TMPDIR%/*}"
  run --separate-stderr setpriv --reuid 1500 --regid 1500 --clear-groups \
    --inh-caps +setpcap,+kill,+net_raw --ambient-caps +setpcap,+kill,+net_raw \
    "$DOFFCTL" minimize --doff "$DOFF" --json -- "$(compiled rawsocket)"
  assert_eq "status ($stderr)" 0 "$status"
  assert_eq needs CAP_NET_RAW "$(jq -r '.capabilities[]' <<<"$output")"
}
