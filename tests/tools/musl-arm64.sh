#!/usr/bin/env bash
# musl-arm64.sh DIR: unpacks musl-dev for arm64 under DIR, from the sources of
# this machine's apt, without adding an architecture to the machine.
set -euo pipefail
root=$1
[[ ! -e $root/usr/lib/aarch64-linux-musl/libc.a ]] || exit 0
mkdir -p "$root"/{lists/partial,cache/archives/partial}
root=$(cd "$root" && pwd)
options=(-qq -o "Dir::State::lists=$root/lists" -o "Dir::Cache=$root/cache"
  -o APT::Architectures::="$(dpkg --print-architecture)"
  -o APT::Architectures::=arm64 -o APT::Sandbox::User=root)
apt-get "${options[@]}" update
cd "$root"
apt-get "${options[@]}" download musl:arm64 musl-dev:arm64
for package in musl*_arm64.deb; do
  dpkg-deb -x "$package" .
done
