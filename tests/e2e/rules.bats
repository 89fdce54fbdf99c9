#!/usr/bin/env bats
# shellcheck shell=bats
# What doffctl says of an engine's rules is what that engine does: for each
# combination of words, both name the same bounding set or both refuse. The
# engine's side is /proc/PID/status of a container, read from outside.

setup_file() {
  load lib
  load container
  load engines
  require_engines
  need awk
  start_docker
  start_podman
  start_cri
  make_requests >"$BATS_FILE_TMPDIR/requests"
}

setup() {
  load lib
  load container
  load engines
  requests=$BATS_FILE_TMPDIR/requests
}

teardown_file() {
  load lib
  load container
  load engines
  stop_engines
}

# --- what is asked: a line each, "ADD DROP", words by commas, - for none

# Nothing, a default capability, one that is not, ALL, lower case, with prefix,
# unknown. KILL is in every engine's default set, the next to in none.
words=(- KILL SYS_PTRACE ALL chown CAP_SYSLOG NET_ROW)

make_requests() {
  local add drop
  for add in "${words[@]}"; do
    for drop in "${words[@]}"; do echo "$add $drop"; done
  done
  # The same word on both sides, or twice, or with others.
  cat <<'SAME'
SYS_PTRACE sys_ptrace
CAP_KILL kill
All all
ALL,KILL KILL
ALL,KILL ALL
KILL ALL,KILL
ALL,SYS_PTRACE ALL,SYS_PTRACE
KILL,KILL,SYS_PTRACE CHOWN,CHOWN
SYS_PTRACE,CHOWN FOWNER,CHOWN
SAME
  make_random_requests 16
}

# Always the same ones: no run is to find what another can't.
make_random_requests() {
  local pool=(ALL KILL CHOWN FOWNER NET_RAW SETUID MKNOD SYS_ADMIN NET_ADMIN
    SYS_PTRACE SYSLOG SYS_TIME IPC_LOCK cap_lease Sys_Nice WAKE_ALARM) side
  RANDOM=20
  printf "# random requests: seed 20\n" >&3
  for ((made = 0; made < $1; ++made)); do
    for side in add drop; do
      for ((count = RANDOM % 5, list = 0; count > 0; --count)); do
        ((list)) && printf ,
        list=1
        printf %s "${pool[RANDOM % ${#pool[@]}]}"
      done
      ((list)) || printf -
      [[ $side == drop ]] || printf ' '
    done
    echo
  done
}

# options ADD DROP: as all three command lines take them, into `options`.
options() {
  local list option=--cap-add word
  options=()
  for list in "$@"; do
    for word in ${list//,/ }; do
      [[ $word == - ]] || options+=("$option" "$word")
    done
    option=--cap-drop
  done
}

# --- what doffctl says: 16 digits, or "refused"

# says SEMANTICS TABLE <REQUESTS: cut to TABLE, what the engine knows, and to
# what root has here.
says() {
  local add drop answer options status output stderr
  while read -r add drop; do
    options "$add" "$drop"
    run --separate-stderr -- "$DOFFCTL" explain --semantics "$1" --json \
      "${options[@]}"
    case $status in
      0)
        answer=$(jq --raw-output .bounding <<<"$output")
        printf '%016x\n' $((0x$answer & 0x$2 & 0x$(root_bounding)))
        ;;
      2)
        # shellcheck disable=SC2154 # run --separate-stderr sets it
        [[ $stderr == doffctl:* ]] || fail "refused without a word: $add $drop"
        echo refused
        ;;
      *) fail "doffctl ended with $status for: $add $drop" "$stderr" ;;
    esac
  done
}

# --- what the engine does

# create CLIENT ADD DROP: prints the container's id, or "refused".
create() {
  local options answer
  options "$2" "$3"
  if answer=$("$1" create --network none "${options[@]}" "$ENGINE_IMAGE" 2>&1)
  then
    echo "$answer"
  else
    # Any other trouble is no answer.
    [[ $answer =~ (caps|capability) ]] || fail "$answer"
    echo refused
  fi
}

# does_part CLIENT <REQUESTS: 16 digits or "refused" for each.
does_part() {
  local client=$1 add drop ids=() alive=() pid id
  while read -r add drop; do
    ids+=("$(create "$client" "$add" "$drop")")
  done
  for id in "${ids[@]}"; do [[ $id == refused ]] || alive+=("$id"); done
  "$client" start "${alive[@]}" >/dev/null
  for id in "${ids[@]}"; do
    if [[ $id == refused ]]; then
      echo refused
    else
      pid=$("$client" inspect --format '{{.State.Pid}}' "$id")
      field CapBnd "/proc/$pid/status"
    fi
  done
  case $client in # neither is to wait for what ignores SIGTERM
    docker) docker rm --force "${alive[@]}" ;;
    podman_) podman_ rm --force --time 0 "${alive[@]}" ;;
  esac >/dev/null
}

# does CLIENT: in two halves at once, for speed.
does() {
  local half=$(($(wc -l <"$requests") / 2)) first
  head -n "$half" "$requests" | does_part "$1" >"$requests.$1.first" &
  first=$!
  tail -n "+$((half + 1))" "$requests" | does_part "$1" >"$requests.$1.second"
  wait "$first"
  cat "$requests.$1.first" "$requests.$1.second"
}

# table CLIENT: the capabilities that an engine has names for: those of its own
# time. ALL means these.
table() {
  local name bit=0 mask=0 IFS=,
  for name in $(names_of 1ffffffffff); do
    [[ $(create "$1" "$name" -) == refused ]] || mask=$((mask | 1 << bit))
    bit=$((bit + 1))
  done
  printf '%016x\n' "$mask"
}

# agree WHAT SAID DONE: files with a line for each request.
agree() {
  local differing
  assert_eq "answers" "$(wc -l <"$requests")" "$(wc -l <"$3")"
  differing=$(paste -d' ' "$requests" "$2" "$3" |
    awk '$3 != $4 { print "add " $1 ", drop " $2 ": doffctl says " $3 \
      ", '"$1"' does " $4 }')
  [[ -z $differing ]] || fail "$differing"
}

# agrees_with SEMANTICS CLIENT
agrees_with() {
  local known
  known=$(table "$2")
  says "$1" "$known" <"$requests" >"$requests.said"
  does "$2" >"$requests.done"
  agree "$1" "$requests.said" "$requests.done"
}

@test "docker: each combination of words gives what doffctl says" {
  agrees_with docker docker
}

@test "podman: each combination of words gives what doffctl says" {
  agrees_with podman podman_
}

# containerd does not look at words: it writes each, in upper case behind CAP_,
# into the spec, where runc skips what it does not know. So a misspelt drop
# leaves the capability there, and nobody hears of it. doffctl refuses such
# words; containerd does as if they had not been said.

# without_ignored LIST: what containerd takes of it.
without_ignored() {
  sed -E 's/(^|,)(CAP_[^,]*|NET_ROW)/\1-/gi; s/-,|,-//g' <<<"$1"
}

@test "cri: doffctl refuses exactly the words that containerd ignores" {
  local add drop left refused=0 said
  while read -r add drop; do
    left="$(without_ignored "$add") $(without_ignored "$drop")"
    said=$(says cri 1ffffffffff <<<"$add $drop")
    if [[ $left != "$add $drop" ]]; then
      assert_eq "doffctl, for add $add, drop $drop" refused "$said"
      refused=$((refused + 1))
      said=$(says cri 1ffffffffff <<<"$left")
    fi
    [[ $said != refused ]] || fail "doffctl refuses add $add, drop $drop"
    echo "$said"
  done <"$requests" >"$requests.said"

  while read -r add drop; do
    jq --null-input --compact-output --arg add "$add" --arg drop "$drop" '
      def words: split(",") | map(select(. != "-"));
      {capabilities: {add: $add | words, drop: $drop | words}}'
  done <"$requests" | cri run | jq --raw-output '.id // .refused' \
    >"$requests.ids"
  mapfile -t ids <"$requests.ids"
  for pid in $(cri pid "${ids[@]}"); do
    field CapBnd "/proc/$pid/status"
  done >"$requests.done"
  agree cri "$requests.said" "$requests.done"
}
