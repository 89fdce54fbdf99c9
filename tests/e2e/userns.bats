#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # stderr: run --separate-stderr sets it
# shellcheck disable=SC2030,SC2031 # a test is a subshell; run sets them in each
# shellcheck disable=SC2016 # what stands in single quotes is for other shells
# --userns: sealed without any privilege, what it costs, and what it says where
# it cannot be had.

setup_file() {
  load lib
  require_root
  need capsh jq setpriv unshare
  # A user's own copy, in a directory that he may enter and write.
  home=$(mktemp -d)
  cp "$DOFF" "$home/doff"
  cp "$(compiled answer)" "$home/answer"
  chmod 755 "$home/doff"
  chown 4000:4000 "$home"
  export home
}

teardown_file() {
  [[ -z ${home-} ]] || rm -r "$home"
}

setup() {
  load lib
  require_root
}

# as_user ARG...: doff ARG... as a user without privileges, in two more groups.
as_user() {
  run --separate-stderr setpriv --reuid 4000 --regid 4000 --groups 4000,24,25 \
    "$home/doff" "$@"
}

readonly SETS=(sed -n 's/^\(Cap...\|NoNewPrivs\|Seccomp\):\t//p'
  /proc/self/status)

@test "a user without privileges is sealed, and reads nothing of it" {
  local way
  for way in auto always; do
    as_user --userns "$way" "${SETS[@]}"
    assert_eq "exit status ($stderr)" 0 "$status"
    assert_eq stderr "" "$stderr"
    assert_eq "five sets, no_new_privs, Seccomp" \
      "$NOTHING $NOTHING $NOTHING $NOTHING $NOTHING 1 2" "${output//$'\n'/ }"
  done
}

@test "without it the same user is refused, and told of it" {
  as_user "${RAN[@]}"
  refused "CapBnd holds" "inert, not sealed" "--userns auto"
}

@test "from outside: the user's own ids alone are mapped, no further ones" {
  setpriv --reuid 4000 --regid 4000 --clear-groups "$home/doff" --userns auto \
    sleep 100 &
  local pid=$!
  timeout 10 sh -c 'until [ "$(cat "/proc/$1/comm" 2>&1)" = sleep ]; do
    sleep 0.02; done' sh "$pid"
  read -ra uids <"/proc/$pid/uid_map"
  read -ra gids <"/proc/$pid/gid_map"
  local groups
  groups=$(<"/proc/$pid/setgroups")
  local limit
  limit=$(nsenter --user --target "$pid" --preserve-credentials \
    cat /proc/sys/user/max_user_namespaces)
  kill "$pid"
  assert_eq "uid_map" "4000 4000 1" "${uids[*]}"
  assert_eq "gid_map" "4000 4000 1" "${gids[*]}"
  assert_eq "setgroups" deny "$groups"
  assert_eq "user.max_user_namespaces inside" 0 "$limit"
}

@test "further user namespaces are closed, without the filter too" {
  as_user --userns auto unshare --user true
  assert_eq "unshare under regain" 1 "$status"
  as_user --userns auto --seccomp none unshare --user true
  assert_eq "unshare without a filter" 1 "$status"
  assert_has "$stderr" "No space left on device"
}

@test "the user's files, groups and terminal go on working" {
  as_user --userns auto sh -c 'echo mine >'"$home"'/file && cat '"$home"'/file'
  assert_eq "a file of one's own ($stderr)" mine "$output"
  assert_eq "its owner" 4000:4000 "$(stat -c %u:%g "$home/file")"
  # A group that the namespace does not map still opens what it opened.
  local shared
  shared=$(mktemp)
  echo shared >"$shared"
  chown 0:24 "$shared"
  chmod 640 "$shared"
  as_user --userns auto cat "$shared"
  rm "$shared"
  assert_eq "a group's file ($stderr)" shared "$output"
  as_user --userns auto id -G
  assert_eq "groups, as id shows them" "4000 65534" \
    "$(tr ' ' '\n' <<<"$output" | sort -n | xargs)"
  run script -qec "setpriv --reuid 4000 --regid 4000 --clear-groups \
    $home/doff --userns auto sh -c 'stty size; [ -t 0 ] && echo terminal'" \
    /dev/null
  assert_has "$output" terminal
}

@test "auto makes none where none is needed" {
  run --separate-stderr "$DOFF" --userns auto --report json --report-fd 1 \
    readlink /proc/self/ns/user
  assert_eq "exit status ($stderr)" 0 "$status"
  assert_eq userns false "$(head -n 1 <<<"$output" | jq .userns)"
  assert_eq namespace "$(readlink /proc/self/ns/user)" \
    "$(tail -n 1 <<<"$output")"
  run --separate-stderr setpriv --bounding-set -all "$DOFF" --userns auto \
    readlink /proc/self/ns/user
  assert_eq "a trimmed container" "$(readlink /proc/self/ns/user)" "$output"
}

@test "the report tells of it, with the groups as they are outside" {
  as_user --userns auto --report json --report-fd 1 true
  assert_eq "userns, verdict" "true sealed" \
    "$(jq -r '"\(.userns) \(.verdict)"' <<<"$output")"
  assert_eq groups "[24,25,4000]" "$(jq -c .after.groups <<<"$output")"
  as_user --userns auto --report human --report-fd 1 true
  assert_has "$output" "userns      entered"
}

@test "root has one too, and needs CAP_SETFCAP for it" {
  run --separate-stderr "$DOFF" --userns always sh -c \
    'read -r inside outside count </proc/self/uid_map
    echo "$inside $outside $count"; id -u'
  assert_eq "uid_map, uid ($stderr)" "0 0 1 0" "${output//$'\n'/ }"
  run --separate-stderr capsh --drop=cap_setfcap -- -c \
    "'$DOFF' --userns always ${RAN[0]} -c 'echo RAN'"
  refused "entering a user namespace '/proc/self/uid_map'" "CAP_SETFCAP"
}

@test "--user comes first, and needs no CAP_SETPCAP then" {
  run --separate-stderr capsh --drop=cap_setpcap -- -c \
    "'$DOFF' --userns auto --user 4000:4000 --groups clear ${SETS[*]@Q}"
  assert_eq "exit status ($stderr)" 0 "$status"
  assert_eq "five sets, no_new_privs, Seccomp" \
    "$NOTHING $NOTHING $NOTHING $NOTHING $NOTHING 1 2" "${output//$'\n'/ }"
}

@test "what is kept is held over the new namespace alone" {
  as_user --userns always --cap-add SYS_ADMIN,NET_RAW --ambient SYS_ADMIN \
    sh -c 'sed -n "s/^Cap[BE].*\t//p" /proc/self/status; hostname doffed'
  assert_eq "CapEff, CapBnd" "0000000000200000 0000000000202000" \
    "${output//$'\n'/ }"
  assert_has "$stderr" "hostname" # not the host's to set
}

# forbids HOW CAUSE: `always` is refused with CAUSE, and so is what `auto`
# comes to; `auto --accept inert` starts, in one line.
forbids() {
  local way=("${@:1:$#-1}") cause=${!#}
  run --separate-stderr "${way[@]}" "$home/doff" --userns always "${RAN[@]}"
  refused "entering a user namespace '" "$cause"
  run --separate-stderr "${way[@]}" "$home/doff" --userns auto "${RAN[@]}"
  refused "inert, not sealed" "no user namespace of its own" "$cause"
  run --separate-stderr "${way[@]}" "$home/doff" --userns auto --accept inert \
    echo started
  assert_eq "auto --accept inert ($stderr)" started "$output"
  assert_eq "lines on stderr" 1 "$(wc -l <<<"$stderr")"
  assert_has "$stderr" "doff: inert: CapBnd holds" "$cause"
}

readonly USER=(setpriv --reuid 4000 --regid 4000 --clear-groups)

@test "forbidden by a filter around doff: said so" {
  # unshare is 272 on x86-64, and answered with EPERM whatever its flags are.
  forbids "${USER[@]}" "$home/answer" unshare=1 -- \
    "denied by a seccomp filter around doff"
}

@test "forbidden by user.max_user_namespaces: said so" {
  forbids "${USER[@]}" unshare --user --map-root-user sh -c '
    echo 0 >/proc/sys/user/max_user_namespaces &&
    exec setpriv --bounding-set -setpcap "$@"' sh \
    "the sysctl user.max_user_namespaces is 0"
}

# bats test_tags=static
@test "forbidden in a chroot: said so" {
  need busybox
  local root=$home/root
  mkdir -p "$root/bin" "$root/proc" "$root/$home"
  cp "$(command -v busybox)" "$root/bin/sh"
  ln -s sh "$root/bin/echo"
  cp "$home/doff" "$root/$home/doff"
  forbids unshare --mount --propagation private sh -c '
    root=$1 && shift && mount -t proc proc "$root/proc" &&
    exec chroot --userspec 4000:4000 --groups "" "$root" "$@"' sh "$root" \
    "the root directory is a chroot"
}

@test "forbidden by a /proc that is missing or read-only: said so" {
  local how
  for how in 'mount -t tmpfs none /proc' \
    'mount -o remount,ro,bind /proc /proc'; do
    run --separate-stderr unshare --mount --propagation private sh -c "
      mount --bind /proc /proc && $how && exec ${USER[*]@Q} '$home/doff' \
        --userns always echo RAN"
    refused "entering a user namespace '"
  done
}

@test "a filter that says yes and makes none: found, and nothing is written" {
  local before
  before=$(</proc/sys/user/max_user_namespaces)
  run --separate-stderr "$home/answer" unshare=0 -- \
    "$home/doff" --userns always "${RAN[@]}"
  refused "entering a user namespace 'unshare(CLONE_NEWUSER)'" \
    "it reported success, but the kernel disagrees"
  assert_eq "this machine's limit" "$before" \
    "$(</proc/sys/user/max_user_namespaces)"
}

# Whoever has the same user outside owns the namespace, and could trace a
# process in it that is dumpable.
@test "who holds capabilities in there is never dumpable; who is, is confined" {
  need strace
  local trace=$BATS_TEST_TMPDIR/trace
  strace -v -f -o "$trace" "${USER[@]}" "$home/doff" --userns always /bin/true
  local first
  first=$(head -n 1 "$trace" | cut -d' ' -f1)
  assert_lacks "$(grep "^$first " "$trace")" SUID_DUMP_USER
  run awk -v first="$first" '$1 != first' "$trace"
  local filter dumpable
  filter=$(grep -n 'SECCOMP_SET_MODE_FILTER.* = 0' <<<"$output" | cut -d: -f1)
  dumpable=$(grep -n SUID_DUMP_USER <<<"$output" | cut -d: -f1)
  ((filter < dumpable)) || fail "$output"
  assert_has "$(sed -n "1,${filter}p" <<<"$output")" \
    "PR_CAPBSET_DROP, CAP_CHOWN)" "PR_CAPBSET_DROP, CAP_CHECKPOINT_RESTORE)" \
    'capset({version=_LINUX_CAPABILITY_VERSION_3, pid=0}, {effective=1<<CAP_SYS_ADMIN, permitted=1<<CAP_SYS_ADMIN, inheritable=0})'
  assert_has "$(sed -n "${filter}p" <<<"$output")" \
    "SECCOMP_RET_ALLOW), BPF_STMT(BPF_RET|BPF_K, SECCOMP_RET_KILL_PROCESS)]"
  assert_has "$(tail -n 1 <<<"$output")" "killed by SIGKILL"
}

@test "a namespace that cannot be entered leaves nothing behind" {
  run --separate-stderr "${USER[@]}" "$home/answer" unshare=1 -- \
    "$home/doff" --userns auto --accept inert sh -c \
    'readlink /proc/self/ns/user; cat /proc/self/uid_map'
  assert_eq "the namespace" "$(readlink /proc/self/ns/user)" \
    "$(head -n 1 <<<"$output")"
}
