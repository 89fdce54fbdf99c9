#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # stderr: run --separate-stderr sets it
# What doffctl says to somebody who types something wrong, or nothing.

setup() {
  load lib
}

# wrong PART... -- WORD...: one line on stderr with every PART, and status 2.
wrong() {
  local parts=()
  while [[ $1 != -- ]]; do
    parts+=("$1")
    shift
  done
  shift
  run --separate-stderr "$DOFFCTL" "$@"
  assert_eq "status ($stderr)" 2 "$status"
  assert_eq stdout "" "$output"
  assert_eq "lines on stderr ($stderr)" 1 "$(wc -l <<<"$stderr")"
  [[ $stderr == "doffctl: "* ]] || fail "$stderr"
  assert_has "$stderr" "${parts[@]}"
}

@test "doffctl alone shows its help on stderr, and fails" {
  run --separate-stderr "$DOFFCTL"
  assert_eq status 2 "$status"
  assert_eq stdout "" "$output"
  assert_has "$stderr" "Usage: doffctl [OPTION...] COMMAND" Commands: minimize
  local asked_for
  asked_for=$("$DOFFCTL" --help)
  assert_eq "as --help" "$asked_for" "$stderr"
}

@test "--help of each command begins with what it does and how to call it" {
  local command
  while read -r command; do
    run --separate-stderr "$DOFFCTL" "$command" --help
    assert_eq "$command" 0 "$status"
    assert_eq "$command, stderr" "" "$stderr"
    [[ ${lines[0]} =~ ^[A-Z].*\.$ ]] || fail "${lines[0]}"
    assert_has "${lines[1]}" "Usage: doffctl $command "
  done < <("$DOFFCTL" --help |
    sed -n '/^Commands:/,/^$/s/^  \([a-z-]\{1,\}\) .*/\1/p')
}

@test "--version" {
  run --separate-stderr "$DOFFCTL" --version
  assert_eq status 0 "$status"
  [[ $output =~ ^doffctl\ [0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "$output"
}

@test "a command mistyped: the nearest is named" {
  wrong minimise "no such command" "did you mean \"minimize\"?" \
    "doffctl --help" -- minimise
  wrong "no such command" -- xyzzy
  wrong "policy \"chekc\"" "did you mean \"check\"?" "doffctl policy --help" \
    -- policy chekc file
}

@test "a group of commands without one: they are listed" {
  wrong "needs a command" check show schema -- policy
}

@test "an option mistyped: the nearest of that command is named" {
  wrong --cap-dorp "no such option" "did you mean \"--cap-drop\"?" \
    "doffctl trim --help" -- trim --cap-dorp ALL config.json
  wrong "\"--cap-dorp\"" "did you mean \"--cap-drop\"?" -- \
    trim --cap-dorp=ALL config.json
  wrong --hlep "did you mean \"--help\"?" -- --hlep
  wrong --runs "no such option" -- trim --runs=3 config.json
}

@test "an option without its value, or given twice" {
  wrong "--semantics needs a value" -- trim config.json --semantics
  wrong "--semantics may be given once" -- \
    trim --semantics cri --semantics cri config.json
}

@test "an empty value, as of a variable that nobody set" {
  local option
  for option in --policy --profile --semantics --cap-add --cap-drop; do
    wrong "$option" empty -- trim --cap-drop NET_RAW "$option" "" config.json
  done
  wrong --policy value -- hook precreate --cap-drop NET_RAW --policy=
  wrong --profile empty -- hook json --cap-drop NET_RAW --profile ""
  wrong --baseline empty -- minimize --baseline "" -- true
  wrong --doff empty -- minimize --doff "" -- true
  wrong FILE empty -- trim --cap-drop ALL ""
}

@test "a word too many, or too few" {
  wrong "\"second\"" "one word too many" -- trim --cap-drop ALL first second
  wrong FILE required -- trim --cap-drop ALL
  wrong "audit \"word\"" "no word here" -- audit word
  wrong "\"--\"" "only \`minimize\` and \`attack\` take a command" -- audit -- true
}

@test "bytes that could act on a terminal are shown, not sent" {
  wrong '\u001b[31m' -- $'\033[31m'
}
