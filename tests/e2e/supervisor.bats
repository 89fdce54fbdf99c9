#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # stderr: run --separate-stderr sets it
# shellcheck disable=SC2030,SC2031 # a test is a subshell; run sets them in each
# shellcheck disable=SC2016 # what stands in single quotes is for other shells
# The shells that an agent sandbox's supervisor starts (see supervisor.c), with
# doff in front of them and with doff as the image's /bin/bash: sealed, silent,
# and byte for byte what they are without doff.

setup_file() {
  load lib
  load container
  load supervisor
  make_supervisor
  need jq tmux capsh
  make_runtimes
  make_shared
  root_of deb >/dev/null
}

setup() {
  load lib
  load container
  load supervisor
  load terminal
  use_supervisor
  containers=()
}

teardown() {
  end_talks
  close_terminal
  local each
  for each in "${containers[@]}"; do
    runtime runc delete --force "$each" 2>/dev/null || true
  done
}

# same_everywhere TALK: under a supervisor whose last filter denies all that
# could load another, and under one that forgets prctl (as OpenShell's does):
# there doff's is the third.
same_everywhere() {
  local place filters plain
  for filters in 2 3; do
    ((filters == 2)) || outer+=(--prctl)
    plain=$BATS_TEST_TMPDIR/plain-$filters
    for place in plain front shadow; do
      use_place "$place"
      use_talk "$place-$filters"
      "$1"
      finish
      [[ $place != plain ]] || continue
      sealed "$filters"
      assert_eq "stderr of $place" "" "$(grep '^doff' "$talk/err")"
      same_as "$plain"
    done
    # There, that file is doff.
    [[ $(<"$BATS_TEST_TMPDIR/exe") != /usr/bin/bash ]] ||
      fail "still doff itself"
  done
}

number_of() {
  printf '#include <sys/syscall.h>\nSYS_%s\n' "$1" | gcc -E -P - | tail -n 1
}

# What is tested below is tested under what this says.
@test "without doff: what the supervisor leaves of a shell" {
  install -m 755 "$(compiled regain)" "$images/plain/usr/bin/regain"
  run --separate-stderr in_image plain "$supervisor" "${outer[@]}" "$user" \
    regain unshare clone clone-plain clone3 clone3-plain \
    "$(number_of ptrace)" "$(number_of memfd_create)"
  assert_eq "regain, ptrace, memfd_create ($stderr)" \
    "EPERM EPERM open ENOSYS ENOSYS EPERM EPERM" "${output//$'\n'/ }"
  run --separate-stderr in_image plain "$supervisor" "${outer[@]}" "$user" \
    sh -c 'cut -d" " -f1,5,6 /proc/self/stat; echo $$ $$ $$; ulimit -Hc
      readlink /proc/self/ns/net /proc/self/ns/mnt; id'
  assert_eq "pid, group, session ($stderr)" "${lines[1]#* }" "${lines[0]#* }"
  assert_eq "core limit" 0 "${lines[2]}"
  assert_lacks "$output" "$(readlink /proc/self/ns/net)" \
    "$(readlink /proc/self/ns/mnt)"
  assert_eq id "uid=1500(sandbox) gid=1500(sandbox) groups=1500(sandbox)" \
    "${lines[5]}"
  run --separate-stderr in_image plain "$supervisor" "${outer[@]}" "$user" \
    /no/such/command
  assert_eq "status and stderr of what cannot be started" \
    "99 supervisor: /no/such/command: No such file or directory" \
    "$status $stderr"
}

@test "/bin/bash -i on a terminal" {
  same_everywhere interactive
  assert_has "$(<"$talk/out")" /dev/pts/ "24 80" himBHs "got words" \
    "Stopped" "no-such-command: command not found" "uid=1500(sandbox)"
  assert_eq "exit status" 7 "$(<"$talk/status")"
}

@test "/bin/bash -lc COMMAND" {
  same_everywhere login_command
  assert_has "$(<"$talk/out")" "name hBc 1 an argument /bin/bash" \
    "a line" written
  assert_has "$(<"$talk/err")" wrong "../closed/mine: Permission denied"
  assert_eq "exit status" 7 "$(<"$talk/status")"
}

@test "shells within the shell: scripts, and descriptors that are handed on" {
  same_everywhere nested
  assert_has "$(<"$talk/out")" "script ./script 1 2 2 hB" "status 3" \
    "file /dev/fd/63" $'seven\ntwelve\neight\nbegun'
}

@test "a bare bash that reads commands from a pipe: no prompt, nothing more" {
  same_everywhere piped
  assert_eq stdout "41a1d3: running
bash hBs []
$(uname -sm)
no terminal
missing
41a1d3: done" "$(<"$talk/out")"
  assert_eq "stderr and status" 0 "$(<"$talk/err")$(<"$talk/status")"
}

@test "/bin/bash -lc sftp-server: its first bytes are SSH_FXP_VERSION" {
  same_everywhere file_transfer
  assert_eq "type and version" "02 00 00 00 03" \
    "$(od -An -tx1 -j4 -N5 "$talk/out" | xargs)"
  assert_eq "stderr and status" 0 "$(<"$talk/err")$(<"$talk/status")"
}

# transfer: `sftp -D` through the supervisor.
transfer() {
  printf '%s\n' '#!/bin/sh' "$images/enter $images/$image $mnt $supervisor \\
    ${outer[*]} $user ${before[*]} /bin/bash -lc $SFTP_SERVER \\
    2>$talk/server.err" >"$talk/server"
  chmod +x "$talk/server"
  timeout -k 1 30 sftp -q -D "$talk/server" -b - \
    >"$talk/out" 2>"$talk/err" <<BATCH
put $BATS_TEST_TMPDIR/sent there
get there $talk/received
ls -1
rename there elsewhere
-put $BATS_TEST_TMPDIR/sent ../closed/mine
ls -1
BATCH
}

@test "sftp: put, get, ls, and what Landlock and the owner deny" {
  local place
  head -c 300000 /dev/urandom >"$BATS_TEST_TMPDIR/sent"
  for place in plain front shadow; do
    use_place "$place"
    use_talk "$place"
    transfer
    cmp "$BATS_TEST_TMPDIR/sent" "$talk/received"
    cmp "$BATS_TEST_TMPDIR/sent" "$mnt/home/elsewhere"
    assert_eq "stderr of the server" "" "$(<"$talk/server.err")"
    assert_has "$(<"$talk/out")" $'\nelsewhere'
    sed -i "s,$talk,TALK,g" "$talk/out" "$talk/err"
    cmp "$BATS_TEST_TMPDIR/plain/out" "$talk/out"
    cmp "$BATS_TEST_TMPDIR/plain/err" "$talk/err"
  done
  assert_has "$(<"$talk/err")" "closed/mine" "ermission denied"
}

# told: doff's report, and what /proc says of the command.
told() {
  in_image plain "$supervisor" "${outer[@]}" "$user" doff --report json \
    --report-fd 9 sed -n 's/^\(Seccomp_filters\|NoNewPrivs\):\t//p' \
    /proc/self/status 9>"$BATS_TEST_TMPDIR/report" >"$BATS_TEST_TMPDIR/status"
  jq -r '"\(.verdict) \(.filter_state) \(.reasons | length)"' \
    "$BATS_TEST_TMPDIR/report"
}

@test "the report says by what it is sealed: outside, or a filter by prctl" {
  assert_eq "report" "sealed outside 0" "$(told)"
  assert_eq "no_new_privs, filters" "1 2" \
    "$(xargs <"$BATS_TEST_TMPDIR/status")"
  outer+=(--prctl)
  assert_eq "report" "sealed in-force 0" "$(told)"
  assert_eq "no_new_privs, filters" "1 3" \
    "$(xargs <"$BATS_TEST_TMPDIR/status")"
}

@test "userns auto: sealed without a namespace; always: who forbids it" {
  run --separate-stderr in_image plain "$supervisor" "${outer[@]}" "$user" \
    doff --userns auto readlink /proc/self/ns/user
  assert_eq "user namespace ($stderr)" "$(readlink /proc/self/ns/user)" \
    "$output"
  assert_eq stderr "" "$stderr"
  run --separate-stderr in_image plain "$supervisor" "${outer[@]}" "$user" \
    doff --userns always "${RAN[@]}"
  refused userns seccomp
}

# goes_on PID: what a person does on a terminal, whose shell is PID.
goes_on() {
  assert_eq "lines before anything is typed ($(screen))" 1 \
    "$(screen | grep -c .)"
  keys "PS1='in''side> '" Enter
  see '^inside>'
  look_at "$1"
  keys "sh -c 'echo be''gun; exec sleep 1000'" Enter
  see '^begun'
  keys C-c
  keys 'echo status $?' Enter
  see '^status 130'
  keys "sh -c 'echo rea''dy; read x; echo got \$x'" Enter
  see '^ready'
  keys C-z
  see Stopped
  keys fg Enter
  see_continued "$1"
  keys words Enter
  see '^got words'
  keys "trap 'stty size' WINCH; echo tra''pped" Enter
  see '^trapped'
  resize 77 22
  see '22 77$'
  keys clear Enter
  keys 'echo $0 ${-//[^im]/}' Enter
}

@test "a person in tmux, under the supervisor: Ctrl-C, Ctrl-Z, resize" {
  local place
  for place in front shadow; do
    use_place "$place"
    use_talk "$place"
    open_terminal "$images/enter $images/$image $mnt $supervisor \
      --pid-file $talk/pid --pty ${outer[*]} $user ${before[*]} /bin/bash -i
      echo ended \$?; exec cat"
    see 'ready>'
    goes_on "$(<"$talk/pid")"
    see '^/bin/bash im'
    sealed 2
    keys 'exit 7' Enter
    see '^ended 7'
    rm "$talk/pid"
    close_terminal
  done
}

# main_process IMAGE WORD...: pid 1 of a container, on a terminal.
main_process() {
  local image=$1 bundle=$BATS_TEST_TMPDIR/bundle id=supervisor-$BASHPID pid
  shift
  require_old_bounding
  make_bundle "$bundle" "$bundle/root" "${OLD_BOUNDING#0000000}" true false
  mkdir -p "$bundle/root"
  jq '.process.terminal = true | .process.args = $ARGS.positional' \
    "$bundle/config.json" --args -- "$@" >"$bundle/config.new"
  mv "$bundle/config.new" "$bundle/config.json"
  containers+=("$id")
  open_terminal "unshare --mount --propagation private sh -c '
    mount -t overlay -o lowerdir=$images/$image:$(root_of deb) \
      overlay $bundle/root &&
    $BATS_RUN_TMPDIR/runtime/runc run -b $bundle $id; echo ended \$?; exec cat'"
  see '[#$]$'
  pid=$(runtime runc state "$id" | jq .pid)
  goes_on "$pid"
  keys 'echo only $$: /proc/[0-9]*' Enter
  see '^only 1: /proc/1$'
  sealed 1
  keys 'exit 7' Enter
  see '^ended 7'
}

@test "doff -- /bin/bash -l as pid 1 of a container, a person in tmux" {
  main_process plain doff -- /bin/bash -l
}

@test "/bin/bash -l as pid 1 of a container where that is doff" {
  main_process shadow /bin/bash -l
}
