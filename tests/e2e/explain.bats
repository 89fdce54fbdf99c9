#!/usr/bin/env bats
# shellcheck shell=bats
# doffctl explain, as a person and as a program reads it.

setup() {
  load lib
  need jq capsh
}

explain() {
  local expected=$1
  shift
  run --separate-stderr "$DOFFCTL" explain "$@"
  # shellcheck disable=SC2154
  assert_eq "exit status ($stderr)" "$expected" "$status"
}

@test "a capability is explained" {
  explain 0 NET_RAW
  assert_has "$output" "CAP_NET_RAW (13): medium danger" permits risk \
    "without it" "default of Docker, containerd's CRI"
  first=$output
  for word in net_raw CAP_NET_RAW cap_Net_Raw 13; do
    explain 0 "$word"
    assert_eq "$word" "$first" "$output"
  done
}

@test "the reported set is decoded as capsh decodes it" {
  explain 0 0x4a82c35fb
  assert_has "$output" "00000004a82c35fb: 18 capabilities" \
    "Docker's default set and NET_ADMIN, SYS_PTRACE, SYS_ADMIN, SYSLOG"
  for set in 0x4a82c35fb 00000004a82c35fb 0xa80425fb 0x1ffffffffff 0x0; do
    explain 0 --json "$set"
    listed=$(jq -r '.sets[0].capabilities | join(",")' <<<"$output")
    assert_eq "$set" "$(capsh --decode="${set#0x}" | sed 's/.*=//')" \
      "${listed,,}"
  done
}

@test "a bit without a name is told" {
  explain 0 0x0004000000000001
  assert_has "$output" "without name 50"
  explain 0 50
  assert_has "$output" "50 (50): high danger" "Unknown"
}

@test "without words every capability has a line" {
  explain 0
  assert_eq lines 42 "${#lines[@]}"
  explain 0 --json
  assert_eq numbers "$(seq -s, 0 40)" \
    "$(jq -r '.capabilities | map(.number) | join(",")' <<<"$output")"
}

@test "rules say what is left, and why" {
  explain 0 --semantics cri --cap-drop ALL --cap-add chown,SYS_ADMIN --json
  assert_eq bounding 0000000000200001 "$(jq -r .bounding <<<"$output")"
  reason() { jq -r --arg n "$1" '.capabilities[] | select(.name == $n)
    | .reason' <<<"$output"; }
  assert_eq CHOWN "kept: --cap-add CHOWN; in the default set of containerd's \
CRI" "$(reason CAP_CHOWN)"
  assert_has "$(reason CAP_SYS_ADMIN)" "kept: --cap-add SYS_ADMIN; not in"
  assert_has "$(reason CAP_KILL)" "dropped: --cap-drop ALL"
  kept=$(jq -r '.capabilities | map(select(.kept) | .name) | join(",")' \
    <<<"$output")
  assert_eq kept CAP_CHOWN,CAP_SYS_ADMIN "$kept"
}

@test "rules may begin with a set, and be asked about one capability" {
  explain 0 --cap-drop NET_RAW 0x4a82c35fb net_raw --json
  assert_eq bounding 00000004a82c15fb "$(jq -r .bounding <<<"$output")"
  assert_eq told 1 "$(jq '.capabilities | length' <<<"$output")"
  explain 0 --cap-drop NET_RAW 0x4a82c35fb net_raw
  assert_has "$output" "bounding 00000004a82c15fb: 00000004a82c35fb, by the" \
    "dropped: --cap-drop NET_RAW; in 00000004a82c35fb"
}

@test "a policy's line is named" {
  printf 'version: 1\ncapabilities:\n  drop: [ALL]\n  allow: [KILL]\n' \
    >"$BATS_TEST_TMPDIR/p.yaml"
  explain 0 --policy "$BATS_TEST_TMPDIR/p.yaml" --json KILL CHOWN
  assert_eq bounding 0000000000000020 "$(jq -r .bounding <<<"$output")"
  assert_has "$output" "p.yaml:4:11: capabilities.allow" \
    "p.yaml:3:10: capabilities.drop ALL"
}

@test "wrong input is refused, with the nearest word" {
  refuse() {
    local part=$1
    shift
    explain 2 "$@"
    assert_eq stdout "" "$output"
    assert_has "$stderr" "doffctl: " "$part"
  }
  refuse 'did you mean "NET_RAW"?' NET_RAWW
  refuse 'did you mean "NET_RAW"?' --cap-add NET_RAWW
  refuse 'did you mean "SYS_ADMIN"?' --cap-drop CAP_SYS_ADMN
  refuse 'explain "64"' 64
  refuse 'explain "0xfg"' 0xfg
  refuse 'did you mean "crio"?' --semantics crioo
  refuse "which Podman refuses" --semantics podman --cap-add ALL --cap-drop ALL
  refuse "rules begin with one set" --cap-drop ALL 0x1 0x2
  refuse '--profile "nonexistent"' --profile nonexistent
  refuse /nonexistent --policy /nonexistent
  refuse --bogus --bogus
}
