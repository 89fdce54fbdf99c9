#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154,SC2030,SC2031 # bats sets them; a test is a process
# Round trips: what `doffctl emit` prints is given to the real engine, and the
# bounding set of what it starts is read from outside.

setup_file() {
  load lib
  load container
  load engines
  need jq /usr/bin/python3
  ((EUID == 0)) || return 0
  make_shared
  root_of busybox >/dev/null
  start_docker
  start_podman
  start_cri
}

teardown_file() {
  load lib
  load container
  load engines
  ((EUID == 0)) || return 0
  stop_engines
}

setup() {
  load lib
  load container
  load engines
  cgroups=()
  projects=0
}

teardown() {
  [[ -z ${nspawn-} ]] || end_systemd
}

# WISH|SET where Docker's default set is changed|where Podman's is|where all is
rows=(
  "--profile none|0|0|0"
  "--profile k8s-restricted|400|400|400"
  "--profile docker-default|a80425fb|a80425fb|a80425fb"
  "--profile nemoclaw|1e9|1e9|1e9"
  "--profile openshell-supervisor|4002811cd|4002811cd|4002811cd"
  "--cap-drop ALL --cap-add chown,CAP_SETUID|81|81|81"
  "--cap-drop NET_RAW|a80405fb|800405fb|1ffffffdfff"
  "--cap-add SYS_ADMIN --cap-drop MKNOD|a02425fb|802405fb|1fff7ffffff"
  "--profile nemoclaw --cap-add SYS_PTRACE --cap-drop KILL|801c9|801c9|801c9"
  "--cap-add ALL --cap-drop SYS_MODULE|1fffffeffff|1fffffeffff|1fffffeffff"
  "--cap-add ALL|1ffffffffff|1ffffffffff|1ffffffffff"
)

# round_trip TARGET COLUMN START [KNOWN]: for each row, START is called with a
# file that has what was emitted, and the words of the wish; it starts a process
# and sets pid to it. Root here may have less than everything, and so may they.
# KNOWN is what the engine can name: it refuses other names, and its ALL is that.
round_trip() {
  local target=$1 column=$2 start=$3 known=$((16#${4:-1ffffffffff}))
  local row fields wish expected pid emitted=$BATS_TEST_TMPDIR/emitted
  for row in "${rows[@]}"; do
    IFS='|' read -ra fields <<<"$row"
    read -ra wish <<<"${fields[0]}"
    expected=$((16#${fields[column]}))
    "$DOFFCTL" emit "$target" "${wish[@]}" >"$emitted"
    if ((expected & ~known)) && [[ $(<"$emitted") != *ALL ]]; then
      run "$start" "$emitted" "${wish[@]}"
      ((status)) || fail "$target ${fields[0]}: names unknown to it were taken"
      assert_has "$output" "unknown capability"
      continue
    fi
    "$start" "$emitted" "${wish[@]}"
    printf -v expected %016x $((expected & known & 16#$(root_bounding)))
    assert_eq "$target ${fields[0]}" "$expected" \
      "$(field CapBnd "/proc/$pid/status")"
  done
}

# Docker 20.10 knows no name above AUDIT_READ, which is 37.
docker_knows() {
  if docker create --cap-add PERFMON "$ENGINE_IMAGE" >/dev/null 2>&1; then
    echo 1ffffffffff
  else
    echo 3fffffffff
  fi
}

docker_run() {
  local id
  # As a person pastes it.
  id=$(eval "docker run --detach --network none $(<"$1") $ENGINE_IMAGE") ||
    return
  pid=$(pid_of_container docker "$id")
}

@test "docker" {
  require_root
  round_trip docker 1 docker_run "$(docker_knows)"
}

docker_run_json() {
  local id words
  shift
  mapfile -t words < <("$DOFFCTL" emit docker --json "$@" | jq -r '.[]')
  id=$(docker run --detach --network none "${words[@]}" "$ENGINE_IMAGE") ||
    return
  pid=$(pid_of_container docker "$id")
}

@test "docker, its JSON a word for each argument" {
  require_root
  round_trip docker 1 docker_run_json "$(docker_knows)"
}

# A project for each row; the file that is emitted is merged into the first.
compose_up() {
  local project=p$((++projects)) compose
  cat >"$BATS_TEST_TMPDIR/compose.yaml" <<YAML
services:
  app:
    image: $ENGINE_IMAGE
    network_mode: none
YAML
  compose=(docker-compose --host "unix://$engines/docker/socket"
    --project-name "$project" --file "$BATS_TEST_TMPDIR/compose.yaml"
    --file "$1")
  "${compose[@]}" up --detach || return
  pid=$(pid_of_container docker "$("${compose[@]}" ps --quiet app)")
}

@test "compose" {
  require_root
  need docker-compose
  # It takes seconds for each: none, some, what differs by default set, all.
  rows=("${rows[0]}" "${rows[4]}" "${rows[7]}" "${rows[10]}")
  round_trip compose 1 compose_up "$(docker_knows)"
}

podman_run() {
  local id
  id=$(eval "podman_ run --detach $(<"$1") $ENGINE_IMAGE")
  pid=$(pid_of_container podman "$id")
}

@test "podman" {
  require_root
  round_trip podman 2 podman_run
}

cri_run() {
  local id
  shift
  id=$("$DOFFCTL" emit kubernetes --json "$@" | jq -c .securityContext |
    cri run | jq -re .id)
  pid=$(pid_of_container cri "$id")
}

@test "kubernetes, by containerd's CRI" {
  require_root
  round_trip kubernetes 1 cri_run
}

# What is emitted stands below a container, as its comment says.
kube_play() {
  local pod=kube$((++projects))
  {
    cat <<YAML
apiVersion: v1
kind: Pod
metadata:
  name: $pod
spec:
  hostNetwork: true
  containers:
    - name: app
      image: $ENGINE_IMAGE
YAML
    sed 's/^/      /' "$1"
  } >"$BATS_TEST_TMPDIR/pod.yaml"
  podman_ kube play "$BATS_TEST_TMPDIR/pod.yaml"
  pid=$(pid_of_container podman "$pod-app")
}

@test "kubernetes, by podman kube play" {
  require_root
  need catatonit # of which Podman makes the pod's first container
  round_trip kubernetes 1 kube_play
}

# Merged into a config.json as JSON Merge Patch (RFC 7396) does it.
oci_create() {
  local id=oci-$runtime-$((++projects)) bundle
  bundle=$BATS_TEST_TMPDIR/$id
  make_bundle "$bundle" "$(root_of busybox)" 4a82c35fb true true
  jq -s '.[0] * .[1]' "$bundle/config.json" "$1" >"$bundle/new"
  mv "$bundle/new" "$bundle/config.json"
  "$(engine_runtime "$runtime")" --root "$BATS_TEST_TMPDIR/state" create \
    --bundle "$bundle" --pid-file "$bundle/pid" "$id" >"$bundle/log" 2>&1 3>&- ||
    fail "$(<"$bundle/log")"
  ids+=("$id")
  pid=$(<"$bundle/pid")
}

oci_round_trip() {
  local runtime=$1 ids=() id
  require_root
  make_runtimes # make_bundle takes runc's own spec
  round_trip oci 1 oci_create
  for id in "${ids[@]}"; do
    "$(engine_runtime "$runtime")" --root "$BATS_TEST_TMPDIR/state" \
      delete --force "$id"
  done
}

@test "oci, by runc" {
  oci_round_trip runc
}

@test "oci, by crun" {
  oci_round_trip crun
}

# A root with nothing in it but a service for each row, and /usr from here. The
# services' own files name another set, which what is emitted must undo.
make_systemd_root() {
  local root=$1 i dir
  mkdir -p "$root"/{usr/lib,etc/systemd/system,proc,sys,dev,run,tmp,var}
  for dir in bin sbin lib lib64; do ln -s "usr/$dir" "$root/$dir"; done
  cp /usr/lib/os-release "$root/usr/lib"
  : >"$root/etc/machine-id"
  for i in "${!rows[@]}"; do
    cat >"$root/etc/systemd/system/row$i.service" <<UNIT
[Unit]
DefaultDependencies=no
[Service]
Type=exec
CapabilityBoundingSet=CAP_SYS_BOOT CAP_CHOWN
ExecStart=/usr/bin/sleep $token.$i
UNIT
    mkdir "$root/etc/systemd/system/row$i.service.d"
    # shellcheck disable=SC2086
    "$DOFFCTL" emit systemd ${rows[i]%%|*} \
      >"$root/etc/systemd/system/row$i.service.d/capabilities.conf"
  done
  printf '%s\n' '[Unit]' DefaultDependencies=no \
    "Wants=$(printf 'row%s.service ' "${!rows[@]}")" \
    >"$root/etc/systemd/system/rows.target"
}

# systemd as the first process of a container, in cgroups that can be removed.
boot_systemd() {
  local root=$1 hierarchy cgroup=doff-emit-$token
  for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/{unified,systemd}; do
    [[ ! -e $hierarchy/cgroup.procs ]] || cgroups+=("$hierarchy/$cgroup")
  done
  mkdir "${cgroups[@]}"
  # shellcheck disable=SC2016
  setsid sh -c 'root=$1; shift; for cgroup; do
      echo $$ >"$cgroup/cgroup.procs"; done
    exec systemd-nspawn --register=no --keep-unit --quiet --directory "$root" \
      --bind-ro=/usr --capability=all --private-network --console=pipe \
      /usr/lib/systemd/systemd --unit=rows.target --log-target=console' \
    sh "$root" "${cgroups[@]}" >"$BATS_TEST_TMPDIR/systemd.log" 2>&1 \
    </dev/null 3>&- &
  nspawn=$!
}

end_systemd() {
  # The container's first process, and so all of them.
  pkill -KILL --parent "$nspawn" || true
  wait "$nspawn" || true
  for _ in {1..100}; do
    ! find "${cgroups[@]}" -depth -type d -exec rmdir {} + 2>/dev/null ||
      return 0
    sleep 0.1
  done
  fail "systemd does not end"
} 2>/dev/null

@test "systemd, as the first process of a container" {
  local fields expected pid i token=$((100000 + BASHPID))
  require_engines
  need systemd-nspawn pgrep
  make_systemd_root "$BATS_TEST_TMPDIR/root"
  boot_systemd "$BATS_TEST_TMPDIR/root"
  for i in "${!rows[@]}"; do
    IFS='|' read -ra fields <<<"${rows[i]}"
    for _ in {1..300}; do
      pid=$(pgrep -fx "/usr/bin/sleep $token\\.$i") && break
      sleep 0.1
    done
    [[ $pid ]] || fail "no service for ${fields[0]}:" \
      "$(tail -n 20 "$BATS_TEST_TMPDIR/systemd.log")"
    printf -v expected %016x $((16#${fields[3]} & 16#$(root_bounding)))
    assert_eq "systemd ${fields[0]}" "$expected" \
      "$(field CapBnd "/proc/$pid/status")"
  done
}

# refused_emit STATUS PART... -- ARGUMENT...: prints nothing on stdout, and
# every PART on stderr.
refused_emit() {
  local expected=$1 parts=()
  shift
  while [[ $1 != -- ]]; do
    parts+=("$1")
    shift
  done
  shift
  run --separate-stderr "$DOFFCTL" emit "$@"
  assert_eq "exit status of emit $* ($stderr)" "$expected" "$status"
  assert_eq "stdout of emit $*" "" "$output"
  assert_has "$stderr" "doffctl: " "${parts[@]}"
}

@test "what cannot be emitted is refused, with the reason and the way out" {
  local policy=$BATS_TEST_TMPDIR/policy.yaml
  printf '%s\n' 'version: 1' 'connect: {accept: sealed}' >"$policy"
  refused_emit 2 "nothing says what to keep" "--profile" -- docker
  refused_emit 2 "which target" "docker|podman" -- --cap-drop ALL
  refused_emit 2 kuberntes 'did you mean "kubernetes"?' \
    -- kuberntes --cap-drop ALL
  refused_emit 2 "$policy" "no section \`capabilities\`" \
    -- docker --policy "$policy"
  refused_emit 2 NET_RAW "Podman refuses" \
    -- podman --cap-add NET_RAW --cap-drop NET_RAW
  refused_emit 2 NET_RAWW 'did you mean "NET_RAW"?' -- docker --cap-drop NET_RAWW
  refused_emit 2 nemoclav 'did you mean "nemoclaw"?' \
    -- docker --profile nemoclav
  refused_emit 2 "one word too many" more -- docker --cap-drop ALL more
}

@test "a policy's file gives what its words give" {
  local policy=$BATS_TEST_TMPDIR/policy.yaml
  printf '%s\n' 'version: 1' 'capabilities: {drop: [ALL], allow: [KILL]}' \
    >"$policy"
  assert_eq "--policy" "--cap-drop=ALL --cap-add=KILL" \
    "$("$DOFFCTL" emit docker --policy "$policy")"
  assert_eq "--policy and a flag" \
    "--cap-drop=ALL --cap-add=CHOWN --cap-add=KILL" \
    "$("$DOFFCTL" emit docker --policy "$policy" --cap-add CHOWN)"
}

@test "openshell: exits 1 where it is asked for more than OpenShell gives" {
  run --separate-stderr "$DOFFCTL" emit openshell --cap-drop ALL
  assert_eq "exit status" 0 "$status"
  assert_eq stderr "" "$stderr"
  run --separate-stderr "$DOFFCTL" emit openshell --profile nemoclaw
  assert_eq "exit status" 1 "$status"
  assert_has "$stderr" CHOWN "gives no container these"
  assert_has "$output" "OpenShell 0.1" 'version = 2'
}

@test "openshell: what is printed is TOML, and the same as its JSON" {
  local wish
  for wish in "--cap-drop ALL" "--cap-drop ALL --cap-add CHOWN" \
    "--cap-add ALL"; do
    # shellcheck disable=SC2086
    "$DOFFCTL" emit openshell $wish >"$BATS_TEST_TMPDIR/gateway.toml" || (($? == 1))
    /usr/bin/python3 -c 'import json, sys, tomllib
print(json.dumps(tomllib.load(open(sys.argv[1], "rb")), sort_keys=True))' \
      "$BATS_TEST_TMPDIR/gateway.toml" >"$BATS_TEST_TMPDIR/toml.json"
    # shellcheck disable=SC2086
    assert_eq "$wish" "$(jq -S . "$BATS_TEST_TMPDIR/toml.json")" \
      "$("$DOFFCTL" emit openshell --json $wish | jq -S .)"
    assert_eq "compute_driver" docker \
      "$(jq -r .openshell.gateway.compute_driver "$BATS_TEST_TMPDIR/toml.json")"
  done
}
