#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2030,SC2031,SC2034,SC2154 # each test has its own
# doff-runtime restore, with a real criu: what comes back is within the policy,
# and its execs are sealed. (crun as Debian builds it restores nothing.)

setup_file() {
  load in_front
  make_fronts
  make_criu
}

teardown_file() {
  load in_front
  remove_containers
}

setup() {
  load in_front
  require_root
  cd "$BATS_TEST_TMPDIR" || return
}

# saved ID: a container of the bundle `dir`, run and then in ./images.
saved() {
  front runc run --detach --bundle dir "$1" </dev/null >/dev/null 2>&1 3>&- ||
    fail "not run"
  attempt front runc checkpoint --image-path "$PWD/images" --work-path work "$1"
  assert_eq "checkpoint ($stderr)" 0 "$status"
}

# restored ID [OPTION...]: from it, in the background. Sets `status`, `stderr`
# and `pid`.
restored() {
  local id=$1
  shift
  rm -f restored.pid
  attempt front runc restore --detach --bundle dir --work-path work \
    --pid-file "$PWD/restored.pid" "$@" "$id"
  pid=$(cat restored.pid 2>/dev/null || true)
}

@test "a container comes back with its launcher, and its execs are sealed" {
  bundle dir
  saved back
  restored back --image-path "$PWD/images"
  assert_eq "status ($stderr)" 0 "$status"
  assert_eq "the main process" "$FOURTEEN" "$(field CapBnd "/proc/$pid/status")"
  sealed_exec runc back sleep 9999
}

@test "a checkpoint from before doff-runtime comes back, and execs are refused" {
  bundle dir
  plain runc run --detach --bundle dir old </dev/null >/dev/null 2>&1 3>&-
  plain runc checkpoint --image-path "$PWD/images" --work-path work old
  restored old --image-path "$PWD/images"
  assert_eq "status ($stderr)" 0 "$status"
  detached runc old sleep 9999
  refused_by 255 'exec "old"' "not mounted at /dev/.doff" connect.missing
}

@test "what comes back is within the policy, or does not come back" {
  bundle dir
  cp dir/config.json before
  saved wide
  cp before dir/config.json
  use_policy "capabilities: {drop: [NET_RAW]}"
  restored wide --image-path "$PWD/images"
  refused_by 1 '/images/core-1.img": has NET_RAW' \
    "policy1.yaml" "create the container anew"
  cmp before dir/config.json

  # The same of what an annotation drops.
  settings=""
  bundle dir '.annotations = {"io.doff.cap-drop": "CHOWN,KILL"}'
  restored wide --image-path "$PWD/images"
  refused_by 1 '/images/core-1.img": has CHOWN,KILL' cap-drop
  rm -r images

  # Made under the policy, it is restored under it.
  use_policy "capabilities: {drop: [NET_RAW]}"
  cp before dir/config.json
  saved narrow
  cp before dir/config.json
  restored narrow --image-path "$PWD/images"
  assert_eq "status ($stderr)" 0 "$status"
  assert_eq "the main process" 00000000a80405fb \
    "$(field CapBnd "/proc/$pid/status")"
  assert_has "$(<dir/config.json)" '"io.doff.removed":"CAP_NET_RAW"'
  sealed_exec runc narrow sleep 9999
}

# runc's: relative to the bundle where it is given, to here where it is not.
@test "where a policy bounds the container, its checkpoint is not elsewhere" {
  use_policy "capabilities: {drop: [NET_RAW]}"
  bundle dir
  saved here
  bundle dir
  cp dir/config.json before
  restored here --image-path images
  refused_by 1 '--image-path "images"' policy1.yaml "give an absolute path"
  restored here
  refused_by 1 '--image-path "checkpoint"' "give an absolute path"
  cmp before dir/config.json
  # runc takes what stands behind the id, and moves it to the front.
  bundle other
  attempt front runc restore here --detach --bundle other --image-path images
  refused_by 1 '--image-path "images"' "give an absolute path"
  # A link can lead elsewhere from inside.
  mkdir links
  ln -s "$PWD"/images/* links
  restored here --image-path "$PWD/links"
  refused_by 1 "$PWD/links/core-1.img" "symbolic link"
  mv images dir/checkpoint
  cd dir
  attempt front runc restore --detach --work-path ../work here
  assert_eq "status ($stderr)" 0 "$status"
}

@test "where a policy bounds the container, criu's options are the host's" {
  use_policy "capabilities: {drop: [NET_RAW]}"
  bundle dir
  saved options
  bundle dir '.annotations = {"org.criu.config": "/tmp/o.conf"}'
  cp dir/config.json before
  restored options --image-path "$PWD/images"
  refused_by 1 'org.criu.config "/tmp/o.conf"' policy1.yaml
  cmp before dir/config.json
  # runc takes this for the file `rootfs/o.conf=` of the bundle.
  bundle dir '.annotations = {"org.criu.config=rootfs/o.conf": ""}'
  restored options --image-path "$PWD/images"
  refused_by 1 'org.criu.config=rootfs/o.conf' policy1.yaml
  bundle dir '.annotations = {"org.criu.config": ""}'
  restored options --image-path "$PWD/images"
  assert_eq "status ($stderr)" 0 "$status"
}

# crun's restore has fewer options than doff-runtime knows, and less to begin so.
@test "crun: an option that is cut short hides none behind it" {
  bundle dir
  use_policy "capabilities: {drop: [NET_RAW]}"
  attempt front crun restore --bundle dir --image-path /elsewhere \
    --p "--image-path=$PWD/images" x-short
  refused_by 1 'restore "--p": several options begin so' "write it out"
}
