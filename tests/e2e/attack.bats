#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # stderr: run --separate-stderr sets it
# shellcheck disable=SC2030,SC2031 # a test is a subshell; run sets them in each
# shellcheck disable=SC2016 # what stands in single quotes is for other shells
# doffctl attack, in Docker's containers with and without doff-runtime, in runc's
# own, and from here; and what is wrong to ask of it.

setup_file() {
  load docker
  require_engines
  need runc setpriv unshare
  doff_docker
  start sealed doff
  start bare plain-runc
  start read-only doff --read-only
  # runc's own containers, where its exec finds them without an option.
  make_runtimes
  make_shared
  make_bundle "$BATS_FILE_TMPDIR/bundle" "$(root_of busybox)" 4a82c35fb true \
    false
  runc_id=doff-attack-$$
  runc run -d -b "$BATS_FILE_TMPDIR/bundle" "$runc_id" </dev/null >/dev/null 2>&1
  prepared=$(mktemp -d)
  chmod 755 "$prepared"
  "$DOFFCTL" attack --prepare "$prepared"
  export DOCKER_HOST=unix://$engines/docker/socket
  export DOCKER_CONFIG=$engines/docker/client runc_id prepared
}

setup() {
  load docker
  find_docker
  cd "$BATS_TEST_TMPDIR" || return
}

teardown_file() {
  load lib
  load container
  load engines
  [[ -z ${runc_id-} ]] || runc delete --force "$runc_id" || true
  [[ -z ${prepared-} ]] || rm -r "$prepared"
  stop_engines
}

attack() {
  run --separate-stderr "$DOFFCTL" attack "$@"
}

# concluded STATUS TEXT...: that exit status, and the last line is TEXT.
concluded() {
  assert_eq "exit status ($output$stderr)" "$1" "$status"
  assert_eq "the last line" "$2" "${lines[-1]}"
}

# nothing_left CONTAINER: in any directory of it.
nothing_left() {
  assert_lacks "$(docker exec "$1" sh -c \
    'ls -a / /tmp /var/tmp /run /dev /dev/shm' 2>&1)" doff-attack
}

@test "under doff-runtime everything holds, and nothing is left behind" {
  attack --container sealed
  concluded 0 "11 hold, 0 escape, 0 not tried"
  nothing_left sealed
}

@test "without doff it is told what escapes" {
  attack --container bare
  # Docker's own filter closes user namespaces, 6 and 7.
  concluded 1 "3 hold, 7 escape, 1 not tried"
  assert_has "$output" ESCAPES "a file with +ep: it holds" \
    "TIOCSTI: it succeeds"
  nothing_left bare
}

@test "behind a command, as somebody would connect" {
  docker cp "$DOFF" bare:/bin/doff
  attack --container bare -- /bin/doff --seccomp hardened
  assert_eq "exit status ($output$stderr)" 3 "$status"
  assert_has "$output" "0 escape"
  attack --container bare --hardened -- /bin/doff --seccomp hardened
  assert_has "$output" "9   calls that hardened closes       holds"
  attack --container bare -- /bin/doff --cap-add NO_SUCH
  assert_eq "exit status" 2 "$status"
  assert_has "$stderr" "running doff-attack" NO_SUCH
  nothing_left bare
}

@test "a read-only root is no obstacle; what it leaves untried is told" {
  attack --container read-only
  concluded 3 "9 hold, 0 escape, 2 not tried"
  assert_has "$output" "it could not be prepared: setuid-root"
  assert_has "$stderr" "the mount is nosuid"
  nothing_left read-only
}

@test "a container of runc's own" {
  attack --container "$runc_id"
  assert_eq "exit status ($stderr)" 1 "$status"
  assert_has "$output" ESCAPES
  attack --container "$runc_id" --hardened -- /e2e/doff --seccomp hardened
  assert_eq "exit status ($output$stderr)" 3 "$status"
  assert_has "$output" "0 escape"
}

@test "as JSON: each attempt, and the sums" {
  attack --json --container sealed
  assert_eq "exit status" 0 "$status"
  assert_eq sums "11 0 0" \
    "$(jq -r '"\(.hold) \(.escape) \(.not_tried)"' <<<"$output")"
  assert_eq families "[1,2,3,4,5,6,7,8,10,12,14]" \
    "$(jq -c '[.families[].family]' <<<"$output")"
  assert_eq "verdicts of attempts" '["holds"]' \
    "$(jq -c '[.families[].attempts[].verdict] | unique' <<<"$output")"
}

@test "from here: behind doff, with what was prepared; and without doff" {
  run --separate-stderr "$DOFF" "$DOFFCTL" attack --here --prepared "$prepared"
  concluded 3 "10 hold, 0 escape, 1 not tried"
  assert_has "$output" "no launcher is in this root"
  attack --here --prepared "$prepared" -- "$DOFF"
  concluded 3 "10 hold, 0 escape, 1 not tried"
  attack --here
  assert_eq "exit status" 1 "$status"
  assert_lacks "$(ls -a /tmp)" doff-attack
}

@test "from here without /proc" {
  run --separate-stderr unshare --mount --propagation private sh -c '
    mount -t tmpfs none /proc && exec "$@"' sh "$DOFF" "$DOFFCTL" attack --here \
    --prepared "$prepared"
  assert_eq "exit status ($stderr)" 3 "$status"
  assert_has "$output" "0 escape" "no /proc that shows that process"
}

# refuses PART... -- ARG...: with exit status 2, and nothing on stdout.
refuses() {
  local parts=()
  while [[ $1 != -- ]]; do
    parts+=("$1")
    shift
  done
  attack "${@:2}"
  assert_eq "exit status ($output)" 2 "$status"
  assert_eq stdout "" "$output"
  assert_has "$stderr" "${parts[@]}"
}

@test "what is wrong to ask is refused, with the cause and what to do" {
  refuses "nothing says which shell" "--here" --
  refuses "three things to do" -- --here --container sealed
  refuses "only --here needs" -- --container sealed --prepared "$prepared"
  refuses "starts no command" -- --prepare "$prepared" -- true
  refuses --prepared "$prepared/none" "No such file" -- \
    --here --prepared "$prepared/none"
  refuses "no-such" "none of the engines" docker "docker ps" -- \
    --container no-such
  refuses "not the name or id" -- --container ../../etc
  refuses "not the name or id" -- --container=-v
  refuses "no such program" -- --here -- no-such-program
  cp "$DOFFCTL" "$prepared/doffctl"
  run --separate-stderr setpriv --reuid 4000 --regid 4000 --clear-groups \
    "$prepared/doffctl" attack --container sealed
  assert_has "$stderr" "as root"
}

@test "a container that is not running is told, with how to start it" {
  docker create --name stopped --network none "$ENGINE_IMAGE" >/dev/null
  refuses "it is not running" "docker start stopped" -- --container stopped
  docker rm stopped >/dev/null
}

@test "a command that is killed or says nothing is no verdict" {
  refuses "running doff-attack" "told nothing" -- --here -- /bin/true
  refuses "running doff-attack" -- --here -- /bin/sh -c 'kill -9 $$'
  refuses "running doff-attack" -- --here -- /bin/echo '{"families": []}'
}

@test "an interrupt leaves nothing behind, and is no verdict" {
  "$DOFFCTL" attack --container bare -- sh -c 'exec sleep 100' >out 2>err 3>&- &
  local pid=$! status=0
  timeout 20 sh -c 'until docker exec bare ls -a /tmp | grep -q doff-attack
    do sleep 0.05; done'
  kill -TERM "$pid"
  wait "$pid" || status=$?
  assert_eq "exit status ($(<err))" 2 "$status"
  assert_eq stdout "" "$(<out)"
  assert_has "$(<err)" interrupted
  nothing_left bare
}
