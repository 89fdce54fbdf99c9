#!/usr/bin/env bash
# Builds and packs what is committed twice, from nothing, in directories whose
# names differ in length, and compares the bytes. Takes two release builds; in
# ./test.sh, tests/e2e/package.bats does the part of it that a minute is enough
# for.
#
# usage: tests/package/reproducible.sh [DIRECTORY]   (where to keep both)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if (($#)); then
  mkdir -p "$1"
  work=$(realpath "$1")
else
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
fi
umask 022
# A cache would give the second build what the first has made.
export CCACHE_DISABLE=1
unset CMAKE_CXX_COMPILER_LAUNCHER SOURCE_DATE_EPOCH

# build_in DIRECTORY JOBS
build_in() {
  mkdir -p "$1"
  git archive HEAD | tar -C "$1" -xf -
  cmake -S "$1" -B "$1/made" -G Ninja >/dev/null
  cmake --build "$1/made" -j "$2" -- --quiet
  cpack --config "$1/made/CPackConfig.cmake" -B "$1/packages" >"$1/cpack.log"
}

echo "== the first build"
build_in "$work/one" "$(nproc)"
echo "== the second build"
TZ=Asia/Tokyo LC_ALL=C HOME=/nonexistent \
  build_in "$work/another/of/a/longer/name" 1

failed=0
for file in "$work"/one/packages/doff*; do
  other=$work/another/of/a/longer/name/packages/${file##*/}
  cmp "$file" "$other" || failed=1
  sha256sum "$file" "$other"
done
exit "$failed"
