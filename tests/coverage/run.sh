#!/usr/bin/env bash
# Runs what reaches launcher/ on the build of the preset `coverage`, prints line
# and branch coverage of everything, and fails where a line or a branch of
# launcher/ is neither covered nor explained: tests/coverage/explained.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
build=$PWD/build/coverage
suites=(options user weaker userns shell transparent regain rare)

for ((at = ${#build}; at > 0; --at)); do
  [[ ${build:at:1} == / || at -eq ${#build} ]] || continue
  [[ $(stat -c %A "${build:0:at}") == *[xt] ]] || {
    echo "coverage: ${build:0:at} is closed to other users, as whom doff runs" \
      "too: chmod o+x it, or clone elsewhere" >&2
    exit 1
  }
done

# Written by whoever runs a program; to gcov an empty file is as good as none.
find "$build" -name '*.gcno' | sed 's/gcno$/gcda/' >"$build/counters"
while IFS= read -r each; do
  : >"$each" && chmod a+rw "$each"
done <"$build/counters"

failed=0
ctest --test-dir "$build" --output-on-failure || failed=1
# But for what this launcher cannot do: it is not static, and opens files.
export DOFF=$build/launcher/doff
export DOFFCTL=$build/helper/doffctl DOFF_RUNTIME=$build/helper/doff-runtime
(cd tests/e2e && exec bats --filter-tags "!static" "${suites[@]/%/.bats}") || failed=1

result=$build/coverage.json
# A program that is killed may leave a count below zero, which gcovr rejects.
gcovr --root . --filter caps/ --filter helper/ --filter launcher/ \
  --gcov-ignore-parse-errors \
  --exclude launcher/filters/ --exclude-throw-branches \
  --exclude-unreachable-branches --json "$result" "$build" || exit
gcovr --root . --add-tracefile "$result" --print-summary
gcovr --root . --add-tracefile "$result" --branches
tests/coverage/report.py tests/coverage/explained "$result" || failed=1
exit "$failed"
