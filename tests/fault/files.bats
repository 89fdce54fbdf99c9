#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # output, status: run sets them
# Every system call by which doffctl and doff-runtime write a file fails once in
# every way, lies once, comes with every signal, or is late: rewrite.cpp. Every
# file is the old or the new, never a third, and what says so has done it.

setup_file() {
  load ../e2e/lib
  require_root
  need runc busybox
  : "${FAULT_REWRITE:=$BATS_TEST_DIRNAME/../../build/release/tests/fault/rewrite}"
  export FAULT_REWRITE
}

setup() {
  load ../e2e/lib
  require_root
  cd "$BATS_TEST_TMPDIR" || return
  mkdir tree
}

# holds DIR FROM [OPTION VALUE]... -- COMMAND...: in DIR, from the first call on
# that names FROM.
holds() {
  local tree=$PWD/$1 from=$2 options=()
  shift 2
  while [[ $1 != -- ]]; do
    options+=("$1" "$2")
    shift 2
  done
  run "$FAULT_REWRITE" --errnos "$BATS_TEST_DIRNAME/errnos" --program "$2" \
    --tree "$tree" --from "$from" --becomes / "${options[@]}" "$@"
  ((status == 0)) || fail "$output"
  echo "# $BATS_TEST_DESCRIPTION: $output" >&3
}

@test "doffctl trim" {
  (cd tree && runc spec)
  holds tree tree/ -- "$DOFFCTL" trim --cap-drop ALL tree/config.json
}

@test "doffctl setup, of a file that is there" {
  echo '{"data-root": "/x"}' >tree/daemon.json
  ln -s /bin/true doff-runtime
  holds tree daemon.json -- "$DOFFCTL" setup docker --write \
    --config tree/daemon.json --runtime "$PWD/doff-runtime"
}

@test "doffctl setup, of a file in directories that are not there" {
  ln -s /bin/true doff-runtime
  holds tree tree/ -- "$DOFFCTL" setup docker --write \
    --config tree/a/b/daemon.json --runtime "$PWD/doff-runtime"
}

@test "doff-runtime create" {
  (cd tree && runc spec)
  # A path of which a part is one as well.
  mkdir part
  cp "$DOFF" part/doff
  cp "$DOFF" doff
  printf '%s\n' "runtime /bin/true" "launcher $PWD/part/doff" >settings
  chmod 644 settings
  holds tree tree/ --becomes /bin/true -- "$DOFF_RUNTIME" \
    --doff-settings "$PWD/settings" --root "$PWD/state" create --bundle tree x
}

@test "doffctl install-shell" {
  mkdir -p tree/{bin,etc,proc,usr/bin}
  chmod -R u=rwX,go=rX tree
  cp "$(command -v busybox)" tree/bin/busybox
  ln -s busybox tree/bin/sh
  printf '%s\n' root:x:0:0:root:/root:/bin/sh app:x:1000:1000::/:/bin/sh \
    >tree/etc/passwd
  echo /bin/sh >tree/etc/shells
  holds tree tree --lock .pwd.lock \
    --only mkdirat,renameat,renameat2,write,fsync,fchmod,fchown,unlinkat -- \
    "$DOFFCTL" install-shell tree --doff "$DOFF" --user app
}
