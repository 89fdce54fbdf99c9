#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2016,SC2030,SC2031,SC2034,SC2154 # for other shells; each test has its own
# doff-runtime's settings, each way in which they or the policy can be broken,
# and the connect record to all that it can be written to. What is beneath is
# runc; nothing of this depends on it.

setup_file() {
  load in_front
  need python3 setfattr
  make_fronts
  started front runc c-runc
}

teardown_file() {
  load in_front
  remove_containers
}

setup() {
  load in_front
  require_root
  cd "$BATS_TEST_TMPDIR" || return
  bundle dir
  cp dir/config.json config.before
  settings=$BATS_TEST_TMPDIR/own
  mkdir own
  own=$settings/runc
}

# no_container_by PART...: neither create nor exec, with the reason in the
# engine's log.
no_container_by() {
  attempt front runc --log "$PWD/log" --log-format json \
    create --bundle dir x-none
  refused_by 1 "$@"
  assert_has "$(jq -r 'select(.level == "error").msg' log | tail -n 1)" "$@"
  [[ ! -e $state/x-none ]] || fail "there is a container"
  cmp config.before dir/config.json
  run --separate-stderr front runc exec c-runc echo RAN
  refused_by 255 "$@"
}

# --- settings

@test "without a settings file, the defaults hold" {
  mkdir -p etc/doff
  setfattr -n trusted.overlay.opaque -v y etc/doff
  run -0 unshare --mount --propagation private sh -c '
    mount -t overlay -o lowerdir=etc:/etc none /etc && exec "$@"' \
    sh "$DOFF_RUNTIME" --root "$state" exec c-runc grep CapBnd /proc/self/status
  assert_eq "an exec" $'CapBnd:\t'"$NOTHING" "$output"
  # And a file at the usual place is read.
  echo "runtime /no/such/runc" >etc/doff/runtime.conf
  chmod 644 etc/doff/runtime.conf
  run --separate-stderr unshare --mount --propagation private sh -c '
    mount -t overlay -o lowerdir=etc:/etc none /etc && exec "$@"' \
    sh "$DOFF_RUNTIME" --root "$state" exec c-runc echo RAN
  refused_by 255 /no/such/runc "the low-level runtime" /etc/doff/runtime.conf
}

# broken TEXT PART...: these settings, of printf(1)'s text, start nothing.
broken() {
  {
    echo "runtime $BATS_FILE_TMPDIR/low/runc"
    # shellcheck disable=SC2059
    printf "$1"
  } >"$own"
  chmod 644 "$own"
  no_container_by "$own" "${@:2}"
}

@test "settings that are broken start nothing, and are told with their line" {
  broken 'recrod none\n' ":2:" recrod "no such setting" record-arguments
  broken 'runtime\n' ":2:" runtime
  broken 'launcher\n' ":2:" launcher "has no value"
  broken 'runtime /usr/bin/crun\n' ":2:" runtime "given twice"
  broken '\n# a comment\nrecord none\nrecord none\n' ":5:" "given twice"
  broken 'launcher doff\n' ":2:" '"doff"' "not an absolute path"
  broken 'policy ./p.yaml\n' ":2:" "not an absolute path"
  broken 'record somewhere\n' ":2:" somewhere "absolute path"
  broken 'record-arguments maybe\n' ":2:" maybe "yes or no"
  broken 'record none' "newline"
  broken 'record no\0ne\n' "NUL"
  printf 'runtime runc\n' >"$own"
  no_container_by "$own:1:" '"runc"' "not an absolute path"
}

@test "settings files that are none, and that others could write" {
  no_container_by "$own" "is not there"
  mkfifo "$own"
  no_container_by "$own" "not a regular file"
  rm "$own"
  mkdir "$own"
  no_container_by "$own" "not a regular file"
  rmdir "$own"
  {
    echo "runtime $BATS_FILE_TMPDIR/low/runc"
    head -c 20000 /dev/zero | tr '\0' '#'
    echo
  } >"$own"
  no_container_by "$own" "too large"
  echo "runtime $BATS_FILE_TMPDIR/low/runc" >"$own"
  chmod 664 "$own"
  no_container_by "$own" "writable" chmod
  chmod 646 "$own"
  no_container_by "$own" "writable" chmod
}

# What an engine ends and shows containers with does not wait for a person.
@test "broken settings leave what starts nothing as it is" {
  printf '%s\n' "runtime $BATS_FILE_TMPDIR/low/runc" "recrod none" >"$own"
  run -0 front runc state c-runc
  run -0 front runc kill c-runc 0
  run -0 front runc ps c-runc
  # Unless nobody knows whom to ask.
  echo "runtime runc" >"$own"
  run --separate-stderr front runc state c-runc
  refused_by 1 "$own:1:" "not an absolute path"
  echo "runtime /no/such/runc" >"$own"
  run --separate-stderr front runc state c-runc
  refused_by 1 /no/such/runc
}

@test "a missing runtime or launcher, and a broken policy" {
  local low="runtime $BATS_FILE_TMPDIR/low/runc"
  echo "runtime /no/such/runc" >"$own"
  no_container_by /no/such/runc "$own"
  echo "runtime $PWD/dir/config.json" >"$own"
  no_container_by dir/config.json
  printf '%s\n' "$low" "launcher /no/such/doff" >"$own"
  attempt front runc create --bundle dir x-none
  refused_by 1 /no/such/doff "the launcher" "setting"
  cp "$DOFF" loose
  chmod 777 loose
  printf '%s\n' "$low" "launcher $PWD/loose" >"$own"
  attempt front runc create --bundle dir x-none
  refused_by 1 "$PWD/loose" writable
  printf '%s\n' "$low" "launcher $DOFF" "policy $PWD/p.yaml" >"$own"
  no_container_by "$PWD/p.yaml" policy
  printf 'version: 1\nconnect:\n  alow: []\n' >p.yaml
  chmod 644 p.yaml
  no_container_by "$PWD/p.yaml:3:" alow "allow"
  printf 'version: 1\ncapabilities: {drop: [KIL]}\nconnect: {acept: x}\n' >p.yaml
  no_container_by "$PWD/p.yaml:2:" KIL "KILL" "1 more"
  printf 'version: 1\nconnect: {accept: sealed}\n' >p.yaml
  chmod 666 p.yaml
  no_container_by "$PWD/p.yaml" writable chmod
  chmod 644 p.yaml
  run -0 front runc exec c-runc true
}

# --- the record

# recorded_in PLACE [SETTING]: from here on.
recorded_in() {
  use_settings "record $1" "${@:2}"
}

@test "a line of JSON for each exec: who, what, sets, verdict, policy" {
  engine_process '"sh","-c","exit 3","secret-word"' 1000 >p.json
  recorded_in "$PWD/connects"
  run -3 front runc exec --process p.json c-runc
  run -0 front runc exec c-runc true
  run -255 front runc exec --cap CAP_SYS_ADMIN c-runc true
  run -255 front runc exec c-runc no-such-command
  assert_eq lines 4 "$(wc -l <connects)"
  assert_eq mode 640 "$(stat -c %a connects)"
  # Without arguments, which may be secrets.
  assert_lacks "$(<connects)" secret-word "exit 3"
  run -0 jq -rs 'map([.container, .uid, .terminal, .command, .decision,
    .before.bounding, .after.bounding, .after.permitted, .verdict]
    | map(tostring) | join(" ")) | .[]' connects
  assert_eq first "c-runc 1000 false sh started $FOURTEEN $NOTHING $NOTHING \
sealed" "${lines[0]}"
  assert_has "${lines[1]}" "c-runc 0 false true started $FOURTEEN"
  assert_has "${lines[2]}" "true refused"
  assert_has "${lines[3]}" "no-such-command refused"
  assert_has "$(jq -rs '.[2].cause' connects)" SYS_ADMIN
  [[ $(jq -rs '.[0].policy' connects) =~ ^defaults\ sha256:[0-9a-f]{64}$ ]]
  [[ $(jq -rs '.[0].time' connects) =~ ^2[0-9-]{9}T[0-9:]{8}Z$ ]]
}

@test "arguments are in it only if asked for" {
  recorded_in "$PWD/connects" "record-arguments yes"
  run -0 front runc exec c-runc echo 'a "b"' $'c\nd' $'\x1b[m'
  assert_eq "the arguments" '["echo","a \"b\"","c\nd","\u001b[m"]' \
    "$(jq -c .arguments connects)"
  assert_eq lines 1 "$(wc -l <connects)"
  recorded_in "$PWD/others" "record-arguments no"
  run -0 front runc exec c-runc echo secret-word
  assert_lacks "$(<others)" secret-word arguments
}

@test "a refusal before anything is known of the exec is recorded too" {
  printf 'broken\n' >p.yaml
  chmod 644 p.yaml
  recorded_in "$PWD/connects" "policy $PWD/p.yaml"
  run -255 front runc exec c-runc true
  assert_eq decision "c-runc refused" \
    "$(jq -r '.container + " " + .decision' connects)"
}

@test "twenty execs at once make twenty whole lines" {
  local each
  recorded_in "$PWD/connects"
  for each in {1..20}; do
    front runc exec c-runc true </dev/null >/dev/null 2>&1 3>&- &
  done
  wait
  assert_eq records 20 "$(jq -r .decision connects | grep -c started)"
  assert_eq lines 20 "$(wc -l <connects)"
}

# apart SCRIPT: with a /dev and a /run of its own, and `$@` an exec.
apart() {
  local words
  bare runc
  run --separate-stderr unshare --mount --propagation private sh -c '
    touch null && mount --bind /dev/null null &&
    mount -t tmpfs none /dev && touch /dev/null && mount --bind null /dev/null &&
    mount -t tmpfs none /run && '"$1" sh "${words[@]}" --root "$state" \
    --log "$PWD/log" exec c-runc "${exec_[@]}"
}
exec_=(echo went on)

@test "the record to syslog" {
  recorded_in syslog
  apart "python3 '$e2e/datagrams.py' /dev/log read \"\$@\""
  assert_eq "status ($stderr)" 0 "$status"
  [[ $output == $'went on\n--\n<85>doff-runtime: {'* ]] || fail "$output"
  assert_eq decision started "$(sed -n 's/^<85>doff-runtime: //p' \
    <<<"$output" | jq -r .decision)"
}

# Who types the command must not choose whether it is recorded.
@test "a command that is too long for a datagram is recorded in part" {
  recorded_in syslog "record-arguments yes"
  exec_=(echo "$(head -c 60000 /dev/zero | tr '\0' '\1')")
  apart "python3 '$e2e/datagrams.py' /dev/log read \"\$@\" >told"
  assert_eq "status ($stderr)" 0 "$status"
  assert_eq decision "started echo" "$(sed -n 's/^<85>doff-runtime: //p' told |
    jq -r '.decision + " " + .command')"
}

@test "the record to journald" {
  recorded_in journald
  apart "python3 '$e2e/datagrams.py' /run/systemd/journal/socket read \"\$@\""
  assert_eq "status ($stderr)" 0 "$status"
  assert_has "$output" "went on" $'\nSYSLOG_IDENTIFIER=doff-runtime\n' \
    $'\nPRIORITY=5\n'
  assert_eq decision started \
    "$(sed -n 's/^MESSAGE=//p' <<<"$output" | jq -r .decision)"
}

# told_of PART...: the exec of before went on, without its record, and this was
# said on stderr and in the log.
told_of() {
  assert_eq "status ($stderr)" 0 "$status"
  assert_eq stdout "went on" "$output"
  assert_has "$stderr" "doff-runtime: warning: " "the connect record" "$@" \
    "not recorded"
  assert_has "$(<log)" "level=warning" "$@"
  rm log
}

went_on() {
  recorded_in "$1"
  run --separate-stderr timeout 10 "$BATS_TEST_TMPDIR/try"
  told_of "$1" "${@:2}"
}

@test "a record that cannot be written holds nobody up, and is told" {
  cat >try <<TRY
#!/bin/sh
exec "$DOFF_RUNTIME" --doff-settings "\$settings/runc" --root "$state" \
  --log "$PWD/log" exec c-runc echo went on
TRY
  chmod +x try
  export settings
  went_on /dev/full "No space left on device"
  went_on "$PWD/no/such/directory" "No such file or directory"
  mkfifo fifo
  went_on "$PWD/fifo" "No such device or address"
  # Somebody has it open and does not read.
  local reader
  exec {reader}<>fifo
  dd if=/dev/zero of=fifo bs=65536 count=1 oflag=nonblock status=none
  went_on "$PWD/fifo" "Resource temporarily unavailable"
  exec {reader}>&-
  ln -s "$PWD/elsewhere" link
  went_on "$PWD/link" "Symbolic link loop"
  [[ ! -e elsewhere ]] || fail "it was written through a link"
  went_on "$PWD"
  export -n settings
}

@test "a full disk and daemons that are not there or do not read" {
  mkdir disk
  recorded_in "$PWD/disk/connects"
  apart 'mount -t tmpfs -o size=4k,mode=755 none disk &&
    printf %4096s >disk/filler; "$@"'
  told_of "$PWD/disk/connects" "No space left on device"
  recorded_in syslog
  apart '"$@"'
  told_of /dev/log "No such file or directory"
  apart "exec timeout 10 python3 '$e2e/datagrams.py' /dev/log full \"\$@\""
  told_of /dev/log "Resource temporarily unavailable"
  recorded_in journald
  apart '"$@"'
  told_of /run/systemd/journal/socket "No such file or directory"
  apart "exec timeout 10 python3 '$e2e/datagrams.py' \
    /run/systemd/journal/socket full \"\$@\""
  told_of /run/systemd/journal/socket "Resource temporarily unavailable"
}
