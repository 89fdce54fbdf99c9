#!/usr/bin/env bash
# ssh.sh [--rounds N] [--json] [--check]: how long `ssh host true` takes where
# the login shell is bash, and where it is doff-shell: in a user namespace of
# its own (`userns auto`), and without one where pam_cap has emptied the
# bounding set. Needs root, and what tests/e2e/machine.bash needs; $DOFF is the
# launcher.
#
# A round logs in once to each account, over a new connection, and begins with
# another one each time. --check judges the ratios of the medians.
# shellcheck disable=SC2016 # what stands in single quotes is for others
set -euo pipefail
here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
at_most=1.03

usage() {
  echo "usage: ssh.sh [--rounds N] [--json] [--check]" >&2
  exit 2
}

rounds=100 json=false check=false
while (($#)); do
  case $1 in
    --json) json=true ;;
    --check) check=true ;;
    --rounds)
      [[ ${2-} =~ ^[1-9][0-9]*$ ]] || usage
      rounds=$2
      shift
      ;;
    *) usage ;;
  esac
  shift
done
if ((EUID != 0)); then
  echo "ssh.sh: skipped: only root can start sshd" >&2
  exit 77
fi

# What bats gives to the suites.
bats_require_minimum_version() { :; }
load() {
  # shellcheck source=/dev/null # each is checked for itself
  . "$here/../e2e/$1.bash"
}
directory=$(mktemp -d)
export BATS_RUN_TMPDIR=$directory
load machine
machine_tools
trap 'stop_machine; rm -rf "$directory"' EXIT
chmod 755 "$directory"
start_machine "$directory/machine"
inside sh -c 'echo userns auto >/etc/doff/shell.conf; rm /home/*/.bashrc'

# One line for each round, microseconds in the order of the accounts.
# shellcheck disable=SC2154
inside bash -c '
  rounds=$1 && shift
  for ((round = 0; round < rounds; ++round)); do
    times=()
    for ((i = 0; i < $#; ++i)); do
      which=$(((round + i) % $#))
      begin=${EPOCHREALTIME/./}
      ssh "${@:which+1:1}@host" true || exit
      times[which]=$((${EPOCHREALTIME/./} - begin))
    done
    echo "${times[*]}"
  done
' bash "$rounds" "${accounts[@]}" >"$directory/times"

# median EXPRESSION: of what awk makes of each round.
median() {
  awk "{ print $1 }" "$directory/times" | sort -g |
    awk '{ value[NR] = $1 } END { print value[int(NR / 2) + 1] }'
}

over() {
  awk "BEGIN { printf \"%.3f\", $1 / $2 }"
}

bash=$(median '$1 / 1000')
userns=$(median '$2 / 1000')
sealed=$(median '$3 / 1000')
userns_ratio=$(over "$userns" "$bash")
sealed_ratio=$(over "$sealed" "$bash")
userns_pairs=$(median '$2 / $1')
sealed_pairs=$(median '$3 / $1')

if $json; then
  printf '{"rounds":%d,"unit":"ms","bash":%.2f,' "$rounds" "$bash"
  printf '"userns":%.2f,"userns_ratio":%.3f,"userns_pairs":%.3f,' \
    "$userns" "$userns_ratio" "$userns_pairs"
  printf '"sealed":%.2f,"sealed_ratio":%.3f,"sealed_pairs":%.3f,' \
    "$sealed" "$sealed_ratio" "$sealed_pairs"
  printf '"at_most":%s}\n' "$at_most"
else
  printf 'ssh host true, %d rounds, medians in milliseconds\n\n' "$rounds"
  printf '%-24s%10s%10s%16s\n' "login shell" time "/ bash" "pairs / bash"
  printf '%-24s%10.2f\n' bash "$bash"
  printf '%-24s%10.2f%10.3f%16.3f\n' \
    "doff-shell, userns auto" "$userns" "$userns_ratio" "$userns_pairs" \
    "doff-shell, sealed" "$sealed" "$sealed_ratio" "$sealed_pairs"
fi
met=$(awk "BEGIN { print ($userns_ratio <= $at_most &&
                          $sealed_ratio <= $at_most) }")
$json || printf '\nat most %s: %s\n' "$at_most" \
  "$( ((met)) && echo met || echo "not met")"
! $check || ((met))
