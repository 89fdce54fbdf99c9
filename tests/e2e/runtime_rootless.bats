#!/usr/bin/env bats
# shellcheck shell=bats
# doff-runtime as another user's Podman calls it, in front of runc and crun. What
# a process holds is read from /proc/PID/status, from outside.
# shellcheck disable=SC2154,SC2317 # what is loaded sets variables, and calls

# The user is there in a mount namespace that a process of ours holds, with all
# that it may read below $place: bats' own directories are for root alone.
ROOTLESS=3007

load_all() {
  load lib
  load container
  load engines
  if [[ -n ${place-} ]]; then
    engines=$place/engines
    DOFF=$place/doff
    DOFF_RUNTIME=$place/doff-runtime
    # In that namespace crun finds the cgroups that it takes.
    low_level() { command -v "$1"; }
    # A user namespace has every capability.
    root_bounding() { echo 000001ffffffffff; }
    podman_() { rootless_podman "$@"; }
    export -f rootless_podman
  fi
  load podman
  load podman_containers
  load podman_policy
}

# In another user's shoes, with nothing of root's environment.
rootless_podman() {
  nsenter --target "$holder" --mount setpriv --reuid "$ROOTLESS" \
    --regid "$ROOTLESS" --clear-groups \
    env --ignore-environment PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=xterm \
    HOME="$place/home" USER=rootless XDG_RUNTIME_DIR="$place/run" \
    CONTAINERS_CONF="$engines/containers.conf" podman \
    --root "$place/home/store" --runroot "$place/run/store" \
    --tmpdir "$place/run/tmp" --storage-driver overlay \
    --runtime "${podman_runtime:-runc}" "$@"
}

make_user() {
  mkdir -p "$place"/{etc,engines}
  install -d -m 700 -o "$ROOTLESS" -g "$ROOTLESS" "$place"/{home,run}
  echo "rootless:x:$ROOTLESS:$ROOTLESS::$place/home:/bin/sh" |
    cat /etc/passwd - >"$place/etc/passwd"
  echo "rootless:x:$ROOTLESS:" | cat /etc/group - >"$place/etc/group"
  echo rootless:300000:65536 | tee "$place/etc/subuid" >"$place/etc/subgid"
  # shellcheck disable=SC2016
  unshare --mount --propagation private sh -c '
    for file in passwd group subuid subgid; do
      mount --bind "$1/etc/$file" "/etc/$file" || exit
    done
    ! mountpoint -q /sys/fs/cgroup/unified || umount /sys/fs/cgroup/unified
    touch "$1/ready"
    exec sleep 100000' sh "$place" </dev/null >/dev/null 2>&1 3>&- &
  export holder=$!
  for _ in {1..100}; do
    [[ ! -e $place/ready ]] || return 0
    sleep 0.05
  done
  fail "no mount namespace with another user's name"
}

# Threads of all containers and of Podman itself count for the one user.
configure() {
  local threads
  threads=$(ulimit -Hu)
  if [[ $threads == unlimited ]] || ((threads > 16384)); then threads=16384; fi
  cat >"$engines/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=$threads:$threads"]
netns = "none"
log_driver = "k8s-file"
$(podman_defaults)
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
CONF
}

setup_file() {
  load lib
  load container
  load engines
  require_engines
  need podman conmon crun newuidmap setpriv nsenter script pgrep jq
  setpriv --reuid "$ROOTLESS" --clear-groups unshare --user true ||
    skip "this kernel gives no user namespaces to others than root"
  place=$(mktemp --directory /tmp/doff-rootless.XXXXXX)
  chmod 755 "$place"
  export place ROOTLESS
  cp "$DOFF" "$DOFF_RUNTIME" "$DOFF_RUNTIME-rewrite" "$place"
  make_user
  load_all
  configure
  podman_ load --quiet <"$(engine_image)" >/dev/null
  export written=$place/run/written
  install -d -o "$ROOTLESS" -g "$ROOTLESS" "$written"
  make_clients
}

setup() {
  load_all
}

teardown_file() {
  local pause
  load_all
  [[ -n ${place-} ]] || return 0
  if [[ -n ${holder-} ]]; then
    end_containers
    # Podman's own process, which holds its user namespace.
    pause=$place/run/tmp/pause.pid
    [[ ! -e $pause ]] || kill "$(<"$pause")"
    kill "$holder"
  fi
  rm -rf "$place"
}

@test "Podman is another user's, with nothing of root's" {
  start runc
  assert_eq "its root's uid here" "$ROOTLESS" \
    "$(stat --format %u "/proc/$main")"
}

@test "every kind of exec holds nothing" {
  over_both exec_kinds_hold_nothing
}

@test "in every kind of container, the main process has what the engine gave it, and an exec nothing" {
  over_both container_kinds_hold "--userns keep-id --cap-add NET_ADMIN" \
    "--privileged --volume $place/home:/data:ro" \
    "--read-only --init --user app --cap-add NET_ADMIN"
}

@test "errors are as without doff" {
  over_both errors_are_the_same "${runtime_errors[@]:0:5}"
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

@test "fifty execs at the same time, half of them over each runtime" {
  over_both many_at_once 25
}

@test "health checks go on, and hold nothing" {
  over_both keeps_health
}

@test "attach, logs, stop, start, restart, kill and rm are the engine's" {
  over_both stays_a_container
}

# With cgroups of version 1 Podman pauses nothing of another user's.
@test "pause is as without doff" {
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

# What is the same for every user is seen over both runtimes by root's suite.
@test "annotations tighten, and never loosen" {
  annotations_tighten runc
}

@test "a container from before doff-runtime is refused or clamped" {
  older_containers runc
}

@test "whatever is broken, nothing starts, and people are told what and where" {
  broken_refuses runc
}
