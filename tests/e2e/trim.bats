#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2030,SC2031 # each test has its own
# doffctl trim on real specs: what runc and crun make of the result, what it
# leaves alone, and what is there when it fails or is killed.

setup_file() {
  load lib
  load container
  require_root
  need jq capsh strace patch python3
  make_runtimes
  root_of busybox >/dev/null
  shared=$BATS_FILE_TMPDIR/shared
  mkdir -p "$shared"
  export shared
}

setup() {
  load lib
  load container
  require_root
  cd "$BATS_TEST_TMPDIR" || return
  containers=()
}

teardown() {
  local each
  for each in "${containers[@]}"; do
    runtime "${each%%:*}" delete --force "${each#*:}" || true
  done 2>/dev/null
}

fourteen=00000000a80425fb

spec() {
  rm -f config.json
  runtime runc spec
}

# said STATUS PART...: of the command before, as `run --separate-stderr` ran
# it; nothing went to stdout.
said() {
  local expected=$1
  shift
  # shellcheck disable=SC2154
  assert_eq "exit status ($stderr)" "$expected" "$status"
  # shellcheck disable=SC2154
  assert_eq stdout "" "$output"
  [[ $stderr == "doffctl: "* ]] || fail "stderr is: $stderr"
  assert_has "$stderr" "$@"
}

# sets_of PID: as doffctl prints them.
sets_of() {
  local name
  for name in Bnd Prm Eff Inh Amb; do
    field "Cap$name" "/proc/$1/status"
  done
}

# plan RUNTIME UID OPTION...: a container of Docker's fourteen, trimmed, holds
# what doffctl says that it holds, as seen from outside.
plan() {
  local name=$1 uid=$2 id=trim$BATS_TEST_NUMBER-${#containers[@]}-$$ report
  shift 2
  make_bundle "$id" "$(root_of busybox)" "$fourteen" true false
  # Only what is ambient outlives the execve of a user other than root.
  if ((uid != 0)); then
    jq --argjson uid "$uid" '.process |= (.user.uid = $uid
      | .capabilities |= (.inheritable = .bounding | .ambient = .bounding))' \
      "$id/config.json" >config.json
    mv config.json "$id/config.json"
  fi
  report=$("$DOFFCTL" trim --json "$@" "$id/config.json")
  containers+=("$name:$id")
  "$BATS_RUN_TMPDIR/runtime/$name" run --bundle "$id" --detach \
    --pid-file "$PWD/$id.pid" "$id" </dev/null >"$id.out" 2>&1 3>&- ||
    fail "$name refused: $(<"$id.out")"
  assert_eq "$name, uid $uid, $*" \
    "$(jq -r '.after | .bounding, .permitted, .effective, .inheritable,
      .ambient | .hex' <<<"$report")" "$(sets_of "$(<"$id.pid")")"
}

plans() {
  plan "$1" 0 --cap-drop ALL
  plan "$1" 0 --cap-drop ALL --cap-add setuid,CAP_SETGID
  plan "$1" 0 --cap-drop NET_RAW --cap-drop MKNOD
  plan "$1" 0 --profile nemoclaw
  plan "$1" 0 --semantics podman
  plan "$1" 0 --cap-add SYS_PTRACE --allow-widen
  plan "$1" 1000 --cap-drop ALL --cap-add CHOWN,KILL
  plan "$1" 1000 --cap-drop ALL
  plan "$1" 1000 --cap-drop FOWNER
}

@test "runc gives a container what doffctl said" {
  plans runc
}

@test "crun gives a container what doffctl said" {
  plans crun
}

@test "an exec has what its trimmed process.json says" {
  local name unstated id=exec$$
  for name in runc crun; do
    containers+=("$name:$id")
    make_bundle "$id" "$(root_of busybox)" "$fourteen" true false
    "$BATS_RUN_TMPDIR/runtime/$name" run --bundle "$id" --detach "$id" \
      </dev/null >out 2>&1 3>&- || fail "$name refused: $(<out)"
    process_json 0 "$(json_capabilities "$fourteen")" false false \
      '"grep","Cap","/proc/self/status"' >process.json
    "$DOFFCTL" trim --cap-drop ALL --cap-add KILL,CHOWN process.json 2>/dev/null
    run -0 runtime "$name" exec --process process.json "$id"
    assert_has "$output" $'CapBnd:\t0000000000000021' \
      $'CapEff:\t0000000000000021'
    # Without `capabilities`, it would have the container's.
    for unstated in 'del(.capabilities)' '.capabilities = null'; do
      jq "$unstated" process.json >unstated.json
      run -0 runtime "$name" exec --process unstated.json "$id"
      assert_has "$output" $'CapBnd:\t'"$fourteen"
      run -2 "$DOFFCTL" trim --cap-drop SYS_ADMIN unstated.json
      "$DOFFCTL" trim --cap-drop ALL unstated.json 2>/dev/null
      run -0 runtime "$name" exec --process unstated.json "$id"
      assert_has "$output" "$(printf 'CapBnd:\t%s' "$NOTHING")"
    done
    runtime "$name" delete --force "$id"
  done
}

@test "without capabilities, a container has none: nothing to trim" {
  local name id
  make_bundle bundle "$(root_of busybox)" "$fourteen" true false
  jq 'del(.process.capabilities)' bundle/config.json >x
  mv x bundle/config.json
  cp bundle/config.json before
  "$DOFFCTL" trim --cap-drop ALL bundle/config.json
  cmp before bundle/config.json
  for name in runc crun; do
    id=none-$name-$$
    containers+=("$name:$id")
    "$BATS_RUN_TMPDIR/runtime/$name" run --bundle bundle --detach \
      --pid-file "$PWD/pid" "$id" </dev/null >out 2>&1 3>&-
    assert_eq "$name" "$NOTHING" "$(field CapBnd "/proc/$(<pid)/status")"
  done
}

@test "all that is not a set of capabilities is left byte for byte" {
  spec
  # shellcheck disable=SC1003
  sed -i '1a "odd": [123456789012345678901234567890, 1.50e+01, -0,\
    18446744073709551615, "\\u00e9\\\\/"],\r' config.json
  cp config.json before
  "$DOFFCTL" trim --cap-drop KILL config.json 2>/dev/null
  assert_eq "what jq sees" \
    "$(jq -S '.process.capabilities |= map_values(. - ["CAP_KILL"])
      | .process.capabilities.ambient = []' before)" "$(jq -S . config.json)"
  assert_eq "lines added" 1 "$(diff before config.json | grep -c '^> .*\]')"
  run -1 diff <(grep -v CAP_ before) <(grep -v CAP_ config.json)
  assert_lacks "$output" odd 15 18446744073709551615
  cp config.json once
  "$DOFFCTL" trim --cap-drop KILL config.json
  cmp once config.json
}

@test "what is trimmed already is not even written" {
  spec
  "$DOFFCTL" trim --cap-drop ALL config.json 2>/dev/null
  local before
  before=$(stat -c '%i %Z' config.json)
  run --separate-stderr -0 "$DOFFCTL" trim --cap-drop ALL config.json
  assert_eq output "" "$output$stderr"
  assert_eq "inode and time of change" "$before" "$(stat -c '%i %Z' config.json)"
}

@test "a pipe takes and gives a spec" {
  spec
  "$DOFFCTL" trim --cap-drop ALL - <config.json >piped 2>err
  "$DOFFCTL" trim --cap-drop ALL config.json 2>/dev/null
  cmp piped config.json
  assert_has "$(<err)" "stdin: the process starts as uid 0 and loses KILL"
  run --separate-stderr "$DOFFCTL" trim --cap-drop ALL - <<<'{"process":[]}'
  said 2 'stdin:1:12: the spec "process": must be an object'
}

@test "--diff is a patch, --dry-run changes nothing" {
  spec
  cp config.json before
  "$DOFFCTL" trim --cap-drop KILL --diff --dry-run config.json >dry 2>/dev/null
  cmp before config.json
  "$DOFFCTL" trim --cap-drop KILL --diff config.json >wet 2>/dev/null
  cmp dry wet
  assert_eq "the hunks of diff(1)" "$(diff -u before config.json | tail -n +3 |
    grep -c '^[-+@]')" "$(tail -n +3 dry | grep -c '^[-+@]')"
  patch -s before dry
  cmp before config.json
  run -0 "$DOFFCTL" trim --cap-drop ALL --dry-run config.json
  assert_has "$output" "config.json: would change" \
    "bounding     0000000020000400 -> $NOTHING  loses NET_BIND_SERVICE,AUDIT_WRITE"
  cmp before config.json
  run -0 "$DOFFCTL" trim --cap-drop KILL --dry-run --json config.json
  assert_eq JSON "false false 0000000020000400" \
    "$(jq -r '"\(.changed) \(.written) \(.after.bounding.hex)"' <<<"$output")"
  run --separate-stderr -0 "$DOFFCTL" trim --cap-drop ALL --dry-run - \
    <config.json
  assert_has "$output" "stdin: would change"
}

@test "the owner, the mode and the attributes stay" {
  spec
  chown 1234:5678 config.json
  chmod 4640 config.json
  python3 -c 'import os
for name in "user.doff", "trusted.doff":
    os.setxattr("config.json", name, b"kept")'
  "$DOFFCTL" trim --cap-drop ALL config.json 2>/dev/null
  assert_eq "owner and mode" "1234:5678 4640" "$(stat -c '%u:%g %a' config.json)"
  run -0 python3 -c 'import os
for name in "user.doff", "trusted.doff":
    print(os.getxattr("config.json", name).decode())'
  assert_eq attributes $'kept\nkept' "$output"
}

@test "wrong usage and refusals, each with its reason" {
  spec
  cp config.json before
  ln -s config.json soft
  mkdir -p other && cp config.json other/a && ln other/a other/b
  mkfifo fifo
  printf 'version: 1\nconnect:\n  allow: []\n' >connect.yaml
  trim() { run --separate-stderr "$DOFFCTL" trim "$@"; }
  trim config.json
  said 2 "nothing says what to keep"
  trim --cap-drop ALL
  said 2 FILE
  trim --cap-drop ALL config.json other/a
  said 2 other/a
  trim --cap-drop KIL config.json
  said 2 --cap-drop KIL 'did you mean "KILL"?'
  trim --cap-drop 5 config.json
  said 2 "a number" 'did you mean "KILL"?'
  trim --semantics dokcer config.json
  said 2 --semantics dokcer 'did you mean "docker"?'
  trim --profile nemoklaw config.json
  said 2 nemoklaw nemoclaw
  trim --policy connect.yaml config.json
  said 2 --policy connect.yaml "no section \`capabilities\`"
  trim --policy none.yaml config.json
  said 2 none.yaml "No such file"
  trim --policy connect.yaml --profile none config.json
  said 2 --policy --profile
  trim --cap-add SYS_ADMIN config.json
  said 2 'config.json: --cap-add "SYS_ADMIN": not in the' --allow-widen
  trim --semantics podman --cap-add KILL --cap-drop KILL config.json
  said 2 KILL "Podman refuses"
  trim --cap-drop ALL --diff - <config.json
  said 2 --diff --dry-run
  trim --cap-drop ALL --json - <config.json
  said 2 --json --dry-run
  trim --cap-drop ALL soft
  said 2 soft "a symbolic link"
  trim --cap-drop ALL --dry-run soft
  said 2 soft "a symbolic link"
  trim --cap-drop ALL other/a
  said 2 "several hard links"
  trim --cap-drop ALL fifo
  said 2 "not a regular file"
  trim --cap-drop ALL .
  said 2 "not a regular file"
  trim --cap-drop ALL missing.json
  said 2 missing.json "No such file"
  trim --cap-drop ALL connect.yaml
  said 2 "connect.yaml:1:1: the spec: not JSON"
  cmp before config.json
  [[ -L soft ]]
}

# calls: `NAME ORDINAL` of each system call that a trim makes from the opening
# of the file on; the ordinal is among those of the same name.
calls() {
  strace -f -o trace "$DOFFCTL" trim --cap-drop ALL spec/config.json 2>/dev/null
  awk '{ sub(/^[0-9]+ +/, ""); name = $0; sub(/\(.*/, "", name) }
    name !~ /^[a-z]/ { next }
    { count[name]++ }
    /"spec\/"/ { begun = 1 }
    begun { print name, count[name] }' trace
}

# Fresh spec/config.json, and old and new to compare.
make_states() {
  spec
  mkdir -p spec
  mv config.json old
  "$DOFFCTL" trim --cap-drop ALL - <old >new 2>/dev/null
  cp old spec/config.json
}

@test "killed at any system call, it leaves the old or the new file" {
  local name ordinal killed=0 olds=0 news=0
  make_states
  calls >list
  assert_has "$(<list)" "renameat 1" "fsync 2" "exit_group 1"
  while read -r name ordinal; do
    rm -rf spec && mkdir spec && cp -p old spec/config.json
    run strace -f -o /dev/null -e "inject=$name:signal=SIGKILL:when=$ordinal" \
      "$DOFFCTL" trim --cap-drop ALL spec/config.json
    assert_eq "status, killed at $name $ordinal" 137 "$status"
    killed=$((killed + 1))
    if cmp -s old spec/config.json; then
      olds=$((olds + 1))
    else
      cmp new spec/config.json
      news=$((news + 1))
    fi
  done <list
  ((killed > 20 && olds > 10 && news > 3)) ||
    fail "$killed kills: $olds times the old file, $news times the new one"
}

@test "an error of any system call leaves the old file and nothing beside it" {
  local name ordinal error
  make_states
  calls >list
  cp old spec/config.json
  for name in write fsync renameat fchmod fremovexattr flistxattr getrandom; do
    # The first of those that have to do with the file.
    ordinal=$(awk -v name="$name" '$1 == name { print $2; exit }' list)
    for error in ENOSPC EIO EDQUOT EPERM; do
      run --separate-stderr strace -f -o /dev/null \
        -e "inject=$name:error=$error:when=$ordinal" \
        "$DOFFCTL" trim --cap-drop ALL spec/config.json
      said 2 spec/config.json
      cmp old spec/config.json
      assert_eq "left after $error of $name" config.json "$(ls -A spec)"
    done
  done
  # Only the directory could not be synced: the new file is there.
  run --separate-stderr strace -f -o /dev/null -e inject=fsync:error=EIO:when=2 \
    "$DOFFCTL" trim --cap-drop ALL spec/config.json
  said 2 "the file is the new one, but might not outlive a crash"
  cmp new spec/config.json
}

@test "a full file system, and a file that may not grow" {
  make_states
  # shellcheck disable=SC2016
  run --separate-stderr unshare --mount --propagation private sh -c '
    mount -t tmpfs -o size=8k none spec && cp old spec/config.json &&
    head -c 4096 /dev/zero >spec/filler
    "$0" trim --cap-drop ALL spec/config.json
    echo "$?" >status; ls -A spec >left; cp spec/config.json after' "$DOFFCTL"
  assert_has "$stderr" "No space left on device"
  assert_eq "status and files" "2 config.json filler" \
    "$(tr '\n' ' ' <status | cat - left | xargs)"
  cmp old after
  (
    ulimit -f 1
    "$DOFFCTL" trim --cap-drop ALL spec/config.json 2>err
  ) && fail "a limit of 1 KiB did not matter"
  assert_has "$(<err)" "File too large"
  cmp old spec/config.json
}

@test "a directory where nothing may be made" {
  make_states
  # shellcheck disable=SC2016
  run --separate-stderr unshare --mount --propagation private sh -c '
    mount --bind spec spec && mount -o remount,ro,bind spec &&
    exec "$0" trim --cap-drop ALL spec/config.json' "$DOFFCTL"
  said 2 spec/config.json "Read-only file system"
  # A file that is a mount of its own cannot be replaced.
  # shellcheck disable=SC2016
  run --separate-stderr unshare --mount --propagation private sh -c '
    mount --bind spec/config.json spec/config.json &&
    exec "$0" trim --cap-drop ALL spec/config.json' "$DOFFCTL"
  said 2 spec/config.json "busy"
  assert_eq left config.json "$(ls -A spec)"
}
