#!/usr/bin/env bash
# Prints the README's table: under which kernels doff has what verdict, and how
# many families of the escape corpus hold there. Boots each of them; needs what
# kernels.bats needs.
set -euo pipefail
here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
BATS_RUN_TMPDIR=$(mktemp -d)
trap 'rm -rf "$BATS_RUN_TMPDIR"' EXIT
bats_require_minimum_version() { :; }
skip() {
  echo "no row for ${row%% *}: $*" >&2
  exit
}
# shellcheck source=tests/e2e/lib.bash
. "$here/../e2e/lib.bash"
# shellcheck source=tests/e2e/container.bash
. "$here/../e2e/container.bash"
# shellcheck source=tests/kernels/kernels.bash
. "$here/kernels.bash"

# score HOW: of those tried, how many families hold.
score() {
  local lines
  lines=$(told escape "$1")
  echo "$(grep -c '|holds|' <<<"$lines")/$(grep -c . <<<"$lines")"
}

# What the kernel itself has to say to a user who types into his terminal.
terminal() {
  if told escape bare-user | grep -q '^8|.*TIOCSTI: it succeeds'; then
    echo works
  else
    echo refused
  fi
}

kernel_tools
echo "| kernel | capabilities | TIOCSTI | bare | bare-user |$(
  printf ' %s |' "${BEHIND_DOFF[@]}")"
echo "|---|---|---|---|---|$(printf -- '---|%.0s' "${BEHIND_DOFF[@]}")"
# row KERNEL: in a process of its own, which skip ends.
row() (
  row=$1
  boot "$1"
  IFS='|' read -r release machine last _ < <(told guest)
  row="| ${release%-cloud-*} $machine | $((last + 1)) | $(terminal) |"
  row+=" $(score bare) | $(score bare-user) |"
  for how in "${BEHIND_DOFF[@]}"; do
    row+=" $(told case "$how" | cut -d '|' -f 2), $(score "$how") |"
  done
  echo "$row"
)
while read -r name; do
  row "$name"
done < <(printf '%s\n' "${!KERNELS[@]}" | sort -V)
