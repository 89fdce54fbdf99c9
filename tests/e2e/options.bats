#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # stderr: run --separate-stderr sets it
# shellcheck disable=SC2030,SC2031 # a test is a subshell; run sets them in each
# shellcheck disable=SC2016 # what stands in single quotes is for other shells
# Each option right, and wrong as somebody would type it: the message names
# the option, the value, the cause and the nearest word, and nothing runs.

setup_file() {
  load lib
  require_root
  need gcc jq setpriv strace
  compiled execute >/dev/null
}

setup() {
  load lib
  require_root
  execute=$(compiled execute)
  cd "$BATS_TEST_TMPDIR" || return
  config=$BATS_TEST_TMPDIR/config
}

# wrong PART... -- ARG...: `doff ARG... COMMAND` is refused with every PART.
wrong() {
  local parts=()
  while [[ $1 != -- ]]; do
    parts+=("$1")
    shift
  done
  shift
  run --separate-stderr timeout 20 "$DOFF" "$@" "${RAN[@]}"
  refused "${parts[@]}"
  assert_eq "lines on stderr ($stderr)" 1 "$(wc -l <<<"$stderr")"
}

# right ARG...: doff ARG... succeeds without a word on stderr.
right() {
  run --separate-stderr "$DOFF" "$@"
  assert_eq "exit status ($stderr)" 0 "$status"
  assert_eq stderr "" "$stderr"
}

sets=(sed -n 's/^Cap...:\t//p' /proc/self/status)
bounding=(sed -n 's/^CapBnd:\t//p' /proc/self/status)

@test "--cap-add: names in any case, with and without CAP_, and numbers" {
  local word
  for word in NET_RAW net_raw CAP_NET_RAW cap_net_raw Cap_Net_Raw 13; do
    right --cap-add "$word" "${bounding[@]}"
    assert_eq "$word" 0000000000002000 "$output"
    right --cap-add="$word" "${bounding[@]}"
    assert_eq "=$word" 0000000000002000 "$output"
  done
  right --cap-add NET_RAW,chown --cap-add 8 "${sets[@]}"
  assert_eq "Inh Prm Eff Bnd Amb" \
    "$NOTHING 0000000000002101 0000000000002101 0000000000002101 $NOTHING" \
    "${output//$'\n'/ }"
}

@test "--cap-add wrong" {
  wrong cap-add NET_RAV "no such capability" "did you mean NET_RAW?" -- \
    --cap-add NET_RAV
  wrong cap-add SYSADMIN "did you mean SYS_ADMIN?" -- \
    --cap-add CHOWN,SYSADMIN
  wrong cap-add empty -- --cap-add ""
  wrong cap-add "empty name" -- --cap-add CHOWN,,KILL
  wrong cap-add "empty name" -- --cap-add CHOWN,
  wrong cap-add "no such capability" -- --cap-add " CHOWN"
  wrong cap-add 64 "no such capability" -- --cap-add 64
  wrong cap-add -1 "no such capability" -- --cap-add -1
  wrong cap-add "no such capability" -- --cap-add CAP_
  wrong cap-add "no such capability" -- --cap-add CAP_CAP_CHOWN
}

@test "--cap-add ALL keeps what is there, --cap-drop takes from it" {
  local held
  held=$(field CapBnd /proc/self/status)
  right --cap-add ALL "${bounding[@]}"
  assert_eq CapBnd "$held" "$output"
  right --cap-add ALL --cap-drop SYS_ADMIN,net_raw "${bounding[@]}"
  assert_eq CapBnd "$(printf %016x $((0x$held & ~0x202000)))" "$output"
  right --cap-drop CHOWN --cap-add CHOWN,KILL "${bounding[@]}"
  assert_eq "drop wins in any order" 0000000000000020 "$output"
}

@test "--cap-drop wrong" {
  wrong cap-drop CHOWM "did you mean CHOWN?" -- --cap-drop CHOWM
}

@test "--cap-add of what is not held gives nothing" {
  run --separate-stderr setpriv --bounding-set -net_raw "$DOFF" \
    --cap-add NET_RAW,CHOWN "${sets[@]}"
  assert_eq "status ($stderr)" 0 "$status"
  assert_eq sets "$NOTHING 0000000000000001 0000000000000001 \
0000000000000001 $NOTHING" "${output//$'\n'/ }"
}

@test "--ambient" {
  right --cap-add KILL --ambient KILL "${sets[@]}"
  assert_eq "all five" 0000000000000020 "$(sort -u <<<"$output")"
  wrong ambient KIL "did you mean KILL?" -- --ambient KIL
  wrong ambient "not kept" "--cap-add" -- --ambient KILL
}

@test "--user wrong" {
  wrong user "the value is empty" -- --user ""
  wrong user nobodyknows "no such user" -- --user nobodyknows
}

@test "--groups" {
  run --separate-stderr setpriv --groups 7,9 "$DOFF" --groups clear id -G
  assert_eq groups 0 "$output"
  run --separate-stderr setpriv --groups 7,9 "$DOFF" --groups keep id -G
  assert_eq groups "0 7 9" "$output"
  wrong groups clean "no such choice" "did you mean clear?" -- --groups clean
}

@test "--accept" {
  right --accept sealed true
  right --accept inert true
  right --accept open true
  wrong accept sealled "no such choice" "did you mean sealed?" -- \
    --accept sealled
  wrong accept SEALED -- --accept SEALED
}

@test "--accept open starts with anything, and says so in one line" {
  run --separate-stderr strace -o /dev/null -e inject=capset:error=EPERM \
    "$DOFF" --accept inert "${RAN[@]}"
  refused CapPrm CapEff "open, not inert"
  run --separate-stderr strace -o /dev/null -e inject=capset:error=EPERM \
    "$DOFF" --accept open sh -c 'echo started'
  assert_eq "status ($stderr)" 0 "$status"
  assert_eq stdout started "$output"
  assert_eq "lines on stderr" 1 "$(wc -l <<<"$stderr")"
  assert_has "$stderr" "doff: open" CapPrm CapEff
}

@test "--seccomp none, regain and hardened" {
  local count=(sed -n 's/^Seccomp:\t//p' /proc/self/status)
  right --seccomp none "${count[@]}"
  assert_eq "none" "$(field Seccomp /proc/self/status)" "$output"
  right --seccomp regain "${count[@]}"
  assert_eq "regain" 2 "$output"
  right --seccomp hardened "${count[@]}"
  assert_eq "hardened" 2 "$output"
  wrong seccomp hardend "no such filter" "did you mean hardened?" -- \
    --seccomp hardend
  wrong seccomp "the value is empty" -- --seccomp ""
}

# One instruction, that allows everything.
allow='\006\0\0\0\0\0\377\177'

@test "--seccomp FILE.bpf loads it" {
  printf %b "$allow" >allow.bpf
  right --seccomp allow.bpf sed -n 's/^Seccomp:\t//p' /proc/self/status
  assert_eq Seccomp 2 "$output"
  # Load the number; if it is 99, sysinfo(2), by which `free` lives, then
  # EPERM.
  if [[ $(uname -m) == x86_64 ]]; then
    printf %b '\040\0\0\0\0\0\0\0\025\0\0\001\143\0\0\0' \
      '\006\0\0\0\001\0\005\0' "$allow" >deny.bpf
    right --seccomp ./deny.bpf sh -c 'echo started'
    assert_eq stdout started "$output"
    run --separate-stderr "$DOFF" --seccomp deny.bpf strace -e trace=sysinfo \
      busybox free
    assert_has "$stderr" "sysinfo" EPERM
  fi
}

@test "--seccomp FILE.bpf of 4096 instructions loads, one more does not" {
  # Loads of the accumulator, then allow.
  printf '\040\0\0\0\0\0\0\0%.0s' {1..4095} >most.bpf
  printf %b "$allow" >>most.bpf
  right --seccomp most.bpf true
  { printf '\040\0\0\0\0\0\0\0' && cat most.bpf; } >more.bpf
  wrong seccomp more.bpf "too large" -- --seccomp more.bpf
}

@test "--seccomp FILE.bpf wrong" {
  wrong missing.bpf seccomp "No such file" -- --seccomp missing.bpf
  wrong ./missing seccomp "No such file" -- --seccomp ./missing
  : >empty.bpf
  wrong empty.bpf seccomp "8 bytes each" -- --seccomp empty.bpf
  printf %b "${allow}x" >nine.bpf
  wrong nine.bpf "8 bytes each" -- --seccomp nine.bpf
  mkdir folder.bpf
  wrong folder.bpf "not a regular file" -- --seccomp folder.bpf
  mkfifo fifo.bpf
  wrong fifo.bpf "not a regular file" -- --seccomp fifo.bpf
}

@test "--seccomp FILE.bpf that the kernel rejects" {
  head -c 8 /dev/zero >bad.bpf
  run --separate-stderr "$DOFF" --seccomp bad.bpf "${RAN[@]}"
  refused "the seccomp filter is not in force" "Invalid argument"
}

@test "--keep-fd keeps that descriptor; all others from 3 on are closed" {
  local list='ls /proc/$$/fd; :'
  run --separate-stderr "$execute" leaky "$DOFF" sh -c "$list"
  assert_eq "descriptors ($stderr)" "0 1 2" "${output//$'\n'/ }"
  run --separate-stderr "$execute" leaky "$DOFF" --keep-fd 9 sh -c "$list"
  assert_eq "descriptors ($stderr)" "0 1 2 9" "${output//$'\n'/ }"
  run --separate-stderr "$execute" leaky "$DOFF" --keep-fd 3 --keep-fd 700 \
    sh -c "$list"
  assert_eq "descriptors ($stderr)" "0 1 2 3 700" \
    "${output//$'\n'/ }"
}

@test "descriptors are closed where close_range is denied, too" {
  local answer
  answer=$(compiled answer)
  run --separate-stderr "$execute" leaky "$answer" close_range=38 -- "$DOFF" \
    sh -c 'ls /proc/$$/fd; :'
  assert_eq "descriptors ($stderr)" "0 1 2" "${output//$'\n'/ }"
}

@test "--keep-fd wrong" {
  wrong keep-fd x "not a number from 0 to 1023" -- --keep-fd x
  wrong keep-fd 1024 "not a number from 0 to 1023" -- --keep-fd 1024
  wrong keep-fd -1 "not a number" -- --keep-fd -1
  wrong keep-fd "not open" -- --keep-fd 77
}

@test "--userns" {
  right --userns never true
  right --userns auto true
  right --userns always true
  wrong userns "no such choice" "did you mean always?" -- --userns alway
}

@test "--shell" {
  run --separate-stderr "$DOFF" --shell "$(command -v dash)" <<<'echo "$0"'
  assert_eq "the shell that runs ($stderr)" "$(command -v dash)" "$output"
  right --shell /no/such echo a command does without
  wrong shell "not an absolute path" -- --shell dash
  run -127 --separate-stderr "$DOFF" --shell /no/such
  assert_eq stderr "doff: starting '/no/such': No such file or directory" \
    "$stderr"
}

@test "--chdir" {
  mkdir 'a place'
  right --chdir 'a place' pwd
  assert_eq cwd "$PWD/a place" "$output"
  wrong chdir nowhere "No such file" -- --chdir nowhere
  : >plain
  wrong chdir plain "Not a directory" -- --chdir plain
  wrong chdir "the value is empty" -- --chdir ""
}

@test "--chdir is entered with the new user's rights" {
  local place
  place=$(mktemp -d) # mode 0700, root's
  run --separate-stderr "$DOFF" --user 4000:4000 --chdir "$place" "${RAN[@]}"
  rmdir "$place"
  refused chdir "$place" "Permission denied"
}

@test "a working directory outside of the root directory" {
  ! ldd "$DOFF" &>/dev/null ||
    skip "this build needs libraries, which the new root does not have"
  mkdir -p root
  cp "$DOFF" root/doff
  cp "$(command -v busybox)" root/busybox
  cd root
  run --separate-stderr "$execute" outside /doff /busybox echo RAN
  refused "working directory" "outside of the root directory" "--chdir /"
  run --separate-stderr "$execute" outside /doff --chdir / /busybox pwd
  assert_eq "cwd ($stderr)" / "$output"
}

@test "--pdeathsig: the command is signalled when its parent dies" {
  local name pid
  for name in KILL SIGTERM 9; do
    # A subshell that starts doff, waits for its word, and ends.
    sh -c '"$0" --pdeathsig "$1" sh -c "echo \$\$ >pid; exec sleep 60" &
      until [ -s pid ]; do sleep 0.02; done' "$DOFF" "$name" 3>&-
    pid=$(<pid)
    timeout 10 sh -c 'while kill -0 "$1" 2>/dev/null &&
      ! grep -q "^State:.Z" "/proc/$1/status"; do sleep 0.02; done' sh "$pid" ||
      fail "the command outlived its parent with --pdeathsig $name"
    rm pid
  done
}

@test "--pdeathsig survives --user" {
  sh -c '"$0" --user 4000:4000 --chdir / --pdeathsig KILL \
    sh -c "echo \$\$ && exec sleep 60" >pid &
    until [ -s pid ]; do sleep 0.02; done' "$DOFF" 3>&-
  timeout 10 sh -c 'while kill -0 "$1" 2>/dev/null &&
    ! grep -q "^State:.Z" "/proc/$1/status"; do sleep 0.02; done' sh "$(<pid)" ||
    fail "the command outlived its parent"
}

@test "--pdeathsig wrong" {
  wrong pdeathsig KIL "no such choice" "did you mean KILL?" -- --pdeathsig KIL
  wrong "pdeathsig '0'" -- --pdeathsig 0
  wrong "pdeathsig '65'" -- --pdeathsig 65
}

@test "--login takes no value" {
  wrong login yes "takes no value" -- --login=yes
}

@test "options that do not exist, with the nearest" {
  wrong cap-ad "no such option" "did you mean cap-add?" -- --cap-ad CHOWN
  wrong capadd "did you mean cap-add?" -- --capadd=CHOWN
  wrong "user" "no such option" -- --userr root
  wrong -u "no such option" "doff --help" -- -u root
  wrong -i "no such option" -- -i
  wrong "no such option" -- ---user root
}

@test "an option at the end without its value" {
  local option
  for option in cap-add cap-drop ambient user groups accept seccomp keep-fd \
    chdir path pdeathsig config report report-fd; do
    run --separate-stderr "$DOFF" "--$option"
    refused "$option" "needs a value"
  done
}

@test "what somebody else typed into a value does not reach the terminal raw" {
  run --separate-stderr "$DOFF" --user $'\e[2Jx\n\xff' "${RAN[@]}"
  refused user
  assert_lacks "$stderr" $'\e' $'\xff'
  assert_eq "lines on stderr" 1 "$(wc -l <<<"$stderr")"
}

@test "--help fits a screen, and names every option" {
  right --help
  (($(wc -l <<<"$output") <= 24)) || fail "$(wc -l <<<"$output") lines"
  local line option
  while IFS= read -r line; do
    ((${#line} <= 80)) || fail "${#line} columns: $line"
  done <<<"$output"
  for option in cap-add cap-drop ambient user groups accept seccomp keep-fd \
    chdir path login pdeathsig config report report-fd status dry-run help version
  do
    assert_has "$output" "  --$option"
  done
  run --separate-stderr "$DOFF" --help "${RAN[@]}"
  assert_lacks "$output" RAN
}

@test "--help to a full device is an error" {
  run --separate-stderr sh -c '"$0" --help >/dev/full' "$DOFF"
  [[ $status -ne 0 ]] || fail "exit status 0"
}

@test "--version" {
  right --version
  [[ $output =~ ^doff\ [0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "$output"
}

# write_config LINE...: a file that root trusts.
write_config() {
  printf '%s\n' "$@" >"$config"
  chown 0:0 "$config"
  chmod 644 "$config"
}

@test "--config: the same options, one a line" {
  write_config '# what the shell keeps' '' 'cap-add CHOWN,KILL' \
    '  cap-drop	KILL  ' 'seccomp none' 'login'
  right --config "$config" sh -c 'echo $0; sed -n "s/^CapBnd:\t//p
    s/^Seccomp:\t//p" /proc/self/status'
  assert_eq CapBnd 0000000000000001 "$(sed -n 1p <<<"${output#*$'\n'}")"
  assert_eq Seccomp "$(field Seccomp /proc/self/status)" \
    "$(tail -n 1 <<<"$output")"
}

@test "--config: the command line has the last word" {
  write_config 'seccomp none' 'accept open' 'chdir /tmp' 'report json'
  right --config "$config" --seccomp regain --chdir / --report-fd 1 \
    --accept sealed sh -c 'pwd'
  assert_eq cwd / "$(tail -n 1 <<<"$output")"
  assert_eq "filter, accept" "regain sealed" \
    "$(head -n 1 <<<"$output" | jq -r '"\(.filter) \(.accept)"')"
  right --seccomp regain --config "$config" --report-fd 1 true
  assert_eq "also before --config" regain "$(jq -r .filter <<<"$output")"
}

@test "--config wrong: each line with its number" {
  write_config 'seccomp none' '' 'cap-ad CHOWN'
  wrong "$config:3:" cap-ad "no such option" "did you mean cap-add?" -- \
    --config "$config"
  write_config 'cap-add CHOWM'
  wrong "$config:1:" CHOWM "did you mean CHOWN?" -- --config "$config"
  write_config 'login yes'
  wrong "$config:1:" login "takes no value" -- --config "$config"
  write_config 'user'
  wrong "$config:1:" user "needs a value" -- --config "$config"
  write_config '--user root'
  wrong "$config:1:" "no such option" -- --config "$config"
  local option
  for option in "config $config" status dry-run help version; do
    write_config "$option"
    wrong "$config:1:" "${option%% *}" \
      "not an option for a configuration file" -- --config "$config"
  done
}

@test "a configuration file that is not there" {
  wrong "$config" "No such file" -- --config "$config"
}

@test "a configuration file that is a link" {
  write_config 'seccomp none'
  ln -s config link
  wrong link "a symbolic link" -- --config link
}

@test "a configuration file that is a FIFO" {
  mkfifo fifo
  wrong fifo "not a regular file" -- --config fifo
}

@test "a configuration file that is a directory, or a device" {
  mkdir folder
  wrong folder "not a regular file" -- --config folder
  wrong /dev/zero "not a regular file" -- --config /dev/zero
}

@test "a configuration file that its group or others may write" {
  write_config 'seccomp none'
  local mode
  for mode in 664 646 666 620; do
    chmod "$mode" "$config"
    wrong "$config" "writable by others than root" -- --config "$config"
  done
}

@test "a configuration file that somebody else owns" {
  write_config 'seccomp none'
  chown 1000 "$config"
  wrong "$config" "not owned by root" -- --config "$config"
}

@test "a configuration file that is huge" {
  write_config 'seccomp none'
  yes '# a comment' | head -c 65536 >>"$config"
  wrong "$config" "too large" -- --config "$config"
  truncate -s 1T "$config"
  wrong "$config" "too large" -- --config "$config"
}

@test "a configuration file without a final newline" {
  write_config 'seccomp none'
  printf 'accept open' >>"$config"
  wrong "$config:2:" "no newline" -- --config "$config"
}

@test "a configuration file with NUL bytes" {
  write_config 'seccomp none'
  printf 'accept\0 open\n' >>"$config"
  wrong "$config:2:" "NUL" -- --config "$config"
}

@test "an empty configuration file asks for nothing" {
  write_config '#'
  right --config "$config" "${bounding[@]}"
  assert_eq CapBnd "$NOTHING" "$output"
  : >"$config"
  right --config "$config" "${bounding[@]}"
  assert_eq CapBnd "$NOTHING" "$output"
}

shape='
def hex: type == "string" and test("^[0-9a-f]{16}$");
def set: type == "object" and (keys == ["hex", "names"])
  and (.hex | hex) and (.names | type == "string");
def number: type == "number";
def ids: type == "array" and all(.[]; number);
def state: type == "object"
  and (keys == (["ambient", "bounding", "effective", "inheritable",
    "permitted", "no_new_privs", "securebits", "seccomp_mode", "uids", "gids",
    "groups"] | sort))
  and all(.ambient, .bounding, .effective, .inheritable, .permitted; set)
  and (.no_new_privs | type == "boolean")
  and (.securebits | number) and (.seccomp_mode | number)
  and (.uids | ids and length == 4) and (.gids | ids and length == 4)
  and (.groups | ids);
(keys == (["doff", "verdict", "accept", "accepted", "filter", "filter_state",
  "userns", "reasons", "before", "after"] | sort))
and (.doff | type == "string")
and (.verdict | IN("sealed", "inert", "open"))
and (.accept | IN("sealed", "inert", "open"))
and (.accepted | type == "boolean")
and (.userns | type == "boolean")
and (.filter | IN("none", "regain", "hardened", "file"))
and (.filter_state | IN("not-asked", "in-force", "outside", "absent"))
and (.reasons | type == "array" and all(.[]; type == "string"))
and (.before | state) and (.after | state)'

@test "the JSON has the documented shape, on one line" {
  local arguments
  for arguments in "--report json --report-fd 1 true" \
    "--status --report json" "--dry-run --report json" \
    "--seccomp none --cap-add ALL --dry-run --report json" \
    "--user 4000:4001 --groups init --dry-run --report json" \
    "--seccomp hardened --dry-run --report json"; do
    # shellcheck disable=SC2086 # words
    run --separate-stderr "$DOFF" $arguments
    assert_eq "lines" 1 "$(wc -l <<<"$output")"
    assert_has "$output" '{'
    jq -e "$shape" <<<"$output" >/dev/null || fail "$arguments" "$output"
  done
}

@test "the JSON of a refusal has the same shape, and its reasons" {
  run --separate-stderr setpriv --bounding-set -setpcap "$DOFF" \
    --report json --report-fd 1 "${RAN[@]}"
  assert_eq "exit status" 125 "$status"
  jq -e "$shape" <<<"$output" >/dev/null || fail "$output"
  assert_eq "verdict, accepted" "inert false" \
    "$(jq -r '"\(.verdict) \(.accepted)"' <<<"$output")"
  assert_has "$(jq -r '.reasons[]' <<<"$output")" CapBnd CAP_SETPCAP
}

@test "the JSON says what /proc says, before and after" {
  local each name
  local -A names=([Inh]=inheritable [Prm]=permitted [Eff]=effective
    [Bnd]=bounding [Amb]=ambient)
  setpriv --groups 7,9 --inh-caps +kill --ambient-caps +kill \
    cat /proc/self/status >before
  # shellcheck disable=SC2094 # they are different files
  setpriv --groups 7,9 --inh-caps +kill --ambient-caps +kill \
    "$DOFF" --cap-add CHOWN --user 4000:4001 --report json --report-fd 9 \
    cat /proc/self/status >after 9>json
  for each in "${!names[@]}"; do
    name=${names[$each]}
    assert_eq "before, $name" "$(field "Cap$each" before)" \
      "$(jq -r ".before.$name.hex" json)"
    # execve gives uid 0 its permitted set anew, and takes other users'.
    assert_eq "after, $name" "$(field "Cap$each" after)" \
      "$(jq -r ".after.$name.hex" json)"
  done
  for each in before after; do
    assert_eq "$each, uids" "$(field Uid "$each")" \
      "$(jq -r ".$each.uids | join(\" \")" json)"
    assert_eq "$each, gids" "$(field Gid "$each")" \
      "$(jq -r ".$each.gids | join(\" \")" json)"
    assert_eq "$each, groups" "$(field Groups "$each")" \
      "$(jq -r ".$each.groups | join(\" \")" json)"
    assert_eq "$each, seccomp" "$(field Seccomp "$each")" \
      "$(jq -r ".$each.seccomp_mode" json)"
    assert_eq "$each, no_new_privs" "$(field NoNewPrivs "$each")" \
      "$(jq -r "if .$each.no_new_privs then 1 else 0 end" json)"
  done
}

@test "the JSON's securebits are the process's" {
  run --separate-stderr setpriv --securebits +noroot,+noroot_locked "$DOFF" \
    --status --report json
  assert_eq securebits 3 "$(jq .before.securebits <<<"$output")"
}

@test "--report human names every fact, before and after" {
  run --separate-stderr "$DOFF" --report human true
  assert_eq "exit status" 0 "$status"
  assert_eq stdout "" "$output"
  assert_has "$stderr" "sealed" "regain, in-force" "->  $NOTHING" \
    CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs Securebits Seccomp Uid Gid \
    Groups
}

@test "--report-fd, and the command does not get that descriptor" {
  "$DOFF" --report json --report-fd 5 sh -c 'ls /proc/$$/fd; :' \
    5>report >list
  [[ -s report ]]
  jq -e "$shape" report >/dev/null
  assert_eq descriptors "0 1 2" "$(tr '\n' ' ' <list | sed 's/ $//')"
}

@test "--report wrong, --report-fd wrong" {
  wrong report jsn "no such choice" "did you mean json?" -- --report jsn
  wrong report-fd x "not a number from 0 to 1023" -- --report-fd x
  wrong report-fd "not open" -- --report json --report-fd 77
}

@test "a report that cannot be written stops the command" {
  run --separate-stderr sh -c '"$0" --report json --report-fd 5 \
    sh -c "echo RAN" 5>/dev/full' "$DOFF"
  refused "writing the report" "No space left"
}

@test "--status: exit status and verdict of this process; nothing runs" {
  run --separate-stderr "$DOFF" --status "${RAN[@]}"
  assert_eq "exit status, as root" 125 "$status"
  assert_has "$output" "open" CapBnd "no_new_privs is not set"
  assert_lacks "$output$stderr" RAN
  run --separate-stderr "$DOFF" "$DOFF" --status
  assert_eq "exit status, under doff ($output)" 0 "$status"
  assert_has "$output" sealed
  run --separate-stderr setpriv --bounding-set -setpcap "$DOFF" \
    --accept inert --seccomp none "$DOFF" --seccomp none --status
  assert_eq "exit status, inert" 125 "$status"
  assert_has "$output" inert
  run --separate-stderr setpriv --bounding-set -setpcap "$DOFF" \
    --accept inert --seccomp none "$DOFF" --seccomp none --status \
    --accept inert
  assert_eq "exit status, inert accepted" 0 "$status"
}

@test "--status changes nothing" {
  run --separate-stderr strace -f \
    -e trace=capset,setresuid,setresgid,setgroups,seccomp,chdir \
    "$DOFF" --status
  assert_has "$output" verdict CapBnd
  assert_lacks "$stderr" capset setres setgroups "seccomp(" chdir
}

@test "--dry-run does everything but run" {
  run --separate-stderr "$DOFF" --dry-run "${RAN[@]}"
  assert_eq "exit status" 0 "$status"
  assert_has "$output" "sealed, accepted" "->  $NOTHING"
  assert_lacks "$output$stderr" RAN
  run --separate-stderr setpriv --bounding-set -setpcap "$DOFF" --dry-run \
    "${RAN[@]}"
  assert_eq "exit status" 125 "$status"
  assert_has "$output" "inert, refused" "CAP_SETPCAP is not effective"
  assert_lacks "$output$stderr" RAN
}

@test "PATH is not consulted" {
  mkdir bin
  printf '#!/bin/sh\necho WRONG\n' >bin/true
  cp bin/true bin/only-here
  chmod +x bin/*
  run --separate-stderr env PATH="$PWD/bin" "$DOFF" true
  assert_eq "status, stdout" 0 "$status$output"
  run -127 --separate-stderr env PATH="$PWD/bin" "$DOFF" only-here
  assert_has "$stderr" only-here
  run --separate-stderr env -u PATH "$DOFF" true
  assert_eq "status" 0 "$status"
  run --separate-stderr "$DOFF" env PATH="$PWD/bin" only-here
  assert_eq "through env(1)" WRONG "$output"
}

# program FILE WORD [MODE]: a script that says WORD.
program() {
  mkdir -p "${1%/*}"
  printf '#!/bin/sh\necho %s "$@"\n' "$2" >"$1"
  chmod "${3:-755}" "$1"
}

@test "--path: there a command without a slash is looked up, and nowhere else" {
  program one/only-here ONE
  program 'a place/true' PLACE
  right --path "$PWD/one" only-here argument
  assert_eq stdout "ONE argument" "$output"
  right --path="$PWD/no:$PWD/a place" true
  assert_eq "before the fixed directories" PLACE "$output"
  run -127 --separate-stderr "$DOFF" --path "$PWD/one" sh
  assert_has "$stderr" sh "No such file" "(looked in $PWD/one)"
  run -127 --separate-stderr env PATH="$PWD/one" "$DOFF" --path /bin only-here
  assert_has "$stderr" "(looked in /bin)"
  right --path "$PWD/one" /bin/echo slash
  assert_eq "a slash is a path" slash "$output"
  run --separate-stderr sh -c 'echo "echo \$0" | "$DOFF" --path /no'
  assert_eq "a shell ($stderr)" /bin/bash "$output"
}

@test "--path: the order of the directories decides" {
  program one/both ONE
  program two/both TWO
  right --path "$PWD/one:$PWD/two" both
  assert_eq stdout ONE "$output"
  right --path "$PWD/two:$PWD/one" both
  assert_eq stdout TWO "$output"
}

@test "--path: an empty element is the directory that the command starts in" {
  local path
  program ./here HERE
  program below/here BELOW
  for path in : /no: :/no /no::/nor; do
    right --path "$path" here
    assert_eq "$path" HERE "$output"
    right --chdir below --path "$path" here
    assert_eq "$path under --chdir" BELOW "$output"
  done
  right --path below here
  assert_eq "a relative one" BELOW "$output"
  run -127 --separate-stderr "$DOFF" --path /no:/nor here
  assert_has "$stderr" "(looked in /no:/nor)"
}

@test "--path: what may not be executed is passed over for what may" {
  local path
  program plain/it PLAIN 644
  program works/it WORKS
  mkdir -p folder/it
  : >file
  path=$PWD/plain:$PWD/folder:$PWD/file:$PWD/no
  right --path "$path:$PWD/works" it
  assert_eq stdout WORKS "$output"
  run --separate-stderr "$DOFF" --path "$path" it
  assert_eq "exit status" 126 "$status"
  assert_has "$stderr" "'it'" "Permission denied"
  mkdir strange
  printf '#!/no/such/interpreter\n' >strange/it
  chmod +x strange/it
  right --path "$PWD/strange:$PWD/works" it
  assert_eq "another interpreter" WORKS "$output"
  echo 'echo SCRIPT' >strange/it
  run --separate-stderr "$DOFF" --path "$PWD/strange:$PWD/works" it
  assert_eq "exit status" 126 "$status"
  assert_has "$stderr" "Exec format error" "names its interpreter"
  assert_eq stdout "" "$output"
}

@test "--path: a directory too long for a path is passed over" {
  local long
  printf -v long '/%05000d' 0
  program works/it WORKS
  right --path "$long:$PWD/works" it
  assert_eq stdout WORKS "$output"
  run -127 --separate-stderr "$DOFF" --path "$long" it
  assert_has "$stderr" "$long"
}

@test "--path in a configuration file, and wrong" {
  program one/it ONE
  program two/it TWO
  write_config "path $PWD/one"
  right --config "$config" it
  assert_eq stdout ONE "$output"
  right --config "$config" --path "$PWD/two" it
  assert_eq "the command line has the last word" TWO "$output"
  wrong path "the value is empty" -- --path ""
  wrong path "the value is empty" -- --path=
  run -127 --separate-stderr "$DOFF" --path $'/\e[2J' it
  assert_has "$stderr" '(looked in /\u001b[2J)'
}

@test "an empty environment is no obstacle" {
  run --separate-stderr env -i "$DOFF" "${bounding[@]}"
  assert_eq "CapBnd ($stderr)" "$NOTHING" "$output"
}

@test "argv of length 0, and an empty argv[0]" {
  run --separate-stderr "$execute" emptyname "$DOFF" sh -c 'echo started'
  assert_eq "stdout ($stderr)" started "$output"
  # Since Linux 5.18 the kernel makes it one empty word: a shell at the end of
  # its input. Before, it is refused.
  run --separate-stderr sh -c '"$0" noargs "$1" </dev/null' "$execute" "$DOFF"
  [[ $status -eq 0 ]] || refused argv
}
