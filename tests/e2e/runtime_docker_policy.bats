#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # stderr: run --separate-stderr; runtime: over_both
# shellcheck disable=SC2030,SC2031 # a test is a subshell; run sets them in each
# shellcheck disable=SC2016 # what stands in single quotes is for other shells
# Docker with doff-runtime and a policy file, and with one that is broken: what
# the policy says holds, what is wrong reaches the person, and each exec leaves
# its record.

setup_file() {
  load docker
  require_engines
  need script pgrep crun
  local name more=()
  make_settings
  for name in policed no-launcher no-runc no-record told; do
    make_engine_runtime "$engines/bin/$name" "$DOFF_RUNTIME" \
      --doff-settings "$engines/$name.conf"
    more+=("$name=$engines/bin/$name")
  done
  make_engine_runtime "$engines/bin/policed-crun" "$DOFF_RUNTIME" \
    --doff-settings "$engines/policed-crun.conf"
  doff_docker "${more[@]}" "policed-crun=$engines/bin/policed-crun"
  for name in doff doff-crun plain-runc plain-crun; do start "$name" "$name"; done
}

# Settings that a test may break, and some that are broken.
make_settings() {
  local good
  mkdir -p "$engines"
  good="launcher $DOFF
policy $engines/policy.yaml
record $engines/record"
  printf '%s\n' "runtime $(low_level runc)" "$good" >"$engines/policed.conf"
  printf '%s\n' "runtime $(low_level crun)" "$good" >"$engines/policed-crun.conf"
  cp "$engines/policed.conf" "$engines/good.conf"
  printf '%s\n' "runtime $(low_level runc)" "launcher /nowhere/doff" \
    >"$engines/no-launcher.conf"
  printf '%s\n' "launcher $DOFF" "runtime /nowhere/runc" >"$engines/no-runc.conf"
  # Every write to it fails as on a full disk.
  printf '%s\n' "runtime $(low_level runc)" "launcher $DOFF" \
    "record /dev/full" >"$engines/no-record.conf"
  printf '%s\n' "runtime $(low_level runc)" "launcher $DOFF" \
    "record $engines/record" "record-arguments yes" >"$engines/told.conf"
}

setup() {
  load docker
  find_docker
}

teardown() {
  cp "$engines/good.conf" "$engines/policed.conf"
  chmod 644 "$engines/policed.conf"
  docker rm --force broken >/dev/null 2>&1 || true
}

teardown_file() {
  load lib
  load container
  load engines
  stop_engines
}

# policy [LINE...]: from now on; without lines, one that changes nothing.
policy() {
  (($#)) || set -- "connect: {accept: sealed}"
  printf '%s\n' "version: 1" "$@" >"$engines/policy.yaml.new"
  mv "$engines/policy.yaml.new" "$engines/policy.yaml"
}

policed_over() {
  policed=policed
  [[ $1 == doff ]] || policed="policed-crun"
}

# The config.json that the low-level runtime read.
config_of() {
  find "$engines/docker/run/containerd" -name config.json \
    -path "*/$(docker inspect --format '{{.Id}}' "$1")/*"
}

annotation() {
  jq -r --arg name "io.doff.$2" '.annotations[$name]' "$(config_of "$1")"
}

# --- capabilities: what a container is created with

# SETUID and SETGID, bits 6 and 7.
left=00000000000000c0

creation_is_trimmed() {
  local number name options=("" "--cap-add SYS_ADMIN" "--privileged --init"
    "--cap-drop SETUID" "--user sandbox")
  local expected=("$left" "$left" "$left" 0000000000000040 "$left") held
  policed_over "$runtime"
  policy "capabilities:" "  drop: [ALL]" "  allow: [SETUID, SETGID]"
  for number in "${!options[@]}"; do
    name=trimmed-$number
    # shellcheck disable=SC2086 # options are words
    start "$name" "$policed" ${options[number]}
    echo "run ${options[number]}"
    held=${expected[number]}
    assert_eq "bounding set" "$held" "$(capbnd_of_container docker "$name")"
    [[ ${options[number]} != --user* ]] || held=$NOTHING
    assert_eq "effective set" "$held" \
      "$(field CapEff "/proc/$(pid_of_container docker "$name")/status")"
  done
  for number in "${!options[@]}"; do
    docker exec -d "trimmed-$number" sleep 201
    assert_reduced "trimmed-$number" "sleep 201"
  done
  if [[ $(field Seccomp "/proc/$(pid_of_container docker trimmed-2)/status") != 0 ]]
  then
    fail "--privileged has Docker's filter: it is not the case that is meant"
  fi
  run docker exec --privileged trimmed-0 true
  assert_has "$output" doff-runtime: SYS_ADMIN connect.privileged
  assert_has "$(annotation trimmed-0 policy)" "$engines/policy.yaml sha256:"
  assert_has "$(annotation trimmed-1 removed)" CAP_SYS_ADMIN CAP_CHOWN
  assert_lacks "$(annotation trimmed-1 removed)" CAP_SETUID
  remove trimmed-{0..4}
}

@test "capabilities: run gets what the policy allows, and exec still works" {
  over_both creation_is_trimmed
}

restart_follows_the_policy() {
  policed_over "$runtime"
  policy "capabilities: {drop: [NET_RAW]}"
  start again "$policed"
  assert_eq "created" 00000000a80405fb "$(capbnd_of_container docker again)"
  assert_eq "removed" CAP_NET_RAW "$(annotation again removed)"
  policy "capabilities: {drop: [NET_RAW, MKNOD]}"
  docker restart --time 0 again
  assert_eq "restarted" 00000000a00405fb "$(capbnd_of_container docker again)"
  assert_eq "removed" CAP_NET_RAW,CAP_MKNOD "$(annotation again removed)"
  docker exec -d again sleep 202
  assert_reduced again "sleep 202"
  remove again
}

@test "a restart makes config.json anew, by the policy of that time" {
  over_both restart_follows_the_policy
}

# --- connect

connect_is_followed() {
  policed_over "$runtime"
  policy
  start connect "$policed"
  policy "connect: {privileged: clamp}"
  docker exec -d --privileged connect sleep 203
  assert_reduced connect "sleep 203"
  docker exec -d --privileged -u sandbox connect sleep 204
  assert_reduced connect "sleep 204"
  policy "connect: {allow: [KILL, SYS_TIME]}"
  docker exec -d connect sleep 205
  assert_eq "allowed, and had by the container" \
    "$(state 0000000000000020 0000000000000020 1 2)" \
    "$(state_of "$(pid_in connect "sleep 205")")"
  policy "connect: {allow: [KILL], seccomp: none}"
  run docker exec --privileged connect true
  assert_has "$output" "connect.privileged"
  policy "connect: {inject: false}"
  docker exec -d connect sleep 206
  assert_reduced connect "sleep 206"
  remove connect
}

@test "connect: privileged clamp, allow and inject are followed by the next exec" {
  over_both connect_is_followed
}

terminals_alone_are_reduced() {
  local from
  policed_over "$runtime"
  policy "connect: {match: terminal}"
  start match "$policed"
  from=$(next_record)
  docker exec -d match sleep 207
  assert_eq "without a terminal" \
    "$(state "$DOCKER_DEFAULT" "$DOCKER_DEFAULT" 0 2)" \
    "$(state_of "$(pid_in match "sleep 207")")"
  docker exec -dt match sleep 208
  assert_reduced match "sleep 208"
  run docker exec -t --privileged match true
  assert_has "$output" "connect.privileged"
  assert_eq "records" "false left
true started
true refused" "$(records_from "$from" | jq -r '"\(.terminal) \(.decision)"')"
  remove match
}

@test "connect.match terminal: what has none is left, and the record says so" {
  over_both terminals_alone_are_reduced
}

# exec_directly RUNTIME CONTAINER COMMAND...: as Docker's shim would.
exec_directly() {
  local runtime=$1 container=$2
  shift 2
  "$engines/bin/$runtime" --root "$engines/docker/run/runtime-runc/moby" \
    exec "$(docker inspect --format '{{.Id}}' "$container")" "$@"
}

missing_launcher_is_judged() {
  local from
  policed_over "$runtime"
  policy "connect: {missing: refuse}"
  from=$(next_record)
  run exec_directly "$policed" "$plain" sh -c 'echo RAN'
  assert_eq "exit code" 255 "$status"
  assert_has "$output" doff-runtime: "the launcher is not mounted" \
    "create the container anew" connect.missing
  assert_lacks "$output" RAN
  policy "connect: {missing: clamp}"
  exec_directly "$policed" "$plain" sleep 209 3>&- &
  assert_reduced "$plain" "sleep 209"
  kill -KILL "$(pid_in "$plain" "sleep 209")"
  wait || true
  assert_eq "records" "refused
started" "$(records_from "$from" | jq -r .decision)"
}

@test "connect.missing: a container that plain runc made is refused or clamped" {
  over_both missing_launcher_is_judged
}

# What a container that may mount can do to its launcher.
unmount='umount /dev/.doff'
replace='mkdir /own && mount -t tmpfs own /own && cp /bin/busybox /own/doff &&
  mount --bind /own/doff /dev/.doff &&
  mount -o remount,bind,ro,nosuid,nodev /dev/.doff'

tampering_is_seen() {
  local deed
  policed_over "$runtime"
  for deed in "$unmount" "$replace"; do
    policy "connect: {missing: refuse}"
    start tampered "$policed" --privileged -- "$ENGINE_IMAGE" \
      sh -c "$deed && exec sleep 1001"
    pid_in tampered "sleep 1001" >/dev/null
    run docker exec tampered sh -c 'echo RAN'
    echo "after $deed: $output"
    assert_eq "exit code" 126 "$status"
    assert_has "$output" "the launcher" connect.missing
    assert_lacks "$output" RAN
    policy "connect: {missing: clamp}"
    docker exec -d tampered sleep 211
    assert_eq "by process.json alone" "$(state "$NOTHING" "$NOTHING" 1 0)" \
      "$(state_of "$(pid_in tampered "sleep 211")")"
    remove tampered
  done
}

@test "a launcher that was unmounted, or replaced, counts as none" {
  over_both tampering_is_seen
}

# --- what is broken

# nothing_runs RUNTIME PART...: docker run is refused, shows each PART to the
# person, and nothing runs or has run.
nothing_runs() {
  local runtime=$1 before after
  shift
  before=$(docker ps --quiet)
  run --separate-stderr docker run --name broken --network none \
    --runtime "$runtime" --volume "$BATS_TEST_TMPDIR:/mine" "$ENGINE_IMAGE" \
    sh -c 'echo RAN; touch /mine/ran'
  assert_eq "exit code ($stderr)" 125 "$status"
  assert_eq "stdout" "" "$output"
  assert_has "$stderr" doff-runtime: "$@"
  after=$(docker ps --quiet)
  assert_eq "running containers" "$before" "$after"
  [[ ! -e $BATS_TEST_TMPDIR/ran ]] || fail "the command has run"
  docker rm broken
}

@test "a broken policy: run shows file, line and remedy, and nothing runs" {
  local file=$engines/policy.yaml
  policy "capabilities:" "  drop: [ALL]" "  allow: [SETUID, SETGOD]"
  nothing_runs policed "$file:4:19" SETGOD 'did you mean "SETGID"'
  nothing_runs policed-crun "$file:4:19" SETGOD 'did you mean "SETGID"'
  policy "connect:" "  acept: sealed" "  seccomp: hardend"
  nothing_runs policed "$file:3:3" acept '"accept"' "1 more" "doffctl policy check"
  policy "connect: {"
  nothing_runs policed "$file:3"
  policy
  chmod 666 "$file"
  nothing_runs policed "$file" "writable by others" "chmod go-w"
  rm "$file"
  nothing_runs policed "$file" "is not there" "the setting \`policy\`"
}

@test "a broken setting, no launcher, no runc: the same" {
  policy
  echo "recrod none" >>"$engines/policed.conf"
  nothing_runs policed "$engines/policed.conf:5" recrod "the settings are"
  chmod 666 "$engines/policed.conf"
  nothing_runs policed "$engines/policed.conf" "writable by others" "chmod go-w"
  nothing_runs no-launcher /nowhere/doff "is not there" "the setting \`launcher\`"
  nothing_runs no-runc /nowhere/runc "is not there" "install it" \
    "the setting \`runtime\` in $engines/no-runc.conf"
}

broken_policy_lets_end() {
  local from name
  policed_over "$runtime"
  policy
  start ends "$policed"
  start stops "$policed"
  policy "capabilities: [broken"
  from=$(next_record)
  run docker exec ends sh -c 'echo RAN'
  assert_has "$output" doff-runtime: "$engines/policy.yaml:"
  assert_lacks "$output" RAN
  assert_eq "record" refused "$(records_from "$from" | jq -r .decision)"
  docker pause ends
  docker unpause ends
  assert_has "$(docker top ends)" "sleep 1000"
  timeout 8 "$client" kill ends
  assert_eq "exit code" 137 "$(docker wait ends)"
  timeout 8 "$client" stop --time 0 stops
  docker rm ends stops
}

@test "a broken policy refuses execs, but containers pause, stop, die and go" {
  over_both broken_policy_lets_end
}

@test "a broken setting lets containers die and go" {
  policy
  start dies policed
  echo "recrod none" >>"$engines/policed.conf"
  run docker exec dies sh -c 'echo RAN'
  assert_has "$output" doff-runtime: "$engines/policed.conf:5" recrod
  timeout 8 "$client" kill dies
  docker rm dies
}

# --- the connect record

records_are_whole() {
  local from
  from=$(next_record)
  docker exec -u sandbox "$runtime" sh -c 'true secret'
  run docker exec --privileged "$runtime" sh -c 'true secret'
  run docker exec "$runtime" /nope secret
  script -qec "$client exec -it $runtime id" /dev/null </dev/null >/dev/null
  assert_eq "records" "started sealed 1500 1500 false sh $DOCKER_DEFAULT $NOTHING
refused null 0 0 false sh 0000003f null
refused null 0 0 false /nope $DOCKER_DEFAULT null
started sealed 0 0 true id $DOCKER_DEFAULT $NOTHING" \
    "$(records_from "$from" | jq -r '"\(.decision) \(.verdict) \(.uid) \(.gid)
      \(.terminal) \(.command) \(.before.bounding) \(.after.bounding)"' |
      paste -d ' ' - - | tr -s ' ' | sed 's/ 0000003f[^ ]* / 0000003f /')"
  assert_lacks "$(records_from "$from")" secret
  assert_eq "container" 4 "$(records_from "$from" |
    grep -c "\"container\":\"$(docker inspect --format '{{.Id}}' "$runtime")\"")"
  assert_has "$(records_from "$from" | jq -r 'select(.terminal == false) | .cause')" \
    "connect.privileged" "no such file"
  records_from "$from" | jq -e '(.time | fromdate) > now - 60 and
    (.policy | test("^defaults sha256:[0-9a-f]{64}$"))' >/dev/null
}

@test "each exec leaves one line: who, what, sets, verdict; refused ones too" {
  over_both records_are_whole
}

@test "the record names the policy by file and digest; arguments if asked for" {
  local from
  policy "connect: {accept: sealed}"
  start digest policed
  from=$(next_record)
  docker exec digest true
  policy "connect: {accept: inert}"
  docker exec digest true
  assert_eq "digests" 2 "$(records_from "$from" | jq -r .policy |
    grep "^$engines/policy.yaml sha256:" | sort -u | wc -l)"
  start told told
  docker exec told sh -c 'true told'
  assert_eq "arguments" '["sh","-c","true told"]' \
    "$(records_from $((from + 2)) | jq -c .arguments)"
  remove digest told
}

@test "a full disk for records holds no exec up, and is told in the log" {
  start full no-record
  docker exec -d full sleep 210
  assert_reduced full "sleep 210"
  assert_has "$(<"$(dirname "$(config_of full)")/log.json")" '"level":"warning"' \
    /dev/full "No space left" "not recorded"
  remove full
}
