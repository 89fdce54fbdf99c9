#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2016,SC2030,SC2031,SC2034,SC2154 # for containers' shells; each test has its own
# doff-runtime is runc or crun to whoever calls it: what it passes on, how it
# reads a command line, and what an exec through it is, in front of each.

setup_file() {
  load in_front
  need script setfattr
  make_fronts
  started front runc c-runc
  started front crun c-crun
}

teardown_file() {
  load in_front
  remove_containers
}

setup() {
  load in_front
  require_root
  cd "$BATS_TEST_TMPDIR" || return
}

# --- becoming the runtime

# tell HOW RUNTIME WORD...: what that prints on both streams and exits with,
# without what is never twice the same.
tell() {
  local status=0
  echo "--- ${*:3}"
  "$@" >out 2>err </dev/null 3>&- || status=$?
  sed "s/time=\"[^\"]*\"//; s/\"usage\":.*//; s/\<$main\>/PID/g
    s/[0-9-]\{10\}T[0-9:.]*Z */TIME /g; s/CREATED *OWNER/CREATED OWNER/" out err
  echo "status $status"
}

# transcript HOW RUNTIME: every subcommand that starts nothing, some in error.
transcript() {
  local id=t-$2 main
  started plain "$2" "$id"
  main=$(main_of "$id")
  tell "$@" --version
  tell "$@" --help
  tell "$@"
  tell "$@" features
  tell "$@" state "$id"
  tell "$@" state none
  tell "$@" list
  tell "$@" list --format json
  tell "$@" ps --format json "$id"
  tell "$@" events --stats "$id"
  tell "$@" update --pids-limit 77 "$id"
  tell "$@" start "$id"
  tell "$@" pause "$id"
  tell "$@" ps "$id" -o pid,ppid,args
  tell "$@" state "$id"
  tell "$@" resume "$id"
  tell "$@" delete "$id"
  tell "$@" kill "$id" NOSUCH
  tell "$@" kill "$id" KILL
  until_true '"$@" | grep -q "\"status\": \"stopped\""' \
    "$BATS_FILE_TMPDIR/low/$2" --root "$state" state "$id"
  tell "$@" kill "$id" KILL
  tell "$@" delete "$id"
  tell "$@" delete "$id"
  tell "$@" nosuchcommand
  tell "$@" --nosuchoption list
  rm -rf spec && mkdir spec
  cd spec || return
  tell "$@" spec
  # An option with its value behind, a value in the word, and one dash.
  cat config.json
  cd ..
}

passes_on() {
  transcript plain "$1" >plain.told
  transcript front "$1" >front.told
  assert_has "$(<plain.told)" "paused" "status 0" "status 1" ociVersion
  diff plain.told front.told
}

@test "what starts nothing is runc's own, in print and in exit status" {
  passes_on runc
}

@test "what starts nothing is crun's own, in print and in exit status" {
  passes_on crun
}

# in_place NAME: run and exec in the foreground are the low-level runtime in
# doff-runtime's own process; signals, stdin, stdout and exit status are its.
in_place() {
  local name=$1 words id=f-$1 runtime main
  bare "$name"
  bundle fg '.process.args = ["sh", "-c",
    "trap \"echo bye; exit 5\" TERM; echo hello; while :; do sleep 0.02; done"]'
  (exec "${words[@]}" --root "$state" run --bundle fg --pid-file "$PWD/pid" \
    "$id" </dev/null >said 2>&1 3>&-) &
  runtime=$!
  until_true 'grep -qs hello "$1"' said
  assert_eq "what run became" "$name" "$(field Name "/proc/$runtime/status")"
  main=$(<pid)
  assert_eq "the parent of the container's process" "$runtime" \
    "$(field PPid "/proc/$main/status")"
  assert_eq "its parent's parent" "$BASHPID" \
    "$(field PPid "/proc/$runtime/status")"

  (exec "${words[@]}" --root "$state" exec "$id" sh -c \
    'trap "echo ended; exit 6" TERM; echo begun; while :; do sleep 0.02; done' \
    </dev/null >exec.said 2>&1 3>&-) &
  local exec_runtime=$!
  until_true 'grep -qs begun "$1"' exec.said
  assert_eq "what exec became" "$name" \
    "$(field Name "/proc/$exec_runtime/status")"
  kill -TERM "$exec_runtime"
  status=0
  wait "$exec_runtime" || status=$?
  assert_eq "exec's exit status" 6 "$status"
  assert_eq "exec said" $'begun\nended' "$(<exec.said)"

  kill -TERM "$runtime"
  status=0
  wait "$runtime" || status=$?
  assert_eq "run's exit status ($(<said))" 5 "$status"
  assert_eq "run said" $'hello\nbye' "$(<said)"
}

@test "no parent stays: run and exec are runc's process" {
  in_place runc
}

@test "no parent stays: run and exec are crun's process" {
  in_place crun
}

@test "the runtime is found in fixed directories, never by PATH" {
  mkdir -p bin etc/doff
  printf '#!/bin/sh\necho RAN\n' | tee bin/runc >bin/crun
  chmod +x bin/*
  setfattr -n trusted.overlay.opaque -v y etc/doff
  run -0 unshare --mount --propagation private sh -c '
    mount -t overlay -o lowerdir=etc:/etc none /etc && PATH=$PWD/bin:$PATH
    exec "$0" --version' "$DOFF_RUNTIME"
  assert_eq "the runtime" "$(plain runc --version)" "$output"
}

# --- the command line

# From here on, what is the same for both is one test for both.
both() {
  local name
  for name in runc crun; do
    "$1" "$name"
  done
}

# An exec through these words, whose container is found if they are understood.
found_by() {
  local name=$1 words
  bare "$name"
  run -0 "${words[@]}" "${@:2}" exec "c-$name" grep CapBnd /proc/self/status
  assert_eq "$name ${*:2}" $'CapBnd:\t'"$NOTHING" "$output"
}

global_options() {
  found_by "$1" --root "$state"
  found_by "$1" "--root=$state"
  found_by "$1" --root "$state" --log "$PWD/log"
  found_by "$1" "--log=$PWD/log" --log-format json --root "$state"
  found_by "$1" --log-format=text --root "$state"
  found_by "$1" --root /nowhere --root "$state"
}

@test "the options before the subcommand" {
  local words
  both global_options
  # Go's package flag takes one dash too, and runc a state directory for each.
  found_by runc -root "$state"
  found_by runc "-root=$state"
  found_by runc "--rootless=false" --root "$state"
  found_by runc --rootless true --root "$state"
  found_by runc --criu /nowhere --root "$state"
  found_by crun --cgroup-manager cgroupfs --root "$state"
  found_by crun --root "$state" --
  # They speak on stderr.
  run -0 --separate-stderr front runc --debug exec c-runc echo ran
  assert_eq stdout ran "$output"
  run -0 --separate-stderr front crun --debug exec c-crun echo ran
  assert_eq stdout ran "$output"
  # Where systemd is not there, both say so; runc does where it is, too.
  run plain runc --systemd-cgroup exec c-runc true
  local plainly=$status
  run "-$plainly" front runc --systemd-cgroup exec c-runc true
  run -0 front crun --systemd-cgroup exec c-crun true
}

# created NAME WORD...: these words of `create` made a container of `dir`.
created() {
  local name=$1
  rm -rf dir
  bundle dir
  front "$name" "${@:2}" x-forms </dev/null >created.log 2>&1 3>&- ||
    fail "$name ${*:2}: $(<created.log)"
  run -0 plain "$name" state x-forms
  assert_has "$output" io.doff.policy "$PWD/dir"
  plain "$name" delete --force x-forms
}

create_forms() {
  created "$1" create --bundle dir
  created "$1" create --bundle=dir
  created "$1" create -b dir
  created "$1" create --no-pivot -b dir
  created "$1" run -d --bundle dir
  created "$1" run --detach -b dir
  created "$1" create --pid-file "$PWD/pid" --bundle dir --
  bundle cwd
  cd cwd || return
  front "$1" create x-cwd </dev/null >../log 2>&1 3>&-
  cd ..
  assert_has "$(plain "$1" state x-cwd)" io.doff.policy
  plain "$1" delete --force x-cwd
}

@test "the bundle of create and run, in every form" {
  both create_forms
  created runc create -bundle=dir
  created runc create -b=dir
  # Options behind the container's id, which runc moves to the front.
  bundle dir
  front runc run x-behind --detach -b dir </dev/null >log 2>&1 3>&-
  assert_has "$(plain runc state x-behind)" io.doff.policy "$PWD/dir"
  plain runc delete --force x-behind
  created crun create -bdir
  created crun run -dbdir
  created crun create -b /nowhere --bundle dir
  # crun's own: another file.
  bundle other
  mv other/config.json other/spec.json
  front crun create -b other --config "$PWD/other/spec.json" x-file \
    </dev/null >log 2>&1 3>&-
  assert_has "$(<other/spec.json)" io.doff.policy
  plain crun delete --force x-file
}

# A file that an engine in a container has from its host, which upgrades it.
@test "a launcher that is mounted, and whose source is gone" {
  bundle dir
  cp "$DOFF" source
  : >doff
  printf '%s\n' "runtime /bin/true" "launcher $PWD/doff" >mounted.conf
  chmod 644 mounted.conf
  attempt unshare --mount --propagation private sh -c '
    mount --bind source doff && rm source && exec "$@"' sh "$DOFF_RUNTIME" \
    --doff-settings "$PWD/mounted.conf" --root "$state" create --bundle dir x
  assert_eq "exit status ($stderr)" 0 "$status"
  assert_eq "what is mounted" "$PWD/doff" \
    "$(jq -r '.mounts[-1].source' dir/config.json)"
}

restores() {
  bundle dir
  attempt front "$1" restore --bundle dir --image-path none "x-$1"
  ((status != 0)) || fail "restored from nothing"
  assert_lacks "$stderr" doff-runtime
  assert_has "$(<dir/config.json)" io.doff.policy "$DOFF"
  # What processes would have is in the checkpoint, and here is none.
  bundle dir
  cp dir/config.json before
  use_policy "capabilities: {drop: [NET_RAW]}"
  attempt front "$1" restore --bundle dir --image-path /none "x-$1"
  refused_by 1 'reading the checkpoint "/none": is not there'
  cmp before dir/config.json
  settings=""
}

@test "restore: the bundle as for create, or refused without a checkpoint" {
  both restores
}

# getopt_long(3) takes the beginning of a long option's name for the whole.
@test "an option cut short names no bundle that goes untouched" {
  bundle seen
  bundle unseen
  cd seen
  status=0
  front crun create --bund=../unseen x-cut </dev/null >log 2>&1 3>&- ||
    status=$?
  plain crun delete --force x-cut 2>/dev/null || true
  ((status != 0)) || assert_has "$(<../unseen/config.json)" io.doff.policy
}

process_forms() {
  local name=$1
  sealed_exec "$name" --process long.json "c-$name"
  sealed_exec "$name" --process=long.json "c-$name"
  sealed_exec "$name" -p long.json "c-$name"
  sealed_exec "$name" --process long.json -- "c-$name"
  sealed_exec "$name" --process /dev/fd/7 "c-$name" 7<long.json
}

@test "the process of exec, in every form; the engine's file stays as it is" {
  engine_process '"sleep","1000"' >long.json
  cp -a long.json before.json
  both process_forms
  sealed_exec runc -process=long.json c-runc
  sealed_exec runc -p=long.json c-runc
  sealed_exec runc -process long.json c-runc
  sealed_exec crun -plong.json c-crun
  sealed_exec crun -p /nowhere --process long.json c-crun
  cmp before.json long.json
  assert_eq "inode and times" "$(stat -c '%Y %s' before.json)" \
    "$(stat -c '%Y %s' long.json)"
  assert_eq files "attempt.err attempt.out before.json exec.pid long.json" "$(echo *)"
}

flag_forms() {
  sealed_exec "$1" -e A=B "c-$1" sleep 1000
  sealed_exec "$1" --env=A=B --cwd=/bin "c-$1" sleep 1000
  sealed_exec "$1" --no-new-privs "c-$1" sleep 1000
  sealed_exec "$1" --cap CAP_KILL "c-$1" sleep 1000
  sealed_exec "$1" -c CAP_CHOWN --user 1000:1000 "c-$1" sleep 1000
  sealed_exec "$1" -- "c-$1" sleep 1000
}

@test "exec without a process file, in every form" {
  both flag_forms
  sealed_exec runc -no-new-privs=false c-runc sleep 1000
  sealed_exec runc -tty=false --detach=true c-runc sleep 1000
  sealed_exec crun -de A=B c-crun sleep 1000
  sealed_exec crun -dcCAP_KILL c-crun sleep 1000
}

# Options of runtimes that are not there yet: a stand-in says what reaches it.
@test "an option that nobody knows is passed on" {
  printf '#!/bin/sh\nprintf "[%%s]" "$@"\n' >runc-next
  chmod +x runc-next
  mkdir later
  printf '%s\n' "runtime $PWD/runc-next" "launcher $DOFF" >later/runc
  settings=$PWD/later
  bundle dir
  run -0 front runc --later=1 --lately create --future --yet=1 -b dir x
  assert_eq create "[--root][$state][--later=1][--lately][create][--future]\
[--yet=1][-b][dir][x]" "$output"
  assert_has "$(<dir/config.json)" io.doff.policy
  run -0 front runc --later 1 exec --future=1 --yet --pid-file f c-runc true
  assert_has "$output" "[--later][1][exec][--future=1][--yet][--pid-file][f]" \
    "[--process][/proc/self/fd/"
  run -0 front runc newcommand --option
  assert_eq newcommand "[--root][$state][newcommand][--option]" "$output"
  # Could `c-runc` be its value? Then another container is meant.
  run --separate-stderr front runc exec --future c-runc true
  refused_by 255 --future "--OPTION=VALUE"
}

# --- exec

# alike NAME WORD...: an exec through doff-runtime gives what a plain one does.
alike() {
  local name=$1 plainly
  run --separate-stderr plain "$name" exec "${@:2}" </dev/null
  plainly="status $status, $output"
  run --separate-stderr front "$name" exec "${@:2}" </dev/null
  assert_eq "$name exec ${*:2} ($stderr)" "$plainly" "status $status, $output"
}

# What runc's own exec.bats looks at, and what crun has of it.
alike_in_both() {
  local id=c-$1 status_
  alike "$1" "$id" ls -la /home
  alike "$1" --cwd /bin "$id" pwd
  alike "$1" --cwd=/ "$id" pwd
  alike "$1" --env PATH=/bin --env RUNC_EXEC_TEST=true "$id" env
  alike "$1" "$id" env
  alike "$1" --user 1000:1000 "$id" id
  alike "$1" -u 1500 "$id" id
  alike "$1" --user 1000:1600 "$id" sh -c 'id; echo $HOME'
  for status_ in 1 125 126 255; do
    alike "$1" "$id" sh -c "exit $status_"
  done
  alike "$1" "$id" sh -c 'kill -KILL $$'
  alike "$1" "$id" sh -c 'kill -TERM $$'
  alike "$1" "$id" sh -c 'echo out; echo err >&2'
  alike "$1" "$id" tty
  alike "$1" "$id" printf '[%s]' "" "a b" $'new\nline' '$HOME' '"' "'"
  # Errors: the same exit status.
  alike "$1" "$id" nosuchcommand
  alike "$1" "$id" /no/such/command
  alike "$1" "$id" ./nosuchcommand
  alike "$1" "$id" /etc/passwd
  alike "$1" "$id" /etc
  alike "$1" --cwd /nowhere "$id" true
}

# JSON cannot hold them: runc gives U+FFFD instead.
@test "bytes that are not UTF-8 in a command: as with runc, or told plainly" {
  alike runc c-runc printf '[%s]' $'\xff'
  run --separate-stderr front crun exec c-crun printf '[%s]' $'\xff'
  refused_by 255 "UTF-8"
}

@test "exec through runc: directory, environment, user, statuses, errors" {
  alike_in_both runc
  alike runc --process /nowhere c-runc
  alike runc --user 1500:1500 -g 1600 -g 99 c-runc id -G
  alike runc --additional-gids 1600 c-runc id -G
  alike runc --env A=1 --env A=2 c-runc sh -c 'echo $A'
}

@test "exec through crun: directory, environment, user, statuses, errors" {
  alike_in_both crun
  alike crun --env PATH=/bin --env A=1 --env A=2 c-crun sh -c 'echo $A'
}

# messages NAME: the same errors in runc's words or crun's, on stderr and in
# the log that engines read.
messages() {
  local id=c-$1
  told() {
    rm -f log
    run "-$1" --separate-stderr front "$2" --log "$PWD/log" \
      --log-format json exec "${@:4}"
    assert_has "$stderr" "$3"
    assert_has "$(jq -r 'select(.level == "error").msg' log | tail -n 1)" "$3"
  }
  told 255 "$1" "not found in \$PATH" "$id" nosuchcommand
  told 255 "$1" "o such file or directory" "$id" /no/such/command
  told 255 "$1" "ermission denied" "$id" /etc/passwd
  told 255 "$1" "o such file or directory" --cwd /nowhere "$id" true
  told 255 "$1" "does not exist" no-such-container true
  told 255 "$1" "/nowhere" --process /nowhere "$id"
  rm -f log
  run -255 --separate-stderr front "$1" --log "$PWD/log" exec no-such true
  assert_has "$(<log)" 'level=error msg="' "does not exist"
  # A log that cannot be written takes nothing from stderr.
  run -255 --separate-stderr front "$1" --log /no/dir/log exec no-such true
  assert_has "$stderr" "does not exist"
}

@test "errors reach the log as JSON or as text, and stderr" {
  both messages
}

# What runc's capabilities.bats looks at: sets of process files come out
# reduced, for every user, and the container's main process is left alone.
sets_of_files() {
  local name=$1 sets uid
  assert_eq "the main process of $name" "CapInh: $NOTHING CapPrm: $FOURTEEN \
CapEff: $FOURTEEN CapBnd: $FOURTEEN CapAmb: $NOTHING NoNewPrivs: 0 Seccomp: 0" \
    "$(outside "$(main_of "c-$name")")"
  for uid in 0 1000; do
    engine_process '"sleep","1000"' "$uid" >asked.json
    for sets in . 'del(.capabilities)' \
      '.capabilities |= (.inheritable = .bounding | .ambient = .bounding)'; do
      jq "$sets" asked.json >p.json
      sealed_exec "$name" --process p.json "c-$name"
    done
  done
  for sets in '.capabilities = null' '.capabilities = {}' \
    '.capabilities.bounding = []' '.capabilities = {ambient: ["CAP_KILL"]}'; do
    jq "$sets" asked.json >p.json
    sealed_exec "$name" --process p.json "c-$name"
  done
}

@test "every set in a process file comes out empty, from outside" {
  both sets_of_files
}

# Allowed by the policy, and within the container.
@test "what the policy leaves to a connect is what the process has" {
  use_policy "connect: {allow: [KILL, SYS_ADMIN, CHOWN], accept: open}"
  left() {
    engine_process '"sleep","1000"' >p.json
    front "$1" exec --process p.json --detach --pid-file pid "c-$1" \
      </dev/null >log 2>&1 3>&-
    sleeper "$(<pid)"
    assert_eq "$1" "CapInh: $NOTHING CapPrm: 0000000000000021 \
CapEff: 0000000000000021 CapBnd: 0000000000000021 CapAmb: $NOTHING \
NoNewPrivs: 1 Seccomp: 2" "$(outside "$(<pid)")"
  }
  both left
}

descriptors() {
  echo three >three
  echo four >four
  run -0 front "$1" exec --preserve-fds 2 "c-$1" sh -c 'cat <&3; cat <&4' \
    3<three 4<four
  assert_eq "$1" $'three\nfour' "$output"
  run front "$1" exec --preserve-fds=1 "c-$1" sh -c 'cat <&3; cat <&4' \
    3<three 4<four
  assert_has "$output" three
  assert_lacks "$output" four
  alike "$1" "c-$1" ls /proc/self/fd
  # crun hands on what LISTEN_FDS counts to an exec, runc does not.
  local -x LISTEN_FDS=1
  alike "$1" "c-$1" sh -c 'echo "$LISTEN_FDS $LISTEN_PID"
    cat /proc/self/fd/3' 3<three
  alike "$1" --preserve-fds 1 "c-$1" sh -c \
    'cat /proc/self/fd/3 /proc/self/fd/4' 3<three 4<four
}

@test "descriptors: --preserve-fds, LISTEN_FDS, and no others" {
  both descriptors
}

listening_run() {
  local how words
  echo three >three
  bundle fds '.process.args = ["sh", "-c",
    "echo $LISTEN_FDS $LISTEN_PID; cat <&3; ls /proc/self/fd"]'
  for how in plain front; do
    words=("$BATS_FILE_TMPDIR/low/$1")
    [[ $how == plain ]] || bare "$1"
    # They are for the process of that number: it is still the same.
    LISTEN_FDS=1 sh -c 'LISTEN_PID=$$ exec "$@"' sh "${words[@]}" \
      --root "$state" run --bundle fds x-fds </dev/null 3<three >"$how" 2>&1
  done
  assert_has "$(<plain)" three
  diff plain front
}

@test "descriptors of run: those that LISTEN_FDS counts" {
  both listening_run
}

streams() {
  head -c 300000 /dev/zero | tr '\0' x >sent
  front "$1" exec --pid-file pid "c-$1" sh -c 'cat; echo end >&2' \
    <sent >received 2>err
  cmp sent received
  assert_eq stderr end "$(<err)"
  [[ $(<pid) =~ ^[1-9][0-9]*$ ]] || fail "the pid file is: $(<pid)"
  assert_eq "bytes of the pid file" "$(printf %s "$(<pid)" | wc -c)" \
    "$(stat -c %s pid)"
}

@test "stdin, stdout, and a pid file of digits alone" {
  both streams
}

terminals() {
  local pid
  bare "$1"
  run -0 script -qec "${words[*]} --root $state exec -t c-$1 sh -c 'tty;
    grep -E \"CapBnd|NoNew\" /proc/self/status; exit 0'" /dev/null </dev/null
  assert_has "$output" /dev/pts/ $'CapBnd:\t'"$NOTHING"
  run -9 script -qec "${words[*]} --root $state exec --tty c-$1 sh -c 'exit 9'" \
    /dev/null </dev/null
  python3 "$e2e/console.py" socket >console 3>&- &
  until_true '[ -S "$1" ]' socket
  front "$1" exec -t --detach --console-socket socket --pid-file pid \
    "c-$1" sh -c 'tty; sleep 0.2; exec sleep 1000' </dev/null >log 2>&1 3>&-
  pid=$(<pid)
  sleeper "$pid"
  seen_sealed "$1, with a console socket" "$pid"
  kill -KILL "$pid"
  wait $!
  assert_has "$(<console)" /dev/pts/
  rm socket
}

@test "a terminal, of our own and over a console socket" {
  local words
  both terminals
}

# Where only terminals are meant, others are left as they are, and told so.
@test "connect.match: terminal leaves what has none" {
  use_policy "connect: {match: terminal}"
  matched() {
    local words
    run -0 front "$1" exec "c-$1" grep CapBnd /proc/self/status
    assert_eq "$1" $'CapBnd:\t'"$FOURTEEN" "$output"
    bare "$1"
    run -0 script -qec "${words[*]} --root $state exec -t c-$1 \
      grep CapBnd /proc/self/status" /dev/null </dev/null
    assert_has "$output" "$NOTHING"
  }
  both matched
}

paused() {
  front "$1" pause "c-$1"
  run --separate-stderr plain "$1" exec "c-$1" true
  local plainly=$status
  if [[ $1 == runc ]]; then
    run "-$plainly" --separate-stderr front "$1" exec "c-$1" true
    assert_has "$stderr" paused
    # Begins when the container goes on.
    front "$1" exec --ignore-paused "c-$1" echo warm \
      </dev/null >thawed 2>&1 3>&- &
    front "$1" resume "c-$1"
    wait $!
    assert_eq "$1" warm "$(<thawed)"
  else
    front "$1" resume "c-$1"
  fi
}

@test "exec in a paused container" {
  paused runc
}
