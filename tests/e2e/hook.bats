#!/usr/bin/env bats
# shellcheck shell=bats
# doffctl hook as Podman runs it. What a container has is read from
# /proc/PID/status, from outside.

runtimes=(runc crun)

setup_file() {
  load lib
  load container
  load engines
  require_engines
  need jq crun
  start_podman
  engine_runtime crun >/dev/null
}

setup() {
  load lib
  load container
  load engines
  # shellcheck disable=SC2154 # engines.bash sets it
  hooks=$engines/podman/hooks
  printf 'version: 1\ncapabilities:\n  drop: [ALL]\n  allow: [%s]\n' \
    'SETUID, SETGID' >"$BATS_TEST_TMPDIR/policy.yaml"
}

teardown() {
  rm -f "$hooks"/*
  podman_ rm --all --force --time 0 >/dev/null
}

teardown_file() {
  load lib
  load container
  load engines
  stop_engines
}

# Only these two remain by the policy.
ALLOWED=00000000000000c0

# install OPTION...: as the manual says.
install_hook() {
  "$DOFFCTL" hook json "$@" >"$hooks/doff.json"
}

# sets PID: its five sets, in the kernel's order.
sets() {
  sed -n 's/^Cap[A-Za-z]*:\t//p' "/proc/$1/status" | xargs
}

# run_in RUNTIME OPTION...: prints the container's id.
run_in() {
  podman_runtime=$engines/bin/$1 podman_ run --detach "${@:2}" "$ENGINE_IMAGE"
}

# within_policy SETS
within_policy() {
  local set
  for set in $1; do
    (((0x$set & ~0x$ALLOWED) == 0)) || fail "$1 is more than $ALLOWED"
  done
}

# podman_refuses PART...: the container does not run, and Podman's stderr, which
# is what a person sees, has each PART.
podman_refuses() {
  run --separate-stderr -- podman_ run --rm "$ENGINE_IMAGE" echo RAN
  # shellcheck disable=SC2154 # run --separate-stderr sets it
  assert_eq "exit status ($stderr)" 126 "$status"
  assert_eq stdout "" "$output"
  assert_has "$stderr" "$@"
}

@test "a container has what the policy leaves, and so has each exec in it" {
  local name id
  install_hook --policy "$BATS_TEST_TMPDIR/policy.yaml"
  for name in "${runtimes[@]}"; do
    id=$(run_in "$name" --cap-add ALL)
    assert_eq "$name" \
      "0000000000000000 $ALLOWED $ALLOWED $ALLOWED 0000000000000000" \
      "$(sets "$(pid_of_container podman "$id")")"
    assert_eq "exec, $name" "$ALLOWED" \
      "$(podman_runtime=$engines/bin/$name podman_ exec "$id" \
        cat /proc/self/status | field CapBnd -)"
  done
}

@test "no option of podman run leads out of the policy" {
  local name option id
  local asked=(--privileged "--privileged --user app" "--cap-add SYS_ADMIN"
    "--cap-add ALL --user app" "--user app" "--cap-drop ALL"
    "--privileged --pid host --ipc host")
  install_hook --policy "$BATS_TEST_TMPDIR/policy.yaml"
  for name in "${runtimes[@]}"; do
    for option in "${asked[@]}"; do
      # shellcheck disable=SC2086 # several options
      id=$(run_in "$name" $option)
      within_policy "$(sets "$(pid_of_container podman "$id")")"
    done
  done
}

@test "a profile and flags trim as they do for doffctl explain" {
  local id hex
  install_hook --profile docker-default --cap-drop NET_RAW --cap-drop kill
  id=$(run_in runc --cap-add ALL)
  hex=$("$DOFFCTL" explain --profile docker-default --cap-drop NET_RAW,kill \
    --json "0x$(root_bounding)" | jq --raw-output .bounding)
  assert_eq "said before" 00000000a80405db "$hex"
  assert_eq CapBnd "$hex" "$(capbnd_of_container podman "$id")"
}

@test "a hook that succeeds says nothing" {
  install_hook --policy "$BATS_TEST_TMPDIR/policy.yaml"
  run --separate-stderr -- podman_ run --rm --cap-add ALL "$ENGINE_IMAGE" true
  assert_eq "status, stdout, stderr" "0  " "$status $output $stderr"
}

@test "a broken policy refuses the container, with its line" {
  install_hook --policy "$BATS_TEST_TMPDIR/policy.yaml"
  sed -i s/SETGID/SETGUID/ "$BATS_TEST_TMPDIR/policy.yaml"
  podman_refuses "doffctl: $BATS_TEST_TMPDIR/policy.yaml:4:19:" SETGUID SETGID
}

@test "a missing policy refuses the container, with its name" {
  install_hook --policy "$BATS_TEST_TMPDIR/policy.yaml"
  rm "$BATS_TEST_TMPDIR/policy.yaml"
  podman_refuses "doffctl: " "$BATS_TEST_TMPDIR/policy.yaml" \
    "No such file or directory"
}

@test "a hook that adds what the container was not given refuses it" {
  install_hook --cap-add SYS_ADMIN
  podman_refuses "doffctl: " --cap-add SYS_ADMIN "a hook only takes away"
}

@test "a container from before the hook is trimmed when it starts again" {
  local id
  id=$(run_in runc --cap-add ALL)
  install_hook --policy "$BATS_TEST_TMPDIR/policy.yaml"
  assert_eq "while it runs" "$(root_bounding)" \
    "$(capbnd_of_container podman "$id")"
  podman_ restart --time 0 "$id"
  assert_eq "started again" "$ALLOWED" "$(capbnd_of_container podman "$id")"
}

# As doffctl(1) has it, in a mount namespace where that is this machine's
# /etc/containers. Podman reads all its own configuration, none of the tests'.
@test "installed as the manual says, it trims what Podman creates" {
  local etc=$BATS_TEST_TMPDIR/etc
  cp -a /etc/containers "$etc"
  mkdir -p "$etc/oci/hooks.d" "$etc/containers.conf.d"
  printf '[engine]\nhooks_dir = ["/etc/containers/oci/hooks.d"]\n' \
    >"$etc/containers.conf.d/doff.conf"
  "$DOFFCTL" hook json --profile none >"$etc/oci/hooks.d/doff.json"
  # shellcheck disable=SC2016
  assert_eq CapBnd "$NOTHING" "$(
    unshare --mount --propagation private sh -c '
      mount --bind "$1" /etc/containers && shift && exec "$@"' sh "$etc" \
      podman --root "$engines/podman/root" --runroot "$engines/podman/run" \
      --tmpdir "$engines/podman/tmp" --storage-driver overlay \
      --runtime "$engines/bin/runc" --cgroup-manager cgroupfs \
      --events-backend file run --rm --network none \
      --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 "$ENGINE_IMAGE" \
      cat /proc/self/status | field CapBnd -
  )"
}

# Podman leaves out a hook whose program is missing. This one is env.
@test "a doffctl that is gone refuses the container" {
  cp "$DOFFCTL" "$BATS_TEST_TMPDIR/doffctl"
  DOFFCTL=$BATS_TEST_TMPDIR/doffctl install_hook --profile none
  rm "$BATS_TEST_TMPDIR/doffctl"
  podman_refuses "$BATS_TEST_TMPDIR/doffctl" "exit status 127"
}

# Why the manual calls a hook less than the runtime: here the hook has no say.
@test "podman exec --privileged is beyond a hook" {
  local id
  install_hook --policy "$BATS_TEST_TMPDIR/policy.yaml"
  id=$(run_in runc)
  assert_eq "CapBnd of exec --privileged" "$(root_bounding)" \
    "$(podman_ exec --privileged "$id" cat /proc/self/status | field CapBnd -)"
}

@test "hook json checks what precreate will be given" {
  # shellcheck disable=SC2034
  local options next row rows=(
    "--policy nothere|nothere|No such file"
    "--policy -|--policy|stdin"
    "--profile nemoclow|nemoclow|"
    "--cap-drop NET_ROW|NET_RAW|"
    "|nothing says what to keep|--policy")
  for row in "${rows[@]}"; do
    IFS='|' read -r options first next <<<"$row"
    # shellcheck disable=SC2086 # several words
    run --separate-stderr -- "$DOFFCTL" hook json $options
    assert_eq "status of '$options' ($stderr)" 2 "$status"
    assert_eq stdout "" "$output"
    assert_has "$stderr" "$first" "$next"
  done
}

@test "hook json names the policy and doffctl absolutely" {
  cd "$BATS_TEST_TMPDIR"
  assert_eq args \
    "env $DOFFCTL hook precreate --policy $BATS_TEST_TMPDIR/policy.yaml" \
    "$("$DOFFCTL" hook json --policy policy.yaml |
      jq --raw-output '.hook.args | join(" ")')"
}

@test "precreate says what is wrong on stderr, where there is one" {
  run --separate-stderr -- "$DOFFCTL" hook precreate --profile none <<<'{"'
  assert_eq "exit status" 2 "$status"
  assert_eq stdout "" "$output"
  assert_has "$stderr" "doffctl: stdin:1:"
}

@test "precreate speaks through its parent where stderr leads nowhere" {
  # shellcheck disable=SC2016 # bash, which redirects in the child alone
  run --separate-stderr -- bash -c '
    "$DOFFCTL" hook precreate --profile none 2>/dev/null <<<"{"
    exit "$?"'
  assert_eq "exit status" 2 "$status"
  assert_has "$stderr" "doffctl: stdin:"
}
