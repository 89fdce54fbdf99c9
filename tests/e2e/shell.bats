#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # stderr: run --separate-stderr sets it
# shellcheck disable=SC2030,SC2031 # a test is a subshell; run sets them in each
# shellcheck disable=SC2016 # what stands in single quotes is for other shells
# doff by another name: doff-shell, and in the place of a shell. By its clients
# it is tested elsewhere; here is what it makes of its name, its configuration
# and its descriptors.

setup_file() {
  load lib
  require_root
  need dash setpriv unshare
  bin=$(mktemp -d)
  local name
  for name in doff-shell bash sh notashell; do cp "$DOFF" "$bin/$name"; done
  chmod 755 "$bin" "$bin"/*
  export bin
  # /etc of our own, so that the machine's stays without shell.conf.
  etc=$BATS_FILE_TMPDIR/etc
  cp -a /etc "$etc"
  mkdir -p "$etc/doff"
  chmod 755 "$BATS_FILE_TMPDIR" "$etc/doff"
  export etc
}

teardown_file() {
  [[ -z ${bin-} ]] || rm -r "$bin"
}

setup() {
  load lib
  require_root
  conf=$etc/doff/shell.conf
  rm -rf "$conf"
}

# [expected=STATUS] within COMMAND...: with that /etc.
within() {
  run ${expected:+"-$expected"} --separate-stderr unshare --mount --propagation private sh -c '
    mount --bind "$etc" /etc && exec "$@"' sh "$@"
}

# shows OUTPUT COMMAND...: on stdout, with nothing on stderr and status 0.
shows() {
  local text=$1
  shift
  within "$@"
  assert_eq "exit status of $* ($stderr)" 0 "$status"
  assert_eq "stdout of $*" "$text" "$output"
  assert_eq "stderr of $*" "" "$stderr"
}

readonly SETS='sed -n "s/^\(Cap...\|NoNewPrivs\|Seccomp\):\t//p" \
  /proc/self/status | xargs'
readonly USER=(setpriv --reuid 4000 --regid 4000 --clear-groups)
sealed="$NOTHING $NOTHING $NOTHING $NOTHING $NOTHING 1 2"

@test "without a configuration: sealed, and bash with every word" {
  shows "$sealed" "$bin/doff-shell" -c "$SETS"
  shows "--cap-add ALL" "$bin/doff-shell" -c 'echo "$*"' x --cap-add ALL
  shows "" "$bin/doff-shell" -c : --help --version --status
}

@test "argv[0] is what the real shell would have got" {
  echo 'shell /bin/dash' >"$conf"
  shows dash bash -c 'exec -a doff-shell "$bin/doff-shell" -c "echo \$0"'
  shows -dash bash -c 'exec -a -doff-shell "$bin/doff-shell" -c "echo \$0"'
  shows /bin/dash "$bin/doff-shell" -c 'echo $0'
  shows else bash -c 'exec -a else "$bin/doff-shell" -c "echo \$0"'
  echo 'shell /bin/bash' >"$conf"
  shows "-bash login_shell on" bash -c 'exec -a -doff-shell "$bin/doff-shell" \
    -c "echo \$0 \$(shopt login_shell)"'
}

@test "SHELL is the real shell, and nothing else is touched" {
  echo 'shell /bin/dash' >"$conf"
  shows $'SHELL=/bin/dash' env -i SHELL="$bin/doff-shell" \
    "$bin/doff-shell" -c '/usr/bin/env | grep -v ^PWD='
  shows $'A=1\nSHELL=/bin/dash' env -i A=1 \
    "$bin/doff-shell" -c '/usr/bin/env | grep -v ^PWD='
}

@test "in the place of a shell: argv[0] and the environment stay" {
  echo 'shell /bin/dash' >"$conf"
  shows "$bin/bash" "$bin/bash" -c 'echo $0'
  shows -bash bash -c 'exec -a -bash "$bin/bash" -c "echo \$0"'
  shows else bash -c 'exec -a else "$bin/sh" -c "echo \$0"'
  shows "SHELL=/a/shell" env -i SHELL=/a/shell "$bin/bash" -c \
    '/usr/bin/env | grep -v ^PWD='
  shows "$sealed" "$bin/sh" -c "$SETS"
}

@test "a script's first line may name it" {
  echo 'shell /bin/bash' >"$conf"
  printf '#!%s/bash\necho "$0 $1"\n' "$bin" >"$bin/script"
  chmod 755 "$bin/script"
  shows "$bin/script word" "$bin/script" word
}

@test "by any other name it is doff" {
  within "$bin/notashell" -c true
  refused "-c: no such option"
}

@test "in the place of a shell, the real one must be named, and not be doff" {
  within "$bin/bash" "-c" "echo RAN"
  refused "/etc/doff/shell.conf: " "'$bin/bash'" 'no line `shell PATH`' \
    "doff-shell(1)"
  echo "shell $bin/bash" >"$conf"
  within timeout 10 "$bin/bash" -c "echo RAN"
  refused "starting '$bin/bash': this is doff itself" /etc/doff/shell.conf
  within timeout 10 "$bin/doff-shell" -c "echo RAN" # by way of the other
  refused "starting '$bin/bash': this is doff itself"
}

@test "a wrong configuration: refused, with file, line and what to do" {
  printf '# comment\naccept iner\n' >"$conf"
  within "$bin/doff-shell" -c "echo RAN"
  refused "/etc/doff/shell.conf:2: accept 'iner': no such choice" \
    "did you mean inert?"
  echo 'dry-run' >"$conf"
  within "$bin/doff-shell" -c "echo RAN"
  refused "/etc/doff/shell.conf:1: dry-run: not an option for a configuration"
  echo 'shell bash' >"$conf"
  within "$bin/doff-shell" -c "echo RAN"
  refused "/etc/doff/shell.conf:1: shell 'bash': not an absolute path"
  printf 'shell /bin/bash' >"$conf"
  within "$bin/doff-shell" -c "echo RAN"
  refused "/etc/doff/shell.conf:1: " "no newline"
  echo 'shell /no/such' >"$conf"
  expected=127 within "$bin/doff-shell" -c "echo RAN"
  assert_has "$stderr" "doff: starting '/no/such': No such file"
}

@test "a configuration that others could have written: refused" {
  echo 'shell /bin/bash' >"$conf"
  chmod g+w "$conf"
  within "$bin/doff-shell" -c "echo RAN"
  refused "doff: /etc/doff/shell.conf: writable by others than root" \
    "chmod go-w it"
  chmod 644 "$conf"
  chown 65534 "$conf"
  within "$bin/doff-shell" -c "echo RAN"
  refused "doff: /etc/doff/shell.conf: not owned by root"
  mv "$conf" "$conf.real"
  ln -s shell.conf.real "$conf"
  within "$bin/doff-shell" -c "echo RAN"
  refused "doff: /etc/doff/shell.conf: a symbolic link"
  rm "$conf" "$conf.real"
  mkfifo "$conf"
  within timeout 10 "$bin/doff-shell" -c "echo RAN"
  refused "doff: /etc/doff/shell.conf: not a regular file"
  rm "$conf"
  mkdir "$conf"
  within "$bin/doff-shell" -c "echo RAN"
  refused "doff: /etc/doff/shell.conf: not a regular file"
}

@test "an ordinary user: refused, sealed in a namespace, or inert and told" {
  within "${USER[@]}" "$bin/doff-shell" -c "echo RAN"
  refused "inert, not sealed" "--userns auto" "--accept inert"
  echo 'userns auto' >"$conf"
  shows "$sealed" "${USER[@]}" "$bin/doff-shell" -c "$SETS"
  echo 'accept inert' >"$conf"
  within "${USER[@]}" "$bin/doff-shell" -c 'echo started'
  assert_eq "stdout ($stderr)" started "$output"
  assert_eq "lines on stderr" 1 "$(wc -l <<<"$stderr")"
}

@test "descriptors from outside are closed, those of the session are not" {
  echo 'shell /bin/bash' >"$conf"
  local name
  for name in doff-shell bash; do
    within bash -c '"$0" -c "cat <&7" 7< <(echo outside)' "$bin/$name"
    assert_eq "descriptor 7 in $name" 1 "$status"
    assert_has "$stderr" "7: Bad file descriptor"
    shows inside "$bin/$name" -c '"$0" -c "cat <&7" 7< <(echo inside)' \
      "$bin/$name"
    shows substituted "$bin/$name" -c '"$0" <(echo echo substituted)' \
      "$bin/$name"
  done
  # A daemon that doff has started, and that holds more, is no shell of ours.
  within "$DOFF" --cap-add ALL -- \
    bash -c '"$0" -c "cat <&7" 7< <(echo outside)' "$bin/bash"
  assert_has "$stderr" "7: Bad file descriptor"
  # An outer filter of another kind vouches for nothing.
  within "$(compiled answer)" unshare=1 -- \
    bash -c '"$0" -c "cat <&7" 7< <(echo outside)' "$bin/bash"
  assert_has "$stderr" "7: Bad file descriptor"
}

@test "a shell within a shell in a user namespace: root's file is nobody's" {
  printf 'shell /bin/bash\nuserns always\n' >"$conf"
  shows "4000 4000 1" "${USER[@]}" "$bin/bash" -c '"$0" -c "read -r a b c \
    </proc/self/uid_map; echo \$a \$b \$c"' "$bin/bash"
  chmod o+w "$conf"
  within "${USER[@]}" "$bin/bash" -c 'echo RAN'
  refused "writable by others"
  rm "$conf"
  printf 'shell /bin/bash\nuserns always\nseccomp none\n' >"$conf"
  shows inner "${USER[@]}" "$bin/bash" -c '"$0" -c "echo inner"' "$bin/bash"
  # The user nobody of this machine is somebody.
  printf 'shell /bin/bash\n' >"$conf"
  chown 65534 "$conf"
  within "$DOFF" -- "$bin/doff-shell" -c 'echo RAN'
  refused "not owned by root"
}

@test "a report's descriptor is not the inner shell's, either" {
  printf 'shell /bin/bash\nreport json\nreport-fd 7\n' >"$conf"
  within bash -c '"$0" -c "\"\$0\" -c \"[[ -e /proc/self/fd/7 ]] || \
    echo closed\" 7>/dev/null" "$0" 7>/dev/null' "$bin/bash"
  assert_eq "descriptor 7 ($stderr)" closed "$output"
}

@test "without /proc it still does not become itself for ever" {
  echo "shell $bin/bash" >"$conf"
  expected=125 within unshare --mount --propagation private sh -c '
    mount -t tmpfs none /proc && exec timeout 10 "$@"' sh \
    "$bin/bash" -c "echo RAN"
  assert_has "$stderr" "this is doff itself"
}

@test "a bare shell that reads commands from a pipe: nothing is added" {
  local plain
  plain=$(bash 2>&1 <<<'echo one; nosuchcommand; echo $-')
  echo 'shell /bin/bash' >"$conf"
  within bash -c '"$0" 2>&1 <<<"echo one; nosuchcommand; echo \$-"' \
    "$bin/doff-shell"
  assert_eq "what it prints" "${plain//bash:/\/bin\/bash:}" "$output"
}

@test "within a shell that holds more, descriptors are closed" {
  # shellcheck disable=SC2016
  within "$DOFF" --cap-add ALL --keep-fd 9 "$bin/doff-shell" -c \
    '[[ -e /proc/$$/fd/9 ]] || echo closed' 9</dev/null
  assert_eq "descriptor 9 ($stderr)" closed "$output"
}

@test "fifty shells within one another" {
  echo 'shell /bin/bash' >"$conf"
  shows 0 "$bin/bash" -c 'n=${1:-50}; ((n == 0)) && { echo 0; exit; }
    "$0" -c "$BASH_EXECUTION_STRING" "$0" $((n - 1))' "$bin/bash"
}
