#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # same sets output, stderr and status
# shellcheck disable=SC2030,SC2031 # a test is a subshell; run sets them in each
# shellcheck disable=SC2016 # what stands in single quotes is for other shells
# doff-shell as the login shell of an account, beside a twin that has bash:
# however the shell is started, it is called as bash would be, tells the same
# of itself, and holds nothing.

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
}

teardown() {
  idle_machine
}

@test "ssh host" { session ssh_typed -bash on; }
@test "ssh -t host command" { session ssh_terminal bash off; }
@test "ssh host command" { session ssh_command bash off; }
@test "ssh host <commands" { session ssh_pipe -bash on; }
@test "ssh host shell <commands" { session ssh_pipe_shell bash off; }
@test "ssh with a forced command" { session ssh_forced bash off; }
@test "su" { session su_typed bash off; }
@test "su -" { session su_login_typed -bash on; }
@test "su -c" { session su_command bash off; }
@test "su - -c" { session su_login_command -bash on; }
@test "runuser -l -c" { session runuser_login -bash on; }
@test "login -f" { session login_typed -bash on; }
@test "cron with SHELL" { session cron_job /bin/bash off; }
@test "make with SHELL" { session make_recipe /bin/bash off; }
@test "a window of tmux" { session tmux_typed -bash on; }
@test "a command of tmux" { session tmux_command bash off; }
@test "script" { session script_typed bash off; }
@test "script -c" { session script_command bash off; }

@test "root, whose CAP_SETPCAP empties the set, holds nothing either" {
  no_shell_conf
  twins=("${root_accounts[@]}")
  session ssh_typed -bash on
  session ssh_command bash off
  session su_login_command -bash on
}

@test "without a shell.conf: in where it is sealed, else refused" {
  no_shell_conf
  twins=(bashed sealed)
  session ssh_command bash off
  session su_login_typed -bash on
  run --separate-stderr ssh_command doffed 'echo RAN; echo RAN >&2'
  refused "CAP_SETPCAP"
}

# Root without a bounding set keeps what it inherits, and so can be sshd; so
# does whoever logs in (capabilities(7), "Transformation during execve").
sshd_without_bounding_set() {
  inside sh -c '
    all=$(capsh --decode="$(sed -n "s/^CapPrm:.//p" /proc/self/status)" |
      sed "s/.*=//; s/cap_/+/g")
    exec setpriv --inh-caps="$all" setpriv --bounding-set=-all \
      /usr/sbin/sshd -p 2222 -o UsePAM=no -o PidFile=none'
}

@test "sshd without a bounding set: sealed by itself, what is inherited gone" {
  local account held=$BATS_TEST_TMPDIR/held
  no_shell_conf
  sshd_without_bounding_set
  inside ssh -p 2222 bashed@host cat /proc/self/status >"$held"
  assert_eq CapBnd "$NOTHING" "$(field CapBnd "$held")"
  [[ $(field CapInh "$held") != "$NOTHING" ]]
  for account in doffed doffed0; do
    inside ssh -p 2222 "$account@host" cat /proc/self/status >"$held"
    holds_nothing "$held"
  done
}

user_namespace() {
  inside runuser -l "$1" -c 'readlink /proc/self/ns/user'
}

@test "userns auto: a namespace only for who is not sealed without it" {
  local here
  here=$(inside readlink /proc/self/ns/user)
  assert_eq sealed "$here" "$(user_namespace sealed)"
  [[ $(user_namespace doffed) == user:* ]]
  [[ $(user_namespace doffed) != "$here" ]]
}

@test "accept inert: the same work, and each time one line on stderr" {
  local way
  shell_conf "accept inert"
  for way in ssh_command su_command su_login_command runuser_login; do
    run --separate-stderr "$way" doffed 'echo work; exit 3'
    assert_eq "status ($stderr)" 3 "$status"
    assert_eq stdout work "$output"
    assert_eq "lines of stderr" 1 "$(wc -l <<<"$stderr")"
    assert_has "$stderr" "doff: " inert
  done
  # sshd lets nobody read the stderr of a subsystem.
  run --separate-stderr inside sftp -qb- doffed@host <<<'pwd'
  assert_eq status 0 "$status"
  assert_has "$output" /home/doffed
}

# broken FILE HOW: in every home, what HOW leaves of FILE.
broken() {
  local account
  for account in "${twins[@]}"; do
    as_account "$account" sh -c "cd; rm -rf $1; $2"
  done
}

mended() {
  broken .bashrc 'cp .bashrc.whole .bashrc'
  broken .profile 'cp .profile.whole .profile'
}

# behaves PART: each way in is the same, and one of them shows PART.
behaves() {
  local way shown=
  for way in ssh_command ssh_pipe su_login_command; do
    same "$way" 'echo in; false'
    shown+="$way $status $output $stderr"$'\n'
  done
  assert_has "$shown" "$1"
}

@test "a home with broken rc files is as with bash" {
  broken .bashrc 'echo "if then" >.bashrc'
  behaves ".bashrc: line 1: syntax error"
  mended
  broken .bashrc 'mkdir .bashrc'
  behaves ".bashrc: is a directory"
  mended
  broken .profile 'echo "exit 3" >.profile'
  behaves "su_login_command 3"
  mended
  broken .bashrc 'echo "echo noise" >.bashrc'
  behaves noise
  same scp_to_noise
  ((status > 0))
  mended
}

scp_to_noise() {
  inside scp -O "$BATS_TEST_FILENAME" "$1@host:copy"
}

# A person's session. What the screen shows is compared as a whole.
person() {
  begin_terminal "$1" ssh "$1@host"
  at_prompt "$1" 'stty size'
  see "$1" '^24 80'
  at_prompt "$1" 'sleep 1000'
  runs "$1" sleep S
  keys "$1" C-c
  at_prompt "$1" 'echo status $?'
  see "$1" '^status 130'
  at_prompt "$1" cat
  runs "$1" cat S
  keys "$1" C-z
  see "$1" 'Stopped +cat'
  runs "$1" cat T
  at_prompt "$1" fg
  runs "$1" cat S
  types "$1" words
  see "$1" '^words'
  keys "$1" C-d
  at_prompt "$1" '(sleep 2000; echo never) & jobs; kill %1; wait %1; echo $?'
  see "$1" '^143'
  terminal "$1" resize-window -x 90 -y 30
  at_prompt "$1" 'until [ "$(stty size)" = "30 90" ]; do sleep 0.02; done'
  at_prompt "$1" 'busybox vi text'
  see "$1" '^~'
  keys "$1" -l 'iwritten'
  keys "$1" Escape
  see "$1" '^- text'
  types "$1" ':wq'
  at_prompt "$1" 'cat text; rm text; exit 5'
  see "$1" '^ended with 5'
  screen "$1" | sed -E 's/^(\[1\]\+? +)[0-9]+/\1PID/'
  end_terminal "$1"
}

types() {
  keys "$1" -l "$2"
  keys "$1" Enter
}

# at_prompt ACCOUNT COMMAND: types it where only the shell can read it.
at_prompt() {
  await 20 last_line_is "$1" 'ready>' || fail "no prompt" "$(screen "$1")"
  keys "$1" -l "$2"
  await 20 last_line_is "$1" "ready> $2" || fail "no echo" "$(screen "$1")"
  keys "$1" Enter
}

last_line_is() {
  [[ $(screen "$1" | grep . | tail -n 1) == "$2" ]]
}

# runs ACCOUNT NAME STATE: waits until its process NAME is in STATE.
runs() {
  await 20 inside pgrep -u "$1" -x "$2" -r "$3" >/dev/null ||
    fail "no $2 in state $3" "$(screen "$1")"
}

@test "a person's session: Ctrl-C, Ctrl-Z and fg, jobs, resize, vi" {
  same person
  assert_eq "status ($stderr)" 0 "$status"
  assert_has "$output" "^C" "Stopped" "words" "PID" "written" "ended with 5"
}
