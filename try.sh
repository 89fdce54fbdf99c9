#!/usr/bin/env bash
# Shows the main job on a real container: runc starts one whose bounding set is
# the reported 0x4a82c35fb, and a shell in it is looked at from outside, without
# doff and with it. Installs what it needs; safe to run again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=tests/tools/packages.sh
. tests/tools/packages.sh

need cmake ninja-build g++ musl-tools libseccomp-dev runc busybox-static jq \
  libcli11-dev nlohmann-json3-dev libyaml-dev libexpected-dev \
  libtomlplusplus-dev nettle-dev libprotozero-dev
echo "== building doff, doffctl and doff-runtime (a minute or two)"
cmake -S . -B build/try -G Ninja >/dev/null
cmake --build build/try >/dev/null
((EUID == 0)) || exec sudo "$0" "$@"

bundle=$(mktemp -d)
id=doff-try-$$
cleanup() {
  runc --root "$bundle/state" delete --force "$id" 2>/dev/null || true
  runc --root "$bundle/state" delete --force "$id-trimmed" 2>/dev/null || true
  runc --root "$bundle/state" delete --force "$id-in-front" 2>/dev/null || true
  rm -rf "$bundle"
}
trap cleanup EXIT

echo "== a container with CapBnd=00000004a82c35fb, by runc"
mkdir -p "$bundle"/rootfs/{bin,proc,dev,etc}
cp /bin/busybox "$bundle/rootfs/bin/"
for applet in sh sleep id; do
  ln -s busybox "$bundle/rootfs/bin/$applet"
done
cp build/try/launcher/doff "$bundle/rootfs/bin/"
echo 'root:x:0:0::/:/bin/sh' >"$bundle/rootfs/etc/passwd"
runc spec --bundle "$bundle"
# Docker's fourteen, and SYS_ADMIN NET_ADMIN SYS_PTRACE SYSLOG.
jq '.process.capabilities[] = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID",
    "KILL", "SETGID", "SETUID", "SETPCAP", "NET_BIND_SERVICE", "NET_RAW",
    "SYS_CHROOT", "MKNOD", "AUDIT_WRITE", "SETFCAP", "SYS_ADMIN", "NET_ADMIN",
    "SYS_PTRACE", "SYSLOG"] | .process.capabilities[] |= map("CAP_" + .)
  | .process.capabilities.inheritable = []
  | .process.capabilities.ambient = []
  | .process.args = ["sleep", "1000"] | .process.terminal = false
  | .process.noNewPrivileges = false | .root.readonly = false' \
  "$bundle/config.json" >"$bundle/new"
mv "$bundle/new" "$bundle/config.json"
runc --root "$bundle/state" run --detach --bundle "$bundle" "$id" \
  </dev/null >/dev/null 2>&1

# look COMMAND...: a process in the container, seen from outside.
look() {
  echo "\$ runc exec CONTAINER ${*@Q}"
  runc --root "$bundle/state" exec --detach --pid-file "$bundle/pid" "$id" "$@"
  sleep 0.2
  grep -E 'Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs|Seccomp:' \
    "/proc/$(cat "$bundle/pid")/status"
}
echo "== a shell as the runtime starts it"
look sh -c 'sleep 100; exit'
echo "== the same shell behind doff"
look doff -- sh -c 'sleep 100; exit'
[[ $(grep CapBnd "/proc/$(cat "$bundle/pid")/status") == *0000000000000000 ]]

echo "== and what doff itself says"
runc --root "$bundle/state" exec "$id" doff --report human -- id

echo "== the same container, trimmed before it is created"
echo "\$ doffctl trim --cap-drop ALL --cap-add SETUID,SETGID config.json"
build/try/helper/doffctl trim --cap-drop ALL --cap-add SETUID,SETGID \
  "$bundle/config.json"
runc --root "$bundle/state" run --detach --bundle "$bundle" "$id-trimmed" \
  </dev/null >/dev/null 2>&1
pid=$(runc --root "$bundle/state" state "$id-trimmed" | jq .pid)
grep CapBnd "/proc/$pid/status"
[[ $(grep CapBnd "/proc/$pid/status") == *00000000000000c0 ]]
echo "== and what needs nothing in the image and nothing of whoever connects:"
echo "== the runtime doff-runtime, here as an engine calls it"
doff_runtime=(build/try/helper/doff-runtime --doff-settings "$bundle/runtime.conf"
  --root "$bundle/state")
printf '%s\n' "runtime $(command -v runc)" \
  "launcher $PWD/build/try/launcher/doff" >"$bundle/runtime.conf"
rm "$bundle/rootfs/bin/doff"
"${doff_runtime[@]}" run --detach --bundle "$bundle" "$id-in-front" \
  </dev/null >/dev/null 2>&1
echo "\$ doff-runtime exec CONTAINER 'sh' '-c' 'sleep 100; exit'"
"${doff_runtime[@]}" exec --detach --pid-file "$bundle/pid" "$id-in-front" \
  sh -c 'sleep 100; exit'
sleep 0.2
grep -E 'Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs|Seccomp:' \
  "/proc/$(cat "$bundle/pid")/status"
[[ $(grep CapBnd "/proc/$(cat "$bundle/pid")/status") == *0000000000000000 ]]
echo "== done; to look around yourself: build/try/launcher/doff --help and" \
  "build/try/helper/doffctl --help"
