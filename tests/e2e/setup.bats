#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # stderr: run --separate-stderr sets it
# shellcheck disable=SC2030,SC2031 # a test is a subshell; run sets them in each
# doffctl setup on the configuration of real engines, which then start a
# stand-in for doff-runtime: it takes notes and becomes runc. What the real one
# does is for its own suites.

setup_file() {
  load lib
  load container
  load engines
  require_engines
  need jq patch dockerd podman conmon containerd ctr python3
  engine_runtime runc >/dev/null
}

setup() {
  load lib
  load container
  load engines
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here" || return
  make_stand_in
}

teardown_file() {
  load lib
  load container
  load engines
  stop_engines
}

# $stand_in, which writes each of its command lines into ./calls, and keeps the
# spec of the last container in ./spec.
make_stand_in() {
  stand_in=$PWD/doff-runtime
  # shellcheck disable=SC2154 # engines.bash sets it
  cat >"$stand_in" <<STAND_IN
#!/bin/sh
echo "\$*" >>"$PWD/calls"
last=
for word; do
  [ "\$last" != --bundle ] || cp "\$word/config.json" "$PWD/spec"
  last=\$word
done
exec "$engines/bin/runc" "\$@"
STAND_IN
  chmod 755 "$stand_in"
}

# setup_ ENGINE OPTION...: with the stand-in and $config; it must succeed.
setup_() {
  local engine=$1 options=(--config "${config:-config}")
  shift
  [[ " $* " == *" --undo "* ]] || options+=(--runtime "$stand_in")
  run --separate-stderr "$DOFFCTL" setup "$engine" "${options[@]}" "$@"
  assert_eq "exit status ($stderr)" 0 "$status"
}

# What is in this directory, and what ./config is.
contents() {
  ls -lAi .
  [[ ! -f config ]] || sha256sum config
}

# wrong PART... -- OPTION...: exit status 2, nothing on stdout, one line on
# stderr with every PART, and whatever ./config was, it is that still.
wrong() {
  local parts=() before after
  while [[ $1 != -- ]]; do
    parts+=("$1")
    shift
  done
  shift
  before=$(contents)
  run --separate-stderr "$DOFFCTL" setup "$@"
  after=$(contents)
  assert_eq "exit status ($stderr)" 2 "$status"
  assert_eq stdout "" "$output"
  assert_eq "lines on stderr ($stderr)" 1 "$(wc -l <<<"$stderr")"
  assert_has "$stderr" "doffctl: " "${parts[@]}"
  assert_eq "what is here" "$before" "$after"
}

# in_etc COMMAND...: where /etc can be written to, and nobody else sees it.
in_etc() {
  mkdir -p etc/upper etc/work
  # shellcheck disable=SC2016
  unshare --mount --propagation private sh -c 'mount -t overlay \
      -o "lowerdir=/etc,upperdir=$1/upper,workdir=$1/work" overlay /etc &&
    shift && exec "$@"' sh "$PWD/etc" "$@"
}

each_engine=(docker podman containerd crio)

# A configuration such as people have. crio is not to be had here.
example_of() {
  case $1 in
    docker) printf '{\n  "debug": false,\n  "runtimes": {}\n}' ;;
    podman) podman_defaults && printf '[engine]\n  runtime = "runc" # ours\n' ;;
    containerd) containerd config default ;;
    crio) printf '[crio.runtime]\ndefault_runtime = "crun"\n' ;;
  esac
}

@test "setup shows what it would do, and does nothing" {
  local engine
  for engine in "${each_engine[@]}"; do
    example_of "$engine" >config
    cp config before
    setup_ "$engine" --default
    cmp config before
    assert_has "$output" "--- config" "+++ config" "$stand_in"
    assert_eq "lines on stderr ($stderr)" 1 "$(wc -l <<<"$stderr")"
    assert_has "$stderr" "nothing was changed" --write "and then"
    # What was shown is what would be done.
    printf '%s\n' "$output" >shown
    patch --quiet before shown
    setup_ "$engine" --default --write
    cmp config before
  done
}

@test "setup --write again changes nothing, and says so" {
  local engine inode
  for engine in "${each_engine[@]}"; do
    example_of "$engine" >config
    setup_ "$engine" --write --default
    cp config before
    inode=$(stat -c %i config)
    setup_ "$engine" --write --default
    cmp config before
    assert_eq "$engine, inode" "$inode" "$(stat -c %i config)"
    assert_eq stdout "" "$output"
    assert_has "$stderr" "registered there already"
  done
}

@test "--undo leaves the file as it was, byte for byte and with its mode" {
  local engine options
  for engine in "${each_engine[@]}"; do
    for options in "" --default; do
      example_of "$engine" >config
      cp config before
      chmod 640 config
      # shellcheck disable=SC2086 # none, or one
      setup_ "$engine" --write $options
      setup_ "$engine" --undo
      assert_has "$stderr" "nothing was changed" "cannot start without it"
      grep --quiet doff-runtime config
      setup_ "$engine" --undo --write
      cmp config before
      assert_eq mode 640 "$(stat -c %a config)"
      setup_ "$engine" --undo --write
      assert_has "$stderr" "nothing of doffctl setup is in it"
      cmp config before
    done
  done
}

@test "a file that was not there is made, and removed" {
  local engine
  for engine in "${each_engine[@]}"; do
    config=new/$engine/config setup_ "$engine" --write --default
    assert_eq mode "644 755" "$(stat -c %a "new/$engine/config" "new/$engine" |
      xargs)"
    assert_eq "what is there" config "$(ls -A "new/$engine")"
    config=new/$engine/config setup_ "$engine" --undo --write
    assert_has "$stderr" removed
    assert_eq "what is left" "" "$(ls -A "new/$engine")"
    config=new/$engine/config setup_ "$engine" --undo --write
    assert_has "$stderr" "nothing of doffctl setup is in it"
  done
}

@test "each engine's file is where the engine looks for it" {
  local engine path before files
  cp "$DOFFCTL" doffctl
  before=$(in_etc find /etc -type f -exec sha256sum {} + | sort)
  while read -r engine path; do
    # And the runtime is the one beside doffctl.
    in_etc ./doffctl setup "$engine" --write
    files=$(in_etc grep --recursive --files-with-matches "$stand_in" /etc)
    assert_eq "the file of $engine" "$path" "$files"
    in_etc ./doffctl setup "$engine" --undo --write
    assert_eq "$engine, undone" "$before" \
      "$(in_etc find /etc -type f -exec sha256sum {} + | sort)"
  done <<'FILES'
docker /etc/docker/daemon.json
podman /etc/containers/containers.conf.d/10-doff.conf
containerd /etc/containerd/config.toml
crio /etc/crio/crio.conf.d/10-doff.conf
FILES
}

# --- Docker

@test "dockerd lists the runtime once it has reloaded, and runs it" {
  start_docker
  # dockerd's own default.
  jq 'del(."default-runtime")' "$engines/docker/daemon.json" >config
  cp config before
  restart_docker config
  setup_ docker --write
  assert_has "$stderr" "systemctl reload docker"
  reload_docker config
  docker info --format '{{json .Runtimes}}' >runtimes
  assert_eq path "$stand_in" "$(jq --raw-output .doff.path runtimes)"
  assert_eq "and the others" "$engines/bin/runc" \
    "$(jq --raw-output .test.path runtimes)"
  assert_eq default runc "$(docker info --format '{{.DefaultRuntime}}')"
  assert_eq "a container" here "$(docker run --rm --network none \
    --runtime doff "$ENGINE_IMAGE" echo here)"
  grep --quiet 'create --bundle' calls

  setup_ docker --write --default
  reload_docker config
  assert_eq default doff "$(docker info --format '{{.DefaultRuntime}}')"
  rm calls
  docker run --rm --network none "$ENGINE_IMAGE" true
  grep --quiet 'create --bundle' calls

  setup_ docker --undo --write
  assert_has "$stderr" "systemctl restart docker (not reload"
  cmp config before
  # Not a reload: dockerd 20.10 keeps a default that its file has no more, and
  # crashes when that is not registered any more.
  restart_docker config
  assert_eq "restarted" runc "$(docker info --format '{{.DefaultRuntime}}')"
  assert_eq "none of ours" null \
    "$(docker info --format '{{json .Runtimes}}' | jq .doff)"
  # And it starts with what setup has written.
  setup_ docker --write --default
  restart_docker config
  assert_eq "started" doff "$(docker info --format '{{.DefaultRuntime}}')"
}

# restart_docker FILE: with that for a configuration.
restart_docker() {
  cp "$1" "$engines/docker/daemon.json"
  end_daemon docker
  run_daemon docker dockerd --config-file "$engines/docker/daemon.json"
  await docker docker info
}

# reload_docker FILE: with that for a configuration.
reload_docker() {
  local reloads
  reloads=$(grep --count 'Reloaded configuration' "$engines/docker/log" || true)
  cp "$1" "$engines/docker/daemon.json"
  kill -HUP "$(<"$engines/docker/daemon.pid")"
  for _ in {1..100}; do
    (($(grep --count 'Reloaded configuration' "$engines/docker/log") == \
      reloads)) || return 0
    sleep 0.1
  done
  fail "dockerd does not reload:" "$(tail -n 5 "$engines/docker/log")"
}

@test "docker: another default is not overwritten" {
  printf '{\n  "default-runtime": "nvidia"\n}\n' >config
  wrong "config:2:22: default-runtime \"nvidia\"" "--undo could not restore" \
    -- docker --config config --runtime "$stand_in" --default --write
  setup_ docker --write
  assert_eq "it stays" nvidia "$(jq --raw-output '."default-runtime"' config)"
}

# --- Podman

# podman_in_etc ARG...: reads all its own configuration, none of the tests'.
podman_in_etc() {
  in_etc podman --root "$engines/podman/root" --runroot "$engines/podman/run" \
    --tmpdir "$engines/podman/tmp" --storage-driver overlay \
    --cgroup-manager cgroupfs --events-backend file "$@"
}

run_in_etc() {
  podman_in_etc "${@:2}" run --rm --network none --ulimit nofile=1024:1024 \
    --ulimit nproc=1024:1024 "$ENGINE_IMAGE" echo "$1"
}

@test "Podman reads the drop-in, and what else is configured stays" {
  local before
  start_podman
  before=$(podman_in_etc info --format '{{.Host.OCIRuntime.Name}}')
  in_etc "$DOFFCTL" setup podman --runtime "$stand_in" --write
  assert_eq "by its name" here "$(run_in_etc here --runtime doff)"
  grep --quiet 'create --bundle' calls
  rm calls
  assert_eq "and runc by its" here "$(run_in_etc here --runtime runc)"
  [[ ! -e calls ]] || fail "runc is doff"

  in_etc "$DOFFCTL" setup podman --runtime "$stand_in" --write --default
  assert_eq "by default" here "$(run_in_etc here)"
  grep --quiet 'create --bundle' calls
  assert_eq "podman info" "doff $stand_in" "$(podman_in_etc info --format \
    '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Path}}')"

  in_etc "$DOFFCTL" setup podman --undo --write
  run ! run_in_etc here --runtime doff
  assert_eq "the default" "$before" \
    "$(podman_in_etc info --format '{{.Host.OCIRuntime.Name}}')"
}

@test "Podman: in a containers.conf that somebody has, --config" {
  start_podman
  cp "$engines/podman/containers.conf" before
  cp before config
  setup_ podman --write --default
  CONTAINERS_CONF=$PWD/config podman --root "$engines/podman/root" \
    --runroot "$engines/podman/run" --tmpdir "$engines/podman/tmp" \
    --storage-driver overlay run --rm "$ENGINE_IMAGE" true
  grep --quiet 'create --bundle' calls
  setup_ podman --undo --write
  cmp config before
}

# --- containerd

# dumped JQ: of what containerd itself reads of ./config.
dumped() {
  containerd --config config config dump | /usr/bin/python3 -c '
import json, sys, tomllib
json.dump(tomllib.load(sys.stdin.buffer)["plugins"]
          ["io.containerd.grpc.v1.cri"]["containerd"], sys.stdout)' |
    jq --compact-output "$1"
}

@test "containerd reads the runtime, with what runc has for its settings" {
  example_of containerd >default
  sed 's/SystemdCgroup = false/SystemdCgroup = true/' default >config
  cp config before
  dumped . >was
  setup_ containerd --write
  assert_has "$stderr" "systemctl restart containerd"
  assert_eq doff "[\"io.containerd.runc.v2\",[\"io.doff.*\"],[\"io.doff.*\"],\
\"$stand_in\",true]" "$(dumped '.runtimes.doff | [.runtime_type,
    .pod_annotations, .container_annotations, .options.BinaryName,
    .options.SystemdCgroup]')"
  dumped 'del(.runtimes.doff)' >is
  diff was is
  setup_ containerd --write --default
  assert_eq default '"doff"' "$(dumped .default_runtime_name)"
  dumped 'del(.runtimes.doff) | .default_runtime_name = "runc"' >is
  diff was is
  setup_ containerd --undo --write
  cmp config before
}

# start_with CONFIG: containerd, and the state of its CRI plugin.
start_with() {
  mkdir -p "$engines/alone"
  cat - "$1" <<TOML >"$engines/alone/config"
root = "$engines/alone/root"
state = "$engines/alone/run"
TOML
  run_daemon alone containerd --config "$engines/alone/config" \
    --address "$engines/alone/socket"
  await alone ctr --address "$engines/alone/socket" version
  ctr --address "$engines/alone/socket" plugins ls |
    awk '$1 == "io.containerd.grpc.v1" && $2 == "cri" { print $NF }'
  end_daemon alone
}

@test "containerd: where a file names no runtime, runc is named as well" {
  printf 'version = 2\n' >config
  assert_eq "without doff" '["runc"]' "$(dumped '.runtimes | keys')"
  setup_ containerd --write
  assert_eq "with it" '["doff","runc"]' "$(dumped '.runtimes | keys')"
  assert_eq "the CRI plugin" ok "$(start_with config)"
  # Why: containerd 1.6 forgets its own as soon as a file names any.
  sed -i '/runtimes.runc\]/,+1d' config
  assert_eq "without it" '["doff"]' "$(dumped '.runtimes | keys')"
  assert_eq "the CRI plugin" error "$(start_with config)"
}

# Why there is no drop-in: of a plugin's configuration, the last file has all.
@test "containerd 1.6 drops what it has read of a plugin for a drop-in" {
  config=drop-in.toml setup_ containerd --write
  cat >config <<TOML
version = 2
imports = ["$PWD/drop-in.toml"]
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "native"
TOML
  assert_eq snapshotter '"overlayfs"' "$(dumped .snapshotter)"
}

@test "containerd runs a pod that asks for doff, which sees its annotations" {
  start_cri
  local dir=$engines/cri
  cp "$dir/config.toml" config
  cp config before
  setup_ containerd --write
  cp config "$dir/config.toml"
  cri stop
  end_daemon cri
  run_daemon cri containerd --config "$dir/config.toml"
  await cri ctr --address "$dir/socket" version
  cri pod doff io.doff.profile=nemoclaw other=x
  grep --quiet 'create --bundle' calls
  assert_eq "the pod's" nemoclaw \
    "$(jq --raw-output '.annotations["io.doff.profile"]' spec)"
  assert_eq "what is not ours" null "$(jq '.annotations.other' spec)"
  cri run <<<'{}' >/dev/null
  assert_eq "the container's" nemoclaw \
    "$(jq --raw-output '.annotations["io.doff.profile"]' spec)"
  setup_ containerd --undo --write
  cmp config before
}

# --- what is refused

@test "a runtime that is not there, or not fit to be run, is not registered" {
  local engine
  cp "$DOFFCTL" doffctl
  for engine in "${each_engine[@]}"; do
    rm -f doff-runtime
    DOFFCTL=$PWD/doffctl wrong "$PWD/doff-runtime" "No such file" \
      "install it beside doffctl" -- "$engine" --config config --write
    make_stand_in
    chmod 644 doff-runtime
    DOFFCTL=$PWD/doffctl wrong "$PWD/doff-runtime" "not executable" -- \
      "$engine" --config config --write
    chmod 757 doff-runtime
    wrong "anybody may write to it" -- \
      "$engine" --config config --write --runtime "$stand_in"
    wrong "not an absolute path" -- \
      "$engine" --config config --write --runtime doff-runtime
    wrong "not called doff-runtime" -- \
      "$engine" --config config --write --runtime "$DOFFCTL"
    rm doff-runtime
    mkdir doff-runtime
    wrong "not a regular file" -- \
      "$engine" --config config --write --runtime "$stand_in"
    rmdir doff-runtime
  done
}

@test "a broken configuration is refused with its place, and stays" {
  # shellcheck disable=SC2034
  local engine text place part row rows=(
    'docker|{"a": 1,}|1:9|not JSON'
    'docker|{"a": 1, "a": 2}|1:10|given twice'
    'docker|{"runtimes": []}|1:14|must be an object'
    'docker|{"runtimes": {"doff": {"path": "/bin/sh"}}}|1:15|/bin/sh'
    'docker||1:1|nothing in it'
    'podman|[engine|1:8|not TOML'
    'podman|[engine.runtimes]\ndoff = "/bin/sh"|2:8|a list of paths'
    'containerd|version = 1|1:11|setup knows 2 and 3'
    'containerd|version = 2\nversion = 2|2:11|not TOML'
    'containerd|version = 2\nplugins = 1|2:11|must be a table'
    'crio|[crio.runtime.runtimes.doff]\nruntime_path = "/bin/sh"|1:1|/bin/sh')
  for row in "${rows[@]}"; do
    IFS='|' read -r engine text place part <<<"$row"
    printf '%b' "$text" >config
    wrong "config:$place: " "$part" -- \
      "$engine" --config config --runtime "$stand_in" --write
  done
}

@test "a link, a directory or a device is refused" {
  local engine
  for engine in "${each_engine[@]}"; do
    ln -s elsewhere config
    wrong config "a symbolic link" -- \
      "$engine" --config config --runtime "$stand_in" --write
    wrong config "a symbolic link" -- "$engine" --config config --undo --write
    rm config
    example_of "$engine" >config
    ln config other
    wrong config "several hard links" -- \
      "$engine" --config config --runtime "$stand_in" --write
    rm other config
    wrong "not a regular file" -- \
      "$engine" --config "$PWD" --runtime "$stand_in" --write
    wrong "not a regular file" -- \
      "$engine" --config /dev/null --runtime "$stand_in" --write
  done
}

@test "what cannot be written leaves nothing half done" {
  mkdir full
  # One inode is the root's: no file can be made.
  # shellcheck disable=SC2016
  run --separate-stderr unshare --mount --propagation private bash -c '
    mount -t tmpfs -o nr_inodes=3 none full
    "$1" setup docker --config full/a/b/c/daemon.json --runtime "$2" --write
    status=$?
    ls -A full
    exit "$status"' bash "$DOFFCTL" "$stand_in"
  assert_eq "exit status" 2 "$status"
  assert_eq "what is left" "" "$output"
  assert_has "$stderr" "No space left"
}

@test "options that say nothing are refused" {
  wrong "needs an engine" docker kubernetes --
  wrong dokcer "did you mean \"docker\"?" -- dokcer
  wrong --default "--undo" -- docker --config config --undo --default
  wrong --runtime "--undo" -- docker --config config --undo --runtime /x
  wrong --config "value is empty" -- docker --config ""
}
