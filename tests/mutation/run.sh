#!/usr/bin/env bash
# tests/mutation/run.sh [PATTERN]: breaks the launcher in each of the ways that
# the file `mutants` lists (those whose NAME: FILE match PATTERN), in a copy of
# the tree, and says which test catches it. Exit status: 1 if fewer than 95 of 100
# are caught, 2 if a mutant cannot be made or does not compile.
set -uo pipefail
here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
pattern=${1-}
((EUID == 0)) || exec sudo "$0" "$@"

work=$(mktemp -d)
# Tests start the launcher as other users, too.
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
tree=$work/tree
mkdir "$tree"
git -C "$here/../.." ls-files -z --cached --others --exclude-standard |
  tar -C "$here/../.." --null -T - -c | tar -C "$tree" -x || exit 2
build=$tree/build/release
export DOFF=$build/launcher/doff FAULT_INJECT=$build/tests/fault/inject
# Suites that also ask doffctl get the one of this tree.
export DOFFCTL=${DOFFCTL:-$here/../../build/release/helper/doffctl}
export DOFF_TEST_CACHE=$work/cache

# -O0: what is built here is for one run.
configure() {
  cmake --preset release -S "$tree" -DDOFF_WERROR=OFF -DDOFF_HELPER=OFF \
    -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_FLAGS=-O0 >/dev/null
}

make() {
  cmake --build "$build" --target "$@" -- --quiet >"$work/log" 2>&1
}

suite() {
  timeout 600 bats "$tree/tests/$1" "${@:2}" >"$work/log" 2>&1 </dev/null
}

# The tests, the fastest first.
readonly TESTS=(unit "fault root of a container" userns user weaker options
  shell regain fault filter)

# passes TEST; status 2 if it cannot be built.
passes() {
  case $1 in
    unit) make unit_tests || return 2 && timeout 300 "$build/tests/unit/unit_tests" >"$work/log" 2>&1 ;;
    filter) make filter_tests || return 2 && timeout 600 "$build/tests/filter/filter_tests" >"$work/log" 2>&1 ;;
    fault) suite fault/launcher.bats ;;
    fault\ *) suite fault/launcher.bats -f "^${1#fault }$" ;;
    *) suite "e2e/$1.bats" ;;
  esac
}

# catcher: sets `caught` to the first test that fails, or to nothing.
catcher() {
  caught=
  make doff || return 2
  for caught in "${TESTS[@]}"; do
    passes "$caught" || return $(($? == 2 ? 2 : 0))
  done
  caught=
}

# edit FILE OLD NEW: OLD must stand there once.
edit() {
  local text
  text=$(<"$tree/$1") || return
  [[ $text == *"$2"* && ${text#*"$2"} != *"$2"* ]] || return
  printf '%s%s%s\n' "${text%%"$2"*}" "$3" "${text#*"$2"}" >"$tree/$1"
}

error() {
  echo "ERROR: $1: $2"
  [[ ! -s $work/log ]] || tail -5 "$work/log"
  errors=$((errors + 1))
}

# try NAME FILE OLD NEW
try() {
  : >"$work/log"
  cp -p "$tree/$2" "$work/original"
  if ! edit "$2" "$3" "$4"; then
    error "$1" "'$3' does not stand once in $2"
  elif ! catcher; then
    error "$1" "it does not compile"
  elif [[ -n $caught ]]; then
    echo "caught by $caught: $1"
    kills=$((kills + 1))
  else
    echo "SURVIVED: $1 ($2)"
    survivors=$((survivors + 1))
  fi
  cp "$work/original" "$tree/$2"
}

errors=0 kills=0 survivors=0
if ! configure || ! make doff unit_tests filter_tests inject; then
  cat "$work/log"
  exit 2
fi
for each in "${TESTS[@]}"; do
  passes "$each" || { echo "$each fails without a mutant:"; cat "$work/log"; exit 2; }
done
while IFS= read -r line; do
  case $line in
    "= "*) name=${line#= } file=${line##*: } name=${name%: *} ;;
    "- "*) old=${line#- } ;;
    "+"*)
      new=${line#+}
      [[ ! "$name: $file" =~ $pattern ]] || try "$name" "$file" "$old" "${new# }"
      ;;
  esac
done <"$here/mutants"

total=$((kills + survivors))
echo "$kills of $total caught, $survivors survived, $errors errors"
((errors == 0 && total > 0)) || exit 2
((kills * 100 >= total * 95))
