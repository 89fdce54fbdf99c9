# shellcheck shell=bash
# What a policy, an annotation and a broken installation do under Podman, as root
# and as another user alike. After podman.bash.

: "${engines:?engines.bash comes first}" "${exec_pid=}"

# A policy that leaves the main process three capabilities, and an exec one.
# shellcheck disable=SC2034 # podman.bash does
POLICY='capabilities: {drop: [ALL], allow: [SETUID, SETGID, NET_RAW]}
connect: {allow: [NET_RAW], privileged: clamp}'
NET_RAW=0000000000002000

# answer COMMAND...: sets `status`, `output` and `stderr`; bats' run warns of 127.
answer() {
  local file=$BATS_TEST_TMPDIR/stderr.$BASHPID
  status=0
  output=$("$@" 2>"$file") || status=$?
  stderr=$(<"$file")
}

# refuses_to_run NAME [OPTION...] -- PART...: no container runs, and Podman's
# stderr, which is what a person sees, has each PART.
refuses_to_run() {
  local name=$1 options=()
  shift
  while [[ $1 != -- ]]; do
    options+=("$1")
    shift
  done
  answer pod "$name" run --rm "${options[@]}" "$ENGINE_IMAGE" sh -c 'echo RAN'
  assert_eq "exit status ($stderr)" 126 "$status"
  assert_eq stdout "" "$output"
  assert_has "$stderr" "Error: OCI runtime error: " "doff-runtime: " "${@:2}"
}

# refuses_to_exec NAME CONTAINER [OPTION...] -- PART...
refuses_to_exec() {
  local name=$1 container=$2 options=()
  shift 2
  while [[ $1 != -- ]]; do
    options+=("$1")
    shift
  done
  answer pod "$name" exec "${options[@]}" "$container" sh -c 'echo RAN'
  ((status != 0)) || fail "started: exec ${options[*]} ($name)"
  assert_eq stdout "" "$output"
  assert_has "$stderr" "doff-runtime: " "${@:2}"
}

# policy_file TEXT: its file, which anybody may read.
policy_file() {
  local file
  file=$(mktemp "$engines/policy.XXXXXX")
  printf 'version: 1\n%s\n' "$1" >"$file"
  chmod 644 "$file"
  echo "$file"
}

# refuses_privileged NAME: by default, to anybody; and the record says so.
refuses_privileged() {
  local options
  for options in --privileged "--privileged --user app" "--privileged --tty"; do
    # shellcheck disable=SC2086 # several options
    refuses_to_exec "$1" "shared-$1" $options -- SYS_ADMIN \
      "asks for capabilities that the container does not have" \
      "leave --privileged out, or set connect.privileged to clamp"
  done
}

# clamps_privileged NAME
clamps_privileged() {
  local id main
  set -- "clamp-$1"
  start "$1"
  exec_holds_nothing "$1" "$id" "$main" --privileged
  exec_holds_nothing "$1" "$id" "$main" --privileged -it --user app
  start "$1" --user app --cap-add NET_ADMIN
  exec_holds_nothing "$1" "$id" "$main" --privileged
}

# policy_bounds NAME
policy_bounds() {
  set -- "policy-$1"
  local id main
  start "$1" --cap-add NET_RAW --cap-add NET_ADMIN
  assert_eq "sets of the main process" "$NOTHING 00000000000020c0 \
00000000000020c0 00000000000020c0 $NOTHING" \
    "$(sets "/proc/$main/status")"
  exec_holds "$1" "$id" "$NOTHING $NET_RAW $NET_RAW $NET_RAW $NOTHING" --detach
  exec_holds "$1" "$id" "$NOTHING $NET_RAW $NET_RAW $NET_RAW $NOTHING" \
    --privileged
  exec_holds "$1" "$id" "$NOTHING $NOTHING $NOTHING $NET_RAW $NOTHING" \
    --user app
  # What Podman 4.3 makes ambient.
  start "$1" --user app --cap-add NET_RAW --cap-add NET_ADMIN
  exec_holds "$1" "$id" "$NET_RAW $NET_RAW $NET_RAW $NET_RAW $NET_RAW" --detach
  # The policy gives nobody what the container has not.
  start "$1" --cap-drop NET_RAW
  exec_holds "$1" "$id" "$EMPTY_SETS" --privileged
}

# exec_holds NAME CONTAINER SETS OPTION...
exec_holds() {
  start_exec "$1" "$2" "${@:4}"
  assert_eq "sets, no_new_privs, seccomp with '${*:4}' ($1)" "$3 1 2" \
    "$(privileges "/proc/$exec_pid/status")"
  end_exec
}

# annotations_tighten NAME: the bounding set of the main process, and that of an
# exec: a profile that says nothing of those allows them nothing. Podman takes an
# annotation's value as CSV.
annotations_tighten() {
  local row client left shell options id main rows=(
    "$1|400|0|--annotation io.doff.profile=k8s-restricted --cap-add NET_RAW"
    "$1|20|0|--cap-drop ALL --cap-add KILL --cap-add CHOWN --cap-add NET_RAW \
--annotation \"io.doff.cap-drop=CHOWN,net_raw\""
    "$1|0|0|--annotation io.doff.cap-drop=ALL --privileged"
    "$1|29|0|--annotation io.doff.profile=nemoclaw --cap-drop SETGID \
--annotation \"io.doff.cap-drop=SETPCAP,SETUID\" --cap-add SYS_ADMIN"
    "policy-$1|20c0|0|--annotation io.doff.profile=docker-default \
--privileged"
    "policy-$1|2040|2000|--annotation io.doff.cap-drop=SETUID --cap-add ALL"
    "policy-$1|c0|0|--annotation io.doff.cap-drop=NET_RAW --cap-add ALL")
  for row in "${rows[@]}"; do
    IFS='|' read -r client left shell options <<<"$row"
    # shellcheck disable=SC2086 # several options
    start "$client" $options
    assert_eq "CapBnd with $options ($client)" "$(printf %016x "0x$left")" \
      "$(field CapBnd "/proc/$main/status")"
    start_exec "$client" "$id" --detach
    assert_eq "CapBnd of an exec with $options ($client)" \
      "$(printf %016x "0x$shell")" "$(field CapBnd "/proc/$exec_pid/status")"
    end_exec
  done
  start "$1" --cap-drop ALL --cap-add KILL --cap-add CHOWN --cap-add SETUID \
    --annotation "io.doff.cap-drop=CHOWN kill"
  assert_eq "CapBnd with a list by blanks" 0000000000000080 \
    "$(field CapBnd "/proc/$main/status")"
}

# unknown_annotations_refuse NAME
unknown_annotations_refuse() {
  refuses_to_run "$1" --annotation io.doff.profile=nemoclow -- \
    'io.doff.profile "nemoclow"' 'did you mean "nemoclaw"' \
    "doffctl policy show"
  refuses_to_run "$1" --annotation io.doff.cap-drop=NET_ROW -- \
    'io.doff.cap-drop "NET_ROW"' 'did you mean "NET_RAW"'
}

# config_tells NAME: who removed what, whatever was written there before.
config_tells() {
  local id config
  start "policy-$1" --cap-drop ALL --cap-add CHOWN --cap-add SETUID \
    --annotation io.doff.policy=fake --annotation io.doff.removed=none
  config=$(config_of "policy-$1" "$id")
  assert_eq io.doff.removed CAP_CHOWN \
    "$(jq --raw-output '.annotations["io.doff.removed"]' "$config")"
  [[ $(jq --raw-output '.annotations["io.doff.policy"]' "$config") =~ \
    ^"$engines/policy.yaml sha256:"[0-9a-f]{64}$ ]] || fail "$(jq .annotations "$config")"
  assert_eq "options of the launcher's mount" "bind ro nosuid nodev private" \
    "$(jq --raw-output '.mounts[-1].options | join(" ")' "$config")"
  start "$1"
  assert_eq "without a policy" none "$(jq --raw-output \
    '.annotations["io.doff.removed"]' "$(config_of "$1" "$id")")"
}

# only_terminals NAME
only_terminals() {
  set -- "terminal-$1"
  local id main
  start "$1"
  start_exec "$1" "$id" --detach
  assert_eq "without a terminal" "$(privileges "/proc/$main/status")" \
    "$(privileges "/proc/$exec_pid/status")"
  end_exec
  exec_holds_nothing "$1" "$id" "$main" -it
}

# older_containers NAME PLAIN: a container from before doff-runtime is refused, or
# clamped where the policy says so, and never left as it was. Podman goes on
# using the runtime that it began with, so that is replaced.
older_containers() {
  local runtime=$engines/older/$1 id main policy
  mkdir -p "$engines/older"
  cp "$(engine_runtime "$1")" "$runtime"
  make_client "older-$1" "$runtime"
  start "older-$1" --cap-add ALL
  start_exec "older-$1" "$id" --detach
  assert_lacks "before ($1) $(sets "/proc/$exec_pid/status")" "$EMPTY_SETS"
  end_exec
  cp "$(doff_runtime "$1")" "$runtime.new"
  mv "$runtime.new" "$runtime"
  refuses_to_exec "older-$1" "$id" -- \
    "the container was created before doff-runtime" \
    "create the container anew, or set connect.missing to clamp"
  refuses_to_exec "older-$1" "$id" --user app -- "created before doff-runtime"
  policy=$(policy_file 'connect: {missing: clamp, privileged: clamp}')
  cp "$(doff_runtime "$1" "policy $policy")" "$runtime.new"
  mv "$runtime.new" "$runtime"
  exec_holds "older-$1" "$id" "$EMPTY_SETS" --detach
  exec_holds "older-$1" "$id" "$EMPTY_SETS" --privileged --user app
}

# settings NAME LINE...: of the client broken-NAME, from now on.
settings() {
  printf '%s\n' "${@:2}" >"$engines/broken/$1.conf"
  chmod 644 "$engines/broken/$1.conf"
}

# refuses_broken NAME CONTAINER PART...: to run one, and to exec in one that runs.
refuses_broken() {
  refuses_to_run "broken-$1" -- "${@:3}"
  refuses_to_exec "broken-$1" "$2" -- "${@:3}"
}

# broken_refuses NAME: whatever of doff is broken, nothing starts, and what is
# wrong is said with its place and what to do.
broken_refuses() {
  local directory=$engines/broken id main policy bad
  local conf=$directory/$1.conf
  local good=("runtime $(low_level "$1")" "launcher $DOFF")
  mkdir -p "$directory"
  make_engine_runtime "$directory/$1" "$DOFF_RUNTIME" --doff-settings "$conf"
  make_client "broken-$1" "$directory/$1"
  settings "$1" "${good[@]}"
  start "broken-$1"

  bad=$(policy_file $'capabilities:\n  drop: [ALL]\n  allow: [SETUID, SETGUID]')
  settings "$1" "${good[@]}" "policy $bad"
  refuses_broken "$1" "$id" "$bad:4:19:" '"SETGUID"' 'did you mean "SETGID"'
  bad=$(policy_file $'connect:\n  alow: []\n  privileged: maybe')
  settings "$1" "${good[@]}" "policy $bad"
  refuses_to_run "broken-$1" -- "$bad:3:3:" 'did you mean "allow"' \
    "and 1 more: doffctl policy check"
  settings "$1" "${good[@]}" "policy /nowhere.yaml"
  refuses_broken "$1" "$id" '"/nowhere.yaml": is not there' \
    "put it there, or correct the setting \`policy\`"
  policy=$(policy_file 'connect: {}')
  chmod g+w "$policy"
  settings "$1" "${good[@]}" "policy $policy"
  refuses_broken "$1" "$id" "$policy" "chmod go-w"

  settings "$1" "${good[0]}" "launcher /nowhere/doff"
  refuses_to_run "broken-$1" -- '"/nowhere/doff": is not there' \
    "correct the setting \`launcher\`"
  settings "$1" "${good[0]}" "launcher $conf"
  refuses_to_run "broken-$1" -- "$conf" "not executable by everybody"

  settings "$1" "runtime /nowhere/$1" "${good[1]}"
  refuses_broken "$1" "$id" "\"/nowhere/$1\": is not there" \
    "install it, or correct the setting \`runtime\` in $conf"
  settings "$1" "${good[@]}" "" "polici $policy"
  refuses_broken "$1" "$id" "$conf:4: polici" "no such setting" \
    "the settings are runtime, launcher, policy"
  chmod g+w "$conf"
  refuses_broken "$1" "$id" "$conf: writable by others" "chmod go-w it"
  rm "$conf"
  refuses_broken "$1" "$id" "$conf: is not there"

  settings "$1" "${good[@]}"
  exec_holds_nothing "broken-$1" "$id" "$main" --detach

  # Half of an installation.
  cp "$DOFF_RUNTIME" "$directory/doff-runtime-$1"
  make_engine_runtime "$directory/$1" "$directory/doff-runtime-$1" \
    --doff-settings "$conf"
  refuses_broken "$1" "$id" "$directory/doff-runtime-rewrite" \
    "no container is started without it: install doff again"
}

# speaks_in_logs NAME: Podman asks those runtimes for a log in JSON that its
# configuration lists by name, and shows people its last error.
speaks_in_logs() {
  local id main
  refuses_to_run "json-$1" --annotation io.doff.profile=nemoclow -- \
    'io.doff.profile "nemoclow": no such profile; did you mean "nemoclaw"?'
  assert_lacks "$stderr" level= time=
  start "json-$1"
  refuses_to_exec "json-$1" "$id" --privileged -- "SYS_ADMIN" \
    "leave --privileged out, or set connect.privileged to clamp"
  answer pod "json-$1" exec --workdir /nope "$id" true
  assert_has "$stderr" "OCI runtime attempted to invoke a command that was not"
  assert_lacks "$stderr" level= time=
}
