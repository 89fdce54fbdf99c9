#!/usr/bin/env bash
# Installs what the tests need, builds everything, runs every check and test.
# Safe to run again. Options:
#   --strict    a test skipped as "not installed" is a failure (for .ci/run)
#   --coverage  print line and branch coverage, and stop; a failure if a line of
#               launcher/ is not covered and tests/coverage does not say why
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit
# shellcheck source=tests/tools/packages.sh
. tests/tools/packages.sh

strict=false
coverage=false
for option in "$@"; do
  case $option in
    --strict) strict=true ;;
    --coverage) coverage=true ;;
    *)
      echo "usage: ./test.sh [--strict] [--coverage]" >&2
      exit 2
      ;;
  esac
done

need cmake ninja-build g++ clang clang-tidy clang-format libclang-rt-14-dev \
  musl-tools libseccomp-dev libcap-ng-dev catch2 gcovr \
  g++-aarch64-linux-gnu qemu-user-static gcc libc6-dev binutils \
  runc crun busybox-static debootstrap bats shellcheck mandoc strace gdb \
  libcap2-bin libcap-ng-utils util-linux bsdutils mount procps tmux jq python3 \
  libcli11-dev nlohmann-json3-dev libyaml-dev libyaml-cpp-dev libexpected-dev nettle-dev \
  libtomlplusplus-dev libprotozero-dev python3-jsonschema python3-yaml bash-completion zsh fish \
  attr patch podman conmon netavark catatonit uidmap docker.io docker-compose \
  containerd bubblewrap \
  iptables systemd systemd-container \
  python3-grpcio python3-protobuf protobuf-compiler python3-websocket \
  python3-kubernetes openssh-server openssh-client openssh-sftp-server rsync \
  git cron make iproute2 passwd login libpam-cap lintian dpkg-dev file \
  qemu-system-x86 qemu-system-arm || exit
((EUID == 0)) || exec sudo "$0" "$@"

passed=0
failed=0
skipped=0

# heading NAME: with the seconds since the start, to see what takes them.
heading() {
  echo "== $SECONDS s: $1"
}

# tally NAME COMMAND...: one check, by its exit status.
tally() {
  local name=$1
  shift
  heading "$name"
  if "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "== FAILED: $name"
  fi
}

build() {
  cmake --preset "$1" >/dev/null && cmake --build --preset "$1" -- --quiet
}

# tap COMMAND...: counts the lines of a TAP stream, and shows what is not ok.
tap() {
  local line status
  while IFS= read -r line; do
    case $line in
      "ok "*"# skip not installed"*)
        if $strict; then failed=$((failed + 1)); else skipped=$((skipped + 1)); fi
        echo "$line"
        ;;
      "ok "*"# skip"*)
        skipped=$((skipped + 1))
        echo "$line"
        ;;
      "ok "*) passed=$((passed + 1)) ;;
      "not ok "*)
        failed=$((failed + 1))
        echo "$line"
        ;;
      1..*) ;;
      *) echo "$line" ;;
    esac
  done < <("$@"; echo "status $?" >"$status_file")
  read -r _ status <"$status_file"
  ((status <= 1)) || failed=$((failed + 1))
}

# ctest_of PRESET: its tests, one by one in the count.
ctest_of() {
  local log=build/$1/ctest.log line
  ctest --test-dir "build/$1" --output-on-failure >"$log" 2>&1
  while IFS= read -r line; do
    case $line in
      *"Test  "*"Passed"* | *"Test #"*"Passed"*) passed=$((passed + 1)) ;;
      *"Skipped"*) skipped=$((skipped + 1)) && echo "$line" ;;
    esac
  done <"$log"
  if ! grep -q '100% tests passed' "$log"; then
    failed=$((failed + 1))
    cat "$log"
  fi
}

# tidy: clang-tidy over every file, once each, as errors. Nothing is built but
# what is included.
tidy() {
  cmake --preset tidy >/dev/null &&
    cmake --build --preset tidy --target filters tested_filters -- --quiet ||
    return
  mkdir -p build/tidy/once
  jq 'unique_by(.file)' build/tidy/compile_commands.json \
    >build/tidy/once/compile_commands.json
  jq -r '.[].file' build/tidy/once/compile_commands.json |
    xargs -n 1 -P "$(nproc)" clang-tidy -p build/tidy/once --quiet \
      --warnings-as-errors='*' 2>build/tidy/stderr.log
}

# What needs no engine: minutes of compilers, beside tests that mostly wait.
compilers() {
  tally "clang-tidy is quiet" tidy
  tally "builds without a warning: fuzz" build fuzz
  tally "10,000 inputs for each fuzz target" tests/fuzz/run.sh 10000
}

scratch=$(mktemp -d)
status_file=$scratch/status
trap 'rm -rf "$scratch"; kill $(jobs -p) 2>/dev/null' EXIT

# beside COMMAND: runs it at a lower priority, until take_in. Its counts are
# those of a subshell, and handed over in a file.
# shellcheck disable=SC2030
beside() {
  (
    passed=0 failed=0 skipped=0
    renice -n 10 "$BASHPID" >/dev/null
    "$@"
    echo "$passed $failed $skipped" >"$scratch/counts"
  ) >"$scratch/log" 2>&1 &
}

# take_in: waits for what is beside, shows its output, adds its counts.
# shellcheck disable=SC2031
take_in() {
  local its_passed=0 its_failed=1 its_skipped=0
  wait
  cat "$scratch/log"
  read -r its_passed its_failed its_skipped <"$scratch/counts"
  passed=$((passed + its_passed))
  failed=$((failed + its_failed))
  skipped=$((skipped + its_skipped))
}

if $coverage; then
  build coverage || exit
  exec tests/coverage/run.sh
fi

mapfile -t cxx < <(git ls-files '*.h' '*.cpp')
mapfile -t shell < <(git ls-files '*.sh' '*.bash' '*.bats' .ci/run \
  package/postinst package/postrm package/prerm)
tally "clang-format is quiet" clang-format --dry-run -Werror "${cxx[@]}"
tally "shellcheck is quiet" shellcheck -x "${shell[@]}"
tally "mandoc is quiet" mandoc -T lint -W warning man/*.[1-8]

for preset in release clang debug asan; do
  tally "builds without a warning: $preset" build "$preset"
done
tally "musl for arm64" tests/tools/musl-arm64.sh build/musl-arm64
tally "builds without a warning: arm64" build arm64

for preset in release clang asan; do
  heading "unit tests and the filter proof: $preset"
  ctest_of "$preset"
done

beside compilers
heading "end to end: the static launcher on real containers"
export DOFF=$PWD/build/release/launcher/doff
export DOFFCTL=$PWD/build/release/helper/doffctl
export DOFF_RUNTIME=$PWD/build/release/helper/doff-runtime
export DOFF_SYMBOLS=$PWD/build/debug/launcher/doff
export DOFF_ARM64=$PWD/build/arm64/launcher/doff
export DOFF_TEST_CACHE=$PWD/build/test-cache
tap bats --tap tests/e2e/*.bats
heading "the launcher and the escape corpus under other kernels, in qemu"
tap bats --tap tests/kernels/kernels.bats
heading "end to end: the launcher with sanitizers"
# The launcher has no heap that could leak, and a tracer is in LSan's way.
ASAN_OPTIONS=detect_leaks=0 DOFF=$PWD/build/asan/launcher/doff tap bats --tap tests/e2e/options.bats

heading "fault injection: each system call fails, lies, is interrupted, or is the last"
tap bats --tap tests/fault/*.bats

heading "beside the above"
take_in

echo "$passed passed, $failed failed, $skipped skipped in $SECONDS s"
((failed == 0))
