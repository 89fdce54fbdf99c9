# shellcheck shell=bash
# Real engines, private to a test file: Docker, Podman and containerd's CRI.
# All that they keep is below $BATS_FILE_TMPDIR, and nothing listens but on
# sockets there. Start them in setup_file; stop_engines goes in teardown_file.
# After lib.bash and container.bash.

: "${e2e:?lib.bash comes first}"
engines=${BATS_FILE_TMPDIR-}/engines
ENGINE_IMAGE=localhost/busybox:test

# What every engine asks of the kernel. What packages give is no reason to skip.
require_engines() {
  require_root
  need jq capsh runc busybox sha256sum
  mkdir -p "$engines/probe"/{lower,upper,work,merged}
  # shellcheck disable=SC2016
  unshare --mount --net --pid --fork --propagation private sh -c 'cd "$1" &&
    mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work \
      overlay merged' sh "$engines/probe" 2>/dev/null ||
    skip "this kernel gives no namespaces with overlay mounts to root"
  [[ $(stat -f -c %T /sys/fs/cgroup) == @(tmpfs|cgroup2fs) ]] ||
    skip "there are no cgroups, which engines need"
}

# The bounding set of this machine's root, 16 digits: no engine can give more.
root_bounding() {
  field CapBnd /proc/self/status
}

# low_level NAME: the path of runc or crun. crun up to 1.8 refuses a machine with
# cgroups of both versions; such a one has them apart in a mount namespace of its
# own.
low_level() {
  local path=$engines/low/$1
  if [[ $1 != crun ]] || ! mountpoint -q /sys/fs/cgroup/unified; then
    command -v "$1"
    return
  fi
  if [[ ! -e $path ]]; then
    mkdir -p "$engines/low"
    cat >"$path.new" <<CRUN
#!/bin/sh
exec unshare --mount --propagation private sh -c '
  umount /sys/fs/cgroup/unified && exec "\$@"' crun $(command -v crun) "\$@"
CRUN
    chmod +x "$path.new"
    mv "$path.new" "$path"
  fi
  echo "$path"
}

# make_engine_runtime PATH COMMAND...: a runtime for engines, which is COMMAND,
# given only such capabilities as root here has. Engines' own words for
# everything would else fail where root has not everything.
make_engine_runtime() {
  local path=$1 lacking
  shift
  printf -v lacking %x $((0x1ffffffffff & ~0x$(root_bounding)))
  mkdir -p "${path%/*}"
  {
    echo '#!/bin/sh'
    ((16#$lacking)) && cat <<CUT
last=
for word; do
  case \$last in
    --bundle | -b) spec=\$word/config.json ;;
    --process | -p) spec=\$word ;;
  esac
  last=\$word
done
if [ -n "\${spec-}" ]; then
  jq '(.process.capabilities[]?, .capabilities[]?)
    -= [$(json_capabilities "$lacking")]' "\$spec" >"\$spec.cut" &&
    cat "\$spec.cut" >"\$spec" && rm "\$spec.cut" || exit
fi
CUT
    # shellcheck disable=SC2016
    echo "exec ${*@Q}" '"$@"'
  } >"$path.new"
  chmod +x "$path.new"
  mv "$path.new" "$path"
}

# engine_runtime runc|crun: the path of that one for engines.
engine_runtime() {
  local path=$engines/bin/$1
  [[ -e $path ]] || make_engine_runtime "$path" "$(low_level "$1")"
  echo "$path"
}

# doff_runtime runc|crun [SETTING...]: the path of doff-runtime for engines, in
# front of that one, with these lines in its settings. Its name is the runtime's
# and a number: the settings' own.
doff_runtime() {
  local name=$1 path settings
  shift
  mkdir -p "$engines/doff"
  settings=$engines/doff/$name-$(sha256sum <<<"$*" | head -c 8)
  path=$settings.sh
  if [[ ! -e $path ]]; then
    printf '%s\n' "runtime $(low_level "$name")" "launcher $DOFF" "$@" \
      >"$settings.conf"
    chmod 644 "$settings.conf"
    make_engine_runtime "$path" "$DOFF_RUNTIME" --doff-settings "$settings.conf"
  fi
  echo "$path"
}

# The busybox root as an archive that all three engines load.
engine_image() {
  local archive=$DOFF_TEST_CACHE/busybox-image-1.tar new root layer
  if [[ ! -e $archive ]]; then
    root=$(root_of busybox)
    new=$(mktemp -d "$DOFF_TEST_CACHE/image.XXXXXX")
    tar -C "$root" --numeric-owner --owner 0 --group 0 -cf "$new/layer.tar" .
    layer=$(sha256sum "$new/layer.tar")
    jq -n --arg layer "sha256:${layer%% *}" --arg arch "$(dpkg_architecture)" '
      {architecture: $arch, os: "linux", rootfs: {type: "layers",
        diff_ids: [$layer]}, config: {Cmd: ["sleep", "1000"],
        Env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]}}' >"$new/config.json"
    jq -n --arg name "$ENGINE_IMAGE" '[{Config: "config.json",
      RepoTags: [$name], Layers: ["layer.tar"]}]' >"$new/manifest.json"
    tar -C "$new" -cf "$new.tar" manifest.json config.json layer.tar
    mv "$new.tar" "$archive"
    rm -r "$new"
  fi
  echo "$archive"
}

# As images name machines.
dpkg_architecture() {
  case $(uname -m) in
    x86_64) echo amd64 ;;
    aarch64) echo arm64 ;;
    *) uname -m ;;
  esac
}

# run_daemon NAME COMMAND...: in the background, with nothing of bats' open.
run_daemon() {
  local name=$1
  shift
  # bats waits for whoever holds its descriptor 3.
  setsid "$@" >"$engines/$name/log" 2>&1 </dev/null 3>&- &
  echo $! >"$engines/$name/daemon.pid"
}

# await NAME COMMAND...: until COMMAND succeeds, or the daemon has ended.
await() {
  local name=$1 tries
  shift
  for tries in {1..150}; do
    if "$@" >/dev/null 2>&1; then return; fi
    kill -0 "$(<"$engines/$name/daemon.pid")" 2>/dev/null || break
    sleep 0.1
  done
  fail "$name did not come up after $tries tries:" \
    "$(tail -n 5 "$engines/$name/log")"
}

# --- Docker

# The client that belongs to the daemon, not one that stands before it in PATH.
docker() {
  DOCKER_CONFIG=$engines/docker/client /usr/bin/docker \
    --host "unix://$engines/docker/socket" "$@"
}

# start_docker [JSON]: with these settings of the daemon on top.
start_docker() {
  local dir=$engines/docker more=${1-}
  require_engines
  need dockerd containerd /usr/bin/docker
  mkdir -p "$dir"
  jq -n --arg dir "$dir" --arg runc "$(engine_runtime runc)" \
    --argjson more "${more:-null}" '{
    hosts: ["unix://\($dir)/socket"], "data-root": "\($dir)/data",
    "exec-root": "\($dir)/run", pidfile: "\($dir)/pid",
    iptables: false, ip6tables: false, bridge: "none",
    "exec-opts": ["native.cgroupdriver=cgroupfs"],
    "default-ulimits": {nofile: {Name: "nofile", Soft: 1024, Hard: 1024}},
    runtimes: {test: {path: $runc}}, "default-runtime": "test"} * ($more // {})' \
    >"$dir/daemon.json"
  run_daemon docker dockerd --config-file "$dir/daemon.json"
  await docker docker info
  docker load --quiet --input "$(engine_image)" >/dev/null
}

# --- Podman

podman_() {
  local dir=$engines/podman
  CONTAINERS_CONF=$dir/containers.conf podman --root "$dir/root" \
    --runroot "$dir/run" --tmpdir "$dir/tmp" --storage-driver overlay \
    --runtime "${podman_runtime:-$engines/bin/runc}" "$@"
}

# What Podman gives unasked is what its package says, not what it was compiled
# with: before 4.4 that was Docker's fourteen.
podman_defaults() {
  local shipped=/usr/share/containers/containers.conf
  [[ ! -e $shipped ]] || sed -n '/^default_capabilities = \[/,/\]/p' "$shipped"
}

# No hard limits are asked for, which take CAP_SYS_RESOURCE to raise.
start_podman() {
  local dir=$engines/podman
  require_engines
  need podman conmon
  mkdir -p "$dir/hooks"
  engine_runtime runc >/dev/null
  cat >"$dir/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "none"
log_driver = "k8s-file"
$(podman_defaults)
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
hooks_dir = ["$dir/hooks"]
CONF
  podman_ load --quiet --input "$(engine_image)" >/dev/null
}

# --- containerd's CRI, as a kubelet speaks to it

# cri COMMAND: see cri.py.
cri() {
  PYTHONPATH=$engines/cri /usr/bin/python3 "$e2e/cri.py" \
    "$engines/cri/socket" "$@"
}

# start_cri [HANDLER PATH]...: with these runtimes for pods beside `test`.
start_cri() {
  local dir=$engines/cri
  require_engines
  need containerd ctr protoc
  /usr/bin/python3 -c 'import grpc, google.protobuf' ||
    fail "this suite needs python3-grpcio and python3-protobuf"
  mkdir -p "$dir"
  protoc --proto_path "$e2e" --python_out "$dir" cri.proto
  cat >"$dir/config.toml" <<TOML
version = 2
root = "$dir/root"
state = "$dir/run"
[plugins."io.containerd.internal.v1.opt"]
  path = "$dir/opt"
[grpc]
  address = "$dir/socket"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$ENGINE_IMAGE"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "test"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.test]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.test.options]
      BinaryName = "$(engine_runtime runc)"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$dir/cni/bin"
    conf_dir = "$dir/cni/net.d"
TOML
  while (($# > 0)); do
    cat <<TOML
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.$1]
  runtime_type = "io.containerd.runc.v2"
  pod_annotations = ["io.doff.*"]
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.$1.options]
    BinaryName = "$2"
TOML
    shift 2
  done >>"$dir/config.toml"
  run_daemon cri containerd --config "$dir/config.toml"
  await cri ctr --address "$dir/socket" version
  ctr --address "$dir/socket" --namespace k8s.io images import \
    "$(engine_image)" >/dev/null
  cri pod
}

# --- all of them

# pid_of_container docker|podman|cri ID: of its first process, as seen here.
pid_of_container() {
  case $1 in
    docker) docker inspect --format '{{.State.Pid}}' "$2" ;;
    podman) podman_ inspect --format '{{.State.Pid}}' "$2" ;;
    cri) cri pid "$2" ;;
  esac
}

# The same way: what the kernel says of it from outside.
capbnd_of_container() {
  field CapBnd "/proc/$(pid_of_container "$@")/status"
}

end_daemon() {
  local pid
  pid=$(<"$engines/$1/daemon.pid")
  kill "$pid" 2>/dev/null || return 0
  for _ in {1..100}; do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.1
  done
  fail "$1 does not end"
}

stop_engines() {
  local containers mount
  [[ -d $engines ]] || return 0
  if [[ -e $engines/docker/daemon.pid ]]; then
    mapfile -t containers < <(docker ps --all --quiet)
    ((${#containers[@]} == 0)) || docker rm --force "${containers[@]}"
    end_daemon docker
  fi
  if [[ -d $engines/podman ]]; then podman_ rm --all --force --time 0; fi
  if [[ -e $engines/cri/daemon.pid ]]; then
    cri stop
    end_daemon cri
    # containerd leaves it; another file's may still be in use.
    find /sys/fs/cgroup -maxdepth 2 -name doff-test \
      -exec rmdir {} + 2>/dev/null || true
  fi
  # What holds a mount would keep bats from removing its directory.
  while read -r mount; do
    umount "$mount" || umount --lazy "$mount"
  done < <(findmnt --raw --noheadings --output TARGET |
    grep "^$engines/" | sort --reverse)
} >/dev/null
