# shellcheck shell=bash
# doff-runtime called directly, as an engine calls it, in front of runc and of
# crun. Loads all that it is built on.

load lib
load container
load engines
state=$BATS_FILE_TMPDIR/state
FOURTEEN=00000000a80425fb
# Of each test, whose setup loads this: until use_settings, the file's.
settings=""
settings_made=0

# Once a file: the low-level runtimes at a fixed path, settings for each, and
# a root for the containers.
make_fronts() {
  local name
  require_root
  need jq capsh runc crun busybox
  make_runtimes
  shared=$BATS_FILE_TMPDIR/shared
  export shared
  mkdir -p "$state" "$shared" "$BATS_FILE_TMPDIR/low"
  chmod 755 "$shared"
  for name in runc crun; do
    ln -s "$(low_level "$name")" "$BATS_FILE_TMPDIR/low/$name"
  done
  settings_of "$BATS_FILE_TMPDIR/settings"
  json_capabilities "$FOURTEEN" >"$BATS_FILE_TMPDIR/fourteen"
  make_bundle "$BATS_FILE_TMPDIR/template" "$(root_of busybox)" "$FOURTEEN" \
    true false
}

# settings_of DIR LINE...: settings files DIR/runc and DIR/crun with these lines.
settings_of() {
  local dir=$1 name
  shift
  mkdir -p "$dir"
  for name in runc crun; do
    printf '%s\n' "runtime $BATS_FILE_TMPDIR/low/$name" "launcher $DOFF" "$@" \
      >"$dir/$name"
    chmod 644 "$dir/$name"
  done
}

# use_settings LINE...: of the fronts in this test, from here on.
use_settings() {
  settings=$BATS_TEST_TMPDIR/settings$((++settings_made))
  settings_of "$settings" "$@"
}

# use_policy LINE...: the same, with a policy of these lines.
use_policy() {
  use_settings "policy $BATS_TEST_TMPDIR/policy$((settings_made + 1)).yaml"
  printf '%s\n' "version: 1" "$@" \
    >"$BATS_TEST_TMPDIR/policy$settings_made.yaml"
  chmod 644 "$BATS_TEST_TMPDIR/policy$settings_made.yaml"
}

# bare NAME: `words` become doff-runtime in front of NAME, with no options yet.
bare() {
  words=("$DOFF_RUNTIME" --doff-settings
    "${settings:-$BATS_FILE_TMPDIR/settings}/$1")
}

# front NAME WORD...: doff-runtime, in front of NAME. plain: NAME itself. Both
# with the same containers.
front() {
  local words
  bare "$1"
  "${words[@]}" --root "$state" "${@:2}"
}

plain() {
  "$BATS_FILE_TMPDIR/low/$1" --root "$state" "${@:2}"
}

# bundle DIR [JQ_FILTER]: whose process sleeps, with the Fourteen.
bundle() {
  mkdir -p "$1"
  jq "${2-.}" "$BATS_FILE_TMPDIR/template/config.json" >"$1/config.json"
}

# started front|plain NAME ID [JQ_FILTER]: a container in the background, of a
# bundle in $BATS_FILE_TMPDIR/b/ID; its process is in the file `pid` there.
started() {
  local dir=$BATS_FILE_TMPDIR/b/$3
  bundle "$dir" "${4-}"
  "$1" "$2" run --detach --bundle "$dir" --pid-file "$dir/pid" "$3" \
    </dev/null >"$dir/log" 2>&1 3>&- || fail "$2 refused: $(<"$dir/log")"
}

main_of() {
  cat "$BATS_FILE_TMPDIR/b/$1/pid"
}

# remove_containers: all that there are, at once: a runtime can wait a second
# for init to reap what was exec'd.
remove_containers() {
  local each
  for each in "$state"/*/; do
    [[ -d $each ]] || continue
    each=${each%/}
    if [[ -e $each/state.json ]]; then
      plain runc delete --force "${each##*/}" &
    else
      plain crun delete --force "${each##*/}" &
    fi
  done >/dev/null 2>&1 3>&-
  wait
}

# sleeper PID: waits until that process is the command, which is `sleep`.
sleeper() {
  # shellcheck disable=SC2016
  until_true '[ ! -e "/proc/$1" ] || grep -q "^Name:.sleep$" "/proc/$1/status"' \
    "$1"
}

# outside PID: the sets and flags, in one line, as the host's /proc shows them.
outside() {
  awk '/^(Cap...|NoNewPrivs|Seccomp):/ { printf "%s%s %s", gap, $1, $2; gap = " " }' \
    "/proc/$1/status"
}

# seen_sealed WHAT PID [SECCOMP]: five empty sets, no_new_privs, and a filter.
seen_sealed() {
  assert_eq "$1, from outside" "CapInh: $NOTHING CapPrm: $NOTHING \
CapEff: $NOTHING CapBnd: $NOTHING CapAmb: $NOTHING NoNewPrivs: 1 \
Seccomp: ${3-2}" "$(outside "$2")"
}

# attempt WORD...: as `run --separate-stderr`, which would wait for whoever is
# left in the background with the end of its pipe.
attempt() {
  status=0
  "$@" </dev/null >"$BATS_TEST_TMPDIR/attempt.out" \
    2>"$BATS_TEST_TMPDIR/attempt.err" 3>&- || status=$?
  output=$(<"$BATS_TEST_TMPDIR/attempt.out")
  stderr=$(<"$BATS_TEST_TMPDIR/attempt.err")
}

# detached NAME WORD...: an exec of `sleep` in the background. The words are the
# options and the container's id, and `--process FILE` or a command. Sets
# `status`, and `pid`, or `stderr` to why not.
detached() {
  local pid_file=$BATS_TEST_TMPDIR/exec.pid
  rm -f "$pid_file"
  attempt front "$1" exec --detach --pid-file "$pid_file" "${@:2}"
  ((status == 0)) || return 0
  pid=$(<"$pid_file")
  sleeper "$pid"
}

# sealed_exec NAME WORD...: the same is sealed, or, with `seccomp=0` before it,
# reduced by the runtime alone.
sealed_exec() {
  detached "$@"
  assert_eq "status of exec ${*:2} ($1): $stderr" 0 "$status"
  seen_sealed "exec ${*:2} ($1)" "$pid" "${seccomp-2}"
}

# sealed_or_refused SECCOMP NAME STATUS PART WORD...: the same, or refused.
sealed_or_refused() {
  detached "$2" "${@:5}"
  if ((status == 0)); then
    seen_sealed "exec ${*:5} ($2)" "$pid" "$1"
  else
    refused_by "$3" "$4"
  fi
}

# refused_by STATUS PART...: of the command before, by doff-runtime, as `run
# --separate-stderr` ran it; nothing was started.
refused_by() {
  # shellcheck disable=SC2154
  assert_eq "exit status ($stderr)" "$1" "$status"
  # shellcheck disable=SC2154
  assert_eq stdout "" "$output"
  [[ $stderr == "doff-runtime: "* ]] || fail "stderr is: $stderr"
  assert_lacks "$stderr" RAN
  assert_has "$stderr" "${@:2}"
}

# engine_process ARGS_JSON [UID]: a process.json as engines write it.
engine_process() {
  process_json "${2-0}" "$(<"$BATS_FILE_TMPDIR/fourteen")" false false "$1"
}
