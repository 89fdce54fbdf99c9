#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # stderr: run --separate-stderr sets it
# shellcheck disable=SC2030,SC2031 # a test is a subshell; run sets them in each
# shellcheck disable=SC2016 # what stands in single quotes is for other shells
# --user: who it becomes, by which files, and that nothing leads back.

setup_file() {
  load lib
  load container
  require_root
  need gcc capsh setpriv strace setcap
  compiled wayback >/dev/null
  make_accounts
  root_of busybox >/dev/null
}

setup() {
  load lib
  load container
  require_root
  accounts=$BATS_FILE_TMPDIR/accounts
  export accounts
  # bats makes its directories for their owner alone; sandbox is to see files.
  public=$(mktemp -d)
  chmod 755 "$public"
  cp "$DOFF" "$public/doff"
}

teardown() {
  rm -rf "$public"
}

# as ARG...: doff ARG... where /etc/passwd and /etc/group are the test's.
as() {
  run --separate-stderr with_accounts "$DOFF" "$@"
}

succeeded() {
  assert_eq "exit status ($stderr)" 0 "$status"
  assert_eq stderr "" "$stderr"
}

ids='s/^\(Uid\|Gid\|Groups\):[ \t]*//p'

show_ids() {
  tr '\t\n' ' ;' <<<"$output" | sed 's/ *; */;/g'
}

sandbox_ids="1500 1500 1500 1500;1500 1500 1500 1500;1500 1605 1644;"

@test "by name: uid, gid, and every group of /etc/group" {
  as --user sandbox sed -n "$ids" /proc/self/status
  succeeded
  assert_eq "ids" "$sandbox_ids" "$(show_ids)"
}

@test "by number: the same, through the entry in /etc/passwd" {
  as --user 1500 sed -n "$ids" /proc/self/status
  succeeded
  assert_eq "ids" "$sandbox_ids" "$(show_ids)"
}

@test "with a group, by name and by number" {
  local group
  for group in video 1644; do
    as --user "sandbox:$group" sed -n "$ids" /proc/self/status
    succeeded
    assert_eq "ids" \
      "1500 1500 1500 1500;1644 1644 1644 1644;1605 1644;" "$(show_ids)"
  done
}

@test "numbers without an entry: that uid, that gid, that group alone" {
  as --user 4000:4001 sed -n "$ids" /proc/self/status
  succeeded
  assert_eq "ids" "4000 4000 4000 4000;4001 4001 4001 4001;4001;" \
    "$(show_ids)"
}

@test "it equals what setpriv --init-groups gives" {
  as --user sandbox id
  succeeded
  assert_eq id "$(with_accounts setpriv --reuid sandbox --regid sandbox \
    --init-groups id)" "$output"
}

@test "--groups keep leaves the caller's, clear leaves none" {
  run --separate-stderr with_accounts setpriv --groups 7,9 \
    "$DOFF" --user sandbox --groups keep sed -n "$ids" /proc/self/status
  succeeded
  assert_eq ids "1500 1500 1500 1500;1500 1500 1500 1500;7 9;" "$(show_ids)"
  run --separate-stderr with_accounts setpriv --groups 7,9 \
    "$DOFF" --user sandbox --groups clear sed -n "$ids" /proc/self/status
  succeeded
  assert_eq ids "1500 1500 1500 1500;1500 1500 1500 1500;" "$(show_ids)"
}

@test "--groups init is the default, and works without --user" {
  as --user sandbox --groups init sed -n "$ids" /proc/self/status
  succeeded
  assert_eq ids "$sandbox_ids" "$(show_ids)"
  run --separate-stderr with_accounts setpriv --groups 7,9 \
    "$DOFF" --groups init sed -n "$ids" /proc/self/status
  succeeded
  assert_eq ids "0 0 0 0;0 0 0 0;0;" "$(show_ids)"
}

@test "a group that denies still denies (mode 0705)" {
  mkdir "$public/denied"
  chgrp 1605 "$public/denied"
  chmod 0705 "$public/denied"
  as --user sandbox ls "$public/denied"
  assert_eq "exit status" 2 "$status"
  assert_has "$stderr" "Permission denied"
  as --user sandbox --groups clear ls "$public/denied"
  assert_eq "cleared, exit status" 0 "$status"
}

@test "without --user, ids and groups stay" {
  run --separate-stderr setpriv --groups 7,9 --reuid 1 --regid 2 \
    --inh-caps +setpcap --ambient-caps +setpcap \
    "$DOFF" sed -n "$ids" /proc/self/status
  succeeded
  assert_eq ids "1 1 1 1;2 2 2 2;7 9;" "$(show_ids)"
}

@test "HOME, USER and LOGNAME are the user's; nothing else changes" {
  run --separate-stderr env -i A=1 USER=root HOME=/root Z=2 HOMER=3 \
    unshare --mount --propagation private sh -c \
    "mount --bind '$accounts/passwd' /etc/passwd && exec '$DOFF' \
      --user sandbox --groups clear /usr/bin/env"
  succeeded
  assert_has "$output" HOME=/home/sandbox USER=sandbox LOGNAME=sandbox A=1 Z=2 \
    HOMER=3
  assert_lacks "$output" =root =/root
  assert_eq "USER, HOME, LOGNAME once each" 3 \
    "$(grep -cE '^(USER|HOME|LOGNAME)=' <<<"$output")"
}

@test "a uid without an entry: HOME is /, USER and LOGNAME are nobody's" {
  run --separate-stderr env -i USER=root LOGNAME=root HOME=/root \
    "$DOFF" --user 4000:4000 /usr/bin/env
  succeeded
  assert_eq environment "HOME=/" "$output"
}

@test "all five sets are empty, none is left for the new user" {
  as --user sandbox sed -n 's/^Cap...:\t//p' /proc/self/status
  succeeded
  assert_eq "sets" "$NOTHING" "$(sort -u <<<"$output")"
}

@test "--ambient gives a kept capability to the new user's command" {
  as --user sandbox --cap-add NET_BIND_SERVICE --ambient NET_BIND_SERVICE \
    sh -c "exec sed -n 's/^Cap...:\t//p' /proc/self/status"
  succeeded
  assert_eq "sets" 0000000000000400 "$(sort -u <<<"$output")"
}

@test "--cap-add without --ambient leaves a new user only the bounding set" {
  as --user sandbox --cap-add NET_BIND_SERVICE \
    sed -n 's/^Cap...:\t//p' /proc/self/status
  succeeded
  assert_eq "Inh Prm Eff Bnd Amb" \
    "$NOTHING $NOTHING $NOTHING 0000000000000400 $NOTHING" "${output//$'\n'/ }"
}

@test "no system call leads back" {
  local wayback
  wayback=$(compiled wayback)
  cp "$wayback" "$public/wayback"
  run "$public/wayback"
  assert_has "$output" setuid setgroups # as root all of them work
  as --user sandbox "$public/wayback"
  succeeded
  assert_eq "what worked" "" "$output"
}

@test "no system call leads back with all capabilities kept" {
  cp "$(compiled wayback)" "$public/wayback"
  as --user sandbox --cap-add ALL "$public/wayback"
  succeeded
  assert_eq "what worked" "" "$output"
}

@test "a setuid-root and a setgid-root program change nothing" {
  cp "$(command -v id)" "$public/id"
  chown 0:0 "$public/id"
  chmod 6755 "$public/id"
  assert_eq "euid without doff" 0 \
    "$(with_accounts setpriv --reuid sandbox --clear-groups "$public/id" -u)"
  as --user sandbox sh -c "$public/id -u; $public/id -g"
  succeeded
  assert_eq "ids" "1500 1500" "${output//$'\n'/ }"
}

@test "a setuid-root shell is nobody's root" {
  cp "$(command -v bash)" "$public/bash"
  chmod 4755 "$public/bash"
  as --user sandbox "$public/bash" -p -c \
    'echo $EUID; sed -n "s/^CapEff:\t//p" /proc/self/status'
  succeeded
  assert_eq "euid, CapEff" "1500 $NOTHING" "${output//$'\n'/ }"
}

@test "su, even to root without a password, does not work" {
  printf 'root::0:0:root:/root:/bin/sh\n' >"$accounts/passwd.new"
  sed 1d "$accounts/passwd" >>"$accounts/passwd.new"
  cat "$accounts/passwd.new" >"$accounts/passwd"
  as --user sandbox su root -c 'echo RAN $(id -u)'
  [[ $status -ne 0 ]] || fail "su worked"
  assert_lacks "$output" "RAN 0"
}

@test "a file with +ep does not run, a file with +ei gains nothing" {
  cp "$(command -v sed)" "$public/ep"
  cp "$(command -v sed)" "$public/ei"
  setcap cap_net_raw+ep "$public/ep" || skip "no file capabilities here"
  setcap cap_net_raw+ei "$public/ei"
  assert_eq "CapEff without doff" 0000000000002000 "$(with_accounts setpriv \
    --reuid sandbox "$public/ep" -n 's/^CapEff:\t//p' /proc/self/status)"
  as --user sandbox "$public/ep" -n 's/^CapEff:\t//p' /proc/self/status
  assert_eq "exit status of +ep" 126 "$status"
  assert_has "$stderr" "Operation not permitted" capabilities
  as --user sandbox sh -c \
    "$public/ei -n 's/^CapEff:\t//p' /proc/self/status"
  assert_eq "CapEff of +ei" "$NOTHING" "$output"
}

@test "a file with +ep gains nothing where the bounding set was kept" {
  cp "$(command -v sed)" "$public/ep"
  setcap cap_net_raw+ep "$public/ep" || skip "no file capabilities here"
  as --user sandbox --cap-add NET_RAW "$public/ep" -n 's/^CapEff:\t//p' \
    /proc/self/status
  assert_eq CapEff "$NOTHING" "$output"
}

# bats test_tags=static
@test "NSS is not asked: the only files opened are passwd and group" {
  with_accounts strace -f -o "$BATS_TEST_TMPDIR/trace" -e trace=%file,socket \
    "$DOFF" --user sandbox --chdir / /bin/true
  sed -n '/execve.*doff/,/execve.*true/p' "$BATS_TEST_TMPDIR/trace" |
    grep -oE 'open(at)?\(.*"[^"]*"' | sed 's/.*"\(.*\)"/\1/' \
    >"$BATS_TEST_TMPDIR/opened"
  assert_eq "opened before the command" "/etc/passwd /etc/group" \
    "$(sort -r "$BATS_TEST_TMPDIR/opened" | tr '\n' ' ' | sed 's/ $//')"
  ! grep -qE 'nsswitch|libnss|socket\(' <(
    sed '/execve.*true/,$d' "$BATS_TEST_TMPDIR/trace"
  ) || fail "$(<"$BATS_TEST_TMPDIR/trace")"
}

@test "an unknown user" {
  as --user sandbocks "${RAN[@]}"
  refused "user 'sandbocks'" "no such user in /etc/passwd" "UID:GID"
}

@test "a part of a name is not the user" {
  local name
  for name in sand sandboxx Sandbox x " sandbox" "sandbox "; do
    as --user "$name" "${RAN[@]}"
    refused "no such user in /etc/passwd"
  done
}

@test "a user whose entry has no readable number" {
  as --user malformed "${RAN[@]}"
  refused "user 'malformed'"
}

@test "an unknown group" {
  as --user sandbox:nogroups "${RAN[@]}"
  refused nogroups "no such group in /etc/group"
}

@test "an empty user, and an empty group" {
  as --user "" "${RAN[@]}"
  refused user "empty"
  as --user sandbox: "${RAN[@]}"
  refused "sandbox:"
  as --user :video "${RAN[@]}"
  refused ":video"
}

@test "numbers that are no ids" {
  local id
  for id in 4294967295 4294967296 99999999999999999999 -1 0x0 1e3; do
    as --user "$id:0" "${RAN[@]}"
    refused "user '$id"
    # Digits alone are no name, whatever /etc/passwd has.
    [[ $id == *[!0-9]* ]] || assert_has "$stderr" "not a user id"
    as --user "0:$id" "${RAN[@]}"
    refused "user '"
  done
}

@test "a uid without an entry and without a group" {
  as --user 4000 "${RAN[@]}"
  refused "user '4000'" "no entry in /etc/passwd" "UID:GID"
}

# bats test_tags=static
@test "/etc/passwd missing: by name refused, by numbers not needed" {
  local root
  root=$BATS_TEST_TMPDIR/root
  cp -a "$(root_of busybox)" "$root"
  rm "$root/etc/passwd"
  cp "$DOFF" "$root/doff"
  run --separate-stderr chroot "$root" /doff --user sandbox "${RAN[@]}"
  refused "user 'sandbox'" "/etc/passwd is missing or empty"
  run --separate-stderr chroot "$root" /doff --user 1500:1500 id -u
  succeeded
  assert_eq uid 1500 "$output"
}

# bats test_tags=static
@test "/etc/group missing: a group by name refused" {
  local root
  root=$BATS_TEST_TMPDIR/root
  cp -a "$(root_of busybox)" "$root"
  rm "$root/etc/group"
  cp "$DOFF" "$root/doff"
  run --separate-stderr chroot "$root" /doff --user sandbox:video "${RAN[@]}"
  refused video "/etc/group is missing or empty"
}

# bats test_tags=static
@test "/etc/passwd that is a directory, a FIFO or not to be read" {
  local root
  root=$BATS_TEST_TMPDIR/root
  cp -a "$(root_of busybox)" "$root"
  cp "$DOFF" "$root/doff"
  rm "$root/etc/passwd"
  mkdir "$root/etc/passwd"
  run --separate-stderr chroot "$root" /doff --user sandbox "${RAN[@]}"
  refused "/etc/passwd" "not a regular file"
  rmdir "$root/etc/passwd"
  mkfifo "$root/etc/passwd"
  run --separate-stderr timeout 10 \
    chroot "$root" /doff --user sandbox "${RAN[@]}"
  refused "/etc/passwd" "not a regular file"
}

@test "CAP_SETUID absent" {
  run --separate-stderr with_accounts setpriv --bounding-set -setuid \
    "$DOFF" --user sandbox "${RAN[@]}"
  refused "the user ids are not those of --user" \
    "CAP_SETUID is not effective"
}

@test "CAP_SETGID absent" {
  run --separate-stderr with_accounts setpriv --bounding-set -setgid \
    "$DOFF" --user sandbox "${RAN[@]}"
  refused "the group ids are not those of --user" \
    "the supplementary groups are not those asked for" \
    "CAP_SETGID is not effective"
}

@test "groups that the user namespace does not map are not known to be right" {
  # All that is shown of them is 65534, and that is what is asked for.
  run --separate-stderr setpriv --reuid 4000 --regid 24 --groups 24 \
    unshare --user "$public/doff" --accept open --groups init "${RAN[@]}"
  refused "the supplementary groups are not those asked for" setgroups
}

@test "a capability that is permitted and not effective still works" {
  cp "$DOFF" "$public/permitted"
  setcap cap_setpcap+p "$public/permitted" || skip "no file capabilities here"
  run --separate-stderr setpriv --reuid 4000 --regid 4000 --clear-groups \
    "$public/permitted" sed -n 's/^CapBnd:\t//p' /proc/self/status
  assert_eq "CapBnd ($stderr)" "$NOTHING" "$output"
}

@test "the user that one is already needs no capability" {
  run --separate-stderr with_accounts setpriv --reuid sandbox --regid sandbox \
    --init-groups --bounding-set -all "$public/doff" --user sandbox id -un
  succeeded
  assert_eq "id -un" sandbox "$output"
}

@test "another user without a capability: refused" {
  run --separate-stderr with_accounts setpriv --reuid sandbox --regid sandbox \
    --init-groups --bounding-set -all "$public/doff" --user 0:0 "${RAN[@]}"
  refused "the user ids are not those of --user" "CAP_SETUID is not effective"
}

@test "each of these has a message of its own" {
  local messages=()
  as --user nobodyknows "${RAN[@]}"
  messages+=("$stderr")
  as --user sandbox:nobodyknows "${RAN[@]}"
  messages+=("$stderr")
  as --user 4000 "${RAN[@]}"
  messages+=("$stderr")
  run --separate-stderr with_accounts setpriv --bounding-set -setuid \
    "$DOFF" --user sandbox "${RAN[@]}"
  messages+=("$stderr")
  run --separate-stderr with_accounts setpriv --bounding-set -setgid \
    "$DOFF" --user sandbox "${RAN[@]}"
  messages+=("$stderr")
  assert_eq "different messages" 5 "$(printf '%s\0' "${messages[@]}" |
    sort -zu | tr -cd '\0' | wc -c)"
}

@test "--ambient of what is not kept, or not held" {
  as --user sandbox --ambient NET_RAW "${RAN[@]}"
  refused ambient "not kept" "--cap-add"
  run --separate-stderr with_accounts setpriv --bounding-set -net_raw \
    "$DOFF" --user sandbox --cap-add NET_RAW --ambient NET_RAW "${RAN[@]}"
  refused "not every --ambient capability is ambient"
}
