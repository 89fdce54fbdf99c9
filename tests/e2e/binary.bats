#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # stderr: run --separate-stderr sets it
# What the file is, and what it does not look at: no library, no environment,
# no file, before everything has been dropped.

setup_file() {
  load lib
  require_root
  need readelf getcap strace strip nm
}

setup() {
  load lib
  require_root
  export file=$DOFF
}

@test "it is a static executable: no interpreter, no dynamic section" {
  run readelf -lW "$file"
  assert_eq "readelf's exit status" 0 "$status"
  assert_has "$output" LOAD
  assert_lacks "$output" INTERP DYNAMIC
}

@test "its stack is not executable, no segment is written and executed" {
  run readelf -lW "$file"
  assert_has "$(grep GNU_STACK <<<"$output")" "RW "
  assert_lacks "$output" RWE
}

@test "no setuid bit, no setgid bit, no file capabilities" {
  [[ ! -u $file && ! -g $file ]] || fail "$(ls -l "$file")"
  assert_eq "file capabilities" "" "$(getcap "$file")"
}

@test "stripped, it is at most 64 KiB" {
  strip -o "$BATS_TEST_TMPDIR/stripped" "$file"
  local size
  size=$(stat -c %s "$BATS_TEST_TMPDIR/stripped")
  ((size <= 65536)) || fail "$size bytes"
}

@test "nothing in it reads the environment" {
  # The same sources and libc, with symbols: what test.sh builds as debug.
  local symbols=${DOFF_SYMBOLS:-$file}
  if ! nm "$symbols" 2>/dev/null | grep -q ' main$'; then
    skip "without symbols; DOFF_SYMBOLS names a build that has them"
  fi
  # musl has getenv in an object of its own, so the name tells.
  assert_lacks "$(nm "$symbols")" getenv dlopen getpwnam getgrnam
}

# calls ARG...: the calls of `doff ARG... true` before it becomes `true`.
calls() {
  strace -f -o "$BATS_TEST_TMPDIR/trace" "$DOFF" "$@" /bin/true
  sed -n '2,/execve("\/bin\/true"/p' "$BATS_TEST_TMPDIR/trace" |
    sed 's/^[0-9]* *//'
}

@test "without options it opens, reads and looks up nothing" {
  local all forbidden
  all=$(calls)
  assert_has "$all" capset "PR_SET_NO_NEW_PRIVS" 'execve("/bin/true"'
  forbidden='^(open|openat|openat2|read|pread64|readv|stat|newfstatat|statx|access|faccessat2?|readlink(at)?|socket|connect|getdents64|write|fork|vfork|clone)\('
  # The one clone is a probe that the kernel itself would refuse.
  all=$(grep -v '^clone(.*CLONE_FS|CLONE_NEWUSER) = -1 EPERM' <<<"$all")
  ! grep -E "$forbidden" <<<"$all" || fail "$all"
}

@test "with options but without files, neither" {
  local all
  all=$(calls --cap-add CHOWN --groups clear --accept inert --seccomp hardened \
    --pdeathsig KILL)
  ! grep -E '^(open|openat|read|socket)\(' <<<"$all" || fail "$all"
}

@test "the last thing that it does is execve; the filter is loaded before" {
  local all
  all=$(calls)
  assert_has "$(tail -n 1 <<<"$all")" 'execve("/bin/true"'
  local last_drop filter
  last_drop=$(grep -n CAPBSET_DROP <<<"$all" | tail -n 1 | cut -d: -f1)
  filter=$(grep -n SECCOMP_SET_MODE_FILTER <<<"$all" | head -n 1 | cut -d: -f1)
  ((last_drop < filter)) || fail "$all"
}

@test "CAP_SETPCAP is the last that falls from the bounding set" {
  assert_has "$(calls | grep CAPBSET_DROP | tail -n 1)" CAP_SETPCAP
}

@test "while it works, nobody may trace it: dumpable is off from the start" {
  assert_has "$(calls | grep -E '^(prctl|cap|setres|setgroups)' | head -n 1)" \
    "PR_SET_DUMPABLE, SUID_DUMP_DISABLE"
}

@test "a hostile environment makes no difference" {
  local hostile=(LD_PRELOAD=/no/such.so LD_AUDIT=/no/such.so
    LD_LIBRARY_PATH=/no LD_DEBUG=all GLIBC_TUNABLES=glibc.malloc.check=3
    LOCPATH=/no LC_ALL=xx_XX.UTF-8 LANG=xx NLSPATH=/no/%N MUSL_LOCPATH=/no
    HOSTALIASES=/no RESOLV_HOST_CONF=/no MALLOC_TRACE=/no
    DOFF_ACCEPT=open DOFF_SECCOMP=none DOFF_CONFIG=/no DOFF_CAP_ADD=ALL
    DOFF_OPTIONS="--accept open --seccomp none" DOFF_DEBUG=1 ACCEPT=open
    PATH=/no IFS=/ TMPDIR=/no HOME=/no SHELL=/no USER=no POSIXLY_CORRECT=1)
  local arguments
  for arguments in "--dry-run --report json" "--status --report json" \
    "--user 1:1 --dry-run --report json" "--cap-add nothing" "--help"; do
    # shellcheck disable=SC2086 # words
    run --separate-stderr env -i "$DOFF" $arguments
    local clean="$status $output $stderr"
    # shellcheck disable=SC2086 # words
    run --separate-stderr env -i "${hostile[@]}" "$DOFF" $arguments
    assert_eq "doff $arguments" "$clean" "$status $output $stderr"
  done
  strace -o "$BATS_TEST_TMPDIR/clean" env -i "$DOFF" /bin/true
  strace -o "$BATS_TEST_TMPDIR/hostile" env -i "${hostile[@]:4}" "$DOFF" \
    /bin/true
  assert_eq "calls" \
    "$(sed -n '/execve.*doff/,$p' "$BATS_TEST_TMPDIR/clean" | sed 1d |
      sed '/execve/,$d; s/[(].*//')" \
    "$(sed -n '/execve.*doff/,$p' "$BATS_TEST_TMPDIR/hostile" | sed 1d |
      sed '/execve/,$d; s/[(].*//')"
}
