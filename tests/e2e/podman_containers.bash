# shellcheck shell=bash
# The life of containers under Podman: health, start and stop, many execs, poor
# images, pods. After podman.bash.

: "${engines:?engines.bash comes first}" "${written=}"

# keeps_health NAME
keeps_health() {
  local id main status=0
  start "$1" --health-interval disable \
    --health-cmd 'grep CapBnd /proc/self/status'
  pod "$1" healthcheck run "$id"
  assert_has "$(pod "$1" inspect --format '{{json .State}}' "$id")" \
    '"healthy"' "CapBnd:\\t$NOTHING"
  start "$1" --health-interval disable --health-retries 1 --health-cmd false
  pod "$1" healthcheck run "$id" || status=$?
  assert_eq "status of an unhealthy one" 1 "$status"
  assert_has "$(pod "$1" inspect --format '{{json .State}}' "$id")" \
    '"unhealthy"'
}

# stays_a_container NAME: its life is the engine's as before.
stays_a_container() {
  local id main status=0
  # shellcheck disable=SC2016 # in the container
  start_image "$1" --interactive "$ENGINE_IMAGE" \
    sh -c 'echo begun; read -r line; echo "got $line"; exit 9'
  assert_has "$(echo hello | pod "$1" attach "$id" || true)" "got hello"
  assert_eq "exit status" 9 "$(pod "$1" wait "$id")"
  assert_eq logs "begun got hello" "$(pod "$1" logs "$id" | xargs)"
  pod "$1" rm "$id"
  start "$1"
  pod "$1" stop --time 0 "$id"
  assert_eq "exit status of a stopped one" 137 "$(pod "$1" wait "$id")"
  pod "$1" start "$id"
  exec_holds_nothing "$1" "$id" "$(main_of "$1" "$id")" --detach
  pod "$1" restart --time 0 "$id"
  exec_holds_nothing "$1" "$id" "$(main_of "$1" "$id")" --detach
  pod "$1" kill --signal KILL "$id"
  pod "$1" rm --force "$id"
  pod "$1" container exists "$id" || status=$?
  assert_eq "status of exists, after rm" 1 "$status"
  # shellcheck disable=SC2016 # in the container
  start_image "$1" "$ENGINE_IMAGE" \
    sh -c 'trap "exit 7" TERM; echo ready; sleep 1000 & wait'
  await_output ready pod "$1" logs "$id"
  pod "$1" kill --signal TERM "$id"
  assert_eq "exit status by a trap" 7 "$(pod "$1" wait "$id")"
}

# many_at_once NAME PLAIN NUMBER: each exec answers for itself, has one record, and
# nothing is left.
many_at_once() {
  local id main number status pids=() out=$BATS_TEST_TMPDIR/$1 mark=$1-$RANDOM
  start "$1"
  for ((number = 1; number <= $3; number++)); do
    # shellcheck disable=SC2016 # in the container
    pod "$1" exec "$id" sh -c 'grep CapBnd /proc/$$/status; exit $0' \
      "$number" "$mark" >"$out.$number" 2>&1 3>&- &
    pids+=($!)
  done
  for ((number = 1; number <= $3; number++)); do
    status=0
    wait "${pids[number - 1]}" || status=$?
    assert_eq "exec $number" "$number CapBnd: $NOTHING" \
      "$status $(xargs <"$out.$number")"
  done
  assert_eq "records" "$(seq "$3")" "$(jq --raw-output \
    --arg mark "$mark" 'select(.arguments[-1] == $mark and .decision == "started"
      and .verdict == "sealed") | .arguments[-2]' "$written/$1" | sort -n)"
  await_output "[]" pod "$1" inspect --format '{{.ExecIDs}}' "$id"
}

# needs_nothing_of_an_image NAME: neither a shell nor /etc/passwd, nor a root that
# anything can be written to.
needs_nothing_of_an_image() {
  # shellcheck disable=SC2034 # start_exec reads it
  local root=$engines/bare-$1 id main nap_program=/sleep
  mkdir -p "$root"/{etc,dev,proc,sys,run,tmp,var/tmp}
  cp "$(root_of busybox)/bin/busybox" "$root/sleep"
  tar -C "$root" -c sleep | pod "$1" import --quiet - "localhost/bare:$1"
  start_image "$1" "localhost/bare:$1" /sleep 1000
  exec_holds_nothing "$1" "$id" "$main" --detach
  exec_holds_nothing "$1" "$id" "$main" -it --user 1234:4321
  # shellcheck disable=SC2016
  refuses_to_exec "$1" "$id" -- 'exec: "sh": executable file not found in $PATH'

  touch "$root"/etc/{hosts,hostname,resolv.conf} "$root/run/.containerenv"
  ln -sf /proc/mounts "$root/etc/mtab"
  chmod -R a-w "$root"
  start_image "$1" --read-only --rootfs "$root" /sleep 1000
  exec_holds_nothing "$1" "$id" "$main" --detach
}

# pauses NAME PLAIN: as over the client PLAIN, which as another user may be unable.
pauses() {
  local client plain
  local outcome message
  for client in "$2" "$1"; do
    outcome "$client" pause C
    plain=${plain:-$outcome}
    assert_eq "pause ($message)" "$plain" "$outcome"
  done
  [[ $plain == 0* ]] || return 0
  for client in "$2" "$1"; do
    outcome "$client" exec C true
    [[ $client != "$2" ]] || plain=$outcome
    assert_eq "exec in a paused one ($message)" "$plain" "$outcome"
    pod "$client" unpause "shared-$client"
    pod "$client" exec "shared-$client" true
  done
}

# plays_kube NAME: a pod's capabilities and annotations are heard.
plays_kube() {
  local id main
  cat >"$engines/kube-$1.yaml" <<KUBE
apiVersion: v1
kind: Pod
metadata:
  name: kube-$1
  annotations: {io.doff.cap-drop: "KILL,CHOWN"}
spec:
  hostNetwork: true
  containers:
  - name: main
    image: $ENGINE_IMAGE
    command: [sleep, "1000"]
    securityContext:
      capabilities: {drop: [ALL], add: [NET_ADMIN, KILL]}
KUBE
  pod "$1" play kube - <"$engines/kube-$1.yaml"
  id=kube-$1-main
  main=$(main_of "$1" "$id")
  assert_eq "NET_ADMIN alone ($1)" 0000000000001000 \
    "$(field CapBnd "/proc/$main/status")"
  exec_holds_nothing "$1" "$id" "$main" --detach
  pod "$1" pod rm --force --time 0 "kube-$1"
}
