# shellcheck shell=bash
# Debian's kernels under qemu, with our programs in an initramfs: got, booted,
# and what init.sh said about the cases. After e2e/lib.bash and e2e/container.bash.

# shellcheck disable=SC2154 # e2e: lib.bash sets it
here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
kernels=$DOFF_TEST_CACHE/kernels
: "${DOFF_ARM64:=$here/../../build/arm64/launcher/doff}"
# The escape corpus, by the same build.
: "${DOFF_ATTACK:=${DOFF%/launcher/doff}/tests/escape/doff-attack}"
: "${DOFF_ATTACK_ARM64:=${DOFF_ARM64%/launcher/doff}/tests/escape/doff-attack}"

# Those of `cases` as which init starts the escape corpus, too.
# shellcheck disable=SC2034
readonly BEHIND_DOFF=(root hardened user userns plain-user-accepted)

# By name: the suite of Debian that has it, and the architecture. Which version
# that is, the guest says.
declare -gA KERNELS=([5.10]="bullseye amd64" [6.1]="bookworm amd64"
  [6.12]="trixie amd64" [newest]="sid amd64" [6.1-arm64]="bookworm arm64")

kernel_tools() {
  require_root
  need gcc busybox gzip qemu-system-x86_64 qemu-system-aarch64 \
    aarch64-linux-gnu-gcc
}

# apt SUITE ARCHITECTURE COMMAND...: apt-get or apt-cache on that suite, from
# the mirror of this machine's sources, with lists of its own. A suite's
# directory is $kernels/SUITE-ARCHITECTURE.
apt() {
  local root=$kernels/$1-$2 architecture=$2 command=$3
  shift 3
  "$command" -qq -o "Dir::Etc::sourcelist=$root/sources.list" \
    -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$root/lists" \
    -o "Dir::Cache=$root/cache" -o APT::Sandbox::User=root \
    -o Acquire::Languages=none -o "APT::Architecture=$architecture" \
    -o "APT::Architectures::=$architecture" "$@"
}

# files_of SUITE ARCHITECTURE PATTERN PACKAGE: unpacks what matches.
files_of() {
  local root=$kernels/$1-$2 pattern=$3 package=$4
  mkdir -p "$root/deb"
  (cd "$root/deb" && apt "$1" "$2" apt-get download "$package") ||
    fail "$package for $2 cannot be had from $1"
  dpkg-deb --fsys-tarfile "$root/deb"/*.deb |
    tar -x -C "$root" --wildcards "$pattern"
  rm "$root/deb"/*.deb
}

# update SUITE ARCHITECTURE: its lists.
update() {
  local root=$kernels/$1-$2
  [[ ! -e $root/updated ]] || return 0
  rm -rf "$root"
  mkdir -p "$root"/{lists/partial,cache/archives/partial}
  printf 'deb [signed-by=%s] %s %s main\n' \
    /usr/share/keyrings/debian-archive-keyring.gpg \
    "${DOFF_TEST_MIRROR:-$(debian_mirror)}" "$1" >"$root/sources.list"
  if ! apt "$@" apt-get update -o APT::Update::Error-Mode=any \
    >"$root/log" 2>&1; then
    grep -q "does not have a Release file" "$root/log" || fail "$(<"$root/log")"
    skip "the mirror that apt's sources name has no suite $1 any more"
  fi
  touch "$root/updated"
}

# get_kernel SUITE ARCHITECTURE: its newest cloud kernel, which has all that is
# needed built in, as vmlinuz in that directory; and a busybox.
get_kernel() {
  local root=$kernels/$1-$2 image packages
  [[ ! -e $root/vmlinuz ]] || return 0
  update "$@"
  # The package of that name depends on the one with the version; later ones
  # have the kernel in a linux-binary.
  image=$(apt "$@" apt-cache depends "linux-image-cloud-$2" |
    grep -o 'linux-image-[0-9].*')
  packages=$(apt "$@" apt-cache depends "$image" |
    grep -o 'linux-binary-[0-9].*') || packages=$image
  files_of "$@" '*vmlinuz*' "$packages"
  [[ $2 == amd64 ]] || files_of "$@" '*bin/busybox' busybox-static
  rm -r "$root"/{updated,lists,cache}
  find "$root" -name 'vmlinuz*' -exec mv {} "$root/vmlinuz" \;
}

# get_policy: $kernels/policy-ABI, the profiles as kernels take them since that
# ABI. Debian 12's parser knows no `userns`, and a later one needs its own libc.
get_policy() {
  local root=$kernels/trixie-amd64 lib abi
  [[ ! -e $kernels/policy-4.0 ]] || return 0
  update trixie amd64
  files_of trixie amd64 '*bin/apparmor_parser' apparmor
  files_of trixie amd64 '*apparmor.d/abi/*' apparmor
  files_of trixie amd64 '*linux-gnu/l[di]*[cx]*.so.*' libc6
  lib=$root/usr/lib/x86_64-linux-gnu
  for abi in 3.0 4.0; do
    "$lib/ld-linux-x86-64.so.2" --library-path "$lib" \
      "$(find "$root" -name apparmor_parser)" --quiet --skip-kernel-load \
      --skip-cache --config-file /dev/null --base "$root/etc/apparmor.d" \
      --policy-features "$root/etc/apparmor.d/abi/$abi" \
      --kernel-features "$root/etc/apparmor.d/abi/$abi" \
      --stdout "$here/profiles-$abi" >"$kernels/policy.new"
    mv "$kernels/policy.new" "$kernels/policy-$abi"
  done
}

# make_initramfs ARCHITECTURE BUSYBOX LAUNCHER ATTACK: prints its path.
make_initramfs() {
  local root=$BATS_RUN_TMPDIR/initramfs-$1 compiler=gcc name
  [[ ! -e $root.gz ]] || { echo "$root.gz" && return; }
  [[ $1 == amd64 ]] || compiler=aarch64-linux-gnu-gcc
  (
    umask 022
    mkdir -p "$root/bin"
    install -m 755 "$2" "$root/bin/busybox"
    install -m 755 "$3" "$root/bin/doff"
    install -m 755 "$4" "$root/bin/doff-attack"
    ln "$root/bin/doff" "$root/bin/doff-shell"
    install -m 755 "$here/init.sh" "$root/init"
    install -m 644 "$here/cases" "$kernels"/policy-* "$root"
    for name in "$here/start_as" "$e2e/answer"; do
      "$compiler" -O1 -Wall -Wextra -Werror -static \
        -o "$root/bin/${name##*/}" "$name.c"
    done
    cd "$root" && find . | busybox cpio -o -H newc -R 0:0 2>/dev/null |
      gzip -1 >"$root.gz"
  ) >&2 || fail "the initramfs for $1 cannot be made"
  echo "$root.gz"
}

# boot NAME: what the guest says, as `said`, without its carriage returns.
boot() {
  local suite architecture root busybox launcher attack initramfs qemu
  read -r suite architecture <<<"${KERNELS[$1]}"
  get_policy
  get_kernel "$suite" "$architecture"
  root=$kernels/$suite-$architecture
  case $architecture in
    amd64)
      busybox=$(command -v busybox)
      launcher=$DOFF
      attack=$DOFF_ATTACK
      qemu=(qemu-system-x86_64 -cpu max -append
        "console=ttyS0 mitigations=off $GUEST")
      ;;
    arm64)
      busybox=$(find "$root" -path '*bin/busybox')
      launcher=$DOFF_ARM64
      attack=$DOFF_ATTACK_ARM64
      qemu=(qemu-system-aarch64 -M virt -cpu cortex-a57 -append
        "console=ttyAMA0 mitigations=off kpti=off nokaslr $GUEST")
      ;;
  esac
  initramfs=$(make_initramfs "$architecture" "$busybox" "$launcher" "$attack")
  said=$(timeout 120 "${qemu[@]}" -accel tcg -smp 1 -m 256 -nodefaults \
    -no-user-config -no-reboot -display none -nic none -serial stdio \
    -kernel "$root/vmlinuz" -initrd "$initramfs" </dev/null 2>&1 | tr -d '\r')
  [[ $said == *$'\ndoff-done'* ]] ||
    fail "kernel $1 did not come to the end; its console:" "$said"
}
readonly GUEST="quiet loglevel=1 panic=-1 rdinit=/init"

# told KIND [NAME]: what follows on the lines of that kind, or of that name.
told() {
  sed -n "s/^doff-$1 ${2:+$2|}//p" <<<"$said"
}

# proves VERDICT STATE: whether STATE, as somebody else read it of a process
# that is to keep nothing, is what VERDICT promises.
proves() {
  local part parts=("CapInh=$NOTHING" "CapPrm=$NOTHING" "CapEff=$NOTHING"
    "CapAmb=$NOTHING" NoNewPrivs=1)
  [[ $1 == inert ]] || parts+=("CapBnd=$NOTHING")
  for part in "${parts[@]}"; do
    [[ " $2 " == *" $part "* ]] || return 1
  done
}
