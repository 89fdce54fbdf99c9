#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # stderr: run --separate-stderr sets it
# shellcheck disable=SC2030,SC2031 # a test is a subshell; run sets them in each
# doffctl policy: what it says of documents, and whether its schema agrees.

setup_file() {
  load lib
  need jq python3 capsh
}

setup() {
  load lib
  cd "$BATS_TEST_TMPDIR" || return
  profiles=$e2e/../../helper/policy/profiles
}

# document NAME LINE...: a file of them.
document() {
  local name=$1
  shift
  printf '%s\n' "$@" >"$name"
}

# doffctl STATUS ARG...: runs it, and it must end so.
doffctl() {
  local expected=$1
  shift
  run --separate-stderr timeout 20 "$DOFFCTL" "$@"
  assert_eq "exit status ($stderr)" "$expected" "$status"
}

@test "check: a right document is ok, alone or inside OpenShell's" {
  document alone.yaml 'version: 1' 'capabilities: {drop: [ALL]}'
  document inside.yaml 'version: 1' 'landlock: {compatibility: best_effort}' \
    'process: {run_as_user: sandbox}' 'connect: {allow: []}'
  doffctl 0 policy check alone.yaml inside.yaml
  assert_eq stdout $'alone.yaml: ok\ninside.yaml: ok' "$output"
  assert_eq stderr "" "$stderr"
}

@test "check: all that is wrong with every document, each with its place" {
  document right.yaml 'version: 1' 'connect: {}'
  document one.yaml 'version: 1' 'capabilities:' '  drop: [ALL, NET_RAV]' \
    '  alow: [KILL]'
  document two.yaml 'connect: {inject: on}'
  doffctl 1 policy check one.yaml right.yaml two.yaml
  assert_eq stdout "right.yaml: ok" "$output"
  assert_eq stderr "\
one.yaml:3:15: capabilities.drop \"NET_RAV\": no such capability; did you mean \"NET_RAW\"?
one.yaml:4:3: capabilities \"alow\": no such key; did you mean \"allow\"?
two.yaml:1:1: version: missing; begin with version: 1
two.yaml:1:19: connect.inject \"on\": not true or false" "$stderr"
}

@test "check: a file that can't be read is no answer" {
  document wrong.yaml 'version: 2' 'connect: {}'
  doffctl 2 policy check ./absent.yaml wrong.yaml
  assert_has "$stderr" 'doffctl: opening "./absent.yaml": No such file' \
    wrong.yaml:1:10
  doffctl 2 policy check .
  assert_has "$stderr" "not a regular file or a pipe"
  doffctl 2 policy check
  assert_has "$stderr" "FILE is required"
}

@test "check: more than 4 MiB is not read, and pipes are" {
  { echo 'version: 1' && echo 'connect: {}' && head -c 4194304 /dev/zero |
    tr '\0' '#'; } >big.yaml
  doffctl 2 policy check big.yaml
  assert_has "$stderr" big.yaml 4194304
  run --separate-stderr "$DOFFCTL" policy check - <<<'version: 3'
  assert_eq "exit status" 1 "$status"
  assert_has "$stderr" 'stdin:1:10: version "3"'
  run bash -c '"$1" policy check <(sleep 0.2; echo "version: 3")' - "$DOFFCTL"
  assert_eq "exit status" 1 "$status"
}

@test "check: names of files and values can't act on a terminal" {
  document $'a\e[2J.yaml' 'version: 1' 'connect: {"\e]0;x\a": 1}'
  doffctl 1 policy check $'a\e[2J.yaml'
  assert_has "$stderr" 'a\u001b[2J.yaml:2:11: connect "\u001b]0;x\u0007"'
  assert_lacks "$stderr" $'\e'
}

@test "check: what reads otherwise than it parses is refused" {
  document escape.yaml 'version: 1' 'connect: {"allo\x77": ["\x53YS_ADMIN"]}'
  document tag.yaml 'version: 1' 'connect: {allow: [! SYS_ADMIN]}'
  document return.yaml 'version: 1' $'# \rconnect: {}' 'connect: {allow: [ALL]}'
  document turn.yaml 'version: 1' $'connect: {} # \xe2\x80\xaeLLA'
  doffctl 1 policy check escape.yaml tag.yaml return.yaml turn.yaml
  assert_eq stdout "" "$output"
  assert_eq stderr "\
escape.yaml:2:11: connect \"allow\": written with escapes or line breaks; write it out, without
tag.yaml:2:19: connect.allow \"SYS_ADMIN\": a tag; write it out, without
return.yaml:2:3: YAML: a line break to some readers and not to others
turn.yaml:2:15: YAML: a character that turns the direction of what is shown" "$stderr"
}

@test "check --json: the same for machines" {
  document one.yaml 'version: 1' 'connect: {acept: open}'
  doffctl 1 policy check --json one.yaml
  assert_eq stderr "" "$stderr"
  assert_eq violations '["one.yaml",2,11,"connect","acept","accept"]' \
    "$(jq -c '.[] | [.file, .line, .column, .key, .value, .guess]' <<<"$output")"
  document one.yaml 'version: 1' 'connect: {accept: open}'
  doffctl 0 policy check --json one.yaml
  assert_eq violations "[]" "$output"
}

@test "show: every profile, with what it is for and what it leaves" {
  local file name hex
  doffctl 0 policy show
  for file in "$profiles"/*.yaml; do
    assert_has "$output" "$(basename "$file" .yaml)" \
      "$(sed -n '1s/^# //p' "$file")"
  done
  doffctl 0 policy show --json
  while IFS=' ' read -r name hex; do
    assert_eq "$name" "$(jq -r --arg name "$name" '.[] |
      select(.name == $name) | .left.names | join(",")' <<<"$output")" \
      "$(names_of "$hex" | sed 's/[A-Z_]\+/CAP_&/g')"
  done < <(jq -r '.[] | select(.left.names != []) | .name + " " + .left.hex' \
    <<<"$output")
  assert_eq "what none leaves" "$NOTHING" \
    "$(jq -r '.[] | select(.name == "none") | .left.hex' <<<"$output")"
}

@test "show nemoclaw: none of its ten, and what its entrypoint needs" {
  local left one
  doffctl 0 policy show --json nemoclaw
  left=$(jq -r '.capabilities.left.names[]' <<<"$output")
  for one in "${NEMOCLAW_TEN[@]}"; do
    assert_lacks "$left" "CAP_$one"
  done
  for one in CHOWN FOWNER SETUID SETGID KILL SETPCAP; do
    assert_has "$left" "CAP_$one"
  done
}

@test "show: a document's meaning, with its defaults" {
  document p.yaml 'version: 1' 'capabilities: {drop: [NET_RAW]}' \
    'connect: {accept: inert}'
  doffctl 0 policy show p.yaml
  assert_has "$output" "0000000000002000  NET_RAW" \
    "000001ffffffdfff  all but NET_RAW" "accept      inert" \
    "seccomp     regain" "privileged  refuse" "inject      true" \
    "match       all" "missing     refuse"
  doffctl 0 policy show --json p.yaml
  assert_eq connect \
    '{"allow":{"hex":"0000000000000000","names":[]},"accept":"inert","seccomp":"regain","privileged":"refuse","inject":true,"match":"all","missing":"refuse"}' \
    "$(jq -c .connect <<<"$output")"
}

@test "match: a section for terminals only, and a word that is none" {
  document p.yaml 'version: 1' 'connect: {match: terminal}'
  doffctl 0 policy check p.yaml
  doffctl 0 policy show p.yaml
  assert_has "$output" "match       terminal"
  doffctl 0 policy show --json p.yaml
  assert_eq match terminal "$(jq -r .connect.match <<<"$output")"
  document p.yaml 'version: 1' 'connect: {match: terminals}'
  doffctl 1 policy check p.yaml
  assert_has "$stderr" 'p.yaml:2:18: connect.match "terminals"' \
    'not one of all or terminal; did you mean "terminal"?'
}

@test "show: a profile's name comes before a file, and a wrong one is named" {
  document none 'version: 1' 'connect: {}'
  doffctl 0 policy show none
  assert_has "$output" "profile none"
  doffctl 0 policy show ./none
  assert_has "$output" ./none "nothing is changed"
  doffctl 2 policy show nemoclow
  assert_has "$stderr" nemoclow 'did you mean "nemoclaw"?'
  doffctl 2 policy show ./absent
  assert_has "$stderr" "No such file"
}

# judged ANSWER FILE...: the schema's, for each.
judged() {
  local expected=$1
  shift
  "$DOFFCTL" policy schema >schema.json
  assert_eq schema "$(printf "%s: $expected\n" "$@")" \
    "$(/usr/bin/python3 "$e2e/schema.py" schema.json "$@")"
}

@test "schema: what ships, and every spelling, is valid" {
  document spellings.yaml 'version: 1' \
    'capabilities: {drop: [all, cap_kill], allow: [CAP_CHOWN, net_Raw]}' \
    'connect: {allow: [ALL], accept: inert, seccomp: none, inject: false,' \
    '  privileged: clamp, match: terminal}' 'landlock: {whatever: [1, 2]}'
  doffctl 0 policy check spellings.yaml "$profiles"/*.yaml
  judged yes spellings.yaml "$profiles"/*.yaml
}

@test "schema: what it refuses, check refuses, and as far as it can the rest" {
  local i=0 lines files=()
  while IFS= read -r lines; do
    i=$((i + 1))
    files+=("$i.yaml")
    echo "$lines" >"$i.yaml"
    doffctl 1 policy check "$i.yaml"
  done <<'DOCUMENTS'
{connect: {}}
{version: 1}
{version: "1", connect: {}}
{version: 2, connect: {}}
{version: 1, conect: {}, connect: {}}
{version: 1, connect: }
{version: 1, connect: []}
{version: 1, connect: {acept: sealed}}
{version: 1, connect: {accept: Sealed}}
{version: 1, connect: {seccomp: own.bpf}}
{version: 1, connect: {privileged: allow}}
{version: 1, connect: {match: terminals}}
{version: 1, connect: {inject: "true"}}
{version: 1, connect: {inject: yes}}
{version: 1, connect: {allow: ALL}}
{version: 1, connect: {allow: [13]}}
{version: 1, connect: {allow: [NET_RAV]}}
{version: 1, connect: {allow: [KILL, KILL]}}
{version: 1, connect: {allow: [CAP_ALL]}}
{version: 1, capabilities: {}}
{version: 1, capabilities: {drop: }}
{version: 1, capabilities: {drop: []}}
{version: 1, capabilities: {drop: [ALL], add: [KILL]}}
{version: 1, capabilities: {allow: [KILL]}}
{version: 1, capabilities: {drop: [CHOWN], allow: [KILL]}}
{version: 1, capabilities: {drop: [ALL], allow: [ALL]}}
[version]
DOCUMENTS
  assert_eq documents 27 "${#files[@]}"
  judged no "${files[@]}"
}

@test "schema: it names every capability that the machine's libcap knows" {
  local schema number=0 name
  schema=$("$DOFFCTL" policy schema)
  while name=$(capsh --decode="$(printf %x $((1 << number)))") &&
    [[ $name == *=cap_* ]]; do
    name=${name#*=cap_}
    jq -e --arg name "${name^^}" '.definitions.capability.anyOf[0].enum |
      index($name)' <<<"$schema" >/dev/null || fail "no ${name^^}"
    number=$((number + 1))
  done
  ((number >= 41)) || fail "capsh knows only $number"
}
