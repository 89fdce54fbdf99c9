#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2016,SC2030,SC2031,SC2034,SC2154 # for containers' shells; each test has its own
# Specs that ask doff-runtime for more, several of it at once, kills at any
# moment, and containers without a launcher: refused with the reason or reduced
# all the same, seen from outside. Called directly, in front of runc and crun.

setup_file() {
  load in_front
  need strace nsenter python3
  make_fronts
  started front runc c-runc
  started front crun c-crun
  started plain runc before-runc
  started plain crun before-crun
}

teardown_file() {
  load in_front
  remove_containers
}

setup() {
  load in_front
  require_root
  cd "$BATS_TEST_TMPDIR" || return
  made=0
}

both() {
  local name
  for name in runc crun; do
    "$1" "$name"
  done
}

# --- specs that ask for more

# refused_process PART...: nothing is run of p.json. It does not matter what is
# beneath, which is not even called.
refused_process() {
  run --separate-stderr front runc exec --process p.json c-runc
  refused_by 255 "$@"
}

# clamped_process: p.json starts a process that is sealed.
clamped_process() {
  local name pid
  for name in runc crun; do
    sealed_exec "$name" --process p.json "c-$name"
  done
}

# edited SED_SCRIPT: p.json from what an engine writes.
edited() {
  sed "$1" engine.json >p.json
  ! cmp -s engine.json p.json || fail "the edit does nothing: $1"
}

@test "exec --privileged: refused with the names, and clamped if so told" {
  local all
  all=$(json_capabilities "$(root_bounding)")
  process_json 0 "$all" false false '"sh","-c","echo RAN"' >p.json
  refused_process SYS_ADMIN "does not have" privileged clamp
  process_json 0 "$all" false false '"sleep","1000"' >p.json
  use_policy "connect: {privileged: clamp}"
  clamped_process
}

more_by_option() {
  run --separate-stderr front "$1" exec --cap CAP_SYS_ADMIN "c-$1" echo RAN
  refused_by 255 SYS_ADMIN clamp
  use_policy "connect: {privileged: clamp}"
  local pid
  sealed_exec "$1" --cap CAP_SYS_ADMIN --cap CAP_KILL "c-$1" sleep 1000
  settings=""
}

@test "exec --cap" {
  both more_by_option
}

@test "each set by itself asks for more" {
  local set
  engine_process '"sh","-c","echo RAN"' >engine.json
  for set in bounding permitted effective inheritable ambient; do
    jq --arg set "$set" '.capabilities[$set] += ["CAP_SYS_ADMIN"]' \
      engine.json >p.json
    refused_process SYS_ADMIN
  done
}

# Names that are nothing to one runtime and something to the other.
@test "odd spellings of a capability give nothing" {
  local odd name pid
  engine_process '"sleep","1000"' >engine.json
  for odd in cap_sys_admin SYS_ADMIN 21 'CAP_SYS_ADMIN ' 'CAP_SYS_ADMIN\u0000' \
    'CAP_SYS_ADMIN\u0000X' 'CAP_\u0053YS_ADMIN' 'CAP_\u017FYS_ADMIN' ALL; do
    edited "s|\"CAP_KILL\"|\"$odd\"|g"
    for name in runc crun; do
      sealed_or_refused 2 "$name" 255 "p.json" --process p.json "c-$name"
    done
  done
}

@test "keys that two runtimes read in two ways are refused" {
  engine_process '"sh","-c","echo RAN"' >engine.json
  edited 's/"capabilities"/"Capabilities"/'
  refused_process Capabilities "p.json:"
  edited 's/"bounding"/"BOUNDING"/'
  refused_process BOUNDING
  # U+017F folds to s.
  edited 's/"noNewPrivileges"/"noNewPrivilege\\u017f"/'
  refused_process "p.json:"
  edited 's/"bounding"/"bounding\\u0000"/'
  refused_process "p.json:"
  edited 's/"capabilities"/"capabilities": {}, "capabilities"/'
  refused_process "given twice" capabilities
  edited 's/"bounding"/"bounding": [], "bounding"/'
  refused_process "given twice" bounding
  edited 's/"noNewPrivileges"/"noNewPrivileges": true, "noNewPrivileges"/'
  refused_process "given twice" noNewPrivileges
  edited 's/"args"/"args": ["true"], "args"/'
  refused_process "given twice" args
  edited 's/"user"/"user": {"uid": 1}, "user"/'
  refused_process "given twice" user
}

@test "what is no process is refused with the reason" {
  engine_process '"sh","-c","echo RAN"' >engine.json
  : >p.json
  refused_process p.json "nothing in it"
  echo '{}' >p.json
  refused_process p.json
  echo '[]' >p.json
  refused_process p.json
  head -c 100 engine.json >p.json
  refused_process "p.json:" "not JSON"
  cp "$BATS_FILE_TMPDIR/b/c-runc/config.json" p.json
  refused_process p.json "not a process.json"
  jq '{process: .}' engine.json >p.json
  refused_process p.json "not a process.json"
  for edit in 'del(.args)' '.args = []' '.args = null'; do
    jq "$edit" engine.json >p.json
    refused_process p.json args
  done
  for edit in '.args = "sh"' '.args = {}' '.capabilities = []' \
    '.capabilities.bounding = "CAP_KILL"' '.noNewPrivileges = 0' \
    '.noNewPrivileges = "true"' '.terminal = 1' '.user.uid = -1' \
    '.user.uid = 4294967296' '.user = 0' '.capabilities.bounding = [1]'; do
    jq "$edit" engine.json >p.json
    refused_process p.json
  done
  rm p.json
  refused_process p.json "is not there"
  mkdir p.json
  refused_process p.json
}

@test "no_new_privs, inheritable and ambient sets are never looser" {
  local edit
  engine_process '"sleep","1000"' >engine.json
  for edit in 'del(.noNewPrivileges)' '.noNewPrivileges = null' \
    '.capabilities.inheritable = .capabilities.bounding' \
    '.capabilities |= (.inheritable = .bounding | .ambient = .bounding)'; do
    jq "$edit" engine.json >p.json
    clamped_process
  done
}

# Words that doff(1) would take for its own, and an environment that is none.
@test "arguments and environment cannot speak to the launcher" {
  engine_process '"--cap-add","ALL","sleep","1000"' >p.json
  refused_process --cap-add "not found in \$PATH"
  engine_process '"--","sleep","1000"' >p.json
  refused_process '"--"'
  engine_process '"sleep","1000"' | jq '.env += ["DOFF_ACCEPT=open",
    "LD_PRELOAD=/x.so", "LD_AUDIT=/x.so", "GLIBC_TUNABLES=glibc.malloc=1",
    "PATH=/bin", "DOFF_CONFIG=/tmp/x"]' >p.json
  clamped_process
  # A first word of another name in the directory of the process.
  engine_process '"./sleep","1000"' | jq '.cwd = "/bin"' >p.json
  clamped_process
}

@test "small limits leave the connect sealed or refused" {
  local name limit
  for limit in '"RLIMIT_NOFILE","hard":3,"soft":3' \
    '"RLIMIT_STACK","hard":8192,"soft":8192' \
    '"RLIMIT_AS","hard":1000000,"soft":1000000'; do
    engine_process '"sleep","1000"' |
      jq --argjson limit "{\"type\":$limit}" '.rlimits = [$limit]' >p.json
    for name in runc crun; do
      detached "$name" --process p.json "c-$name"
      # What the launcher refuses has ended.
      ((status != 0)) || [[ ! -e /proc/$pid ]] ||
        seen_sealed "$name $limit" "$pid"
    done
  done
}

# refused_bundle PART...: no container is made of `dir`, whose spec stays.
refused_bundle() {
  local name
  cp dir/config.json config.before
  for name in runc crun; do
    attempt front "$name" create --bundle dir x-refused
    refused_by 1 "$@"
    [[ ! -e $state/x-refused ]] || fail "$name: a container is left"
  done
  cmp config.before dir/config.json
  assert_eq "left in the bundle" config.json "$(ls -A dir)"
}

@test "a config.json that asks in two ways makes no container" {
  bundle dir
  cp dir/config.json whole.json
  sed 's/"capabilities"/"Capabilities"/' whole.json >dir/config.json
  refused_bundle Capabilities dir/config.json:
  sed 's/"process"/"process": {}, "process"/' whole.json >dir/config.json
  refused_bundle "given twice" process
  sed 's/"mounts"/"mounts": [], "mounts"/' whole.json >dir/config.json
  refused_bundle "given twice" mounts
  sed '0,/"noNewPrivileges"/s//"NoNewPrivileges"/' whole.json >dir/config.json
  refused_bundle NoNewPrivileges
  jq '.annotations = {"io.doff.cap-drop": "KIL"}' whole.json >dir/config.json
  refused_bundle io.doff.cap-drop KIL
  jq '.annotations = {"io.doff.profile": "nemoklaw"}' whole.json >dir/config.json
  refused_bundle io.doff.profile nemoklaw nemoclaw
  jq 'del(.process)' whole.json >dir/config.json
  refused_bundle dir/config.json process
  head -c 99 whole.json >dir/config.json
  refused_bundle dir/config.json "not JSON"
  : >dir/config.json
  refused_bundle dir/config.json
}

annotated() {
  local name=$1 id=x-annotated
  use_policy "capabilities: {drop: [NET_RAW]}"
  started front "$name" "$id" '.annotations = {
    "io.doff.cap-drop": "MKNOD,cap_kill", "io.doff.removed": "lies",
    "io.doff.policy": "mine", "io.doff.allow": "ALL", "other": "stays"}'
  # 13: NET_RAW, 27: MKNOD, 5: KILL
  assert_eq "$name" "$(printf %016x \
    $((0x$FOURTEEN & ~(1 << 13 | 1 << 27 | 1 << 5))))" \
    "$(field CapBnd "/proc/$(main_of "$id")/status")"
  run -0 jq -r '.annotations | ."io.doff.removed", .other, ."io.doff.policy"' \
    "$BATS_FILE_TMPDIR/b/$id/config.json"
  assert_eq "$name removed" \
    "CAP_KILL,CAP_NET_RAW,CAP_MKNOD" "${lines[0]}"
  assert_eq other stays "${lines[1]}"
  assert_has "${lines[2]}" policy1.yaml io.doff.cap-drop sha256:
  # What the engine asks for in an exec, it had before: no request for more.
  engine_process '"sleep","1000"' >p.json
  local pid
  sealed_exec "$name" --process p.json "$id"
  # Of a profile's connect and the policy's, the stricter holds.
  plain "$name" delete --force "$id"
  settings=""
  settings_made=0
}

@test "annotations tighten what the policy gives, and never loosen it" {
  both annotated
}

# --- several at once, and kills

two_creates() {
  local name=$1 round each status_
  for round in 1 2 3; do
    rm -rf dir
    bundle dir
    cp dir/config.json old.json
    for each in a b; do
      {
        status_=0
        front "$name" create --bundle dir "x-$each" </dev/null \
          >"$each.log" 2>&1 3>&- || status_=$?
        echo "$status_" >"$each.status"
      } &
    done
    wait
    jq -e '.annotations."io.doff.policy"' dir/config.json >/dev/null
    assert_eq "launchers mounted" 1 \
      "$(jq '[.mounts[] | select(.destination == "/dev/.doff")] | length' \
        dir/config.json)"
    assert_eq "left in the bundle" config.json "$(ls -A dir)"
    for each in a b; do
      if [[ $(<"$each.status") == 0 ]]; then
        assert_has "$(plain "$name" state "x-$each")" io.doff.policy
        plain "$name" delete --force "x-$each"
      else
        [[ ! -e $state/x-$each ]] || plain "$name" delete --force "x-$each"
        [[ -s $each.log ]] || fail "refused without a word"
      fi
    done
  done
}

@test "two creates of one bundle at once" {
  both two_creates
}

# A reader sees the old file or the new one, and an exec that comes too early
# is refused.
create_and_exec() {
  local name=$1 id=x-early round seen
  rm -rf dir
  bundle dir
  cp dir/config.json old.json
  (
    while [[ ! -e stop ]]; do
      cp dir/config.json seen.json && md5sum <seen.json >>seen
      front "$name" exec "$id" sh -c 'grep -E "Cap|NoNew|Seccomp:" \
        /proc/self/status' </dev/null >>early 2>>early.err 3>&- || true
    done
  ) &
  for round in 1 2 3; do
    cp old.json dir/replaced && mv dir/replaced dir/config.json
    front "$name" run --detach --bundle dir "$id" </dev/null >log 2>&1 3>&- ||
      fail "$(<log)"
    front "$name" exec "$id" true </dev/null >log 2>&1 3>&- || fail "$(<log)"
    plain "$name" delete --force "$id"
  done
  touch stop
  wait
  rm stop
  run -0 sort -u seen
  seen=$(md5sum <old.json; md5sum <dir/config.json)
  ! grep -qvxF "$seen" <<<"$output" || fail "a third spec was seen"
  assert_lacks "$(grep -v 'NoNewPrivs:.1$\|Seccomp:.2$' early || true)" \
    NoNew Seccomp
  ! grep Cap early | grep -qv "$NOTHING" || fail "$(<early)"
  rm -f early early.err seen
}

@test "create and exec at once" {
  both create_and_exec
}

many_execs() {
  local each
  engine_process '"sh","-c","cat /proc/self/status; sleep 0.2"' >p.json
  cp p.json before.json
  for each in {1..10}; do
    front "$1" exec --process p.json "c-$1" </dev/null >"$each.out" 2>&1 3>&- &
  done
  wait
  cmp before.json p.json
  for each in {1..10}; do
    assert_eq "$1, exec $each" "5 1 2" "$(grep -c "^Cap.*$NOTHING" \
      "$each.out") $(field NoNewPrivs "$each.out") $(field Seccomp "$each.out")"
  done
}

@test "ten execs at once, by one process file" {
  both many_execs
}

# calls FROM WORD...: `NAME ORDINAL` of each system call of doff-runtime, from
# the first that is an open of FROM to the last before the execve of the
# low-level runtime; the ordinal is among those of the same name.
calls() {
  strace -o trace "${@:2}" >/dev/null 2>&1 </dev/null 3>&- || true
  awk -v from="open(at)?\\(.*\"$1\"" -v low="$BATS_FILE_TMPDIR/low/" '
    { name = $0; sub(/\(.*/, "", name) }
    name !~ /^[a-z]/ { next }
    { count[name]++ }
    $0 ~ from { begun = 1 }
    name == "execve" && index($0, low) { exit }
    begun { print name, count[name] }' trace
}

# killed_at NAME ORDINAL WORD...: nothing is said.
killed_at() {
  status=0
  {
    strace -o /dev/null -e "inject=$1:signal=SIGKILL:when=$2" "${@:3}" \
      >said 2>&1 </dev/null 3>&- || status=$?
  } 2>/dev/null # bash's own word on it
  assert_eq "killed at $1 $2" "137 " "$status $(<said)"
}

@test "killed at any system call of the rewrite: the old spec or the new" {
  local name ordinal old new seen olds=0 news=0 words
  bare runc
  words+=(--root "$state" create --bundle dir x-killed)
  bundle dir
  cp -p dir/config.json old.json
  calls "dir/?" "${words[@]}" >list
  plain runc delete --force x-killed
  old=$(<old.json) new=$(<dir/config.json)
  assert_has "$(<list)" renameat fsync write
  cp -p old.json dir/config.json
  while read -r name ordinal; do
    killed_at "$name" "$ordinal" "${words[@]}"
    [[ ! -e $state/x-killed ]] ||
      fail "killed at $name $ordinal, there is a container"
    seen=$(<dir/config.json)
    if [[ $seen == "$old" ]]; then
      olds=$((olds + 1))
    else
      assert_eq "the spec, killed at $name $ordinal" "$new" "$seen"
      news=$((news + 1))
      cp -p old.json dir/config.json
    fi
  done <list
  ((olds > 8 && news > 0)) || fail "$olds times the old spec, $news times the new"
  # And what is left is no hindrance.
  front runc create --bundle dir x-again </dev/null >log 2>&1 3>&- ||
    fail "$(<log)"
  assert_eq "the spec" "$new" "$(<dir/config.json)"
  plain runc delete --force x-again
}

@test "an error of any system call of the rewrite makes no container" {
  local call ordinal error words
  bare runc
  words+=(--root "$state" create --bundle dir x-error)
  bundle dir
  cp -p dir/config.json old.json
  calls "dir/?" "${words[@]}" >list
  plain runc delete --force x-error
  for call in write fsync renameat fchmod; do
    ordinal=$(awk -v name="$call" '$1 == name { print $2; exit }' list)
    for error in ENOSPC EIO; do
      rm -rf dir && mkdir dir && cp -p old.json dir/config.json
      attempt strace -o /dev/null \
        -e "inject=$call:error=$error:when=$ordinal" "${words[@]}"
      refused_by 1 dir/config.json
      [[ ! -e $state/x-error ]] || fail "$error of $call: there is a container"
      cmp old.json dir/config.json
      assert_eq "left after $error of $call" config.json "$(ls -A dir)"
    done
  done
}

@test "a full disk makes no container, and says why in the engine's log" {
  local words
  bare runc
  bundle old
  attempt unshare --mount --propagation private sh -c '
    mkdir dir && mount -t tmpfs -o size=16k none dir &&
    cp old/config.json dir && head -c 9000 /dev/zero >dir/filler &&
    "$@"; status=$?
    cmp old/config.json dir/config.json || exit 99
    exit "$status"' sh "${words[@]}" --root "$state" --log "$PWD/log" \
    --log-format json create --bundle dir x-full
  refused_by 1 dir/config.json "No space left on device"
  assert_has "$(jq -r 'select(.level == "error").msg' log)" "No space left"
  [[ ! -e $state/x-full ]]
}

@test "killed at any system call of an exec: nothing, or nothing unreduced" {
  local name ordinal words
  bare runc
  words+=(--root "$state" exec --process p.json c-runc)
  engine_process '"sh","-c","cat /proc/self/status"' >p.json
  cp p.json before.json
  calls p.json "${words[@]}" >list
  assert_has "$(<list)" memfd_create write fcntl
  while read -r name ordinal; do
    killed_at "$name" "$ordinal" "${words[@]}"
  done <list
  # Not even an error of one leaves the engine's own process. (musl's open(2)
  # is a fcntl(2) as well, of which it does not look at the answer.)
  for name in memfd_create fcntl write; do
    ordinal=$(awk -v name="$name" '$1 == "memfd_create" { made = 1 }
      made && $1 == name { print $2; exit }' list)
    run --separate-stderr strace -o /dev/null \
      -e "inject=$name:error=EIO:when=$ordinal" "${words[@]}"
    assert_eq "status of $name" 255 "$status"
    assert_eq "output of $name" "" "$output"
    assert_has "$stderr" "doff-runtime: "
  done
  cmp before.json p.json
}

# --- containers without a launcher

# unlaunched NAME ID: an exec is refused with the reason; if the policy says
# so, it is reduced by the runtime alone.
unlaunched() {
  local pid
  engine_process '"sleep","1000"' >p.json
  settings=""
  run --separate-stderr front "$1" exec "$2" echo RAN
  refused_by 255 "launcher" "$2" "connect.missing"
  run --separate-stderr front "$1" exec --process p.json "$2"
  refused_by 255 "connect.missing"
  use_policy "connect: {missing: clamp}"
  seccomp=0 sealed_exec "$1" --process p.json "$2"
  seccomp=0 sealed_exec "$1" "$2" sleep 1000
  use_policy "connect: {inject: false, missing: clamp}"
  seccomp=0 sealed_exec "$1" --process p.json "$2"
  settings=""
}

made_before() {
  unlaunched "$1" "before-$1"
}

@test "a container made before: refused, or clamped by connect.missing" {
  both made_before
}

# with_admin NAME ID SCRIPT: a container whose main process can mount, and does
# this first.
with_admin() {
  started front "$1" "$2" '.process.args = ["sh", "-c",
      '"$(jq -n --arg script "$3" '$script')"']
    | .process.capabilities |= with_entries(
        if .key == "inheritable" or .key == "ambient" then .
        else .value += ["CAP_SYS_ADMIN"] end)'
  until_true 'grep -q "^Name:.sleep" "/proc/$1/status"' "$(main_of "$2")"
}

taken_away() {
  with_admin "$1" "x-umount-$1" 'umount /dev/.doff && exec sleep 1000'
  unlaunched "$1" "x-umount-$1"
  with_admin "$1" "x-cover-$1" \
    'mount -o bind /bin/busybox /dev/.doff && exec sleep 1000'
  unlaunched "$1" "x-cover-$1"
  with_admin "$1" "x-link-$1" 'umount /dev/.doff && rm /dev/.doff &&
    ln -s /bin/busybox /dev/.doff && exec sleep 1000'
  unlaunched "$1" "x-link-$1"
  with_admin "$1" "x-tmpfs-$1" 'mount -t tmpfs none /dev && exec sleep 1000'
  run --separate-stderr front "$1" exec "x-tmpfs-$1" echo RAN
  refused_by 255 connect.missing
}

@test "a launcher that was unmounted or covered from within" {
  both taken_away
}

# What looks like the mount of ours is somebody's program: it gets no more than
# the shell would.
looks_alike() {
  local name=$1 pid
  with_admin "$name" "x-alike-$name" "mount -t tmpfs none /tmp &&
    printf '#!/bin/sh\nexec sleep 1000\n' >/tmp/x && chmod 755 /tmp/x &&
    mount -o bind /tmp/x /dev/.doff &&
    mount -o remount,bind,ro,nosuid,nodev /dev/.doff && exec sleep 1000"
  engine_process '"sleep","1000"' >p.json
  sealed_or_refused 0 "$name" 255 launcher --process p.json "x-alike-$name"
}

@test "a false launcher in the place of ours has five empty sets too" {
  both looks_alike
}

# The mount is of the host's file: who may remount it may write to that.
written_to() {
  local name=$1
  cp "$DOFF" copy
  chmod 755 copy
  DOFF=$PWD/copy use_settings
  with_admin "$name" "x-written-$name" "mount -o remount,bind,rw /dev/.doff &&
    echo x >>/dev/.doff &&
    mount -o remount,bind,ro,nosuid,nodev /dev/.doff && exec sleep 1000"
  until_true '! cmp -s copy "$DOFF"'
  run --separate-stderr front "$name" exec "x-written-$name" true
  refused_by 255 launcher
}

@test "a launcher that was written to from within is refused" {
  both written_to
}

# runc makes labels of annotations, and keeps the bundle's path in one.
forged_bundle() {
  local name=$1 id=x-forged-$1
  mkdir -p forged
  started front "$name" "$id" \
    ".annotations = {bundle: \"$PWD/forged\", \"bundle=$PWD/forged\": \"\"}"
  jq '.process.capabilities[] = ["CAP_KILL", "CAP_SYS_MODULE"]' \
    "$BATS_FILE_TMPDIR/template/config.json" >forged/config.json
  run --separate-stderr front "$name" exec --cap CAP_SYS_MODULE "$id" true
  refused_by 255 SYS_MODULE
  sealed_exec "$name" "$id" sleep 1000
}

@test "an annotation that looks like the bundle's path leads nowhere else" {
  both forged_bundle
}

chrooted() {
  started front "$1" "x-chroot-$1" \
    '.process.args = ["chroot", "/bin", "/busybox", "sleep", "1000"]'
  sealed_exec "$1" "x-chroot-$1" sleep 1000
}

@test "an exec does not depend on where the first process has its root" {
  both chrooted
}

# --- root file systems

# image NAME: a root like the image's, to be changed.
image() {
  rm -rf "$1"
  cp -a "$(root_of busybox)" "$1"
}

# sealed_in NAME JQ_FILTER: a container of that spec, and an exec in it.
sealed_in() {
  local pid id=x-$BATS_TEST_NUMBER-$((++made))
  started front "$1" "$id" "$2"
  sealed_exec "$1" "$id" "${command_[@]}"
}

command_=(sleep 1000)

images() {
  local name=$1 root
  image root
  mkdir -p root/dev
  ln -s "$PWD/victim" root/dev/.doff
  sealed_in "$name" ".root.path = \"$PWD/root\""
  # In /dev of the image itself, where it has no tmpfs of its own.
  root=".root = {path: \"$PWD/root\", readonly: false} | .mounts |=
    map(select(.destination | startswith(\"/dev\") | not))"
  on_image "$name" "$root"
  rm root/dev/.doff
  mkdir root/dev/.doff
  sealed_in "$name" ".root.path = \"$PWD/root\""
  on_image "$name" "$root"
}

# The container is sealed or not made, and nothing appears outside of it.
on_image() {
  local pid id=x-$BATS_TEST_NUMBER-$((++made))
  if (started front "$1" "$id" "$2") 2>started.err; then
    engine_process '"sleep","1000"' >p.json
    sealed_or_refused 2 "$1" 255 launcher --process p.json "$id"
  else
    [[ -s $BATS_FILE_TMPDIR/b/$id/log ]] ||
      fail "refused without a word: $(<started.err)"
  fi
  [[ ! -e victim ]] || fail "a file was made outside of the container"
}

@test "an image that has a link or a directory at dev/.doff" {
  both images
}

taken_places() {
  printf '#!/bin/sh\nexec sleep 999\n' >evil
  chmod 755 evil
  mkdir -p dir-evil
  sealed_in "$1" ".mounts += [{destination: \"/dev/.doff\",
    type: \"bind\", source: \"$PWD/evil\", options: [\"bind\", \"rw\"]}]"
  sealed_in "$1" ".mounts += [{destination: \"/dev/../dev/.doff\",
    type: \"bind\", source: \"$PWD/evil\", options: [\"bind\", \"ro\"]}]"
  sealed_in "$1" '.mounts += [{destination: "/dev/shm/../.doff",
    type: "bind", source: "/proc/version", options: ["bind"]}]'
  on_image "$1" ".mounts += [{destination: \"/dev/.doff\",
    type: \"bind\", source: \"$PWD/dir-evil\", options: [\"bind\"]}]"
  [[ -z $(ls -A dir-evil) ]] || fail "something was made in the mount's source"
}

@test "a spec that mounts something of its own at /dev/.doff" {
  both taken_places
}

roots() {
  local command_
  command_=(sleep 1000)
  sealed_in "$1" '.root.readonly = true'
  sealed_in "$1" '.root.readonly = false'
  sealed_in "$1" '.process.noNewPrivileges = true
    | .process.user = {uid: 1000, gid: 1000}'
  sealed_in "$1" '.process.capabilities |= map_values([])'
  sealed_in "$1" "$(user_namespace 0)"
  # One static program, and nothing else: no shell, no /etc/passwd, no PATH.
  mkdir -p bare
  cp --remove-destination "$(root_of busybox)/bin/busybox" bare/sleep
  command_=(/sleep 1000)
  sealed_in "$1" ".root = {path: \"$PWD/bare\", readonly: false}
    | .process.args = [\"/sleep\", \"1000\"]
    | .process.env = [] | .mounts |= map(select(.destination != \"/e2e\"))"
}

@test "a read-only root, a user namespace, and a root of one static program" {
  both roots
}

# Nobody but the users of the namespace may look into it.
shifted() {
  image shifted-root
  chown -R 100000:100000 shifted-root
  open_way_to "$PWD"
  sealed_in "$1" "$(user_namespace 100000)
    | .root.path = \"$PWD/shifted-root\"
    | .mounts |= map(select(.destination != \"/e2e\"))"
}

@test "a user namespace whose root is nobody on the host" {
  both shifted
}
