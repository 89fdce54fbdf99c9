#!/usr/bin/env bash
# Runs the libFuzzer targets of build/fuzz, each on a copy of its corpus, so
# that what it finds on its way stays out of the repository.
#   run.sh [RUNS|MINUTESm [TARGET...]]    e.g. run.sh 10000; run.sh 5m policy
# One line for each target; exit status 1 if one crashed. Its input and log are
# then in build/fuzz/crashes. TARGET.dict, where there is one, has its words.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${DOFF_FUZZ_BUILD:-$here/../../build/fuzz}
crashes=$build/crashes

amount=${1:-10000}
case $amount in
  *[!0-9m]* | *m?* | m | "")
    echo "usage: run.sh [RUNS|MINUTESm [TARGET...]]" >&2
    exit 2
    ;;
  *m) limit=(-max_total_time=$((10#${amount%m} * 60))) ;;
  *) limit=(-runs="$amount") ;;
esac
shift $(($# > 0))
targets=("$@")
((${#targets[@]})) || for each in "$here"/corpus/*/; do
  targets+=("$(basename "$each")")
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# fuzz TARGET: one line, and whether it held.
fuzz() {
  local program=$build/tests/fuzz/$1_fuzz log=$work/$1.log status done_runs
  if [[ ! -x $program ]]; then
    echo "$1: not built: cmake --preset fuzz && cmake --build --preset fuzz" >&2
    return 1
  fi
  mkdir -p "$crashes" && cp -r "$here/corpus/$1" "$work/$1" || return
  [[ ! -e $here/$1.dict ]] || set -- "$1" -dict="$here/$1.dict"
  "$program" -seed=1 -max_len=4096 -timeout=60 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix="$crashes/$1-" "${limit[@]}" \
    "${@:2}" "$work/$1" >"$log" 2>&1
  status=$?
  done_runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  if ((status)); then
    cp "$log" "$crashes/$1.log"
    echo "$1: CRASHED after ${done_runs:-?} runs: $crashes/$1.log"
    return 1
  fi
  echo "$1: $done_runs runs, no crash"
}

failed=0
for each in "${targets[@]}"; do
  fuzz "$each" || failed=1
done
exit "$failed"
