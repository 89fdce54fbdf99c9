#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # client: find_docker
# shellcheck disable=SC2030,SC2031 # a test is a subshell; run sets them in each
# shellcheck disable=SC2016 # what stands in single quotes is for other shells
# What moby's own integration tests expect of capabilities and of exec, as cases
# of ours, with doff-runtime as the daemon's default runtime. What moby lets an
# exec do by capabilities is done by the main process here, and that an exec
# cannot is said beside it.

setup_file() {
  load docker
  require_engines
  need script
  doff_docker
  default_runtime doff
  start main doff --env SAME=first --env SAME=second --env HOME=/root
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

# in_run WORDS... -- OPTION...: what a shell in a new container says.
in_run() {
  local command=$1
  shift
  run docker run --rm --network none "$@" "$ENGINE_IMAGE" sh -c "$command"
}

# busybox's mount has words of its own for EPERM.
denied() {
  [[ $1 == *"not permitted"* || $1 == *"are you root"* ]] ||
    fail "this is no denial: $1"
}

# can WHAT COMMAND OPTION..., cannot WHAT COMMAND OPTION...: in `docker run`.
can() {
  in_run "$2 && echo done" "${@:3}"
  [[ $status -eq 0 && $output == *done ]] || fail "$1: run ${*:3}: $output"
}

cannot() {
  in_run "$2 && echo done" "${@:3}"
  [[ $status -ne 0 ]] || fail "$1: run ${*:3} could, but should not"
  denied "$output"
}

mknod="mknod /tmp/sda b 8 0"
down="ip link set lo down"
mount="mount -t tmpfs none /tmp"

# --- --cap-add and --cap-drop

@test "mknod: as Docker gives it, not where MKNOD or ALL is dropped" {
  can "mknod unasked" "$mknod"
  cannot "mknod" "$mknod" --cap-drop MKNOD
  cannot "mknod, lower case" "$mknod" --cap-drop mknod
  cannot "mknod" "$mknod" --cap-drop ALL --cap-add SETGID
  can "mknod" "$mknod" --cap-drop ALL --cap-add MKNOD --cap-add SETGID
}

@test "taking an interface down: with NET_ADMIN or ALL, else not" {
  cannot "ip link" "$down"
  can "ip link" "$down" --cap-add NET_ADMIN
  can "ip link" "$down" --cap-add ALL
  cannot "ip link" "$down" --cap-add ALL --cap-drop NET_ADMIN
}

@test "mount: with --privileged, else not" {
  cannot "mount" "$mount"
  can "mount" "$mount" --privileged
}

@test "chown and ping's socket: dropped one by one" {
  can "chown" "chown 100 /tmp"
  cannot "chown" "chown 100 /tmp" --cap-drop CHOWN
  can "raw sockets" "ping -c 1 127.0.0.1"
  in_run "ping -c 1 127.0.0.1" --cap-drop NET_RAW \
    --sysctl net.ipv4.ping_group_range="1 0"
  [[ $status -ne 0 ]] || fail "ping works without NET_RAW: $output"
}

@test "--user: no effective capabilities, and with no-new-privileges none by a file" {
  in_run 'grep -E "CapEff|CapPrm" /proc/self/status' --user sandbox
  assert_has "$output" "CapEff:	$NOTHING" "CapPrm:	$NOTHING"
  in_run 'grep -E "CapEff|NoNewPrivs" /proc/self/status' \
    --security-opt no-new-privileges
  assert_has "$output" "CapEff:	$DOCKER_DEFAULT" "NoNewPrivs:	1"
}

@test "what run could do, exec cannot; exec --privileged is refused" {
  local command
  start able doff --privileged
  for command in "$mknod" "$down" "$mount" "chown 100 /tmp"; do
    run docker exec able sh -c "$command"
    [[ $status -ne 0 ]] || fail "an exec could: $command"
    denied "$output"
  done
  start unable doff --cap-drop ALL
  run docker exec unable sh -c "$mknod"
  denied "$output"
  run docker exec --privileged unable sh -c "$mknod"
  assert_eq "exit code of exec --privileged" 126 "$status"
  assert_has "$output" "connect.privileged"
  # In a privileged container it asks for nothing that is not there.
  run docker exec --privileged able sh -c "$mknod"
  denied "$output"
  remove able unable
}

# --- exec: user

@test "exec -u: by number, by name, with a group, unknown" {
  assert_has "$(docker exec main id)" "uid=0(root) gid=0(root)"
  assert_has "$(docker exec -u root main id)" "uid=0(root) gid=0(root)"
  assert_has "$(docker exec -u 1000 main id)" "uid=1000(app) gid=1000(app)"
  assert_has "$(docker exec -u sandbox:app main id)" \
    "uid=1500(sandbox) gid=1000(app)"
  run docker exec -u nobody-here main id
  [[ $status -ne 0 ]] || fail "an unknown user has run: $output"
  assert_has "$output" nobody-here
}

@test "exec without -u: the user, directory and groups of the container" {
  start other doff --user sandbox --workdir /tmp --group-add 1700
  assert_eq "id and directory" \
    "uid=1500(sandbox) gid=1500(sandbox) groups=1600(shared),1700 /tmp" \
    "$(docker exec other sh -c 'echo "$(id)" "$PWD"' | sed 's/=1500(sandbox),1600/=1600/')"
  remove other
}

# --- exec: environment and directory

@test "exec: the container's environment, its last value, and -e on top" {
  local environment
  environment=$(docker exec main env)
  assert_has "$environment" SAME=second HOME=/root
  assert_lacks "$environment" SAME=first
  environment=$(docker exec -e HOME=/another -e ABC=xyz -e EMPTY= main env)
  assert_has "$environment" HOME=/another ABC=xyz EMPTY=
  assert_lacks "$environment" HOME=/root
}

@test "exec -e PATH: commands are looked up where the caller says" {
  docker exec main sh -c 'mkdir -p /own && cp /bin/busybox /own/true'
  assert_eq "found there" "" "$(docker exec -e PATH=/own main true)"
  run docker exec -e PATH=/own main id
  assert_eq "exit code" 126 "$status"
  assert_has "$output" "not found"
}

@test "exec -w: there, and an error where there is none" {
  assert_eq "directory" /tmp "$(docker exec -w /tmp main pwd)"
  run docker exec -w /no-such main pwd
  assert_eq "exit code" 126 "$status"
  assert_has "$output" /no-such
}

# --- exec: status and streams

@test "exec: the exit code is the command's, and a command is needed" {
  run docker exec main sh -c 'exit 23'
  assert_eq "exit code" 23 "$status"
  run docker exec main
  assert_eq "exit code without a command" 1 "$status"
  assert_has "$output" "docker exec --help"
}

@test "exec: a command that does not exist says so, and leaves nothing behind" {
  run docker exec main no-such-command
  assert_eq "exit code" 126 "$status"
  assert_has "$output" "executable file not found"
  assert_eq "execs left" "" "$(docker inspect --format \
    '{{range .ExecIDs}}{{.}}{{end}}' main)"
}

@test "exec -i: a closed input ends the command; -t without a terminal is refused" {
  assert_eq "cat" "a word" "$(printf 'a word' | docker exec -i main cat)"
  run docker exec -it main true </dev/null
  [[ $status -ne 0 ]] || fail "-t was given no terminal: $output"
  assert_has "$output" "not a TTY"
  assert_lacks "$(docker top main)" " cat"
}

@test "exec: in the cgroups and limits of the container" {
  start limited doff --ulimit nofile=511:511 --ulimit core=0
  assert_eq "cgroups" "$(docker exec limited cat /proc/1/cgroup)" \
    "$(docker exec limited cat /proc/self/cgroup)"
  assert_eq "nofile" 511 "$(docker exec limited sh -c 'ulimit -n')"
  remove limited
}

@test "exec in a read-only container, and in one that was started again" {
  start locked doff --read-only
  run script -qec "$client exec -t locked sh -c 'echo hello; touch /x'" /dev/null
  assert_has "$output" hello "Read-only file system"
  docker restart --time 0 locked
  assert_eq "after a restart" hello "$(docker exec locked echo hello)"
  docker stop --time 0 locked
  run docker exec locked echo hello
  assert_has "$output" "is not running"
  remove locked
}

@test "stop does not wait for an exec that still runs" {
  start halted doff
  docker exec halted sleep 300 3>&- &
  pid_in halted "sleep 300" >/dev/null
  timeout 8 "$client" stop --time 1 halted
  wait || true
  remove halted
}
