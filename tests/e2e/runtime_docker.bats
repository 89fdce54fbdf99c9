#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # stderr: run --separate-stderr; runtime, plain: over_both
# shellcheck disable=SC2030,SC2031 # a test is a subshell; run sets them in each
# shellcheck disable=SC2016 # what stands in single quotes is for other shells
# Docker with doff-runtime registered, over runc and over crun: whatever a person
# does with a container is as without it, but that an exec holds no privileges,
# as seen from outside.

setup_file() {
  load docker
  require_engines
  need script tmux pgrep crun
  doff_docker
  local each
  for each in doff doff-crun plain-runc plain-crun; do start "$each" "$each"; done
  bare_image
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

# An image that is one static program: no shell, no accounts, no directories.
bare_image() {
  local root=$BATS_FILE_TMPDIR/bare
  mkdir "$root"
  cp "$(command -v busybox)" "$root/busybox"
  tar -C "$root" -c busybox |
    docker import --change 'CMD ["/busybox", "sleep", "1000"]' - \
      localhost/bare:test >/dev/null
}

# --- what is started

main_process_is_as_without() {
  assert_eq "the main process" "$(state "$DOCKER_DEFAULT" "$DOCKER_DEFAULT" 0 2)" \
    "$(main_state "$runtime")"
  assert_eq "the same, without doff" "$(main_state "$plain")" \
    "$(main_state "$runtime")"
}

@test "run: without a policy the main process keeps what Docker gives it" {
  over_both main_process_is_as_without
}

# Each exec sleeps for a time of its own, by which it is found.
execs=("1" "2 -u sandbox" "3 -u 1500" "4 -u 98:99" "5 -e A=b -w /tmp" "6 -t"
  "7 -i" "8 -it -u app")

exec_is_reduced() {
  local row time options
  for row in "${execs[@]}"; do
    read -r time options <<<"$row"
    # shellcheck disable=SC2086 # options are words
    docker exec --detach $options "$runtime" sleep "10$time"
    assert_reduced "$runtime" "sleep 10$time"
  done
  assert_eq "uid of -u 98:99" "98 98 98 98" \
    "$(field Uid "/proc/$(pid_in "$runtime" "sleep 104")/status")"
  docker exec "$runtime" sleep 109 3>&- &
  assert_reduced "$runtime" "sleep 109"
  script -qec "$client exec -it $runtime sleep 110" /dev/null \
    <>"$BATS_TEST_TMPDIR/never-$runtime" >/dev/null 3>&- &
  assert_reduced "$runtime" "sleep 110"
  kill -KILL "$(pid_in "$runtime" "sleep 109")" \
    "$(pid_in "$runtime" "sleep 110")"
  wait
}

@test "exec: whoever it is for, seen from outside, it holds nothing" {
  mkfifo "$BATS_TEST_TMPDIR"/never-{doff,doff-crun}
  over_both exec_is_reduced
}

exec_says_the_same() {
  local options command='id; pwd; env | sort; umask; echo error >&2; cat'
  for options in "" "-u sandbox -w /tmp" "-u 98:99 -e A=b -e B=" \
    "-u 1500:app -w /home/app -e HOME=/x"; do
    # shellcheck disable=SC2086 # options are words
    assert_eq "exec $options" \
      "$(docker exec -i $options "$plain" sh -c "$command" 2>&1 <<<"input" |
        sort)" \
      "$(docker exec -i $options "$runtime" sh -c "$command" 2>&1 <<<"input" |
        sort)"
  done
}

@test "exec -u -w -e -i: user, directory, environment and input are as without" {
  over_both exec_says_the_same
}

exit_codes_are_the_commands() {
  local row
  for row in "0 exit 0" "37 exit 37" "125 exit 125" "255 exit 255" \
    '137 kill -9 $$' '143 kill -15 $$'; do
    run docker exec "$runtime" sh -c "${row#* }"
    assert_eq "exit code of: ${row#* }" "${row%% *}" "$status"
  done
}

@test "exec: exit codes are the command's own" {
  over_both exit_codes_are_the_commands
}

# --- a real terminal

in_terminal() {
  tmux -S "$BATS_TEST_TMPDIR/tmux" "$@"
}

# until_shown TEXT: on the terminal of that runtime.
until_shown() {
  local tries
  for tries in {1..100}; do
    if in_terminal capture-pane -p -t "$runtime" | grep -qF -- "$1"; then return; fi
    sleep 0.05
  done
  fail "$1 is not shown after $tries looks on:" \
    "$(in_terminal capture-pane -p -t "$runtime")"
}

terminal_works() {
  in_terminal -f /dev/null new-session -d -s "$runtime" -x 90 -y 30 \
    "$client exec -it $runtime sh; echo ended with \$?; sleep 60" 3>&-
  in_terminal send-keys -t "$runtime" 'echo $((6 * 7)) on $(tty)' Enter
  until_shown "42 on /dev/pts/"
  in_terminal send-keys -t "$runtime" 'stty size' Enter
  until_shown "30 90"
  in_terminal resize-window -t "$runtime" -x 100 -y 25
  in_terminal send-keys -t "$runtime" \
    'until stty size | grep 25; do sleep 0.1; done' Enter
  until_shown "25 100"
  in_terminal send-keys -t "$runtime" 'sleep 111' Enter
  assert_reduced "$runtime" "sleep 111"
  in_terminal send-keys -t "$runtime" C-c
  in_terminal send-keys -t "$runtime" 'exit 9' Enter
  until_shown "ended with 9"
}

@test "exec -it: a terminal that is typed at, changes its size and takes ^C" {
  over_both terminal_works
  in_terminal kill-server
}

# --- what cannot be started

missing_is_told_the_same() {
  local command outcome
  for command in nope /nope ./nope /etc/passwd /etc; do
    outcome=$(outcome docker exec "$runtime" "$command")
    assert_lacks "$outcome" neither
    assert_eq "exec of $command" "$(outcome docker exec "$plain" "$command")" \
      "$outcome"
  done
  for command in nope /etc/passwd; do
    assert_eq "exec -d of $command" \
      "$(outcome docker exec -d "$plain" "$command")" \
      "$(outcome docker exec -d "$runtime" "$command")"
    assert_eq "run of $command" \
      "$(outcome docker run --rm --network none --runtime "$plain" \
        "$ENGINE_IMAGE" "$command")" \
      "$(outcome docker run --rm --network none --runtime "$runtime" \
        "$ENGINE_IMAGE" "$command")"
  done
}

@test "a command that is not there: exit code and class as without" {
  over_both missing_is_told_the_same
}

privileged_is_refused() {
  local options
  for options in "-u sandbox" "-d"; do
    # shellcheck disable=SC2086 # options are words
    run --separate-stderr docker exec $options --privileged "$runtime" \
      sh -c 'echo RAN; touch /ran'
    [[ $status -ne 0 ]] || fail "exec --privileged $options was not refused"
    assert_has "$output $stderr" doff-runtime: --privileged SYS_ADMIN \
      "connect.privileged"
    assert_lacks "$output $stderr" RAN
  done
  run docker exec "$runtime" ls /ran
  assert_eq "nothing ran ($output)" 1 "$status"
}

@test "exec --privileged is refused, and the person sees why" {
  over_both privileged_is_refused
}

# --- many at once

# shellcheck disable=SC2016
report='grep -E "^(CapBnd|NoNewPrivs)" /proc/self/status | tr "\n\t" "  "; echo $0'

fifty_at_once() {
  local from wanted
  from=$(next_record)
  wanted=$(for each in {1..50}; do
    echo "CapBnd: $NOTHING NoNewPrivs: 1 $each"
  done | sort)
  assert_eq "fifty execs" "$wanted" "$(seq 50 |
    xargs -P 50 -I{} "$client" exec "$runtime" sh -c "$report" {} | sort)"
  assert_eq "whole records" 50 \
    "$(records_from "$from" | jq -c 'select(.decision == "started")' | wc -l)"
}

@test "50 execs at the same time: each its own, none with privileges" {
  over_both fifty_at_once
}

# --- what engines do with containers

lifecycle_works() {
  local name=life-$runtime
  start "$name" "$runtime" --stop-timeout 5 -- "$ENGINE_IMAGE" sh -c \
    'echo to stdout; echo to stderr >&2; trap "echo bye; exit 3" TERM
     while :; do sleep 0.05; done'
  docker pause "$name"
  assert_eq paused paused "$(docker inspect --format '{{.State.Status}}' "$name")"
  run docker exec "$name" true
  [[ $status -ne 0 && $output == *paused* ]] || fail "exec in a paused one: $output"
  docker unpause "$name"
  docker exec "$name" true
  assert_has "$(docker top "$name")" "while :; do"
  docker stop "$name"
  assert_eq "exit code by stop" 3 "$(docker wait "$name")"
  assert_eq logs "to stdout
bye" "$(docker logs "$name" 2>/dev/null)"
  assert_eq "logs of stderr" "to stderr" "$(docker logs "$name" 2>&1 >/dev/null)"
  docker start "$name"
  docker exec -d "$name" sleep 113
  assert_reduced "$name" "sleep 113"
  docker restart --time 5 "$name"
  docker exec -d "$name" sleep 114
  assert_reduced "$name" "sleep 114"
  docker kill --signal KILL "$name"
  assert_eq "exit code by kill" 137 "$(docker wait "$name")"
  docker rm "$name"
}

@test "pause, unpause, top, stop, logs, wait, start, restart, kill and rm" {
  over_both lifecycle_works
}

attach_works() {
  assert_eq "attached from the start" "<in>" "$(echo in |
    docker run --rm -i --network none --runtime "$runtime" "$ENGINE_IMAGE" \
      sed 's/.*/<&>/')"
  start "attach-$runtime" "$runtime" --interactive -- "$ENGINE_IMAGE" \
    sh -c 'read -r line; echo "got $line"; exit 5'
  # The end of the input would be the end of Docker's output as well.
  run docker attach "attach-$runtime" < <(echo "a line" && exec sleep 2 3>&-)
  assert_eq "attached later" "got a line" "$output"
  assert_eq "exit code" 5 "$status"
  remove "attach-$runtime"
  run script -qec "$client run --rm -it --network none --runtime $runtime \
    $ENGINE_IMAGE sh -c 'tty; exit 6'" /dev/null
  assert_has "$output" /dev/pts/0
  assert_eq "exit code of run -it" 6 "$status"
}

@test "run -i, run -it and attach: streams and terminal are the container's own" {
  over_both attach_works
}

health_check_works() {
  local name=health-$runtime
  start "$name" "$runtime" --health-interval 200ms --health-retries 1 \
    --health-cmd '[ ! -e /sick ] && grep CapBnd /proc/self/status'
  await_health "$name" healthy
  assert_has "$(docker inspect --format \
    '{{(index .State.Health.Log 0).Output}}' "$name")" "$NOTHING"
  docker exec "$name" touch /sick
  await_health "$name" unhealthy
  remove "$name"
}

await_health() {
  local tries
  for tries in {1..100}; do
    [[ $(docker inspect --format '{{.State.Health.Status}}' "$1") != "$2" ]] ||
      return 0
    sleep 0.05
  done
  fail "$1 is not $2 after $tries looks"
}

@test "health checks go on, and are execs without privileges" {
  over_both health_check_works
}

# --- ways to create

creations=("--read-only --user sandbox" "--init --user 98:99" "--privileged"
  "--cap-drop ALL --security-opt no-new-privileges"
  "--cap-drop MKNOD --cap-add SYS_PTRACE --tmpfs /run")

# Containers that are all started before they are looked at.
start_creations() {
  local number
  for number in "${!creations[@]}"; do
    # shellcheck disable=SC2086 # options are words
    start "made-$1-$number" "$1" ${creations[number]}
  done
}

creations_hold() {
  local number name
  start_creations "$runtime"
  for number in "${!creations[@]}"; do
    name=made-$runtime-$number
    assert_eq "the main process of run ${creations[number]}" \
      "$(main_state "made-plain-runc-$number")" "$(main_state "$name")"
    docker exec -d "$name" sleep 115
    assert_reduced "$name" "sleep 115"
  done
}

@test "run with each option: the main process as without, an exec with nothing" {
  start_creations plain-runc
  over_both creations_hold

  docker ps --all --quiet --filter name=made- | xargs "$client" rm --force
}

# What the container sees of mounts: where, which file system, which flags.
mounts_of() {
  local pid
  pid=$(pid_of_container docker "$1")
  sed 's/^[^ ]* [^ ]* [^ ]* [^ ]* \([^ ]* [^ ]*\).* - \([^ ]*\).*/\1 \2/' \
    "/proc/$pid/mountinfo" | sort
}

mounts_are_as_without() {
  local each names=() options=(--volume "$BATS_TEST_TMPDIR/shm:/dev/shm"
    --tmpfs /dev/mine --device /dev/fuse
    --volume "$BATS_TEST_TMPDIR/file:/dev/file:ro")
  for each in "$runtime" "$plain"; do
    start "mounts-$each" "$each" "${options[@]}"
    names+=("mounts-$each")
  done
  assert_eq "mounts" "$(mounts_of "mounts-$plain")" \
    "$(mounts_of "mounts-$runtime" | grep -v '^/dev/.doff ')"
  assert_eq "the launcher" 1 "$(mounts_of "mounts-$runtime" |
    grep -c '^/dev/.doff ro,nosuid,nodev')"
  assert_eq "what is in /dev" "$(docker exec "mounts-$plain" ls /dev)" \
    "$(docker exec "mounts-$runtime" ls /dev)"
  docker exec "mounts-$runtime" sh -c 'echo shared >/dev/shm/of && cat /dev/file'
  assert_eq "/dev/shm" shared "$(<"$BATS_TEST_TMPDIR/shm/of")"
  remove "${names[@]}"
}

@test "volumes, tmpfs and devices below /dev are not disturbed" {
  mkdir "$BATS_TEST_TMPDIR/shm"
  echo whole >"$BATS_TEST_TMPDIR/file"
  over_both mounts_are_as_without
}

host_devices_are_left_alone() {
  local name=dev-$runtime before option
  before=$(find /dev -name '*doff*')
  for option in "" ":ro"; do
    start "$name" "$runtime" --volume "/dev:/dev$option"
    docker exec -d "$name" sleep 119
    assert_reduced "$name" "sleep 119"
    assert_eq "in the host's /dev" "$before" "$(find /dev -name '*doff*')"
    remove "$name"
  done
}

@test "with the host's /dev in it, also read-only: nothing is left in that" {
  over_both host_devices_are_left_alone
}

launcher_is_out_of_reach() {
  local attempt
  for attempt in 'echo x >/dev/.doff' 'rm -f /dev/.doff' 'mv /dev/.doff /tmp/x' \
    'umount /dev/.doff' 'mount -o remount,rw /dev/.doff' 'chmod 0 /dev/.doff'; do
    run docker exec "$runtime" sh -c "$attempt"
    [[ $status -ne 0 ]] || fail "in the container this worked: $attempt"
  done
  docker exec "$runtime" /dev/.doff --version
}

@test "the container cannot change, remove or move the launcher" {
  over_both launcher_is_out_of_reach
}

bare_image_works() {
  local name=bare-$runtime options
  for options in "" "--read-only --user 98:99"; do
    # shellcheck disable=SC2086 # options are words
    start "$name" "$runtime" $options -- localhost/bare:test
    docker exec -d "$name" /busybox sleep 116
    assert_reduced "$name" "/busybox sleep 116"
    docker exec -d -u 4000 "$name" /busybox sleep 117
    assert_reduced "$name" "/busybox sleep 117"
    run docker exec "$name" /busybox sh -c 'exit 8'
    assert_eq "exit code" 8 "$status"
    assert_has "$(outcome docker exec "$name" sh)" "126 not found"
    remove "$name"
  done
}

@test "an image of one static program, without a shell or /etc/passwd" {
  over_both bare_image_works
}

# --- as the default runtime

default_works() {
  local name=default-$runtime
  default_runtime "$runtime"
  docker run --detach --name "$name" --network none --hostname box \
    --health-interval 200ms --health-cmd 'grep CapBnd /proc/self/status' \
    "$ENGINE_IMAGE" >/dev/null
  assert_eq "the runtime" "$runtime" \
    "$(docker inspect --format '{{.HostConfig.Runtime}}' "$name")"
  assert_eq "the main process" "$(main_state "$plain")" "$(main_state "$name")"
  docker exec -d "$name" sleep 118
  assert_reduced "$name" "sleep 118"
  assert_eq "exec -u -w -e" "sandbox /tmp b" \
    "$(docker exec -u sandbox -w /tmp -e A=b "$name" sh -c 'echo $(whoami) $PWD $A')"
  run script -qec "$client exec -it $name sh -c 'tty; exit 4'" /dev/null
  assert_has "$output" /dev/pts/0
  assert_eq "exit code of exec -it" 4 "$status"
  run docker exec --privileged "$name" true
  assert_has "$output" doff-runtime: connect.privileged
  await_health "$name" healthy
  docker stop --time 0 "$name"
  docker start "$name"
  assert_has "$(docker exec "$name" grep CapBnd /proc/self/status)" "$NOTHING"
  remove "$name"
}

@test "as the daemon's default runtime: no word is needed to have it" {
  over_both default_works
  default_runtime test
}
