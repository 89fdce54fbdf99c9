#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # stderr: run --separate-stderr sets it
# shellcheck disable=SC2030,SC2031 # a test is a subshell; run sets them in each
# shellcheck disable=SC2016 # what stands in single quotes is for other shells
# The escape corpus, tests/escape: no family of it gets through doff, and each
# is seen to get through where there is no doff. Whether every family of its
# README.md is accounted for.

setup_file() {
  load lib
  require_root
  need jq runc script bwrap unshare
  scores=$BATS_FILE_TMPDIR/scores
  mkdir "$scores"
  DOFF_ATTACK=$(attack_program) "$e2e/../escape/scoreboard.sh" "$scores" \
    >"$scores/table" 3>&3
  prepared=$(mktemp -d)
  chmod 755 "$prepared"
  cp "$(attack_program)" "$prepared/doff-attack"
  "$prepared/doff-attack" prepare "$prepared/files"
  export scores prepared
}

teardown_file() {
  [[ -z ${prepared-} ]] || rm -r "$prepared"
}

setup() {
  load lib
  require_root
  families=$e2e/../escape/README.md
}

attack_program() {
  realpath "${DOFF_ATTACK:-$e2e/../../build/release/tests/escape/doff-attack}"
}

# verdicts COLUMN: `NUMBER VERDICT`, a line each.
verdicts() {
  jq -r '.families[] | "\(.family) \(.verdict)"' "$scores/$1.json"
}

# all_hold COLUMN [FAMILY VERDICT]: that family apart.
all_hold() {
  assert_eq "families of $1 that do not hold" "${2-}" \
    "$(verdicts "$1" | grep -v ' holds$')"
  assert_eq "families tried" 12 "$(verdicts "$1" | wc -l)"
}

@test "default: no family gets through, but for the calls left to hardened" {
  all_hold doff "9 escapes"
}

@test "hardened: no family gets through" {
  all_hold hardened
}

@test "accept inert without CAP_SETPCAP: no family gets through" {
  all_hold inert "9 escapes"
}

@test "userns, for a user without capabilities: no family gets through" {
  all_hold userns "9 escapes"
}

# What the corpus cannot find where nothing guards would prove nothing.
@test "without doff every family gets through; a launcher is not there" {
  local expected=""
  for family in 1 2 3 4 5 6 7 8 9 10; do expected+="$family escapes"$'\n'; done
  assert_eq "the bare exec" "${expected}12 not tried"$'\n'"14 escapes" \
    "$(verdicts bare)"
}

# Those below need a capability that this container has not got, or a kernel that
# has x32; or they are what shows that something works.
@test "without doff every single attempt gets through, but for these" {
  local held
  held=$(jq -r '.families[].attempts[] | select(.verdict == "holds").name' \
    "$scores/bare.json")
  assert_eq "attempts that fail without doff" "a thread
unshare by the x32 entry
init's, by its file
init's, by pidfd
open_by_handle_at
kexec_load
kexec_file_load
init_module
finit_module
the working directory" "$held"
}

@test "the README's table is what is measured now" {
  local marks=(sed -n '/^| # | attempt/,/^$/p')
  assert_eq "README.md; tests/escape/scoreboard.sh prints it" \
    "$("${marks[@]}" "$scores/table")" \
    "$("${marks[@]}" "$e2e/../../README.md")"
}

# same_verdict WORD...: behind WORD..., nothing gets through either.
same_verdict() {
  run --separate-stderr "$@" "$DOFF" "$prepared/doff-attack" \
    --prepared "$prepared/files" 1 2 3 4 5 6 7 8 14
  assert_eq "exit status ($output$stderr)" 0 "$status"
  assert_eq "the last line" "9 hold, 0 escape, 0 not tried" "${lines[-1]}"
}

readonly APART=(unshare --mount --propagation private)

@test "/proc missing, fake, or of another pid namespace: the same verdict" {
  same_verdict "${APART[@]}" sh -c 'mount -t tmpfs none /proc && exec "$@"' sh
  same_verdict "${APART[@]}" sh -c 'mount -t tmpfs none /proc &&
    mkdir -p /proc/self/ns /proc/1/ns && touch /proc/self/ns/user /proc/1/ns/user &&
    printf "CapBnd:\t%s\nNoNewPrivs:\t0\n" 000001ffffffffff >/proc/self/status &&
    exec "$@"' sh
  same_verdict unshare --pid --fork sh -c '"$@"' sh
}

@test "an attempt that gets through, or is not made, is in the exit status" {
  run --separate-stderr "$prepared/doff-attack" 6
  assert_eq "exit status of one that escapes" 1 "$status"
  assert_has "$output" ESCAPES unshare "it succeeds"
  run --separate-stderr "$DOFF" "$prepared/doff-attack" 1
  assert_eq "exit status without prepared files" 3 "$status"
  assert_has "$output" "not tried" --prepared
  run --separate-stderr "$DOFF" "$prepared/doff-attack" 4 12
  assert_eq "exit status of a family that is not there" 3 "$status"
  assert_has "$output" "1 hold, 0 escape, 1 not tried"
  local wrong
  for wrong in 0 11 26 six --no-such --prepared; do
    run --separate-stderr "$prepared/doff-attack" "$wrong"
    assert_eq "exit status of $wrong" 2 "$status"
    assert_has "$stderr" "'$wrong'" usage
  done
}

@test "a prepared file that runs with more than its caller has only tells" {
  run --separate-stderr setpriv --reuid 4000 --regid 4000 --clear-groups sh -c \
    '"$0" --json 4 | wc -c' "$prepared/files/setuid-root"
  assert_eq "bytes: its ids and sets" 56 "$output"
}

# proven FAMILY: its lines in README.md, each a file and a test's name.
proven() {
  awk -v family="## $1" '/^## / { on = $0 ~ "^" family "[. ]" }
    on && /^- / { print substr($0, 3) }' "$families"
}

@test "all of the 25 families are accounted for, by tests that exist" {
  local family line file name
  for family in {1..25}; do
    [[ -n $(proven "$family") ]] || fail "family $family has nothing"
    while IFS= read -r line; do
      if [[ $line == doff-attack ]]; then
        run "$prepared/doff-attack" --json "$family"
        ((status != 2)) || fail "doff-attack does not know family $family"
        continue
      fi
      file=${line%%: *} name=${line#*: }
      grep -qF "\"$name\"" "$e2e/../$file" ||
        fail "family $family names a test that is not there: $line"
    done < <(proven "$family")
  done
}

@test "each test that SECURITY.md names exists" {
  local line count=0
  while IFS= read -r line; do
    count=$((count + 1))
    grep -qF "\"${line#*: }\"" "$e2e/../${line%%: *}" ||
      fail "SECURITY.md names a test that is not there: $line"
  done < <(sed -nE 's/.*(^- |`)((e2e|fault)\/[^`]*: [^`]*).*/\2/p' \
    "$e2e/../../SECURITY.md")
  ((count > 25)) || fail "SECURITY.md names $count tests"
}
