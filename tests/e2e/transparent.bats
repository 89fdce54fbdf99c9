#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # stderr: run --separate-stderr sets it
# shellcheck disable=SC2030,SC2031 # a test is a subshell; run sets them in each
# shellcheck disable=SC2016 # what stands in single quotes is for other shells
# A command under doff sees the world as it would without.

setup_file() {
  load lib
  require_root
  need gcc tmux script cmp strace
  compiled execute >/dev/null
}

setup() {
  load lib
  load terminal
  require_root
  execute=$(compiled execute)
}

teardown() {
  close_terminal
}

# same WRAPPER... -- COMMAND...: stdout, stderr and exit status of
# `WRAPPER doff COMMAND` are those of `WRAPPER COMMAND`.
same() {
  local wrapper=() plain_status=0 doff_status=0
  while [[ $1 != -- ]]; do
    wrapper+=("$1")
    shift
  done
  shift
  "${wrapper[@]}" "$@" >"$BATS_TEST_TMPDIR/plain" \
    2>"$BATS_TEST_TMPDIR/plain.err" </dev/null || plain_status=$?
  "${wrapper[@]}" "$DOFF" "$@" >"$BATS_TEST_TMPDIR/doff" \
    2>"$BATS_TEST_TMPDIR/doff.err" </dev/null || doff_status=$?
  assert_eq "exit status ($(<"$BATS_TEST_TMPDIR/doff.err"))" \
    "$plain_status" "$doff_status"
  cmp "$BATS_TEST_TMPDIR/plain" "$BATS_TEST_TMPDIR/doff"
  cmp "$BATS_TEST_TMPDIR/plain.err" "$BATS_TEST_TMPDIR/doff.err"
}

@test "a success says nothing on stdout and stderr" {
  run --separate-stderr "$DOFF" true
  assert_eq "status, stdout, stderr" 0 "$status$output$stderr"
}

@test "the pid is the caller's child's own, the parent is the caller" {
  "$DOFF" sh -c 'echo $$ $PPID' >"$BATS_TEST_TMPDIR/pids" &
  local child=$!
  wait "$child"
  assert_eq "pid and parent" "$child $BASHPID" "$(<"$BATS_TEST_TMPDIR/pids")"
}

@test "no child is left to the command, and no SIGCHLD pending" {
  same -- grep -E '^(SigPnd|ShdPnd|Threads):' /proc/self/status
  run --separate-stderr "$DOFF" cat /proc/thread-self/children
  assert_eq "children" "" "${output// /}"
}

@test "process group, session and terminal are the caller's" {
  # pgrp, session, tty_nr and tpgid of /proc/PID/stat.
  local facts='cut -d" " -f5-8 /proc/self/stat'
  setsid --wait sh -c "$facts; exec '$DOFF' sh -c '$facts'" \
    >"$BATS_TEST_TMPDIR/groups"
  assert_eq "without and with doff" 1 \
    "$(sort -u "$BATS_TEST_TMPDIR/groups" | wc -l)"
}

@test "the terminal is the same, with its size and modes" {
  local facts='tty; stty -a'
  SHELL=/bin/sh script -qec "stty cols 101 rows 33; $facts" /dev/null \
    </dev/null | sed 's,/dev/pts/[0-9]*,PTS,' >"$BATS_TEST_TMPDIR/plain"
  SHELL=/bin/sh script -qec \
    "stty cols 101 rows 33; exec '$DOFF' sh -c '$facts'" /dev/null \
    </dev/null | sed 's,/dev/pts/[0-9]*,PTS,' >"$BATS_TEST_TMPDIR/doff"
  assert_has "$(<"$BATS_TEST_TMPDIR/doff")" PTS "rows 33" "columns 101"
  cmp "$BATS_TEST_TMPDIR/plain" "$BATS_TEST_TMPDIR/doff"
}

# A terminal with an interactive bash in it.
begin_terminal() {
  open_terminal "env -u BASH_ENV PS1='ready> ' bash --norc --noprofile"
  see 'ready>'
}

@test "Ctrl-C ends the command, not the shell around doff" {
  begin_terminal
  keys "$DOFF sh -c 'echo be''gun; sleep 60; echo not''reached'" Enter
  see '^begun'
  keys C-c
  keys 'echo status $?' Enter
  see '^status 130'
  assert_lacks "$(screen)" notreached
}

# What Ctrl-Z is tested on. It says which process it is, so that nobody types
# for it before fg has continued it.
listener="sh -c 'echo \$\$ >pid; echo be''gun; read x; echo got \$x'"

see_continued() {
  local try pid
  pid=$(<"$BATS_TEST_TMPDIR/pid")
  for ((try = 0; try < 200; ++try)); do
    [[ $(awk '{ print $3 }' "/proc/$pid/stat") == T ]] || return 0
    sleep 0.05
  done
  fail "fg did not continue $pid"
}

@test "Ctrl-Z stops the command, and fg continues it" {
  begin_terminal
  keys "cd $BATS_TEST_TMPDIR; $DOFF $listener" Enter
  see '^begun'
  keys C-z
  see 'Stopped'
  keys 'fg' Enter
  see_continued
  keys 'words' Enter
  see '^got words'
}

@test "Ctrl-Z and fg inside an interactive shell under doff" {
  begin_terminal
  keys "cd $BATS_TEST_TMPDIR; $DOFF bash --norc --noprofile" Enter
  keys "PS1='in''side> '" Enter
  see '^inside>'
  keys "$listener" Enter
  see '^begun'
  keys C-z
  see 'Stopped'
  keys 'fg' Enter
  see_continued
  keys 'words' Enter
  see '^got words'
  keys "grep -E '^Cap(Bnd|Eff)' /proc/self/status" Enter
  see "^CapBnd:[[:space:]]+$NOTHING"
}

@test "the size of the terminal is the command's, and its changes arrive" {
  begin_terminal
  keys "$DOFF bash --norc -c 'trap \"stty size\" WINCH; echo be''gun; while :; do sleep 0.1; done'" Enter
  see '^begun'
  resize 77 22
  see '^22 77'
}

signals=(grep -E '^Sig(Blk|Ign|Cgt|Pnd):' /proc/self/status)

@test "signal dispositions: ignored stays ignored" {
  same sh -c 'trap "" TERM HUP QUIT; exec "$@"' sh -- "${signals[@]}"
  assert_has "$(<"$BATS_TEST_TMPDIR/doff")" SigIgn
}

@test "the signal mask: blocked stays blocked" {
  same "$execute" blocked -- "$(command -v grep)" "${signals[@]:1}"
  # 10 is SIGUSR1, 15 is SIGTERM: bits 9 and 14.
  assert_has "$(<"$BATS_TEST_TMPDIR/doff")" 0000000000004200
}

@test "umask, limits, nice value, scheduling and cpus" {
  same sh -c 'umask 0137; ulimit -n 77; ulimit -c 0; ulimit -u 5000
    exec nice -n 5 "$@"' sh -- sh -c 'umask; ulimit -a; nice
      grep -E "^(Umask|Cpus_allowed|Mems_allowed|CoreDumping):" \
        /proc/self/status; cat /proc/self/limits /proc/self/oom_score_adj'
}

@test "working directory and root" {
  mkdir "$BATS_TEST_TMPDIR/a place"
  cd "$BATS_TEST_TMPDIR/a place"
  same -- sh -c 'readlink /proc/self/cwd /proc/self/root'
}

# getcwd(2) cannot tell it from one outside of the root directory.
@test "a working directory that has been removed is refused, --chdir leaves it" {
  mkdir "$BATS_TEST_TMPDIR/gone"
  cd "$BATS_TEST_TMPDIR/gone"
  rmdir "$BATS_TEST_TMPDIR/gone"
  run --separate-stderr "$DOFF" "${RAN[@]}"
  refused "working directory" deleted "--chdir /"
  run --separate-stderr "$DOFF" --chdir / pwd
  assert_eq "stdout ($stderr)" / "$output"
}

@test "the environment, byte for byte" {
  same "$execute" environ -- "$execute" show
  assert_eq "bytes of B" 1 \
    "$(LC_ALL=C grep -c -a $'B=\xff\xfe\x80' "$BATS_TEST_TMPDIR/doff")"
}

@test "an empty environment" {
  same env -i -- "$execute" show
}

@test "10,000 arguments" {
  run --separate-stderr "$DOFF" sh -c 'echo $# $1 ${10000}' sh {1..10000}
  assert_eq "stdout ($stderr)" "10000 1 10000" "$output"
}

@test "100,000 arguments" {
  run --separate-stderr "$DOFF" sh -c 'echo $# ${100000}' sh {1..100000}
  assert_eq "stdout ($stderr)" "100000 100000" "$output"
}

@test "arguments with newlines, quotes, nothing, and no UTF-8" {
  # Not bash's `_`, which names the program that bash starts.
  same env -i -- "$execute" show '' $'two\nlines\n' $'\xff\xc3(' "'\"\\" ' ' $'\t' \
    '*' '$(id)' --help -- '' -x
}

@test "an argument as long as the kernel takes" {
  local long
  printf -v long %131000s x
  # Not bash's `_`, which names the program that bash starts.
  same env -i -- "$execute" show "$long"
}

@test "binary data from stdin to stdout" {
  head -c 1048576 /dev/urandom >"$BATS_TEST_TMPDIR/in"
  "$DOFF" cat <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out"
  cmp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
}

@test "nothing of stdin is read before the command" {
  run --separate-stderr bash -c 'printf "one\ntwo\n" |
    { "$DOFF" head -c 4; cat; }'
  assert_eq stdout $'one\ntwo' "$output"
}

@test "closed standard descriptors stay closed" {
  run --separate-stderr sh -c '"$DOFF" sh -c "ls /proc/\$\$/fd" <&-'
  assert_lacks "$output" 0
}

@test "exit codes are the command's" {
  local code
  for code in 0 1 2 3 124 125 126 127 128 200 255; do
    run "-$code" --separate-stderr "$DOFF" sh -c "exit $code"
    assert_eq "exit status" "$code" "$status"
    assert_eq "noise" "" "$output$stderr"
  done
}

@test "a command that a signal ends, ends by that signal" {
  local signal
  for signal in 1 2 9 15; do
    # Whoever runs the tests may ignore some: as a background job ignores INT.
    run --separate-stderr env --default-signal "$DOFF" \
      sh -c "kill -$signal \$\$"
    assert_eq "exit status" $((128 + signal)) "$status"
  done
}

@test "not found: 127; not executable: 126; each with the name" {
  run -127 --separate-stderr "$DOFF" no-such-command
  assert_eq "exit status" 127 "$status"
  assert_has "$stderr" "no-such-command" "No such file" "looked in"
  run -127 --separate-stderr "$DOFF" /no/such/command
  assert_eq "exit status" 127 "$status"
  : >"$BATS_TEST_TMPDIR/plain"
  run --separate-stderr "$DOFF" "$BATS_TEST_TMPDIR/plain"
  assert_eq "exit status" 126 "$status"
  assert_has "$stderr" "Permission denied" "$BATS_TEST_TMPDIR/plain"
  run --separate-stderr "$DOFF" /
  assert_eq "exit status" 126 "$status"
  run -127 --separate-stderr "$DOFF" ''
  assert_eq "exit status" 127 "$status"
}

@test "a script whose interpreter is missing" {
  printf '#!/no/such/interpreter\n' >"$BATS_TEST_TMPDIR/script"
  chmod +x "$BATS_TEST_TMPDIR/script"
  run --separate-stderr "$DOFF" "$BATS_TEST_TMPDIR/script"
  assert_eq "exit status" 126 "$status"
  assert_has "$stderr" interpreter
}

@test "doff doff doff -- sh" {
  run --separate-stderr "$DOFF" "$DOFF" "$DOFF" -- sh -c \
    'echo $0 $#; sed -n "s/^CapBnd:\t//p" /proc/self/status' name one
  assert_eq "status ($stderr)" 0 "$status"
  assert_eq stdout "name 1 $NOTHING" "${output//$'\n'/ }"
  assert_eq stderr "" "$stderr"
}

@test "options end at --, and at the first word that is none" {
  run --separate-stderr "$DOFF" -- echo --help --status -- -x
  assert_eq "stdout ($stderr)" "--help --status -- -x" "$output"
  run --separate-stderr "$DOFF" echo --help -- x
  assert_eq "stdout ($stderr)" "--help -- x" "$output"
  run -127 --separate-stderr "$DOFF" --seccomp none -- -not-an-option
  assert_eq "exit status" 127 "$status"
  assert_has "$stderr" -not-an-option
  run -127 --separate-stderr "$DOFF" -- -- x
  assert_eq "exit status" 127 "$status"
}

@test "argv[0] is the word that was given; --login puts a dash before it" {
  run --separate-stderr "$DOFF" bash -c 'tr "\0" " " </proc/$$/cmdline; :'
  assert_eq "argv[0] ($stderr)" bash "${output%% *}"
  run --separate-stderr "$DOFF" /bin/bash -c \
    'tr "\0" " " </proc/$$/cmdline; :'
  assert_eq "argv[0]" /bin/bash "${output%% *}"
  run --separate-stderr env -i "$DOFF" --login /bin/bash --noprofile -c \
    'tr "\0" " " </proc/$$/cmdline; :'
  assert_eq "argv[0]" -bash "${output%% *}"
}

@test "without a command: a shell, which reads what is typed" {
  run --separate-stderr sh -c 'echo "echo \$0 \$((6*7))" | "$DOFF"'
  assert_eq "stdout ($stderr)" "/bin/bash 42" "$output"
  run --separate-stderr sh -c 'echo "echo \$((6*7))" | "$DOFF" --'
  assert_eq "stdout ($stderr)" 42 "$output"
  run --separate-stderr sh -c 'echo "shopt -q login_shell && echo login" |
    HOME=/ "$DOFF" --login'
  assert_eq "stdout ($stderr)" login "$(tail -n 1 <<<"$output")"
}

# bats test_tags=static
@test "without a command and without a shell: the paths that were tried" {
  mkdir "$BATS_TEST_TMPDIR/empty"
  cp "$DOFF" "$BATS_TEST_TMPDIR/empty/doff"
  run -127 --separate-stderr chroot "$BATS_TEST_TMPDIR/empty" /doff
  assert_eq "exit status" 127 "$status"
  assert_has "$stderr" /bin/bash /bin/sh
}

@test "the command can be traced and dumps core as before" {
  same -- sh -c 'ls -l /proc/$$/exe >/dev/null && stat -c %U /proc/$$/environ'
}
