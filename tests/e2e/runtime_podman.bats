#!/usr/bin/env bats
# shellcheck shell=bats
# doff-runtime as root's Podman calls it, in front of runc and crun. What a
# process holds is read from /proc/PID/status, from outside.

# shellcheck disable=SC2154 # what is loaded sets variables

load_all() {
  load lib
  load container
  load engines
  load podman
  load podman_containers
  load podman_policy
}

setup_file() {
  load_all
  require_engines
  need crun script pgrep jq
  start_podman
  export written=$engines/written
  mkdir "$written"
  echo 'runtime_supports_json = ["json-runc", "json-crun"]' \
    >>"$engines/podman/containers.conf"
  make_clients
}

setup() {
  load_all
}

teardown_file() {
  load_all
  end_containers
  stop_engines
}

@test "every kind of exec holds nothing" {
  over_both exec_kinds_hold_nothing
}

@test "in every kind of container, the main process has what the engine gave it, and an exec nothing" {
  over_both container_kinds_hold "--read-only --init --cap-drop ALL" \
    "--uidmap 0:200000:65536 --gidmap 0:200000:65536" \
    "--user app --cap-add NET_ADMIN" \
    "--cap-add ALL --security-opt seccomp=unconfined" \
    "--security-opt no-new-privileges --pid host --ipc host" \
    "--privileged --volume /dev:/dev" \
    "--volume $e2e:/data:ro --volume named:/named"
  [[ ! -e /dev/.doff ]] || fail "something is left in this machine's /dev"
}

@test "errors are as without doff" {
  over_both errors_are_the_same "${runtime_errors[@]}"
  errors_are_the_same runc plain-runc "${engine_errors[@]}"
}

@test "an exec's streams and exit status are the command's" {
  over_both carries_streams
}

@test "an exec's surroundings are as without doff" {
  over_both answers_alike
  over_both answers_alike -it --user app --env A=b --workdir /tmp
}

@test "an exec's terminal is resized with the person's" {
  over_both has_terminal
}

@test "preserved descriptors arrive, and no other" {
  over_both preserves_descriptors
}

@test "fifty execs at the same time" {
  over_both many_at_once 50
}

@test "health checks go on, and hold nothing" {
  over_both keeps_health
}

@test "attach, logs, stop, start, restart, kill and rm are the engine's" {
  over_both stays_a_container
}

@test "a container is paused and resumed" {
  over_both pauses
}

@test "an image needs neither a shell nor /etc/passwd nor a root that is writable" {
  over_both needs_nothing_of_an_image
}

@test "a pod of play kube: its capabilities and annotations are heard" {
  over_both plays_kube
}

@test "exec --privileged is refused by default" {
  over_both refuses_privileged
}

@test "exec --privileged is clamped where the policy says so" {
  over_both clamps_privileged
}

@test "a policy bounds the main process, and leaves an exec what it allows" {
  over_both policy_bounds
}

@test "annotations tighten, and never loosen" {
  over_both annotations_tighten
}

@test "an annotation that says nothing known refuses the container" {
  over_both unknown_annotations_refuse
}

@test "config.json tells what was removed, and by which policy" {
  over_both config_tells
}

@test "connect.match: terminal leaves other execs as they are" {
  over_both only_terminals
}

@test "a container from before doff-runtime is refused or clamped" {
  over_both older_containers
}

@test "whatever is broken, nothing starts, and people are told what and where" {
  over_both broken_refuses
}

@test "a runtime's log, where Podman asks for one, has the same words" {
  over_both speaks_in_logs
}

@test "a container comes back from a checkpoint within the policy, or not at all" {
  local policy=$engines/restore.yaml loose="version: 1
connect: {allow: []}"
  make_criu
  echo "$loose" >"$policy"
  chmod 644 "$policy"
  make_client restore "$(doff_runtime runc "policy $policy")"
  start restore --name saved
  pod restore container checkpoint saved
  pod restore container restore saved
  assert_eq "empty sets of an exec" 5 \
    "$(pod restore exec saved grep -c "^Cap.*$NOTHING" /proc/self/status)"
  pod restore container checkpoint saved
  printf 'version: 1\ncapabilities: {drop: [CHOWN]}\n' >"$policy"
  run ! pod restore container restore saved
  assert_has "$output" 'core-1.img' "has CHOWN" "$policy"
  echo "$loose" >"$policy"
  pod restore container restore saved
}
