#!/usr/bin/env bash
# scoreboard.sh [DIR]: runs the escape corpus in one runc container with the
# reported CapBnd 4a82c35fb, as root, behind doff and behind what else is used
# to drop privileges, and prints the table that README.md has. DIR gets what
# doff-attack said in each column, as NAME.json. Needs root.
set -euo pipefail
here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
work=$(mktemp -d)
chmod 755 "$work"
results=${1:-$work}

# The containers of the end-to-end tests, without bats.
bats_require_minimum_version() { :; }
BATS_RUN_TMPDIR=$work BATS_FILE_TMPDIR=$work
# shellcheck source=tests/e2e/lib.bash
. "$here/../e2e/lib.bash"
# shellcheck source=tests/e2e/container.bash
. "$here/../e2e/container.bash"
: "${DOFF_ATTACK:=$here/../../build/release/tests/escape/doff-attack}"
readonly REPORTED=4a82c35fb id=doff-scoreboard-$$

clean_up() {
  [[ ! -e $work/pid ]] || runtime runc delete --force "$id" || true
  rm -rf "$work"
}
trap clean_up EXIT

start_container() {
  make_runtimes
  make_shared
  cp "$DOFF_ATTACK" "$shared/doff-attack"
  "$shared/doff-attack" prepare "$shared/prepared"
  make_bundle "$work/bundle" "$(root_of deb)" "$REPORTED" false false
  # Where an image has its programs; bwrap is not in Debian's smallest one.
  mkdir "$work/programs"
  cp "$(command -v bwrap)" "$work/programs/bwrap"
  chmod 755 "$work/programs"
  jq --arg programs "$work/programs" '.mounts += [{destination:
    "/usr/local/bin", type: "bind", source: $programs, options: ["bind"]}]' \
    "$work/bundle/config.json" >"$work/config.json"
  mv "$work/config.json" "$work/bundle/config.json"
  runtime runc run -d --pid-file "$work/pid" -b "$work/bundle" "$id" \
    </dev/null >"$work/log" 2>&1
}

# column NAME FILE WORD...: the corpus behind WORD..., whose program is FILE, on
# a terminal, with a descriptor that somebody forgot to close.
column() {
  local name=$1 file=$2
  shift 2
  local attack=("$@" /e2e/doff-attack --json --hardened
    --prepared /e2e/prepared)
  [[ -z $file ]] || attack+=(--launcher "$file")
  # shellcheck disable=SC2016 # the container's sh expands it
  runtime runc exec "$id" sh -c 'exec 7</etc
    script -qec "$1 >/dev/shm/attack" /dev/null >&2; cat /dev/shm/attack' \
    sh "${attack[*]@Q}" </dev/null >"$results/$name.json" 2>"$work/$name.err"
  [[ $(jq '.families | length' "$results/$name.json") == 12 ]] ||
    fail "the column $name failed:" "$(<"$results/$name.json")" \
      "$(<"$work/$name.err")"
}

readonly DOFF_IN=/e2e/doff
readonly COLUMNS_SHOWN=(bare doff hardened inert userns setpriv capsh bwrap)
run_columns() {
  column bare ""
  column doff $DOFF_IN $DOFF_IN
  column hardened $DOFF_IN $DOFF_IN --seccomp hardened
  column inert $DOFF_IN setpriv --bounding-set=-setpcap \
    $DOFF_IN --accept inert
  column userns $DOFF_IN setpriv --reuid 1500 --regid 1500 --clear-groups \
    $DOFF_IN --userns always
  column setpriv /usr/bin/setpriv setpriv --bounding-set=-all --inh-caps=-all \
    --ambient-caps=-all --no-new-privs
  # shellcheck disable=SC2016 # capsh's shell expands it
  column capsh /sbin/capsh capsh --drop=all --inh= --caps= --no-new-privs -- \
    -c '"$0" "$@"'
  # --proc and --disable-userns would be better, and fail in a container: its
  # /proc has masked paths, and /proc/sys is read-only.
  column bwrap /usr/local/bin/bwrap bwrap --bind / / --dev /dev --unshare-all \
    --unshare-user --cap-drop ALL --new-session --die-with-parent
}

# mark COLUMN FAMILY
mark() {
  local verdict
  verdict=$(jq -r --argjson family "$2" '.families[]
    | select(.family == $family)
    | .verdict + if any(.attempts[]; .verdict == "holds") then " in part"
      else "" end' "$results/$1.json")
  case $verdict in
    holds*) echo "✔" ;;
    escapes*) echo "**✘**" ;;
    "not tried in part") echo "(✔)" ;;
    *) echo "–" ;;
  esac
}

print_table() {
  local family name column row
  echo "| # | attempt | bare \`exec\` | doff | doff \`hardened\` |" \
    "doff \`inert\` | doff \`userns\` | setpriv | capsh | bwrap |"
  echo "|---|---|---|---|---|---|---|---|---|---|"
  while IFS=$'\t' read -r family name; do
    row="| $family | $name |"
    for column in "${COLUMNS_SHOWN[@]}"; do
      row+=" $(mark "$column" "$family") |"
    done
    echo "$row"
  done < <(jq -r '.families[] | [.family, .name] | @tsv' "$results/bare.json")
}

version() {
  dpkg-query ${2:+"--root=$2"} -W -f '${Version}' "$1"
}

print_legend() {
  local root
  root=$(root_of deb)
  cat <<LEGEND
✔ every attempt fails · **✘** one succeeds · (✔) what could be tried fails ·
– nothing there to try it on

A root shell in a runc container with CapBnd $REPORTED (but \`userns\`: an
ordinary user's), no seccomp filter of the runtime's, on a terminal, with one
descriptor left open. doff's file is mounted read-only, as doff-runtime does;
the other tools lie in the image. Options: \`setpriv --bounding-set=-all
--inh-caps=-all --ambient-caps=-all --no-new-privs\`, \`capsh --drop=all --inh=
--caps= --no-new-privs\`, \`bwrap --bind / / --dev /dev --unshare-all
--unshare-user --cap-drop ALL --new-session --die-with-parent\`.
$("$DOFF" --version), runc $(version runc),
setpriv $(version util-linux "$root"), capsh $(version libcap2-bin "$root"),
bwrap $(version bubblewrap), Linux $(uname -r | grep -oE '^[0-9]+\.[0-9]+').
LEGEND
}

need jq runc script bwrap
start_container
run_columns
print_table
echo
print_legend
