#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # runtime: over_both
# Docker with userns-remap and doff-runtime: root of the container is nobody on
# the host, and an exec of it holds nothing there either.

setup_file() {
  load docker
  require_engines
  need pgrep crun script
  # Root of the containers must get to its files; bats makes its directories for
  # their owner alone.
  chmod a+x "$BATS_RUN_TMPDIR" "${BATS_FILE_TMPDIR%/*}" "$BATS_FILE_TMPDIR"
  mkdir -p "$engines/path"
  unshare --user true 2>/dev/null || skip "this kernel gives no user namespaces"
  [[ -e /etc/subuid && -e /etc/subgid ]] ||
    skip "there are no /etc/subuid and /etc/subgid to put others over"
  with_subordinate_ids
  export docker_settings='{"userns-remap": "daemon:daemon"}'
  PATH=$engines/path:$PATH doff_docker
  start doff doff
  start doff-crun doff-crun
}

# A dockerd that finds IDs for the user `daemon`, which nobody has given any.
with_subordinate_ids() {
  echo daemon:200000:65536 >"$engines/ids"
  cat >"$engines/path/dockerd" <<DOCKERD
#!/bin/sh
exec unshare --mount --propagation slave sh -c '
  for each in /etc/subuid /etc/subgid; do
    mount --bind "$engines/ids" "\$each" || exit
  done
  exec /usr/sbin/dockerd "\$@"' dockerd "\$@"
DOCKERD
  chmod +x "$engines/path/dockerd"
}

setup() {
  load docker
  find_docker
}

teardown_file() {
  load lib
  load container
  load engines
  stop_engines
}

remapped_works() {
  local pid
  pid=$(pid_of_container docker "$runtime")
  assert_eq "root of the container, on the host" "200000 200000 200000 200000" \
    "$(field Uid "/proc/$pid/status")"
  assert_eq "the main process" "$(state "$DOCKER_DEFAULT" "$DOCKER_DEFAULT" 0 2)" \
    "$(state_of "$pid")"
  docker exec -d "$runtime" sleep 401
  assert_reduced "$runtime" "sleep 401"
  docker exec -d -u sandbox "$runtime" sleep 402
  assert_reduced "$runtime" "sleep 402"
  assert_eq "uid of sandbox, on the host" "201500 201500 201500 201500" \
    "$(field Uid "/proc/$(pid_in "$runtime" "sleep 402")/status")"
  run script -qec "$client exec -it $runtime sh -c 'tty; exit 7'" /dev/null
  assert_has "$output" /dev/pts/0
  assert_eq "exit code" 7 "$status"
  run docker exec --privileged "$runtime" true
  assert_has "$output" doff-runtime: connect.privileged
  assert_eq "a missing command" "126 not found" "$(outcome docker exec "$runtime" nope)"
  start "locked-$runtime" "$runtime" --read-only
  docker exec -d "locked-$runtime" sleep 403
  assert_reduced "locked-$runtime" "sleep 403"
}

@test "userns-remap: run and exec, reduced as seen from the host" {
  over_both remapped_works
}
