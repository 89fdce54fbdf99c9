#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # stderr: run --separate-stderr sets it
# shellcheck disable=SC2030,SC2031 # a test is a subshell; run sets them in each
# shellcheck disable=SC2016 # what stands in single quotes is for other shells
# The shells that an agent sandbox's supervisor starts (see supervisor.c), with
# doff in front of them and with doff as the image's /bin/bash: sealed, silent,
# and byte for byte what they are without doff.

readonly SFTP_SERVER=/usr/lib/openssh/sftp-server

setup_file() {
  load lib
  load container
  require_root
  need gcc jq sftp tmux unshare capsh
  [[ -x $SFTP_SERVER ]] || fail "this suite needs $SFTP_SERVER"
  compiled supervisor >/dev/null
  make_images
  make_runtimes
  make_shared
  root_of deb >/dev/null
}

setup() {
  load lib
  load container
  load terminal
  require_root
  supervisor=$(compiled supervisor)
  images=$BATS_FILE_TMPDIR/images
  talks=()
  containers=()
  outer=(--write /mnt/home --write /dev)
  user=1500:1500
  make_mnt "$BATS_TEST_TMPDIR/mnt"
}

teardown() {
  local each
  for each in "${talks[@]}"; do
    # A file missing in $(<FILE) ends bash under set -e, even before ||.
    [[ ! -s $each/pid ]] || kill -KILL "$(<"$each/pid")" || true
  done
  close_terminal
  for each in "${containers[@]}"; do
    runtime runc delete --force "$each" 2>/dev/null || true
  done
}

# The images are layers over a root file system: over this machine's, for those
# in a mount namespace, or over a container's. `plain` has doff and the
# accounts; `shadow` has doff as /bin/bash, and the real bash beside it.
make_images() {
  local images=$BATS_FILE_TMPDIR/images image
  make_accounts
  echo 'older:x:998:998:the agent:/mnt/home:/bin/bash' >>"$accounts/passwd"
  echo 'older:x:998:' >>"$accounts/group"
  for image in plain shadow; do
    mkdir -p "$images/$image"/{usr/bin,etc}
    install -m 644 "$accounts"/* "$images/$image/etc"
  done
  install -m 755 "$DOFF" "$images/plain/usr/bin/doff"
  install -m 755 "$DOFF" "$images/shadow/usr/bin/bash"
  install -m 755 /bin/bash "$images/shadow/usr/bin/bash.doff-real"
  mkdir "$images/shadow/etc/doff"
  echo 'shell /bin/bash.doff-real' >"$images/shadow/etc/doff/shell.conf"
  chmod -R u=rwX,go=rX "$images"
  make_entrance "$images/enter"
}

# in_image NAME COMMAND...: in the user's home, with an environment that does
# not depend on whoever runs the tests.
in_image() {
  "$images/enter" "$images/$1" "$mnt" "${@:2}"
}

make_entrance() {
  cat >"$1" <<'ENTER'
#!/bin/sh
# enter IMAGE MNT COMMAND...
exec timeout --foreground -k 1 60 unshare --mount --propagation private sh -c '
  image=$1 mnt=$2
  shift 2
  mount -t overlay -o "lowerdir=$image/usr/bin:/usr/bin" overlay /usr/bin &&
    mount -t overlay -o "lowerdir=$image/etc:/etc" overlay /etc &&
    mount --bind "$mnt" /mnt && cd /mnt/home &&
    exec env -i HOME=/mnt/home TERM=xterm LANG=C USER=sandbox SHELL=/bin/bash \
      PATH=/usr/local/bin:/usr/bin:/bin "$@"' sh "$@"
ENTER
  chmod +x "$1"
}

# How a shell is started: without doff, with doff in front of it, and with doff
# in its place. Sets image, and the words before the shell's own.
use_place() {
  image=plain
  before=()
  case $1 in
    front) before=(doff) ;;
    shadow) image=shadow ;;
  esac
}

# use_talk NAME: what is said in it stands in files under $talk.
use_talk() {
  talk=$BATS_TEST_TMPDIR/$1
  mkdir "$talk"
  mkfifo "$talk/in"
  touch "$talk/out"
  make_mnt "$talk/mnt"
  talks+=("$talk")
}

# make_mnt DIR: the user's home, and what is the user's and Landlock closes.
make_mnt() {
  mnt=$1
  mkdir -p "$mnt"/{home,closed}
  echo "PS1='ready> '" >"$mnt/home/.bashrc"
  chown -R "$user" "$mnt"
}

# begin WORD... -- COMMAND...: under the supervisor, which is told WORD...
begin() {
  local words=()
  while [[ $1 != -- ]]; do
    words+=("$1")
    shift
  done
  shift
  {
    rc=0
    in_image "$image" "$supervisor" --pid-file "$talk/pid" "${outer[@]}" \
      "${words[@]}" "$user" "${before[@]}" "$@" \
      <"$talk/in" >"$talk/out" 2>"$talk/err" || rc=$?
    echo "$rc" >"$talk/status"
  } 3>&- &
  job=$!
  exec {to_it}>"$talk/in"
  mark=0
}

say() {
  mark=$(stat -c %s "$talk/out")
  printf %b "$1" >&"$to_it"
}

# heard PATTERN: waits until what came since `say` matches.
heard() {
  timeout 15 sh -c 'until tail -c "+$(($2 + 1))" "$1" | tr -d "\0" |
    grep -qazE "$3"; do sleep 0.02; done' sh "$talk/out" "$mark" "$1" ||
    fail "not heard: $1" "$(cat -v "$talk/out" "$talk/err")"
}

finish() {
  exec {to_it}>&-
  wait "$job"
  rm "$talk/pid"
}

# look_at PID: what the kernel says of the shell, from outside.
look_at() {
  sed -n 's/^\(Cap...\|NoNewPrivs\|Seccomp_filters\):\t//p' \
    "/proc/$1/status" | xargs >"$BATS_TEST_TMPDIR/state"
  readlink "/proc/$1/exe" >"$BATS_TEST_TMPDIR/exe"
}

look() {
  look_at "$(<"$talk/pid")"
}

# sealed FILTERS
sealed() {
  assert_eq "Inh Prm Eff Bnd Amb, no_new_privs, filters" \
    "$NOTHING $NOTHING $NOTHING $NOTHING $NOTHING 1 $1" "$(<"$BATS_TEST_TMPDIR/state")"
}

same_as() {
  local file
  for file in status out err; do
    cmp "$1/$file" "$talk/$file" ||
      fail "expected $file of ${talk##*/} as in ${1##*/}:" \
        "$(cat -v "$1/$file")" "but it is:" "$(cat -v "$talk/$file")"
  done
}

# same_everywhere TALK: under a supervisor whose last filter denies all
# that could load another, and under one that forgets prctl: there doff's is
# the third.
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
    [[ $(<"$BATS_TEST_TMPDIR/exe") != /usr/bin/bash ]] || fail "still doff itself"
  done
}

# ask LINE: waits for the prompt after the answer.
ask() {
  say "$1\n"
  heard 'ready> $'
}

# see_continued PID: no child of that shell is stopped any more.
see_continued() {
  timeout 15 sh -c 'while grep -qs "^State:.T" $(
      sed "s,[0-9]*,/proc/&/status,g" "/proc/$1/task/$1/children")
    do sleep 0.02; done' sh "$1" || fail "fg did not continue"
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
    sh -c 'cut -d" " -f1,5,6 /proc/self/stat; echo $$ $$ $$; ulimit -c
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

interactive() {
  begin --pty -- /bin/bash -i
  heard 'ready> $'
  ask 'tty | tr -d 0-9; stty size; echo $0 $- $SHLVL $BASH $SHELL'
  ask 'env; ulimit -a; umask; id'
  say 'sh -c "echo be""gun; exec sleep 100"\n'
  heard 'begun[[:space:]]+$'
  look
  say '\003'
  heard 'ready> $'
  say 'sh -c "echo be""gun; read x; echo got \\$x"\n'
  heard 'begun[[:space:]]+$'
  say '\032'
  heard 'Stopped.*ready> $'
  say 'fg\n'
  heard 'sh -c .*got.*[[:space:]]+$'
  see_continued "$(<"$talk/pid")"
  say 'words\n'
  heard 'got words.*ready> $'
  ask 'echo $?; echo wrong >&2; no-such-command'
  say 'exit 7\n'
}

@test "/bin/bash -i on a terminal" {
  same_everywhere interactive
  assert_has "$(<"$talk/out")" /dev/pts/ "24 80" himBHs "got words" \
    "Stopped" "no-such-command: command not found" "uid=1500(sandbox)"
  assert_eq "exit status" 7 "$(<"$talk/status")"
}

login_command() {
  begin -- /bin/bash -lc 'echo $0 $- $# $1 $BASH; env; ulimit -a
    shopt -q login_shell && echo login; umask; id; echo wrong >&2; echo begun; read -r line; echo "$line"
    : >../closed/mine; : >kept && echo written; exit 7' name 'an argument'
  heard begun
  look
  say 'a line\n'
}

@test "/bin/bash -lc COMMAND" {
  same_everywhere login_command
  assert_has "$(<"$talk/out")" "name hBc 1 an argument /bin/bash" \
    "a line" written
  assert_has "$(<"$talk/err")" wrong "../closed/mine: Permission denied"
  assert_eq "exit status" 7 "$(<"$talk/status")"
}

nested() {
  cat >"$mnt/home/nested" <<'NESTED'
echo '#!/bin/bash
echo "script $0 $* $SHLVL $-"; exit 3' >script
chmod +x script
./script 1 2 || echo status $?
bash <(echo 'echo "file $0"')
bash -c 'cat <&7; cat <&12' 7<<<seven 12<<<twelve
exec 8<<<eight
echo 'exec bash -c "cat <&8"' | bash
echo begun
read x
NESTED
  begin -- /bin/bash -c '. ./nested'
  heard begun
  look
}

@test "shells within the shell: scripts, and descriptors that are handed on" {
  same_everywhere nested
  assert_has "$(<"$talk/out")" "script ./script 1 2 2 hB" "status 3" \
    "file /dev/fd/63" $'seven\ntwelve\neight\nbegun'
}

# As VS Code asks a machine what it is: no arguments, a pipe, and between marks
# the answers. One word more is an answer too many.
piped() {
  begin -- bash
  say 'echo 41a1d3: running\n'
  heard '41a1d3: running'
  say 'echo "$0 $- [$PS1]"; uname -sm; [ -t 0 ] || echo no terminal\n'
  heard 'no terminal'
  look
  say 'if ! type -p no-such-tool; then echo missing; fi; echo 41a1d3: done\n'
  heard '41a1d3: done'
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

# SSH_FXP_INIT, version 3 (draft-ietf-secsh-filexfer-02, 4).
file_transfer() {
  begin -- /bin/bash -lc "$SFTP_SERVER"
  say '\0\0\0\005\001\0\0\0\003'
  heard openssh.com
  look
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
  timeout -k 1 30 sftp -q -D "$talk/server" -b - >"$talk/out" 2>"$talk/err" <<BATCH
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

@test "--userns auto is sealed without a namespace; always says who forbids it" {
  run --separate-stderr in_image plain "$supervisor" "${outer[@]}" "$user" \
    doff --userns auto readlink /proc/self/ns/user
  assert_eq "user namespace ($stderr)" "$(readlink /proc/self/ns/user)" \
    "$output"
  assert_eq stderr "" "$stderr"
  run --separate-stderr in_image plain "$supervisor" "${outer[@]}" "$user" \
    doff --userns always "${RAN[@]}"
  refused userns seccomp
}

readonly OLD_BOUNDING=00000004a82c35fb

require_old_bounding() {
  local ours
  ours=$((16#$(field CapBnd /proc/self/status)))
  (((ours & 16#$OLD_BOUNDING) == 16#$OLD_BOUNDING)) ||
    skip "root here has not all of $OLD_BOUNDING"
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
