#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2016,SC2030,SC2031,SC2154 # for containers' shells; each test has its own
# containerd with doff-runtime as its runtime, which it calls as it is and
# knows nothing of: through ctr, and through its CRI, as a kubelet speaks to it.

setup_file() {
  load lib
  load container
  load engines
  need script
  /usr/bin/python3 -c 'import websocket' ||
    fail "this suite needs python3-websocket"
  start_cri doff "$(doff_runtime runc)" clamping \
    "$(doff_runtime runc "policy $BATS_FILE_TMPDIR/clamp.yaml")"
  printf 'version: 1\ncapabilities: {drop: [NET_RAW]}\n%s\n' \
    'connect: {privileged: clamp}' >"$BATS_FILE_TMPDIR/clamp.yaml"
  chmod 644 "$BATS_FILE_TMPDIR/clamp.yaml"
  client images import "$(engine_image)" >/dev/null
  start_task runc "$(doff_runtime runc)"
  start_task crun "$(doff_runtime crun)"
  # What is there without doff, to compare with.
  start_task plain-runc "$(engine_runtime runc)"
  start_task plain-crun "$(engine_runtime crun)"
  # Without a policy, the pod's annotation is all that there is.
  cri stop
  cri pod doff io.doff.cap-drop=MKNOD
}

teardown_file() {
  load lib
  load container
  load engines
  local each
  for each in $(client tasks list --quiet); do
    client tasks delete --force "$each"
  done >/dev/null 2>&1
  for each in $(client containers list --quiet); do
    client containers delete "$each"
  done >/dev/null 2>&1
  stop_engines
}

setup() {
  load lib
  load container
  load engines
  require_root
  cd "$BATS_TEST_TMPDIR" || return
}

client() {
  ctr --address "$engines/cri/socket" "$@"
}

# start_task ID RUNTIME [OPTION...]: what it runs is the image's, or `main_`.
start_task() {
  client run --detach --runc-binary "$2" "${@:3}" "$ENGINE_IMAGE" "$1" \
    "${main_[@]}" </dev/null >"$BATS_FILE_TMPDIR/$1.log" 2>&1 3>&- ||
    fail "ctr run $*: $(<"$BATS_FILE_TMPDIR/$1.log")"
}

# task_exec ID [OPTION...] COMMAND...: one that prints sleeps before it ends, or
# ctr may lose that on a busy machine, of doff and without.
task_exec() {
  client tasks exec --exec-id "e$BATS_TEST_NUMBER-$((++execs))-$BASHPID" \
    "${@:2:$#-1}"
}

both() {
  local name
  for name in runc crun; do
    "$1" "$name"
  done
}

# seen_sealed WHAT PID: as the host's /proc shows it.
seen_sealed() {
  assert_eq "$1, from outside" "CapInh: $NOTHING CapPrm: $NOTHING \
CapEff: $NOTHING CapBnd: $NOTHING CapAmb: $NOTHING NoNewPrivs: 1 Seccomp: 2" \
    "$(awk '/^(Cap...|NoNewPrivs|Seccomp):/ {
      printf "%s%s %s", gap, $1, $2; gap = " " }' "/proc/$2/status")"
}

main_of() {
  client tasks ps "$1" | awk '$2 == "-" { print $1 }'
}

# --- ctr

sealed_task() {
  local id=$1 pid
  assert_eq "the main process of $id" 00000000a80425fb \
    "$(field CapBnd "/proc/$(main_of "$id")/status")"
  client tasks exec --detach --exec-id outside "$id" sleep 1000 </dev/null \
    >log 2>&1 3>&- || fail "$(<log)"
  pid=$(client tasks ps "$id" | awk '/ExecID:outside,/ { print $1 }')
  until_true 'grep -q "^Name:.sleep$" "/proc/$1/status"' "$pid"
  seen_sealed "ctr task exec ($id)" "$pid"
  kill -KILL "$pid"
}

@test "ctr: the main process has what it had, an exec is sealed" {
  both sealed_task
}

# alike NAME WORD...: an exec in the container of that runtime is what it is
# without doff.
alike() {
  local plainly
  run --separate-stderr task_exec "plain-$1" "${@:2}" "${tail_[@]/ID/plain-$1}" \
    </dev/null
  plainly="$status $output"
  run --separate-stderr task_exec "$1" "${@:2}" "${tail_[@]/ID/$1}" </dev/null
  assert_eq "$1: ${*:2} ${tail_[*]} ($stderr)" "$plainly" "$status $output"
}

alike_execs() {
  local tail_
  tail_=(ID sh -c 'id; pwd; echo "$PATH"; echo err >&2; sleep 0.2; exit 7')
  alike "$1"
  alike "$1" --user 1000:1600 --cwd /bin
  alike "$1" --user app
  tail_=(ID sh -c 'printf "[%s]" "$@"; sleep 0.2' sh "" "a b" '$HOME' '"')
  alike "$1"
  tail_=(ID sh -c 'kill -KILL $$')
  alike "$1"
  # Errors: the same exit status, and the same class of message.
  tail_=(ID nosuchcommand)
  alike "$1"
  assert_has "$stderr" "OCI runtime exec failed" "not found in \$PATH"
  tail_=(ID /no/such/command)
  alike "$1"
  assert_has "$stderr" "no such file or directory"
  tail_=(ID /etc/passwd)
  alike "$1"
  assert_has "$stderr" "ermission denied"
  tail_=(ID true)
  alike "$1" --cwd /nowhere
  assert_has "$stderr" "/nowhere"
}

@test "ctr task exec over runc: users, directories, statuses, errors" {
  alike_execs runc
}

@test "ctr task exec over crun: users, directories, statuses, errors" {
  alike_execs crun
}

with_terminal() {
  run -6 script -qec "ctr --address '$engines/cri/socket' tasks exec -t \
    --exec-id tty $1 sh -c 'tty; grep CapBnd /proc/self/status; sleep 0.2;
    exit 6'" /dev/null </dev/null
  assert_has "$output" /dev/pts/ $'CapBnd:\t'"$NOTHING"
}

@test "ctr task exec -t" {
  both with_terminal
}

life() {
  local id=life-$1 runtime
  runtime=$(doff_runtime "$1")
  start_task "$id" "$runtime" --read-only --env A=B
  run -0 task_exec "$id" "$id" sh -c 'echo $A; touch /x 2>/dev/null || echo ro
    sleep 0.2'
  assert_eq "a read-only root" $'B\nro' "$output"
  client tasks pause "$id"
  assert_has "$(client tasks list)" PAUSED
  client tasks resume "$id"
  run -0 client tasks metrics "$id"
  client tasks kill --signal KILL "$id"
  until_true 'ctr --address "$1" tasks list | grep -q "^$2 .*STOPPED"' \
    "$engines/cri/socket" "$id"
  run client tasks delete "$id"
  assert_has "$output" 137
  client containers delete "$id"
  # In the foreground, with its output and exit status.
  run -9 client run --rm --runc-binary "$runtime" "$ENGINE_IMAGE" "$id" \
    sh -c 'echo out; sleep 0.2; exit 9'
  assert_has "$output" out
  run ! client run --rm --runc-binary "$runtime" "$ENGINE_IMAGE" "$id" nosuch
  assert_has "$output" "OCI runtime create failed" "not found in \$PATH"
}

@test "ctr: pause, resume, metrics, kill, delete, and a run in the foreground" {
  both life
}

# The main process's streams: to a file, and to whoever attaches.
streams() {
  local id=streams-$1 runtime main_
  runtime=$(doff_runtime "$1")
  main_=(sh -c 'echo out; echo err >&2; exec sleep 1000')
  start_task "logged-$1" "$runtime" --log-uri "file://$PWD/$1.log"
  until_true '[ "$(sort "$1" | xargs)" = "err out" ]' "$1.log"
  main_=(sh -c 'read -r line; echo "got $line"; sleep 0.2; exit 3')
  start_task "$id" "$runtime"
  run -3 client tasks attach "$id" <<<something
  assert_eq "attached" "got something" "$output"
}

@test "ctr: logs and attach" {
  both streams
}

privileged() {
  local id=privileged-$1
  start_task "$id" "$(doff_runtime "$1")" --privileged
  assert_eq "the main process" "$(root_bounding)" \
    "$(field CapBnd "/proc/$(main_of "$id")/status")"
  sealed='grep -E "Cap|NoNew|Seccomp:" /proc/self/status; sleep 0.2'
  run -0 task_exec "$id" "$id" sh -c "$sealed"
  assert_eq sets 5 "$(grep -c "^Cap.*$NOTHING" <<<"$output")"
  client tasks delete --force "$id" 2>/dev/null
  client containers delete "$id"
}

@test "ctr run --privileged: its execs are sealed too" {
  both privileged
}

# --uidmap makes ctr 1.6 forget --runc-binary, so a spec asks for the namespace.
in_user_namespace() {
  local id=userns-$1 pid
  make_bundle "$id" "$PWD/root" 00000000a80425fb false true
  jq "$(user_namespace 100000)
    | .mounts |= map(select(.destination != \"/e2e\"))" \
    "$id/config.json" >spec.json
  client run --detach --null-io --runc-binary "$(doff_runtime "$1")" \
    --config spec.json "$id" </dev/null >log 2>&1 3>&- || fail "$(<log)"
  pid=$(main_of "$id")
  assert_eq "who is 0 in $id" "         0     100000      65536" \
    "$(<"/proc/$pid/uid_map")"
  sealed_task "$id"
}

@test "ctr: in a user namespace whose root is nobody on the host" {
  make_runtimes # make_bundle takes runc's own spec
  cp -a "$(root_of busybox)" root
  chown -R 100000:100000 root
  open_way_to "$PWD"
  both in_user_namespace
}

# Started 25 at once: with many more, containerd 1.6 stands still for up to a
# minute, with doff or without.
many() {
  local each first pids
  for first in 1 26; do
    for ((each = first; each < first + 25; ++each)); do
      client tasks exec --detach --exec-id "many-$each" "$1" sleep 1000 \
        </dev/null >"$each.err" 2>&1 3>&- &
    done
    wait
  done
  mapfile -t pids < <(client tasks ps "$1" | awk '/ExecID:many-/ { print $1 }')
  assert_eq "how many there are ($(cat ./*.err))" 50 "${#pids[@]}"
  for each in "${pids[@]}"; do
    until_true 'grep -q "^Name:.sleep$" "/proc/$1/status"' "$each"
    seen_sealed "one of fifty ($1)" "$each"
  done
  kill -KILL "${pids[@]}"
}

@test "ctr: fifty execs at once" {
  both many
}

# --- CRI

# made JSON: a container that is started, in `id`.
made() {
  local answer
  answer=$(cri run <<<"$1")
  id=$(jq -r '.id // empty' <<<"$answer")
  [[ -n $id ]] || fail "refused: $answer"
}

@test "CRI: an annotation of the pod tightens, and execs are sealed" {
  local id pid
  made '{}'
  # The fourteen without MKNOD.
  assert_eq "the main process" 00000000a00425fb \
    "$(field CapBnd "/proc/$(cri pid "$id")/status")"
  cri exec "$id" sleep 98765 >/dev/null 2>&1 3>&- &
  until_true 'pgrep -f "^sleep 98765$" >pid'
  pid=$(<pid)
  seen_sealed "ExecSync" "$pid"
  kill -KILL "$pid"
  wait || true
}

# As an exec probe and a `kubectl exec` see it.
@test "CRI: ExecSync gives output, errors and exit status" {
  local id
  made '{"runAsUser": 1000}'
  run -5 --separate-stderr cri exec "$id" sh -c 'id -u; echo err >&2; exit 5'
  assert_eq stdout 1000 "$output"
  assert_eq stderr err "$stderr"
  run -0 cri exec "$id" cat /etc/passwd
  run ! cri exec "$id" nosuchcommand
  assert_has "$output" "failed to exec in container" "OCI runtime exec failed" \
    "executable file not found in \$PATH"
}

@test "CRI: a terminal, as kubectl exec -it has it" {
  local id
  made '{}'
  run -4 cri terminal "$id" sh -c 'tty; read -r x; echo "got $x"
    grep -E "CapBnd|NoNew" /proc/self/status; exit 4' <<<line
  assert_has "$output" /dev/pts/ "got line" $'CapBnd:\t'"$NOTHING" \
    $'NoNewPrivs:\t1'
  run -0 cri terminal "$id" true </dev/null
}

@test "CRI: read-only, privileged and unprivileged containers are sealed" {
  local asked id
  for asked in '{"readOnlyRootFilesystem": true}' '{"privileged": true}' \
    '{"capabilities": {"drop": ["ALL"]}}' '{"allowPrivilegeEscalation": false}' \
    '{"runAsUser": 1500, "runAsGroup": 1600, "capabilities": {"add": ["SYS_PTRACE"]}}'; do
    made "$asked"
    run -0 cri exec "$id" sh -c 'grep -E "Cap|NoNew|Seccomp:" /proc/self/status'
    assert_eq "$asked" "5 1 2" "$(grep -c "^Cap.*$NOTHING" <<<"$output") $(
      field NoNewPrivs - <<<"$output") $(field Seccomp - <<<"$output")"
  done
}

# Started 25 at once, as in many().
@test "CRI: fifty execs at once" {
  local id each pids
  made '{}'
  for each in 25 50; do
    cri together 25 "$id" sleep 98764 >"to-$each" 2>&1 3>&- &
    until_true '[ "$(pgrep -cx -f "sleep 98764")" = "$1" ]' "$each"
  done
  mapfile -t pids < <(pgrep -x -f "sleep 98764")
  for each in "${pids[@]}"; do
    seen_sealed "one of fifty" "$each"
  done
  kill -KILL "${pids[@]}"
  wait
  assert_eq "exit statuses" "50 137" \
    "$(cat to-25 to-50 | sort | uniq -c | xargs)"
}

@test "CRI: an annotation that is wrong makes no pod" {
  cri stop
  run ! cri pod doff io.doff.cap-drop=MKNO
  assert_has "$output" io.doff.cap-drop MKNO MKNOD
  cri pod doff
}

@test "CRI: with a policy, containers are trimmed and probes go on" {
  local id
  cri stop
  cri pod clamping
  made '{}'
  # The fourteen without NET_RAW, which the engine still asks for in execs.
  assert_eq "the main process" 00000000a80405fb \
    "$(field CapBnd "/proc/$(cri pid "$id")/status")"
  run -0 cri exec "$id" grep CapBnd /proc/self/status
  assert_eq exec $'CapBnd:\t'"$NOTHING" "$output"
}
