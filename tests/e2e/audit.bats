#!/usr/bin/env bats
# shellcheck shell=bats
# doffctl audit, held against real processes: in a container, in a user
# namespace, behind doff, and such that come and go.

setup_file() {
  load lib
  load container
  require_root
  need busybox jq capsh pscap unshare setpriv script
  make_runtimes
  make_shared
  root_of busybox >/dev/null
}

setup() {
  load lib
  load container
  require_root
  started=()
  containers=()
}

teardown() {
  local each
  for each in "${started[@]}"; do
    kill -KILL "$each" || continue
    wait "$each" || true
  done 2>/dev/null
  for each in "${containers[@]}"; do
    runtime runc delete --force "$each" || true
  done 2>/dev/null
}

# Waits until what stands behind it is so, while the process pid is there.
await() {
  until "$@"; do
    kill -0 "$pid" || fail "process $pid has ended"
    sleep 0.01
  done
}

# shellcheck disable=SC2317 # await calls them
executed() { [[ $(readlink "/proc/$pid/exe") != "$self" ]]; }
# shellcheck disable=SC2317
asleep() { [[ $(<"/proc/$pid/comm") == sleep ]]; }

# begin COMMAND...: starts it in the background. Sets pid once it is executed.
begin() {
  local self
  self=$(readlink /proc/$BASHPID/exe)
  "$@" 3>&- &
  pid=$!
  started+=("$pid")
  await executed
}

# begin_sleep WRAPPER...: the same, until WRAPPER has executed sleep.
begin_sleep() {
  begin "$@" sleep 1000
  await asleep
}

# begin_container ID BOUNDING_HEX NO_NEW_PRIVS. Sets pid.
begin_container() {
  local bundle=$BATS_TEST_TMPDIR/$1
  make_bundle "$bundle" "$(root_of busybox)" "$2" true "$3"
  runtime runc run --detach --bundle "$bundle" --pid-file "$bundle/pid" "$1" \
    </dev/null >/dev/null 2>&1 3>&-
  containers+=("$1")
  pid=$(<"$bundle/pid")
}

# joined ID COMMAND...: executes COMMAND in the control groups of container ID
# and in everything else of the host's, as nsenter --mount leaves a process.
joined() {
  local id=$1 file files
  shift
  files=$(find /sys/fs/cgroup -path "*$id/cgroup.procs")
  [[ $files ]] || exit 1
  for file in $files; do
    echo "$BASHPID" >"$file"
  done
  exec "$@"
}

# shellcheck disable=SC2317
headless() { [[ $(field State "/proc/$pid/status") == Z* ]]; }

random_id() {
  od -An -N32 -tx1 /dev/urandom | tr -d ' \n'
}

# audit STATUS ARG...: runs doffctl audit, which must exit with STATUS.
audit() {
  local expected=$1
  shift
  run --separate-stderr "$DOFFCTL" audit "$@"
  # shellcheck disable=SC2154
  assert_eq "exit status ($stderr)" "$expected" "$status"
}

# failed ARG... -- PART...: it could not be done, and stderr says so.
failed() {
  local words=()
  while [[ $1 != -- ]]; do
    words+=("$1")
    shift
  done
  shift
  audit 2 "${words[@]}"
  assert_eq stdout "" "$output"
  [[ $stderr == "doffctl: "* ]] || fail "not a message of ours: $stderr"
  assert_has "$stderr" "$@"
}

# of FILTER: what jq makes of the JSON that was printed.
of() {
  jq -r "$1" <<<"$output"
}

@test "a container with Docker's set is found by its id" {
  id=$(random_id)
  begin_container "$id" 00000000a80425fb false
  audit 1 --container "${id:0:12}" --json
  assert_eq processes 1 "$(of length)"
  assert_eq pid "$pid" "$(of '.[0].pid')"
  assert_eq id "$id" "$(of '.[0].container.id')"
  assert_eq "in a container" true "$(of '.[0].in_container')"
  assert_eq verdict open "$(of '.[0].verdict')"
  assert_eq command "sleep 1000" "$(of '.[0].command')"
  for set in Inh Prm Eff Bnd Amb; do
    name=$(jq -rn --arg set $set '{Inh: "inheritable", Prm: "permitted",
      Eff: "effective", Bnd: "bounding", Amb: "ambient"}[$set]')
    assert_eq "$name" "$(field Cap$set "/proc/$pid/status")" "$(of ".[0].$name")"
  done
  assert_eq above "$(names_of 00000000a80425fb)" \
    "$(of '.[0].above | map(ltrimstr("CAP_")) | join(",")')"
}

@test "without options the processes of containers are told, and no others" {
  begin_container "audit-$$-named" 00000000a80425fb true
  inside=$pid
  begin_sleep env
  audit 1 --json
  assert_eq "the container's" 1 "$(of "map(select(.pid == $inside)) | length")"
  assert_eq "the host's" 0 "$(of "map(select(.pid == $pid)) | length")"
  assert_eq "a container without an id of ours" null \
    "$(of ".[] | select(.pid == $inside) | .container")"
  assert_eq "all are in containers" true "$(of 'all(.in_container)')"
}

@test "a container within the policy is not told" {
  id=$(random_id)
  begin_container "$id" 00000000000001c0 true
  cat >"$BATS_TEST_TMPDIR/policy.yaml" <<'POLICY'
version: 1
capabilities:
  drop: [ALL]
  allow: [SETUID, SETGID, SETPCAP]
POLICY
  audit 0 --container "$id" --policy "$BATS_TEST_TMPDIR/policy.yaml"
  assert_has "$output" "nothing above what is allowed"
  sed -i 's/, SETPCAP//' "$BATS_TEST_TMPDIR/policy.yaml"
  audit 1 --container "$id" --policy "$BATS_TEST_TMPDIR/policy.yaml" --json
  assert_eq above CAP_SETPCAP "$(of '.[0].above | join(",")')"
  printf 'version: 1\nconnect:\n  allow: []\n' >"$BATS_TEST_TMPDIR/policy.yaml"
  failed --policy "$BATS_TEST_TMPDIR/policy.yaml" -- "policy.yaml" \
    "without the section \`capabilities\`"
}

@test "a full set in a user namespace below is told as such, and last" {
  begin_sleep env
  here=$pid
  begin_sleep unshare --user --map-root-user
  there=$pid
  audit 1 --pid "$there" --pid "$here" --json
  assert_eq order "$here,$there" "$(of 'map(.pid) | join(",")')"
  assert_eq here own "$(of '.[0].user_namespace')"
  assert_eq there below "$(of '.[1].user_namespace')"
  assert_eq "its set is the larger" true \
    "$(of '.[1].effective >= .[0].effective')"
  audit 1 --pid "$there"
  assert_has "$output" "below"
  assert_has "$stderr" "count only in that user namespace"
}

@test "a user has the name of /etc/passwd, or is a number" {
  local uid name
  for uid in 65534:nobody 4000000000:4000000000; do
    name=${uid#*:}
    begin_sleep setpriv --reuid "${uid%:*}" --clear-groups
    audit 1 --pid "$pid" --json
    assert_eq user "$name" "$(of '.[0].user')"
  done
}

@test "what doff started is sealed, and nothing is above" {
  begin_sleep "$DOFF"
  audit 0 --pid "$pid" --json
  assert_eq verdict sealed "$(of '.[0].verdict')"
  assert_eq above 0 "$(of '.[0].above | length')"
  audit 0 --pid "$pid"
  assert_has "$output" sealed
}

@test "a bounding set that nothing can be got from is inert, and above" {
  begin_sleep setpriv --no-new-privs --reuid 1500 --clear-groups
  audit 1 --pid "$pid" --json
  assert_eq verdict inert "$(of '.[0].verdict')"
  assert_eq effective "$NOTHING" "$(of '.[0].effective')"
  assert_eq uid 1500 "$(of '.[0].uid')"
}

@test "a capability that only a second thread holds is found" {
  program=$(compiled threads)
  begin "$program" "$BATS_TEST_TMPDIR/ready"
  await test -e "$BATS_TEST_TMPDIR/ready"
  assert_eq "the first thread's" "$NOTHING" "$(field CapEff "/proc/$pid/status")"
  audit 1 --pid "$pid" --json
  assert_eq "the process's" "$(field CapEff /proc/self/status)" \
    "$(of '.[0].effective')"
}

@test "a process whose first thread has ended is found" {
  program=$(compiled leaderless)
  id=$(random_id)
  begin_container "$id" 0000000000000000 true
  begin joined "$id" "$program"
  await headless
  for how in "" --all "--container $id" "--pid $pid"; do
    # shellcheck disable=SC2086
    audit 1 $how --json
    one=".[] | select(.pid == $pid)"
    assert_eq "effective with $how" "$(field CapEff /proc/self/status)" \
      "$(of "$one | .effective")"
    assert_eq "verdict with $how" open "$(of "$one | .verdict")"
    assert_eq "container with $how" "$id" "$(of "$one | .container.id")"
    assert_eq "user namespace with $how" own "$(of "$one | .user_namespace")"
    assert_eq "command with $how" "$program" "$(of "$one | .command")"
  done
}

@test "a process of a container is found in the host's mount namespace" {
  id=$(random_id)
  begin_container "$id" 0000000000000000 true
  begin_sleep joined "$id"
  assert_eq mounts "$(readlink /proc/self/ns/mnt)" \
    "$(readlink "/proc/$pid/ns/mnt")"
  for how in "" "--container $id"; do
    # shellcheck disable=SC2086
    audit 1 $how --json
    assert_eq "container with $how" "$id" \
      "$(of ".[] | select(.pid == $pid) | .container.id")"
  done
}

@test "a control group within a container's hides nothing from --container" {
  id=$(random_id)
  other=$(random_id)
  begin_container "$id" 00000000a80425fb true
  # Version 1's cpuset takes no process before it is given processors.
  find /sys/fs/cgroup -path "*$id" -not -path "/sys/fs/cgroup/cpuset*" \
    >"$BATS_TEST_TMPDIR/groups"
  while read -r group; do
    mkdir "$group/docker-$other.scope"
    echo "$pid" >"$group/docker-$other.scope/cgroup.procs"
  done <"$BATS_TEST_TMPDIR/groups"
  assert_has "$(<"/proc/$pid/cgroup")" "$id/docker-$other.scope"
  for asked in "$id" "$other"; do
    audit 1 --container "$asked" --json
    assert_eq "pid with $asked" "$pid" "$(of 'map(.pid) | join(",")')"
    assert_eq "the inner one" "$other" "$(of '.[0].container.id')"
  done
}

@test "--all finds each process that pscap finds" {
  begin_sleep env
  begin_sleep setpriv --reuid 1500 --clear-groups --inh-caps +net_raw \
    --ambient-caps +net_raw
  pscap -a | awk 'NR > 1 { print $2 }' | sort >"$BATS_TEST_TMPDIR/before"
  audit 1 --all --json
  pscap -a | awk 'NR > 1 { print $2 }' | sort >"$BATS_TEST_TMPDIR/after"
  of '.[] | select(.permitted != "0000000000000000") | .pid' | sort \
    >"$BATS_TEST_TMPDIR/ours"
  # Only those that were there all the time can be expected.
  missing=$(comm -12 "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after" |
    comm -23 - "$BATS_TEST_TMPDIR/ours")
  # pscap tells of zombies too.
  for each in $missing; do
    [[ -z $(field VmSize "/proc/$each/status" 2>/dev/null) ]] ||
      fail "not found: $(cat "/proc/$each/status")"
  done
  grep -qx "$pid" "$BATS_TEST_TMPDIR/ours"
  assert_eq "its name" '[sleep]' "$(of ".[] | select(.pid == $pid) | .command")"
  assert_eq ambient NET_RAW \
    "$(names_of "$(of ".[] | select(.pid == $pid) | .ambient")")"
}

@test "--all leaves kernel threads and zombies out" {
  # shellcheck disable=SC2016
  begin_sleep bash -c 'sleep 0 & exec "$@"' bash
  # shellcheck disable=SC2317
  a_zombie() {
    zombie=$(awk -v p="$pid" '$3 == "Z" && $4 == p { print $1 }' \
      /proc/[0-9]*/stat 2>/dev/null)
    [[ $zombie ]]
  }
  await a_zombie
  audit 1 --all --json
  assert_eq kthreadd 0 "$(of 'map(select(.pid == 2)) | length')"
  assert_eq zombie 0 "$(of "map(select(.pid == $zombie)) | length")"
  assert_eq "its parent" 1 "$(of "map(select(.pid == $pid)) | length")"
}

@test "the most dangerous processes come first" {
  begin_sleep env
  audit 1 --all --json
  assert_eq "those of a user namespace below are last" true \
    "$(of 'map(.user_namespace == "below") | . == sort')"
  assert_eq "open before inert, within a kind of namespace" true \
    "$(of 'map(select(.user_namespace != "below") | .verdict == "inert")
      | . == sort')"
  assert_eq "more effective before none" true \
    "$(of 'map(select(.user_namespace != "below" and .verdict == "open")
      | .effective == "0000000000000000") | . == sort')"
}

@test "processes that vanish meanwhile disturb nothing" {
  begin busybox sh -c 'while :; do true & done'
  for _ in {1..20}; do
    audit 1 --all --json
    assert_eq stderr "" "$stderr"
    jq -e 'all(.pid > 0 and .effective != null)' <<<"$output" >/dev/null
  done
}

@test "a name that would act on a terminal does not" {
  cp "$(command -v sleep)" "$BATS_TEST_TMPDIR/"$'\e[2Jx\n'
  begin env "$BATS_TEST_TMPDIR/"$'\e[2Jx\n' 1000
  audit 1 --pid "$pid"
  assert_lacks "$output" $'\e'
  assert_has "$output" '\u001b[2Jx\u000a 1000'
  assert_eq lines 2 "${#lines[@]}"
}

@test "JSON is of ASCII alone, and true to the command" {
  word=$'a\x7fb\xc2\x9b2J\xc3\xa9'
  begin busybox sh -c 'sleep 1000; :' "$word"
  audit 1 --pid "$pid" --json
  assert_has "$output" 'a\u007fb\u009b2J\u00e9'
  assert_eq "bytes beyond" "" "$(LC_ALL=C tr -d '\n -~' <<<"$output")"
  assert_has "$(of '.[0].command')" "$word"
}

@test "colour and cutting are for a terminal only" {
  begin sleep {1000..1080}
  audit 1 --pid "$pid"
  assert_lacks "$output" $'\e'
  assert_has "$output" "1079 1080"
  on_terminal() {
    script -qec "stty cols 130; $* $DOFFCTL audit --pid $pid" /dev/null \
      </dev/null | tr -d '\r'
  }
  shown=$(on_terminal)
  assert_has "$shown" $'\e[31m' $'\e[0m' "sleep 1000" "..."
  longest=$(printf '%s\n' "$shown" | sed 's/\x1b\[[0-9]*m//g' |
    wc --max-line-length)
  assert_eq "columns" 130 "$longest"
  assert_lacks "$(on_terminal NO_COLOR=1)" $'\e'
}

@test "who may not read a process is told so" {
  begin_sleep env
  mkdir -p "$BATS_TEST_TMPDIR/bin"
  cp "$DOFFCTL" "$BATS_TEST_TMPDIR/bin/doffctl"
  chmod 755 "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/bin"
  # In a mount namespace whose /proc hides what others' processes hold.
  run --separate-stderr unshare --mount --propagation private sh -c '
    mount -o remount,hidepid=1 /proc 2>/dev/null ||
      mount -t proc -o hidepid=1 proc /proc
    cd / && exec setpriv --reuid 1500 --regid 1500 --clear-groups \
      --bounding-set=-all "$@"' sh \
    /proc/self/fd/4 audit --pid "$pid" 4<"$BATS_TEST_TMPDIR/bin/doffctl"
  assert_eq "exit status ($stderr)" 2 "$status"
  assert_has "$stderr" "$pid" "may not be read" "run doffctl as root"
}

@test "wrong input is refused, with what to do" {
  failed --pid 4194304 -- "4194304" "no such process"
  failed --pid x -- '--pid "x"' "not the number of a process"
  failed --pid 0 -- "not the number of a process"
  failed --pid -1 -- "--pid"
  failed --container zz -- '--container "zz"' "not the beginning"
  failed --container "" -- "--container" "the value is empty"
  failed --container "$(random_id)" -- "no process is in a container"
  failed --all --pid 1 -- "--pid excludes --all"
  failed --all --container a -- "--container excludes --all"
  failed --profile nonexistent -- '--profile "nonexistent"' "no such profile"
  failed --policy /nonexistent -- /nonexistent "No such file"
  failed --policy a --profile none -- "excludes"
  failed word -- word
  failed --al -- "--al"
}

@test "an id that begins several containers' ids is refused" {
  begin_container "aaaa$(random_id | cut -c 5-)" 0000000000000080 true
  begin_container "aaaa$(random_id | cut -c 5-)" 0000000000000080 true
  failed --container aaaa -- "several containers" "give more of it"
}
