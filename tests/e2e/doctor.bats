#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # stderr: run --separate-stderr sets it
# shellcheck disable=SC2016 # jq and sh expand those
# shellcheck disable=SC2030,SC2031 # a test is a subshell; run sets them in each
# doffctl doctor on real engines of our own, each with doff-runtime registered,
# and on a doff of our own, which tests may break.

setup_file() {
  load lib
  load container
  load engines
  require_engines
  need jq dockerd podman conmon containerd ctr
  install_doff
  configure_client
  start_docker
  register_with_docker '.runtimes.doff.path = $runtime'
  configure_podman
  start_containerd
}

setup() {
  load lib
  load container
  load engines
  install_doff
  cd "$BATS_TEST_TMPDIR" || return
}

# Whatever a test did, no engine has anything of doctor's.
teardown() {
  assert_lacks "$(
    docker ps --all --format '{{.Names}}'
    docker images --format '{{.Repository}}'
    ctr_ namespaces list --quiet
    podman_has
  )" doff-doctor
}

ctr_() {
  ctr --address "$engines/containerd/socket" "$@"
}

# Podman takes its time, and not every test is about it.
podman_has() {
  [[ $BATS_TEST_DESCRIPTION != *[Pp]odman* ]] ||
    on_host sh -c 'podman ps --all --format "{{.Names}}"
      podman images --format "{{.Repository}}"'
}

teardown_file() {
  load lib
  load container
  load engines
  if [[ -e $engines/containerd/daemon.pid ]]; then end_daemon containerd; fi
  stop_engines
}

# The programs in a directory of their own, whole again for each test.
install_doff() {
  bin=$BATS_FILE_TMPDIR/bin
  mkdir -p "$bin"
  rm -f "$bin"/*
  cp "$DOFFCTL" "$DOFF" "$DOFF_RUNTIME" "$DOFF_RUNTIME-rewrite" "$bin"
  chmod 755 "$bin"/*
}

# register_with_docker FILTER: changes the daemon's configuration by jq.
register_with_docker() {
  local dir=$engines/docker
  jq --arg runtime "$bin/doff-runtime" "$1" "$dir/daemon.json" >"$dir/new.json"
  if ! cmp --quiet "$dir/new.json" "$dir/daemon.json"; then
    cat "$dir/new.json" >"$dir/daemon.json"
    kill -HUP "$(<"$dir/daemon.pid")"
    await docker docker_has_read "$dir/new.json"
  fi
}

docker_has_read() {
  local filter='[.runtimes.doff.path, .runtimes.doff.runtimeArgs,
    .["default-runtime"]]'
  [[ $(docker info --format '{{json .}}' |
    jq -c '{runtimes: .Runtimes, "default-runtime": .DefaultRuntime} |
      '"$filter") == "$(jq -c "$filter" "$1")" ]]
}

configure_podman() {
  local dir=$engines/podman
  mkdir -p "$dir"
  cat >"$dir/doctor.conf" <<CONF
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
tmp_dir = "$dir/tmp"
runtime = "runc"
[engine.runtimes]
doff = ["$bin/doff-runtime"]
runc = ["$(command -v runc)"]
CONF
  cat >"$dir/storage.conf" <<CONF
[storage]
driver = "overlay"
graphroot = "$dir/root"
runroot = "$dir/run"
CONF
}

# Podman reads Docker's too, where it is named, and then it has to be there.
configure_client() {
  mkdir -p "$engines/docker/client"
  echo '{}' >"$engines/docker/client/config.json"
}

# With a configuration as setup writes it, which it will find in /etc.
start_containerd() {
  local dir=$engines/containerd
  mkdir -p "$dir"
  cat >"$dir/config.toml" <<TOML
version = 2
root = "$dir/root"
state = "$dir/run"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "$dir/socket"
[plugins."io.containerd.internal.v1.opt"]
  path = "$dir/opt"
TOML
  "$DOFFCTL" setup containerd --config "$dir/config.toml" \
    --runtime "$bin/doff-runtime" --write >/dev/null 2>&1
  run_daemon containerd containerd --config "$dir/config.toml"
  await containerd ctr --address "$dir/socket" version
}

# on_host COMMAND...: where the engines are those of this file.
on_host() {
  local podman_conf=$engines/podman/doctor.conf
  env DOCKER_HOST="${docker_host:-unix://$engines/docker/socket}" \
    DOCKER_CONFIG="$engines/docker/client" \
    CONTAINERS_CONF="$podman_conf" \
    CONTAINERS_STORAGE_CONF="$engines/podman/storage.conf" \
    CONTAINERD_ADDRESS="$engines/containerd/socket" \
    config="$engines/containerd/config.toml" \
    etc="${etc-}" unshare --mount --propagation private sh -c '
      if [ -n "$etc" ]; then mount --bind "$etc" /etc; fi &&
      mount --bind "$config" /etc/containerd/config.toml && exec "$@"' sh "$@"
}

# doctor OPTION...: leaves what `run` leaves, and the answer in $answer.
doctor() {
  run --separate-stderr on_host "$bin/doffctl" doctor --json "$@"
  answer=$output
}

# found OF CHECK: `RESULT: DETAIL; NEXT`.
found() {
  jq -r --arg of "$1" --arg check "$2" \
    '.checks[] | select(.of == $of and .check == $check) |
      "\(.result): \(.detail); \(.next)"' <<<"$answer"
}

@test "with doff in front of Docker, Podman and containerd all is well" {
  local engine
  doctor
  assert_eq "exit status ($stderr) $answer" 0 "$status"
  assert_eq stderr "" "$stderr"
  assert_eq ok true "$(jq .ok <<<"$answer")"
  for engine in docker podman containerd; do
    assert_has "$(found "$engine" installed)" "ok: "
    assert_has "$(found "$engine" reachable)" "ok: "
    assert_has "$(found "$engine" registered)" "ok: $bin/doff-runtime"
    assert_has "$(found "$engine" default)" "note: it is " \
      "a container that does not name doff is not protected" \
      "doffctl setup $engine --default --write"
    assert_has "$(found "$engine" exec)" "ok: sealed: five empty sets"
  done
  assert_has "$(found host settings)" \
    "ok: /etc/doff/runtime.conf is not there"
  assert_has "$(found host low-level\ runtime)" "ok: /"
  assert_has "$(found host launcher)" "ok: $bin/doff, static"
  assert_has "$(found host doff-runtime)" "ok: $bin/doff-runtime"
  assert_has "$(found host doff-runtime-rewrite)" "ok: $bin/doff-runtime-re"
  assert_has "$(found host policy)" "ok: defaults: a command keeps nothing"
}

@test "only Podman is looked at if only that is named, as a table" {
  run --separate-stderr on_host "$bin/doffctl" doctor podman
  assert_eq "exit status ($stderr)" 0 "$status"
  assert_has "${lines[0]}" "CHECK " " RESULT " " DETAIL"
  assert_has "$output" "podman exec " " ok " " sealed: five empty sets"
  assert_lacks "$output" docker containerd
}

@test "a doff-runtime that is really runc is found out: Docker, Podman, containerd" {
  local engine
  cp "$(command -v runc)" "$bin/doff-runtime"
  doctor
  assert_eq "exit status ($stderr)" 1 "$status"
  assert_eq ok false "$(jq .ok <<<"$answer")"
  for engine in docker podman containerd; do
    assert_has "$(found "$engine" registered)" "ok: "
    assert_has "$(found "$engine" exec)" "wrong: " "is open: bounding has" \
      NET_BIND_SERVICE "no seccomp filter" "see doff-runtime(8)"
  done
}

@test "a broken policy is named with its line, and no container is made" {
  printf 'version: 1\nconnect:\n  allow: [SYS_ADMON]\n' >policy.yaml
  echo "policy $PWD/policy.yaml" >runtime.conf
  doctor --doff-settings "$PWD/runtime.conf" docker
  assert_eq "exit status ($stderr)" 1 "$status"
  assert_has "$(found host policy)" "wrong: $PWD/policy.yaml:3:11: " \
    SYS_ADMON 'did you mean "SYS_ADMIN"?'
  assert_has "$(found docker exec)" "skipped: " "the policy is wrong"
}

@test "broken settings are named with their line" {
  printf 'record none\nlauncher doff\n' >runtime.conf
  doctor --doff-settings "$PWD/runtime.conf" docker
  assert_eq "exit status ($stderr)" 1 "$status"
  assert_has "$(found host settings)" "wrong: $PWD/runtime.conf:2:" \
    "launcher \"doff\": not an absolute path"
  assert_has "$(found host launcher)" "skipped: "
}

@test "a command is held against what the policy leaves it" {
  printf 'version: 1\nconnect:\n  allow: [NET_BIND_SERVICE]\n' >policy.yaml
  echo "policy $PWD/policy.yaml" >runtime.conf
  chmod 755 "$BATS_TEST_TMPDIR"
  register_with_docker \
    ".runtimes.doff.runtimeArgs = [\"--doff-settings\", \"$PWD/runtime.conf\"]"
  doctor --doff-settings "$PWD/runtime.conf" docker
  assert_eq "exit status ($stderr) $answer" 0 "$status"
  assert_has "$(found docker exec)" "ok: sealed: no set beyond NET_BIND_SERVICE"
  # By the defaults, that is too much.
  doctor docker
  register_with_docker 'del(.runtimes.doff.runtimeArgs)'
  assert_eq "exit status ($stderr)" 1 "$status"
  assert_has "$(found docker exec)" "wrong: " "bounding has NET_BIND_SERVICE"
}

@test "a policy for terminals is tried with a terminal" {
  printf 'version: 1\nconnect:\n  match: terminal\n' >policy.yaml
  echo "policy $PWD/policy.yaml" >runtime.conf
  register_with_docker \
    ".runtimes.doff.runtimeArgs = [\"--doff-settings\", \"$PWD/runtime.conf\"]"
  doctor --doff-settings "$PWD/runtime.conf" docker containerd
  register_with_docker 'del(.runtimes.doff.runtimeArgs)'
  assert_eq "exit status ($stderr) $answer" 0 "$status"
  assert_has "$(found docker exec)" "ok: sealed"
  assert_has "$(found containerd exec)" "skipped: the policy is for terminals"
}

@test "doff as the default runtime is told as such" {
  register_with_docker '.["default-runtime"] = "doff"'
  doctor docker
  register_with_docker '.["default-runtime"] = "test"'
  assert_eq "exit status ($stderr)" 0 "$status"
  assert_has "$(found docker default)" "ok: every container gets it"
}

@test "an engine without doff is wrong if it was named, and else a note" {
  register_with_docker 'del(.runtimes.doff)'
  doctor docker
  assert_eq "exit status ($stderr)" 1 "$status"
  assert_has "$(found docker registered)" "wrong: " "not in docker info" \
    "doffctl setup docker --write"
  assert_has "$(found docker exec)" "skipped: doff is not registered"
  doctor
  register_with_docker '.runtimes.doff.path = $runtime'
  assert_eq "exit status ($stderr)" 0 "$status"
  assert_has "$(found docker registered)" "note: "
}

@test "another program by the name doff is wrong" {
  register_with_docker ".runtimes.doff.path = \"$(command -v runc)\""
  doctor docker
  register_with_docker '.runtimes.doff.path = $runtime'
  assert_eq "exit status ($stderr)" 1 "$status"
  assert_has "$(found docker registered)" "wrong: " \
    "is another program than doff-runtime"
  assert_has "$(found docker exec)" "wrong: " "is open"
}

@test "an engine that is down is said to be" {
  docker_host=unix://$PWD/nobody
  doctor docker
  assert_eq "exit status ($stderr)" 1 "$status"
  assert_has "$(found docker reachable)" "wrong: " "$PWD/nobody" \
    "is it running"
  assert_has "$(found docker exec)" "skipped: it does not answer"
}

@test "a launcher that is dynamic, and a missing rewriter, are wrong" {
  cp /bin/true "$bin/doff"
  rm "$bin/doff-runtime-rewrite"
  doctor docker
  assert_eq "exit status ($stderr)" 1 "$status"
  assert_has "$(found host launcher)" "wrong: " "is linked dynamically" \
    "install doff again"
  assert_has "$(found host doff-runtime-rewrite)" "wrong: " \
    "No such file or directory"
  # What a person would see of docker run.
  assert_has "$(found docker exec)" "wrong: docker run: " \
    doff-runtime-rewrite
}

# A doff-runtime that takes its time to create a container.
make_slow() {
  mv "$bin/doff-runtime" "$bin/real"
  cat >"$bin/doff-runtime" <<SLOW
#!/bin/sh
case " \$* " in *" create "*) sleep 1.5 ;; esac
exec "$bin/real" "\$@"
SLOW
  chmod 755 "$bin/doff-runtime"
}

@test "an interrupt takes away what was made, and exits 2" {
  local pid tries status=0
  make_slow
  on_host "$bin/doffctl" doctor docker >out 2>err &
  pid=$!
  for tries in {1..100}; do
    [[ -z $(docker ps --all --quiet) ]] || break
    sleep 0.05
  done
  ((tries < 100)) || fail "no container came up" "$(cat out err)"
  kill -INT "$(pgrep -f "^$bin/doffctl doctor")"
  wait "$pid" || status=$?
  assert_eq "exit status" 2 "$status"
  assert_has "$(<err)" "interrupted" "what was made has been removed"
  assert_eq stdout "" "$(<out)"
}

@test "what cannot be removed is told, with the command that does it" {
  local space="" pid status=0
  make_slow
  on_host "$bin/doffctl" doctor --json containerd >out 2>err &
  pid=$!
  for _ in {1..100}; do
    space=$(ctr_ namespaces list --quiet | grep doff-doctor) &&
      ctr_ --namespace "$space" images list --quiet | grep -q . && break
    sleep 0.05
  done
  # containerd removes no namespace that has anything.
  ctr_ --namespace "$space" images tag "localhost/$space:1" localhost/kept:1
  # And as if its engine had forgotten it, the container's process runs.
  mkfifo "$space-first"
  bash -c 'exec -a /doff-doctor cat "$1"' bash "$space-first" 3>&- &
  wait "$pid" || status=$?
  assert_eq "exit status ($(<err))" 1 "$status"
  answer=$(<out)
  assert_has "$(found containerd exec)" "ok: sealed"
  assert_has "$(found containerd "cleaning up")" \
    "wrong: cleaning up \"namespace $space\": it is still there" \
    "remove it: /usr/bin/ctr namespaces remove $space" \
    "wrong: cleaning up \"process $!\": it still runs" "kill -KILL $!"
  sh -c "$(jq -r '.checks[-1].next' <<<"$answer")"
  ctr_ --namespace "$space" images delete --sync localhost/kept:1
  on_host /usr/bin/ctr namespaces remove "$space"
}

@test "a shell.conf that would lock people out is found beforehand" {
  etc=$BATS_TEST_TMPDIR/etc
  cp -a /etc "$etc"
  mkdir -p "$etc/doff"
  local conf=$etc/doff/shell.conf
  printf 'shell /bin/sh\nuserns auto\n' >"$conf"
  doctor docker
  assert_eq "a good one" \
    "ok: /etc/doff/shell.conf: the real shell is /bin/sh; " \
    "$(found host "login shell")"
  printf 'shell /bin/sh\nuserns perhaps\n' >"$conf"
  doctor docker
  assert_eq "exit status" 1 "$status"
  assert_has "$(found host "login shell")" "wrong: " \
    "/etc/doff/shell.conf:2: userns 'perhaps': no such choice" RECOVERY
  echo 'shell /bin/sh' >"$conf"
  doctor docker
  assert_has "$(found host "login shell")" "note: " "are refused where" \
    "userns auto"
  echo "shell $bin/doff" >"$conf"
  doctor docker
  assert_has "$(found host "login shell")" "wrong: /etc/doff/shell.conf: " \
    "is doff itself"
  echo 'shell /no/such' >"$conf"
  doctor docker
  assert_has "$(found host "login shell")" "wrong: /etc/doff/shell.conf: " \
    '"/no/such" is not a program'
  chmod o+w "$conf"
  doctor docker
  assert_has "$(found host "login shell")" "wrong: " "writable by others"
}

@test "on a terminal, what takes more than a second is told" {
  make_slow
  export -f on_host
  export bin engines
  run script -qefc "bash -c 'on_host $bin/doffctl doctor docker'" /dev/null
  assert_eq "exit status ($output)" 0 "$status"
  assert_has "$output" "waiting for docker run"
}

@test "an engine that nobody knows is refused, with a guess" {
  doctor dokcer
  assert_eq "exit status" 2 "$status"
  assert_eq stdout "" "$answer"
  assert_has "$stderr" 'doctor "dokcer": no such engine' \
    'did you mean "docker"?'
}

@test "nobody but root can do it" {
  run --separate-stderr setpriv --reuid 1500 --regid 1500 --clear-groups \
    "$DOFFCTL" doctor
  assert_eq "exit status" 2 "$status"
  assert_has "$stderr" "doffctl: doctor: " "run it as root"
}
