# shellcheck shell=bash
# Real containers: root file systems, OCI bundles, and runtimes that find only
# such cgroups as they take. After lib.bash.

# A runtime's command, as a file, because script(1) takes a string.
# crun up to 1.8 refuses a machine with cgroups of both versions; such a one
# has them apart in a mount namespace of its own.
make_runtimes() {
  local runtime path
  mkdir -p "$BATS_RUN_TMPDIR/runtime" "$BATS_RUN_TMPDIR/state"
  for runtime in runc crun; do
    need "$runtime"
    path=$(command -v "$runtime")
    if [[ $runtime == crun ]] && mountpoint -q /sys/fs/cgroup/unified; then
      cat <<CRUN
#!/bin/sh
exec unshare --mount --propagation private sh -c '
  umount /sys/fs/cgroup/unified && exec "\$@"' \
  crun "$path" --root "$BATS_RUN_TMPDIR/state" "\$@"
CRUN
    else
      cat <<RUNC
#!/bin/sh
exec "$path" --root "$BATS_RUN_TMPDIR/state" "\$@"
RUNC
    fi >"$BATS_RUN_TMPDIR/runtime/$runtime.new$BASHPID"
    chmod +x "$BATS_RUN_TMPDIR/runtime/$runtime.new$BASHPID"
    mv "$BATS_RUN_TMPDIR/runtime/$runtime.new$BASHPID" \
      "$BATS_RUN_TMPDIR/runtime/$runtime"
  done
}

runtime() {
  local name=$1
  shift
  "$BATS_RUN_TMPDIR/runtime/$name" "$@"
}

add_test_accounts() {
  printf '%s\n' 'app:x:1000:1000:app:/home/app:/bin/sh' \
    'sandbox:x:1500:1500:the agent:/home/sandbox:/bin/sh' >>"$1/etc/passwd"
  printf '%s\n' 'app:x:1000:' 'sandbox:x:1500:' 'shared:x:1600:sandbox' \
    >>"$1/etc/group"
  mkdir -p "$1/home/app" "$1/home/sandbox" "$1/e2e"
}

make_busybox_root() {
  local root=$1 applet
  need busybox
  mkdir -p "$root"/{bin,etc,proc,sys,dev,tmp,root,run,usr/bin}
  cp "$(command -v busybox)" "$root/bin/busybox"
  "$root/bin/busybox" true # static, or of no use here
  for applet in $("$root/bin/busybox" --list); do
    [[ $applet == busybox ]] || ln -sf busybox "$root/bin/$applet"
  done
  echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
  echo 'root:x:0:' >"$root/etc/group"
  add_test_accounts "$root"
}

# Where this machine's apt takes Debian's main from.
debian_mirror() {
  # shellcheck disable=SC2016 # apt expands it
  apt-get indextargets --format '$(SITE) $(CODENAME) $(COMPONENT)' \
    'Created-By: Packages' | sed -n 's/ bookworm main$//p' | head -n 1
}

# make_debian_root DIR SUITE PACKAGES
make_debian_root() {
  need debootstrap
  printf "# %s\n" "making a Debian root file system (about a minute)" >&3
  debootstrap --variant=minbase --include="$3" "$2" "$1" \
    "${DOFF_TEST_MIRROR:-$(debian_mirror)}" >"$1.log" 2>&1 ||
    fail "debootstrap failed:" "$(tail -n 5 "$1.log")"
  add_test_accounts "$1"
}

# root_of deb|trixie|busybox: makes the root file system unless it is there.
root_of() {
  local root=$DOFF_TEST_CACHE/$1-2
  if [[ ! -e $root.whole ]]; then
    rm -rf "$root"
    mkdir -p "$DOFF_TEST_CACHE"
    case $1 in
      deb) make_debian_root "$root" bookworm libcap2-bin ;;
      trixie) make_debian_root "$root" trixie libcap2-bin,criu ;;
      busybox) make_busybox_root "$root" ;;
    esac >&2
    touch "$root.whole"
  fi
  realpath "$root"
}

# A criu for runtimes to find: Debian 13's, with its own libraries, because Debian
# 12's does not start on Linux 6.18.
make_criu() {
  local root libraries
  root=$(root_of trixie)
  libraries=$(echo "$root"/usr/lib/*-linux-gnu)
  mkdir "$BATS_FILE_TMPDIR/criu"
  printf '#!/bin/sh\nexec %s --library-path %s %s "$@"\n' \
    "$(echo "$libraries"/ld-linux-*.so.?)" "$libraries" "$root/usr/sbin/criu" \
    >"$BATS_FILE_TMPDIR/criu/criu"
  chmod +x "$BATS_FILE_TMPDIR/criu/criu"
  export PATH=$BATS_FILE_TMPDIR/criu:$PATH
  criu check >"$BATS_FILE_TMPDIR/criu.log" 2>&1 ||
    skip "this kernel lets no criu work: $(head -n 1 "$BATS_FILE_TMPDIR/criu.log")"
}

# What the containers see as /e2e: the binary under test.
make_shared() {
  shared=$BATS_FILE_TMPDIR/shared
  mkdir -p "$shared"
  cp "$DOFF" "$shared/doff"
  chmod 755 "$shared" "$shared/doff"
  export shared
}

# json_capabilities HEX: "CAP_CHOWN","CAP_..." for a spec.
json_capabilities() {
  names_of "$1" | sed 's/[A-Z_]\+/"CAP_&"/g'
}

# open_way_to DIR: everybody may go through to it.
open_way_to() {
  local each=$1
  while [[ -n $each ]]; do
    chmod o+x "$each"
    each=${each%/*}
  done
}

# user_namespace HOST_ID: jq's filter for a config.json, whose root is that user
# outside.
user_namespace() {
  local map="[{containerID: 0, hostID: $1, size: 65536}]"
  echo ".linux.namespaces += [{type: \"user\"}]
    | .linux.uidMappings = $map | .linux.gidMappings = $map
    | .mounts |= map(select(.type != \"mqueue\"))"
}

# make_bundle DIR ROOT BOUNDING_HEX READONLY NO_NEW_PRIVS (true or false)
make_bundle() {
  mkdir -p "$1"
  [[ -e $BATS_FILE_TMPDIR/spec/config.json ]] || {
    mkdir -p "$BATS_FILE_TMPDIR/spec"
    runtime runc spec -b "$BATS_FILE_TMPDIR/spec"
  }
  jq --arg root "$2" --argjson readonly "$4" --argjson nnp "$5" \
    --argjson bounding "[$(json_capabilities "$3")]" \
    --arg shared "$shared" '
    .root = {path: $root, readonly: $readonly}
    | .process |= (.terminal = false | .args = ["sleep", "1000"]
        | .noNewPrivileges = $nnp | del(.rlimits)
        | .capabilities = {bounding: $bounding, permitted: $bounding,
            effective: $bounding, inheritable: [], ambient: []})
    | .mounts |= map(select(.destination | startswith("/sys") | not))
    | .mounts += [{destination: "/e2e", type: "bind", source: $shared,
        options: ["bind", "ro"]}]' \
    "$BATS_FILE_TMPDIR/spec/config.json" >"$1/config.json"
}

# A process for `exec --process`. Capabilities are what engines give: all to
# uid 0, to others only the bounding set.
# process_json UID BOUNDING_JSON NO_NEW_PRIVS TERMINAL ARGS_JSON
process_json() {
  local all=$2
  (($1 == 0)) || all=""
  printf '{"terminal":%s,"user":{"uid":%s,"gid":%s},"cwd":"/",
    "noNewPrivileges":%s,"args":[%s],
    "env":["PATH=/usr/sbin:/usr/bin:/sbin:/bin","TERM=xterm"],
    "capabilities":{"bounding":[%s],"permitted":[%s],"effective":[%s],
      "inheritable":[],"ambient":[]}}\n' \
    "$4" "$1" "$1" "$3" "$5" "$2" "$all" "$all"
}
