# shellcheck shell=bash
# Docker with doff-runtime registered over runc and over crun, beside the plain
# ones; and ways to look at what runs there. Loads all that it is built on.

load lib
load container
load engines
: "${engines:?engines.bash sets it}"
# What Docker gives a container unasked, as the kernel shows it.
export DOCKER_DEFAULT=00000000a80425fb

# doff_docker [NAME=PATH...]: the daemon, with these runtimes too, and with what
# `docker_settings` says. Sets record.
doff_docker() {
  record=$engines/record
  mkdir -p "$engines"
  : >"$record"
  # shellcheck disable=SC2016 # jq expands it
  start_docker "$(jq -n --argjson more "${docker_settings:-null}" '
    {runtimes: $ARGS.positional | map(split("=") | {(.[0]): {path: .[1]}}) | add}
      + $more' --args \
    "plain-runc=$(engine_runtime runc)" "plain-crun=$(engine_runtime crun)" \
    "doff=$(doff_runtime runc "record $record")" \
    "doff-crun=$(doff_runtime crun "record $record")" "$@")"
  make_client
}

# The same client as a file, for what takes the name of a program.
make_client() {
  client=$engines/docker/cli
  printf '#!/bin/sh\nexport DOCKER_CONFIG=%q\nexec /usr/bin/docker --host %q "$@"\n' \
    "$engines/docker/client" "unix://$engines/docker/socket" >"$client"
  chmod +x "$client"
}

# In setup: what setup_file made.
find_docker() {
  require_root
  record=$engines/record
  client=$engines/docker/cli
}

# over_both COMMAND...: with `runtime`, and `plain` for the one beneath alone.
over_both() {
  for runtime in doff doff-crun; do
    echo "with the runtime $runtime:"
    plain="plain-runc"
    # shellcheck disable=SC2034 # COMMAND uses it
    [[ $runtime == doff ]] || plain="plain-crun"
    "$@"
  done
}

# default_runtime NAME: the daemon reads its settings again.
default_runtime() {
  local dir=$engines/docker
  jq --arg name "$1" '."default-runtime" = $name' "$dir/daemon.json" >"$dir/new"
  mv "$dir/new" "$dir/daemon.json"
  kill -HUP "$(<"$dir/daemon.pid")"
  # shellcheck disable=SC2016 # the words are sh's own
  await docker sh -c '"$0" info --format "{{.DefaultRuntime}}" | grep -x "$1"' \
    "$client" "$1"
}

# start NAME RUNTIME [OPTION...] [-- IMAGE COMMAND...]: a container that stays.
start() {
  local name=$1 runtime=$2 options=() image=("$ENGINE_IMAGE")
  shift 2
  while (($#)) && [[ $1 != -- ]]; do
    options+=("$1")
    shift
  done
  (($# == 0)) || image=("${@:2}")
  docker run --detach --name "$name" --hostname box --network none \
    --runtime "$runtime" "${options[@]}" "${image[@]}" >/dev/null
}

remove() {
  docker rm --force "$@" >/dev/null
}

# From outside: what /proc/PID/status says of privileges.
state_of() {
  sed -nE '/^(Cap...|NoNewPrivs|Seccomp):/ s/\t/ /gp' "/proc/$1/status"
}

# state EFFECTIVE BOUNDING NO_NEW_PRIVS SECCOMP: the same, as it should be.
state() {
  printf '%s\n' "CapInh: $NOTHING" "CapPrm: $1" "CapEff: $1" "CapBnd: $2" \
    "CapAmb: $NOTHING" "NoNewPrivs: $3" "Seccomp: $4"
}

# Of the container's first process.
main_state() {
  state_of "$(pid_of_container docker "$1")"
}

# pid_in CONTAINER WORDS: of the process in it whose command line is just that.
pid_in() {
  local pid
  pid=$(pid_of_container docker "$1")
  # shellcheck disable=SC2016 # the words are sh's own
  timeout 30 sh -c 'until pgrep --ns "$1" --nslist pid -xf "$2"; do
    sleep 0.02; done' sh "$pid" "$2" || fail "no process $2 in $1"
}

# assert_reduced CONTAINER WORDS: this process holds nothing, and can get nothing.
assert_reduced() {
  local pid
  pid=$(pid_in "$1" "$2")
  assert_eq "$2 in $1, from outside" "$(state "$NOTHING" "$NOTHING" 1 2)" \
    "$(state_of "$pid")"
}

# What somebody who looks for it in an error would call it.
error_class() {
  case ${1,,} in
    *"permission denied"* | *"not permitted"* | *"is a directory"*)
      echo "not executable" ;;
    *"not found"* | *"no such file"*) echo "not found" ;;
    *) echo "neither in: $1" ;;
  esac
}

# outcome COMMAND...: exit status and class of the error, on one line.
outcome() {
  local text status=0
  text=$("$@" 2>&1) || status=$?
  echo "$status $(error_class "$text")"
}

# The connect records, from a line on.
records_from() {
  tail -n "+$1" "$record"
}

next_record() {
  echo $(($(wc -l <"$record") + 1))
}
