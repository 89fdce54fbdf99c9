#!/usr/bin/env bats
# shellcheck shell=bats
# examples/Containerfile, built by a real Podman without a network, and the
# shells of the container that comes of it.
# shellcheck disable=SC2154 # what is loaded, and run, set variables
# shellcheck disable=SC2030,SC2031 # a test is a subshell; run sets them in each

load_all() {
  load lib
  load container
  load engines
  load podman
}

setup_file() {
  load_all
  start_podman
  context=$BATS_FILE_TMPDIR/context
  export context
  mkdir "$context"
  cp "$e2e/../../examples/Containerfile" "$context"
  cp "$DOFF" "$context/doff"
  cp "$DOFFCTL" "$context/doffctl"
  import_debian
  build built
}

setup() {
  load_all
}

teardown_file() {
  load_all
  end_containers
  stop_engines
}

# As localhost/debian:test, without what Debian's own image leaves out, and
# without the accounts that other tests need: the example makes its own.
import_debian() {
  local root edited=$BATS_FILE_TMPDIR/edited tar=$BATS_FILE_TMPDIR/debian.tar file
  root=$(root_of deb)
  tar -C "$root" --exclude=./usr/share/{doc,locale,man} \
    --exclude=./var/lib/apt/lists --exclude=./var/cache/apt \
    --exclude=./etc/{passwd,group} --exclude=./home/app -cf "$tar" .
  mkdir -p "$edited/etc"
  for file in passwd group; do
    grep --invert-match '^\(app\|sandbox\|shared\):' "$root/etc/$file" \
      >"$edited/etc/$file"
    chmod 644 "$edited/etc/$file"
  done
  tar -C "$edited" -rf "$tar" ./etc/passwd ./etc/group
  podman_ import --quiet "$tar" localhost/debian:test >/dev/null
  rm "$tar"
}

# build NAME: the image of that name, its log in $context.log.
build() {
  podman_ build --build-arg BASE=localhost/debian:test --network none \
    --tag "localhost/doff:$1" "$context" >"$context.log" 2>&1 </dev/null 3>&- ||
    fail "the build failed:" "$(tail -n 5 "$context.log")"
}

# begin OPTION...: a container that stays; sets `id`.
begin() {
  id=$(podman_ run --detach "$@" localhost/doff:built sleep 1000)
}

# What a shell holds: its five sets in the kernel's order, and no_new_privs.
ask="sed -n 's/^\(Cap[A-Za-z]*\|NoNewPrivs\):\t//p' /proc/self/status"

# Each way to a shell of app that the example names, and others, for the
# container $id.
ways=("exec --user app CONTAINER doff-shell -c"
  "exec --user app CONTAINER /usr/bin/doff-shell -c"
  "exec CONTAINER su - app -c" "exec CONTAINER su app -c"
  "exec CONTAINER runuser -l app -c")

# by WAY: sets `output` and `stderr`.
by() {
  local words
  read -ra words <<<"${1/CONTAINER/$id}"
  run --separate-stderr podman_ "${words[@]}" "$ask"
  assert_eq "status by '$1' ($stderr)" 0 "$status"
}

@test "the build says what install-shell has changed" {
  assert_has "$(<"$context.log")" "/usr/bin/doff-shell: made: the launcher" \
    "/etc/doff/shell.conf: edited: added shell /bin/bash" \
    "/etc/shells: edited: added /usr/bin/doff-shell" \
    "/etc/passwd: edited: app from /bin/bash"
}

@test "a shell of app holds nothing, and nothing is said" {
  local id options way
  for options in "--cap-drop ALL --cap-add SETUID --cap-add SETGID" \
    "--security-opt seccomp=unconfined"; do
    # shellcheck disable=SC2086
    begin $options
    for way in "${ways[@]}"; do
      by "$way"
      assert_eq "$way, $options" "$EMPTY_SETS 1" "$(xargs <<<"$output")"
      assert_eq "stderr, $way, $options" "" "$stderr"
    done
  done
}

@test "where there may be no user namespace, it can get nothing back, and doff says what is left" {
  local id way held
  jq -n '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [
    {names: ["unshare"], action: "SCMP_ACT_ERRNO", errnoRet: 1},
    {names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38},
    {names: ["clone"], action: "SCMP_ACT_ERRNO", errnoRet: 1, args: [{index: 0,
      op: "SCMP_CMP_MASKED_EQ", value: 268435456, valueTwo: 268435456}]}]}' \
    >"$context.seccomp"
  begin --security-opt "seccomp=$context.seccomp"
  held=$(capbnd_of_container podman "$id")
  for way in "${ways[0]}" "${ways[1]}"; do
    by "$way"
    assert_eq "$way" "$NOTHING $NOTHING $NOTHING $held $NOTHING 1" \
      "$(xargs <<<"$output")"
    assert_has "$stderr" "doff: " inert
    names_residue "$stderr" "$held"
  done
}

@test "the shell is the real one, and others' are as they were" {
  local id
  begin --cap-drop ALL
  # shellcheck disable=SC2016
  assert_eq "its names" "/bin/bash /bin/bash app" "$(podman_ exec --user app \
    "$id" /usr/bin/doff-shell -c 'echo "$0 $SHELL $(id -un)"')"
  assert_eq "root's shell" /bin/bash \
    "$(podman_ exec "$id" sed -n 's/^root:.*://p' /etc/passwd)"
  podman_ exec "$id" sh -c '! command -v doff doffctl'
}
