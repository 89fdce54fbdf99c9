#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # same sets output, stderr and status
# shellcheck disable=SC2030,SC2031 # a test is a subshell; run sets them in each
# shellcheck disable=SC2016 # what stands in single quotes is for other shells
# What runs over ssh, with doff-shell at the other end and with bash: the same
# bytes, the same exit status.

setup_file() {
  load login
  require_root
  machine_tools
  start_machine "$BATS_FILE_TMPDIR/machine"
}

teardown_file() {
  load login
  stop_machine
}

setup() {
  load login
  shell_conf "userns auto"
  files=$BATS_TEST_TMPDIR/files
  mkdir -p "$files/deep/er"
  head -c 1000000 /dev/urandom >"$files/bytes"
  echo text >"$files/deep/er/a name"
  chmod 751 "$files/deep/er"
}

teardown() {
  idle_machine
  inside sh -c 'rm -f /home/*/.ssh/rc'
}

# ends STATUS COMMAND: over ssh, and says nothing of its own.
ends() {
  same_over_ssh ssh_command "$2"
  assert_eq "status of $2" "$1" "$status"
}

@test "exit statuses, and death by a signal" {
  ends 0 true
  ends 7 'exit 7'
  ends 126 /etc/passwd
  assert_has "$stderr" "Permission denied"
  ends 127 no-such-command
  assert_has "$stderr" "command not found"
  ends 255 'kill -TERM $$'
}

@test "words, quotes and both streams arrive as they are" {
  same_over_ssh ssh_command 'printf "%s|" "a  b" '\''$HOME'\'' "*" "" --help;
    echo; echo error >&2'
  assert_eq stdout 'a  b|$HOME|*||--help|' "$output"
  assert_eq stderr error "$stderr"
}

there_and_back() {
  inside ssh "$1@host" 'cat; echo end >&2' <"$files/bytes" | sha256sum
}

@test "bytes through stdin and stdout" {
  same_over_ssh there_and_back
  assert_eq sum "$(sha256sum <"$files/bytes")" "$output"
  assert_eq stderr end "$stderr"
}

@test "~/.ssh/rc is run, and what it says is all that is added" {
  local account
  for account in "${twins[@]}"; do
    echo 'echo "rc by $USER, $SHELL"' |
      inside tee "/home/$account/.ssh/rc" >/dev/null
  done
  same_over_ssh ssh_command 'echo command'
  assert_eq stdout $'rc by USER, /bin/bash\ncommand' "$output"
}

# scp_copies ACCOUNT OPTION...: a tree there, and back.
scp_copies() {
  local back=$BATS_TEST_TMPDIR/$1.back
  mkdir "$back"
  inside ssh "$1@host" 'rm -rf tree'
  inside scp -rp "${@:2}" "$files" "$1@host:tree" || return
  inside scp -rp "${@:2}" "$1@host:tree" "$back" || return
  diff -r "$files" "$back/tree" && stat -c %a "$back/tree/deep/er"
  inside scp "${@:2}" "$1@host:no-such-file" "$back"
}

@test "scp by the new protocol and by the old" {
  local protocol
  for protocol in -s -O; do
    same_over_ssh scp_copies "$protocol"
    assert_eq stdout 751 "$output"
    assert_eq status 1 "$status"
    assert_has "$stderr" "no-such-file"
    rm -r "$BATS_TEST_TMPDIR"/*.back
  done
}

# In the batch, the other end is looked at while it is there.
sftp_session() {
  inside sftp -q -b - "${@:2}" "$1@host" <<BATCH
put $files/bytes there
get there $BATS_TEST_TMPDIR/$1.bytes
mkdir new
ls -1
rename there new/there
ls -1 new
rm new/there
rmdir new
!cat /proc/\$(pgrep -nu $1)/status >$BATS_TEST_TMPDIR/$1.server
pwd
BATCH
  cmp "$files/bytes" "$BATS_TEST_TMPDIR/$1.bytes"
}

@test "sftp with the external server, which holds nothing" {
  local account
  same_over_ssh sftp_session
  assert_eq status 0 "$status"
  assert_has "$output" "new/there"
  for account in "${twins[@]}"; do
    assert_eq name sftp-server \
      "$(field Name "$BATS_TEST_TMPDIR/$account.server")"
    [[ $account == bashed ]] ||
      holds_nothing "$BATS_TEST_TMPDIR/$account.server"
  done
}

@test "sftp with sshd's own server, which calls no shell" {
  same sftp_session -s internal
  assert_eq status 0 "$status"
}

rsync_copies() {
  local back=$BATS_TEST_TMPDIR/$1.back
  # A time that is never that of the files, of which rsync tells.
  inside ssh "$1@host" \
    'rm -rf tree; mkdir tree; touch tree/old; touch -t 200001010000 tree'
  inside rsync -ai --delete "$files/" "$1@host:tree/" || return
  inside rsync -ai --delete "$files/" "$1@host:tree/" || return
  inside rsync -ai "$1@host:tree/" "$back/" || return
  diff -r "$files" "$back"
}

@test "rsync, there and back" {
  same_over_ssh rsync_copies
  assert_eq status 0 "$status"
  assert_eq stderr "" "$stderr"
  assert_has "$output" "*deleting   old" "<f+++++++++ bytes" \
    ">f+++++++++ deep/er/a name"
}

git_as() {
  inside env GIT_{AUTHOR,COMMITTER}_{NAME,EMAIL}=somebody \
    GIT_{AUTHOR,COMMITTER}_DATE="2024-01-01 00:00 +0000" \
    git -c init.defaultBranch=main "$@"
}

git_session() {
  local work=$BATS_TEST_TMPDIR/$1.work
  inside ssh "$1@host" 'rm -rf repository && git init -qb main --bare repository' &&
    git_as init -q "$work" && echo content >"$work/file" &&
    git_as -C "$work" add . && git_as -C "$work" commit -qm message &&
    git_as -C "$work" push "$1@host:repository" main &&
    git_as -C "$work" clone "$1@host:repository" clone &&
    git_as -C "$work/clone" log --format='%H %s' &&
    git_as -C "$work/clone" push "$1@host:no-such-repository" main
}

@test "git over ssh: push, clone, and an error" {
  same_over_ssh git_session
  assert_eq status 128 "$status"
  assert_has "$output" " message"
  assert_has "$stderr" "[new branch]" "Cloning into" "no-such-repository"
}

# banner PORT: what an sshd says first.
banner='exec 3<>/dev/tcp/127.0.0.1/$0 && read -rt 10 line <&3 && echo "$line"'

forwards() {
  local control=/run/forwards-$1 port=$((20000 + uids[$1]))
  inside ssh -MS "$control" -fN -L "$port:127.0.0.1:22" "$1@host" \
    >/dev/null 2>&1
  inside bash -c "$banner" "$port"
  inside ssh -S "$control" "$1@host" 'echo a session beside it'
  inside bash -c "$banner" "$port"
  inside ssh -S "$control" -O exit "$1@host"
  inside ssh -R "$((port + 10)):127.0.0.1:22" "$1@host" \
    "bash -c '$banner' $((port + 10))"
}

@test "forwarded ports live, without a shell and beside one" {
  same_over_ssh forwards
  assert_eq status 0 "$status"
  assert_eq lines 4 "$(wc -l <<<"$output")"
  assert_eq banners 3 "$(grep -c ^SSH-2.0- <<<"$output")"
}

@test "a bare shell reads commands from a pipe: no prompt, nothing added" {
  local way
  for way in ssh_pipe ssh_pipe_shell; do
    same_over_ssh "$way" $'echo one\ncat <<X\ntwo\nX\necho three >&2\nexit 9'
    assert_eq stdout $'one\ntwo' "$output"
    assert_eq stderr three "$stderr"
    assert_eq status 9 "$status"
  done
}

# Half of the sessions by a connection of their own, half through one for each
# account; every shell lives until all are there.
sessions='
  cd "$1" && shift
  for account; do
    ssh -MS "/run/many-$account" -fN "$account@host" >/dev/null 2>&1
  done
  for n in {1..200}; do
    account=${!#}
    ((n % 2)) || account=$1
    by=none
    ((n % 4 < 2)) || by=/run/many-$account
    (
      ssh -S "$by" "$account@host" \
        "flock -s /run/many.gate true; echo $n" >"$n" 2>"$n.stderr"
      echo "status $?" >>"$n"
    ) &
  done
  wait
  for account; do
    ssh -S "/run/many-$account" -O exit "$account@host" 2>/dev/null
  done
'

@test "200 sessions at the same time, and none fails" {
  local many=$BATS_TEST_TMPDIR/many n client
  mkdir "$many"
  inside mkfifo /run/many.key
  inside flock /run/many.gate cat /run/many.key 3>&- &
  await 20 inside pgrep -x cat
  inside bash -c "$sessions" bash "$many" doffed sealed 3>&- &
  client=$!
  await 100 all_are_there
  inside sh -c ': >/run/many.key'
  wait "$client"
  for n in {1..200}; do
    assert_eq "session $n" "$n"$'\n'"status 0" "$(<"$many/$n")"
    assert_eq "stderr of session $n" "" "$(<"$many/$n.stderr")"
  done
}

all_are_there() {
  (($(inside pgrep -xcu doffed,sealed bash) == 200))
}

@test "a wrong shell.conf: 125, and everybody reads which line it is" {
  local wrong='/etc/doff/shell.conf:2: '
  shell_conf "userns auto" "no-such-option 1"
  run --separate-stderr ssh_command doffed 'echo RAN; echo RAN >&2'
  refused "$wrong" no-such-option
  run --separate-stderr ssh_pipe doffed 'echo RAN'
  refused "$wrong"
  run scp_copies doffed -O
  ((status > 0))
  assert_has "$output" "doff: $wrong"
  # sshd lets nobody read the stderr of a subsystem: sftp and the new scp end,
  # and no more.
  run sftp_session doffed -v
  assert_has "$output" "Exit status 125" "Connection closed"
  run scp_copies sealed -sv
  assert_has "$output" "Exit status 125" "Connection closed"
  person_reads doffed "$wrong"
  # The way back: root, whose shell is a plain one.
  run ssh_command bashed0 'echo userns auto >/etc/doff/shell.conf'
  assert_eq "status of root ($output)" 0 "$status"
  run ssh_command doffed 'echo in again'
  assert_eq output "in again" "$output"
}

person_reads() {
  inside tmux -S /run/terminals new-session -d -s "$1" -x 200 -y 24 \
    "ssh $1@host; echo \"ended with \$?\"; sleep infinity"
  see "$1" "^ended with 125"
  assert_has "$(screen "$1")" "doff: $2" "ended with 125"
  end_terminal "$1"
}
