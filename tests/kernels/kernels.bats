#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # said: boot sets it
# doff under other kernels than this machine's, as they come from Debian: what
# `cases` expects, and that the escape corpus holds behind doff and not without.
bats_require_minimum_version 1.5.0

setup() {
  load ../e2e/lib
  load ../e2e/container
  load kernels
  kernel_tools
}

# is_since VERSION: whether the kernel that was booted is that or later.
is_since() {
  sort -CV < <(printf '%s\n' "$1" "$(told guest | cut -d '-' -f 1)")
}

# The verdicts, and the state as the guest's first process reads it.
verdicts_are_as_expected() {
  local name options verdict status text since
  local got_status got_verdict state stderr cases=0
  while IFS='|' read -r name _ options verdict status text since; do
    if [[ $name == '#'* ]] || ! is_since "$since"; then continue; fi
    cases=$((cases + 1))
    IFS='|' read -r got_status got_verdict state stderr < <(told case "$name")
    assert_eq "$name: exit status ($stderr)" "$status" "$got_status"
    assert_eq "$name: verdict ($stderr)" "$verdict" "$got_verdict"
    assert_has "$name: $state $stderr" "$text"
    if ((status == 0)); then
      [[ $options == *--cap-add* ]] || proves "$verdict" "$state" ||
        fail "$name: doff says $verdict, and /proc $state"
      [[ $options == *"--seccomp none"* ]] || assert_has "$name: $state" Seccomp=2
    else
      assert_eq "$name: the state of who was not to start" - "$state"
    fi
  done <"$here/cases"
  ((cases > 15)) || fail "only $cases cases were read"
}

# Without doff, there is something to lose: all the capabilities that the kernel
# has, and a way for each family.
nothing_is_proved_by_nobody() {
  local last all
  last=$(told guest | cut -d '|' -f 3)
  printf -v all %016x $((2 ** (last + 1) - 1))
  assert_has "bare: $(told case bare)" "CapEff=$all CapBnd=$all" NoNewPrivs=0
  assert_eq "families that hold without doff" "" \
    "$(told escape bare | grep -v '|ESCAPES|')"
}

families_hold() {
  local how families
  for how in "${BEHIND_DOFF[@]}"; do
    # 9 is what hardened closes.
    families=$(told escape bare | cut -d '|' -f 1)
    [[ $how == hardened ]] || families=$(grep -vx 9 <<<"$families")
    assert_eq "families, $how" "$families" \
      "$(told escape "$how" | cut -d '|' -f 1)"
    assert_eq "families that do not hold, $how" "" \
      "$(told escape "$how" | grep -v '|holds|')"
  done
}

# under KERNEL
under() {
  boot "$1"
  printf '# %s\n' "$(told guest)" >&3
  nothing_is_proved_by_nobody
  verdicts_are_as_expected
  families_hold
}

@test "Linux 5.10" { under 5.10; }

@test "Linux 6.1" { under 6.1; }

@test "Linux 6.1 on arm64" { under 6.1-arm64; }

@test "Linux 6.12" { under 6.12; }

@test "the newest that Debian has" { under newest; }
