# shellcheck shell=bash
# Shells under the supervisor of an agent sandbox (supervisor.c): images for
# them, what is said to each, and what they are compared by. After lib.bash.
# shellcheck disable=SC2016 # what stands in single quotes is for other shells

readonly SFTP_SERVER=/usr/lib/openssh/sftp-server

# For setup_file.
make_supervisor() {
  require_root
  need gcc sftp unshare
  [[ -x $SFTP_SERVER ]] || fail "this suite needs $SFTP_SERVER"
  compiled supervisor >/dev/null
  make_images
}

# For setup.
use_supervisor() {
  require_root
  supervisor=$(compiled supervisor)
  images=$BATS_FILE_TMPDIR/images
  talks=()
  outer=(--write /mnt/home --write /dev)
  user=1500:1500
  make_mnt "$BATS_TEST_TMPDIR/mnt"
}

# For teardown.
end_talks() {
  local each
  for each in "${talks[@]}"; do
    # A file missing in $(<FILE) ends bash under set -e, even before ||.
    [[ ! -s $each/pid ]] || kill -KILL "$(<"$each/pid")" || true
  done
}

readonly OLD_BOUNDING=00000004a82c35fb

require_old_bounding() {
  local ours
  ours=$((16#$(field CapBnd /proc/self/status)))
  (((ours & 16#$OLD_BOUNDING) == 16#$OLD_BOUNDING)) ||
    skip "root here has not all of $OLD_BOUNDING"
}

# The images are layers over a root file system: over this machine's, for those
# in a mount namespace, or over a container's. `plain` has doff and the
# accounts; `shadow` has doff as /bin/bash, and the real bash beside it.
make_images() {
  local images=$BATS_FILE_TMPDIR/images image
  make_accounts
  # shellcheck disable=SC2154 # make_accounts sets it
  echo 'older:x:998:998:the agent:/mnt/home:/bin/bash' >>"$accounts/passwd"
  # shellcheck disable=SC2154 # make_accounts sets it
  echo 'older:x:998:' >>"$accounts/group"
  for image in plain shadow; do
    mkdir -p "$images/$image"/{usr/bin,etc}
    install -m 644 "$accounts"/* "$images/$image/etc"
  done
  install -m 755 "$DOFF" "$images/plain/usr/bin/doff"
  install -m 755 "$DOFF" "$images/shadow/usr/bin/bash"
  install -m 755 /bin/bash "$images/shadow/usr/bin/bash.doff-real"
  mkdir "$images/shadow/etc/doff"
  echo 'shell /bin/bash.doff-real' >"$images/shadow/etc/doff/shell.conf"
  chmod -R u=rwX,go=rX "$images"
  make_entrance "$images/enter"
}

# in_image NAME COMMAND...: in the user's home, with an environment that does
# not depend on whoever runs the tests.
in_image() {
  "$images/enter" "$images/$1" "$mnt" "${@:2}"
}

make_entrance() {
  cat >"$1" <<'ENTER'
#!/bin/sh
# enter IMAGE MNT COMMAND...
exec timeout --foreground -k 1 60 unshare --mount --propagation private sh -c '
  image=$1 mnt=$2
  shift 2
  mount -t overlay -o "lowerdir=$image/usr/bin:/usr/bin" overlay /usr/bin &&
    mount -t overlay -o "lowerdir=$image/etc:/etc" overlay /etc &&
    mount --bind "$mnt" /mnt && cd /mnt/home &&
    exec env -i HOME=/mnt/home TERM=xterm LANG=C USER=sandbox SHELL=/bin/bash \
      PATH=/usr/local/bin:/usr/bin:/bin "$@"' sh "$@"
ENTER
  chmod +x "$1"
}

# How a shell is started: without doff, with doff in front of it, and with doff
# in its place. Sets image, and the words before the shell's own.
use_place() {
  image=plain
  before=()
  case $1 in
    front) before=(doff) ;;
    shadow) image=shadow ;;
  esac
}

# use_talk NAME: what is said in it stands in files under $talk.
use_talk() {
  talk=$BATS_TEST_TMPDIR/$1
  mkdir "$talk"
  mkfifo "$talk/in"
  touch "$talk/out"
  make_mnt "$talk/mnt"
  talks+=("$talk")
}

# make_mnt DIR: the user's home, and what is the user's and Landlock closes.
make_mnt() {
  mnt=$1
  mkdir -p "$mnt"/{home,closed}
  echo "PS1='ready> '" >"$mnt/home/.bashrc"
  chown -R "$user" "$mnt"
}

# begin WORD... -- COMMAND...: under the supervisor, which is told WORD...
begin() {
  local words=()
  while [[ $1 != -- ]]; do
    words+=("$1")
    shift
  done
  shift
  {
    rc=0
    in_image "$image" "$supervisor" --pid-file "$talk/pid" "${outer[@]}" \
      "${words[@]}" "$user" "${before[@]}" "$@" \
      <"$talk/in" >"$talk/out" 2>"$talk/err" || rc=$?
    echo "$rc" >"$talk/status"
  } 3>&- &
  job=$!
  exec {to_it}>"$talk/in"
  mark=0
}

say() {
  mark=$(stat -c %s "$talk/out")
  printf %b "$1" >&"$to_it"
}

# heard PATTERN: waits until what came since `say` matches.
heard() {
  timeout 15 sh -c 'until tail -c "+$(($2 + 1))" "$1" | tr -d "\0" |
    grep -qazE "$3"; do sleep 0.02; done' sh "$talk/out" "$mark" "$1" ||
    fail "not heard: $1" "$(cat -v "$talk/out" "$talk/err")"
}

finish() {
  exec {to_it}>&-
  wait "$job"
  rm "$talk/pid"
}

# look_at PID: what the kernel says of the shell, from outside.
look_at() {
  sed -n 's/^\(Cap...\|NoNewPrivs\|Seccomp_filters\):\t//p' \
    "/proc/$1/status" | xargs >"$BATS_TEST_TMPDIR/state"
  readlink "/proc/$1/exe" >"$BATS_TEST_TMPDIR/exe"
}

look() {
  look_at "$(<"$talk/pid")"
}

# sealed FILTERS
sealed() {
  assert_eq "Inh Prm Eff Bnd Amb, no_new_privs, filters" \
    "$NOTHING $NOTHING $NOTHING $NOTHING $NOTHING 1 $1" \
    "$(<"$BATS_TEST_TMPDIR/state")"
}

same_as() {
  local file
  for file in status out err; do
    cmp "$1/$file" "$talk/$file" ||
      fail "expected $file of ${talk##*/} as in ${1##*/}:" \
        "$(cat -v "$1/$file")" "but it is:" "$(cat -v "$talk/$file")"
  done
}

# ask LINE: waits for the prompt after the answer.
ask() {
  say "$1\n"
  heard 'ready> $'
}

# see_continued PID: no child of that shell is stopped any more.
see_continued() {
  timeout 15 sh -c 'while grep -qs "^State:.T" $(
      sed "s,[0-9]*,/proc/&/status,g" "/proc/$1/task/$1/children")
    do sleep 0.02; done' sh "$1" || fail "fg did not continue"
}

interactive() {
  begin --pty -- /bin/bash -i
  heard 'ready> $'
  ask 'tty | tr -d 0-9; stty size; echo $0 $- $SHLVL $BASH $SHELL'
  ask 'env; ulimit -a; umask; id'
  say 'sh -c "echo be""gun; exec sleep 100"\n'
  heard 'begun[[:space:]]+$'
  look
  say '\003'
  heard 'ready> $'
  say 'sh -c "echo be""gun; read x; echo got \\$x"\n'
  heard 'begun[[:space:]]+$'
  say '\032'
  heard 'Stopped.*ready> $'
  say 'fg\n'
  heard 'sh -c .*got.*[[:space:]]+$'
  see_continued "$(<"$talk/pid")"
  say 'words\n'
  heard 'got words.*ready> $'
  ask 'echo $?; echo wrong >&2; no-such-command'
  say 'exit 7\n'
}

login_command() {
  begin -- /bin/bash -lc 'echo $0 $- $# $1 $BASH; env; ulimit -a
    shopt -q login_shell && echo login; umask; id; echo wrong >&2
    echo begun; read -r line; echo "$line"
    : >../closed/mine; : >kept && echo written; exit 7' name 'an argument'
  heard begun
  look
  say 'a line\n'
}

nested() {
  cat >"$mnt/home/nested" <<'NESTED'
echo '#!/bin/bash
echo "script $0 $* $SHLVL $-"; exit 3' >script
chmod +x script
./script 1 2 || echo status $?
bash <(echo 'echo "file $0"')
bash -c 'cat <&7; cat <&12' 7<<<seven 12<<<twelve
exec 8<<<eight
echo 'exec bash -c "cat <&8"' | bash
echo begun
read x
NESTED
  begin -- /bin/bash -c '. ./nested'
  heard begun
  look
}

# As VS Code asks a machine what it is: no arguments, a pipe, and between marks
# the answers. One word more is an answer too many.
piped() {
  begin -- bash
  say 'echo 41a1d3: running\n'
  heard '41a1d3: running'
  say 'echo "$0 $- [$PS1]"; uname -sm; [ -t 0 ] || echo no terminal\n'
  heard 'no terminal'
  look
  say 'if ! type -p no-such-tool; then echo missing; fi; echo 41a1d3: done\n'
  heard '41a1d3: done'
}

# SSH_FXP_INIT, version 3 (draft-ietf-secsh-filexfer-02, 4).
file_transfer() {
  begin -- /bin/bash -lc "$SFTP_SERVER"
  say '\0\0\0\005\001\0\0\0\003'
  heard openssh.com
  look
}
