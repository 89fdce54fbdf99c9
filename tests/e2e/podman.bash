# shellcheck shell=bash
# What is looked at in Podman as root and as another user alike. A suite has its
# own podman_, and makes a client for each runtime: NAME below. After
# engines.bash.

: "${engines:?engines.bash comes first}" "${written=}"
export engines
export -f podman_

# make_client NAME RUNTIME: Podman over that runtime, as a program, because
# script(1) takes a string.
make_client() {
  mkdir -p "$engines/client"
  # shellcheck disable=SC2016
  printf '#!%s\npodman_runtime=%q podman_ "$@"\n' "$BASH" "$2" \
    >"$engines/client/$1"
  chmod +x "$engines/client/$1"
}

# make_clients: for runc and crun under that name, with records of execs below
# $written, where Podman may write; plain-NAME without doff; clamp-NAME, policy-NAME and terminal-NAME with
# a policy; json-NAME whose errors go to a log. And containers to look at.
make_clients() {
  local name id main
  printf 'version: 1\n%s\n' "$POLICY" >"$engines/policy.yaml"
  chmod 644 "$engines/policy.yaml"
  for name in runc crun; do
    make_client "$name" "$(doff_runtime "$name" "record $written/$name" \
      "record-arguments yes")"
    make_client "plain-$name" "$(engine_runtime "$name")"
    make_client "clamp-$name" "$(doff_runtime "$name" \
      "policy $(policy_file 'connect: {privileged: clamp}')")"
    make_client "policy-$name" "$(doff_runtime "$name" \
      "policy $engines/policy.yaml")"
    make_client "terminal-$name" "$(doff_runtime "$name" \
      "policy $(policy_file 'connect: {match: terminal}')")"
    cp "$(doff_runtime "$name")" "$engines/json-$name"
    make_client "json-$name" "$engines/json-$name"
    start "$name" --name "shared-$name"
    start "plain-$name" --name "shared-plain-$name"
  done
  # Whether one runs is known without a runtime.
  start runc --name stopped-runc
  kill -KILL "$main"
  start plain-runc --name stopped-plain-runc
  kill -KILL "$main"
}

# What Podman starts to clean up after a container holds its directories, too.
end_containers() {
  podman_ pod rm --all --force --time 0
  podman_ rm --all --force --time 0
  for _ in {1..100}; do
    pgrep --full "podman .*$engines|conmon .*$engines" || return 0
    sleep 0.1
  done
  fail "Podman does not end"
} >/dev/null

# pod NAME WORD...
pod() {
  "$engines/client/$1" "${@:2}"
}

# start NAME OPTION...: a container; sets `id`, and `main`, its first process as
# seen here.
start() {
  start_image "$1" "${@:2}" "$ENGINE_IMAGE"
}

# start_image NAME OPTION... IMAGE [COMMAND...]
start_image() {
  local pidfile
  pidfile=$written/$BASHPID.$RANDOM.pid
  id=$(pod "$1" run --detach --pidfile "$pidfile" "${@:2}")
  main=$(<"$pidfile")
}

# over_both CHECK WORD...: `CHECK NAME PLAIN WORD...` for both runtimes, at the same
# time because Podman mostly waits. PLAIN is the client without doff.
over_both() {
  local name pid pids=() failed=0
  for name in runc crun; do
    (
      set -e
      # shellcheck disable=SC2034 # lib.bash's fail reads it
      fatal=yes
      "$1" "$name" "plain-$name" "${@:2}"
    ) >&2 &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
  return "$failed"
}

# main_of NAME CONTAINER: its first process, as seen here.
main_of() {
  pod "$1" inspect --format '{{.State.Pid}}' "$2"
}

config_of() {
  pod "$1" inspect --format '{{.OCIConfigPath}}' "$2"
}

# From a status file: the five sets in the kernel's order.
sets() {
  sed -n 's/^Cap[A-Za-z]*:\t//p' "$1" | xargs
}

# The same, with no_new_privs and seccomp's mode.
privileges() {
  sed -n 's/^\(Cap[A-Za-z]*\|NoNewPrivs\|Seccomp\):\t//p' "$1" | xargs
}
EMPTY_SETS="$NOTHING $NOTHING $NOTHING $NOTHING $NOTHING"

# await_output TEXT COMMAND...
await_output() {
  local wanted=$1 got
  shift
  for _ in {1..100}; do
    got=$("$@")
    [[ $got != "$wanted" ]] || return 0
    sleep 0.05
  done
  fail "${*}: expected $wanted, got $got"
}

# await_command PATTERN: the pid of the process with that command line.
await_command() {
  for _ in {1..200}; do
    pgrep --full --exact "$1" && return
    sleep 0.03
  done
  fail "no process $1"
}

# start_exec NAME CONTAINER OPTION...: an exec of that kind, which stays; sets
# `exec_pid`, its process as seen here, and `client_pid`. The command is
# $nap_program, sleep unless said.
start_exec() {
  local seconds=$((100000000 + RANDOM * 32768 + RANDOM)) option
  local log=$BATS_TEST_TMPDIR/$1.log
  local words=("$engines/client/$1" exec "${@:3}" "$2" "${nap_program:-sleep}"
    "$seconds")
  for option in "${@:3}"; do
    [[ $option != -it ]] ||
      words=(script --quiet --return --command "${words[*]@Q}" /dev/null)
  done
  # bats waits for whoever holds its descriptor 3, unless it is the exec's own.
  if [[ " $* " == *" --preserve-fds "* ]]; then
    "${words[@]}" </dev/null >"$log" 2>&1 &
  else
    "${words[@]}" </dev/null >"$log" 2>&1 3>&- &
  fi
  client_pid=$!
  exec_pid=$(await_command "[a-z/]*sleep $seconds") ||
    fail "no process of: ${words[*]}" "$(<"$log")"
}

end_exec() {
  kill -KILL "$exec_pid"
  wait "$client_pid" || true
}

# holds_nothing WHAT PID MAIN: five empty sets, no_new_privs, and one filter more
# than the container's MAIN process.
holds_nothing() {
  local filters
  assert_eq "sets, no_new_privs, seccomp: $1" "$EMPTY_SETS 1 2" \
    "$(privileges "/proc/$2/status")"
  # Linux before 5.9 does not tell.
  filters=$(field Seccomp_filters "/proc/$3/status")
  [[ -z $filters ]] || assert_eq "filters: $1" $((filters + 1)) \
    "$(field Seccomp_filters "/proc/$2/status")"
}

# exec_holds_nothing NAME CONTAINER MAIN OPTION...
exec_holds_nothing() {
  start_exec "$1" "$2" "${@:4}"
  holds_nothing "${*:4} ($1)" "$exec_pid" "$3"
  end_exec
}

# exec_kinds_hold_nothing NAME: what people ask for, over the same container.
exec_kinds_hold_nothing() {
  local options main
  main=$(main_of "$1" "shared-$1")
  for options in "" -i -it "-it --user app" "--user 1500:1500" "--user 4242" \
    "--env A=b --workdir /tmp" --detach "--detach --user app"; do
    # shellcheck disable=SC2086 # several options
    exec_holds_nothing "$1" "shared-$1" "$main" $options
  done
}

# container_kinds_hold NAME PLAIN OPTIONS...: in a container with each of these
# options, the main process has what it has over the client PLAIN, and execs by
# root and by another user have nothing.
container_kinds_hold() {
  local options id main plain
  for options in "${@:3}"; do
    # shellcheck disable=SC2086 # several options
    {
      start "$2" $options
      plain=$(privileges "/proc/$main/status")
      kill -KILL "$main"
      start "$1" $options
    }
    assert_eq "the main process with '$options' ($1)" "$plain" \
      "$(privileges "/proc/$main/status")"
    exec_holds_nothing "$1" "$id" "$main" --detach
    exec_holds_nothing "$1" "$id" "$main" --detach --user app
    kill -KILL "$main"
  done
}

# outcome NAME WORD...: sets `outcome` to exit status and class of message: what
# Podman makes of the runtime's own words is behind the last colon. C in WORD is
# the client's shared container, STOPPED its stopped one.
outcome() {
  local name=$1 word words=() status=0
  shift
  for word; do
    case $word in
      C) word=shared-$name ;;
      STOPPED) word=stopped-$name ;;
    esac
    words+=("$word")
  done
  # bats' run warns of 127.
  message=$(pod "$name" "${words[@]}" 2>&1 >/dev/null) || status=$?
  outcome="$status: $(sed -E -n '$ { s/.*: //; s/[0-9a-f]{64}/ID/g; p }' \
    <<<"$message")"
  outcome=${outcome//-$name/}
}

# errors_are_the_same NAME PLAIN ROW...: as over the client PLAIN. ROW is Podman
# 4.3's exit status and a command line.
errors_are_the_same() {
  local row expected words plain message outcome
  for row in "${@:3}"; do
    read -r expected words <<<"$row"
    # shellcheck disable=SC2086 # several words
    outcome "$2" $words
    plain=$outcome
    # shellcheck disable=SC2086
    outcome "$1" $words
    assert_eq "'$words' over $1 ($message)" "$plain" "$outcome"
    # podman(1): 125 is its own error, 126 a command that cannot be invoked, 127
    # one that is not there.
    [[ $expected != 12[567] ]] ||
      assert_eq "exit status of '$words'" "$expected" "${outcome%%:*}"
  done
}

# What the runtime finds wrong.
# shellcheck disable=SC2034 # the suites read both
runtime_errors=(
  "127 exec C /nope" "127 exec C nope" "126 exec C /etc" "126 exec C /etc/passwd"
  "127 exec --workdir /nope C true" "127 run --rm $ENGINE_IMAGE /nope"
  "127 run --rm $ENGINE_IMAGE nope" "126 run --rm $ENGINE_IMAGE /etc")
# What Podman does.
# shellcheck disable=SC2034
engine_errors=(
  "255 exec --user nosuch C true" "125 exec nosuch true" "255 exec STOPPED true"
  "126 run --rm --workdir /nope $ENGINE_IMAGE true"
  "126 run --rm --user nosuch $ENGINE_IMAGE true"
  "125 run --rm --cap-add NOPE $ENGINE_IMAGE true")

# answers_alike NAME PLAIN OPTION...: what a shell sees of its surroundings is as
# over the client PLAIN.
answers_alike() {
  local plain
  # shellcheck disable=SC2016 # in the container
  local ask='id; pwd; umask; env | sort; ulimit -a; tty
    for fd in 0 1 2; do readlink /proc/$$/fd/$fd | tr -d 0-9; done
    grep -E "^(Sig(Blk|Ign|Cgt)|Groups|TracerPid):" /proc/$$/status'
  plain=$(pod "$2" exec "${@:3}" "shared-$2" sh -c "$ask" </dev/null)
  assert_eq "what 'exec ${*:3}' sees ($1)" "$plain" \
    "$(pod "$1" exec "${@:3}" "shared-$1" sh -c "$ask" </dev/null)"
}

# carries_streams NAME: what goes in comes out, a megabyte of any bytes, and
# stdout and stderr are two.
carries_streams() {
  local container=shared-$1 bytes=$BATS_TEST_TMPDIR/$1.bytes code status
  head -c 1000000 /dev/urandom >"$bytes"
  pod "$1" exec -i "$container" cat <"$bytes" >"$bytes.back"
  cmp "$bytes" "$bytes.back"
  assert_eq stdout out "$(pod "$1" exec "$container" \
    sh -c 'echo out; echo error >&2' 2>"$bytes.err")"
  assert_eq stderr error "$(<"$bytes.err")"
  for code in 37 255; do
    status=0
    pod "$1" exec "$container" sh -c "exit $code" || status=$?
    assert_eq "exit status" "$code" "$status"
  done
  status=0
  # shellcheck disable=SC2016 # in the container
  pod "$1" exec "$container" sh -c 'kill -KILL $$' || status=$?
  assert_eq "exit status of one that was killed" 137 "$status"
}

# has_terminal NAME: an exec's terminal follows the size of the person's.
has_terminal() {
  local outer=$BATS_TEST_TMPDIR/$1.tty seconds=$((RANDOM + 100000000))
  script --quiet --command "stty rows 24 cols 80; tty >$outer
    exec $engines/client/$1 exec -it shared-$1 sleep $seconds" \
    /dev/null </dev/null >/dev/null 3>&- &
  client_pid=$!
  exec_pid=$(await_command "sleep $seconds")
  await_output "24 80" stty -F "/proc/$exec_pid/fd/0" size
  stty -F "$(<"$outer")" rows 33
  await_output "33 80" stty -F "/proc/$exec_pid/fd/0" size
  end_exec
}

# preserves_descriptors NAME: those that are handed on arrive in the command, and
# nothing else is open.
preserves_descriptors() {
  local main four=$BATS_TEST_TMPDIR/$1.four
  echo "four $1" >"$four"
  assert_eq "what is read" "four $1" "$(pod "$1" exec --preserve-fds 2 \
    "shared-$1" sh -c 'cat <&4' 3</dev/null 4<"$four")"
  main=$(main_of "$1" "shared-$1")
  start_exec "$1" "shared-$1" --preserve-fds 2 3</dev/null 4<"$four"
  holds_nothing "--preserve-fds ($1)" "$exec_pid" "$main"
  assert_eq "preserved" "0 1 2 3 4" "$(descriptors "$exec_pid")"
  end_exec
  start_exec "$1" "shared-$1"
  assert_eq "without any" "0 1 2" "$(descriptors "$exec_pid")"
  end_exec
}

descriptors() {
  find "/proc/$1/fd" -type l -printf '%f\n' | sort -n | xargs
}
