#!/usr/bin/env bash
# Builds and packs what is committed twice, from nothing, in directories whose
# names differ in length, and compares the bytes. Takes two release builds; in
# ./test.sh, tests/e2e/package.bats does the part of it that a minute is enough
# for.
#
# usage: tests/package/reproducible.sh [BUILD]
# BUILD, a release build of the same commit elsewhere, is taken for the first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

first=${1:+$(realpath "$1")}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022
# A cache would give the second build what the first has made.
export CCACHE_DISABLE=1
unset CMAKE_CXX_COMPILER_LAUNCHER SOURCE_DATE_EPOCH

# build_in DIRECTORY: a whole build, in DIRECTORY/made.
build_in() {
  mkdir -p "$1"
  git archive HEAD | tar -C "$1" -xf -
  cmake -S "$1" -B "$1/made" -G Ninja >/dev/null
  cmake --build "$1/made" -- --quiet
}

# pack BUILD DIRECTORY
pack() {
  mkdir -p "$2"
  cpack --config "$1/CPackConfig.cmake" -B "$2" >"$2/log"
}

if [[ -z $first ]]; then
  echo "== the first build"
  build_in "$work/one"
  first=$work/one/made
fi
echo "== the second build"
second=$work/another/of/a/longer/name
TZ=Asia/Tokyo LC_ALL=C HOME=/nonexistent build_in "$second"
pack "$first" "$work/first"
TZ=Asia/Tokyo LC_ALL=C HOME=/nonexistent pack "$second/made" "$work/second"

failed=0
for file in "$work"/first/doff*; do
  cmp "$file" "$work/second/${file##*/}" || failed=1
  (cd "$work" && sha256sum {first,second}/"${file##*/}")
done
exit "$failed"
