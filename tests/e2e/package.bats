#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154,SC2030,SC2031 # output: run sets it
# What `cpack` makes: the package for Debian in fresh roots, the archive for
# others, their bytes, and what they say is in them.

setup_file() {
  load lib
  load container
  require_root
  need cpack lintian dpkg-deb ninja jq python3 unshare
  export build
  build=$(realpath "${DOFF_BUILD:-$e2e/../../build/release}")
  [[ -e $build/CPackConfig.cmake ]] ||
    fail "$build is no build to pack: cmake --preset release, or DOFF_BUILD"
  pack "$BATS_FILE_TMPDIR/packed"
  export deb archive unpacked=$BATS_FILE_TMPDIR/unpacked
  deb=$(echo "$BATS_FILE_TMPDIR"/packed/doff_*.deb)
  archive=$(echo "$BATS_FILE_TMPDIR"/packed/doff-*.tar.gz)
  dpkg-deb --extract "$deb" "$unpacked"
}

setup() {
  load lib
  load container
  sbom=$unpacked/usr/share/doc/doff/sbom.spdx.json
}

# pack DIRECTORY [COMMAND...]: what cpack makes there, run by COMMAND.
pack() {
  local directory=$1
  shift
  mkdir -p "$directory"
  (umask 022 && env -u SOURCE_DATE_EPOCH "$@" \
    cpack --config "$build/CPackConfig.cmake" -B "$directory") \
    >"$directory/log" 2>&1 || fail "$(tail -n 20 "$directory/log")"
}

# fresh SUITE: sets root to a root file system that nobody else changes.
fresh() {
  root=$BATS_TEST_TMPDIR/root
  cp -a "$(root_of "$1")" "$root"
  cp "$deb" "$root/root/doff.deb"
}

# in_root COMMAND...: there, as on a machine of its own.
in_root() {
  env -i PATH="$debian_path" HOME=/root LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive unshare --mount --pid --fork --kill-child \
    --mount-proc="$root/proc" chroot "$root" "$@"
}
debian_path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# files: all of them, but what dpkg writes down about what it does.
files() {
  (cd "$root" && find . -path ./proc -prune -o -printf '%y %m %u %p %l\n') |
    grep -vE ' \./var/(lib/dpkg/(status|diversions|statoverride)-old|log/dpkg\.log) ' |
    sort
}

@test "lintian has no error and no warning" {
  run lintian --allow-root --fail-on error,warning "$deb"
  assert_eq "exit status ($output)" 0 "$status"
  run dpkg-deb --field "$deb" Depends
  assert_eq "a static program depends on nothing" "" "$output"
}

# installs_and_goes SUITE
installs_and_goes() {
  local before shells page
  fresh "$1"
  before=$(files)
  shells=$(<"$root/etc/shells")

  in_root dpkg --install /root/doff.deb >&2
  assert_eq "doff" "doff 0.1.0" "$(in_root doff --version)"
  assert_eq "doffctl" "doffctl 0.1.0" "$(in_root doffctl --version)"
  for page in man1/doff.1 man1/doff-shell.1 man1/doffctl.1 man5/doff-policy.5 \
    man8/doff-runtime.8 man8/doff-runtime-rewrite.8; do
    assert_has "$(in_root gzip -dc "/usr/share/man/$page.gz")" .Nm
  done
  assert_eq "/etc/shells" "$shells"$'\n/usr/bin/doff-shell' \
    "$(<"$root/etc/shells")"

  # shellcheck disable=SC2016
  run in_root doff-shell -c 'echo $SHELL; grep CapBnd /proc/self/status
    doff --status --report json'
  assert_has "$output" /bin/bash $'CapBnd:\t0000000000000000' \
    '"verdict":"sealed"'

  # As an upgrade does it: the same once more.
  in_root dpkg --install /root/doff.deb >&2
  assert_eq "lines in /etc/shells" 1 "$(grep -c doff "$root/etc/shells")"

  in_root dpkg --purge doff >&2
  assert_eq "/etc/shells" "$shells" "$(<"$root/etc/shells")"
  assert_eq "what is left" "" "$(diff <(echo "$before") <(files))"
}

@test "in a fresh Debian 12 it installs, seals a shell, and goes without a trace" {
  installs_and_goes deb
}

@test "in a fresh Debian 13 it installs, seals a shell, and goes without a trace" {
  installs_and_goes trixie
}

@test "it does not go while it is somebody's login shell" {
  fresh deb
  in_root dpkg --install /root/doff.deb >&2
  in_root doffctl install-shell / --user app >&2
  assert_eq "doff-shell" doff "$(readlink "$root/usr/bin/doff-shell")"
  run in_root dpkg --remove doff
  ((status != 0)) || fail "$output"
  assert_has "$output" "doff:   app; usermod --shell /bin/bash app"
  assert_eq "lines in /etc/shells" 1 "$(grep -c doff "$root/etc/shells")"
  assert_has "$(in_root dpkg --status doff)" "install ok installed"
  in_root doff-shell -c true

  in_root doffctl install-shell --undo / >&2
  mkdir -p "$root/etc/doff"
  echo 'accept inert' >"$root/etc/doff/shell.conf"
  run in_root dpkg --purge doff
  assert_eq "exit status ($output)" 0 "$status"
  assert_has "$output" "/etc/doff is left"
  assert_eq shell.conf "accept inert" "$(<"$root/etc/doff/shell.conf")"
}

@test "the archive works below /usr/local, without any library" {
  local root=$BATS_TEST_TMPDIR/root
  cp -a "$(root_of busybox)" "$root"
  mkdir -p "$root/usr/local"
  tar -C "$root/usr/local" -xf "$archive"
  assert_eq "what it has" "bin share" "$(cd "$root/usr/local" && echo *)"
  assert_eq doffctl "doffctl 0.1.0" "$(in_root doffctl --version)"
  assert_has "$(in_root doff -- doff --status)" sealed
  assert_has "$(in_root doffctl audit --all)" root
  assert_has "$(in_root doffctl doctor 2>&1)" /usr/local/bin/doff
  run in_root doff-runtime list
  assert_has "$output" "neither runc nor crun"
}

@test "whoever packs, whenever and where: the bytes are the same" {
  local other=$BATS_TEST_TMPDIR/a/longer/name file
  pack "$other" env TZ=Asia/Tokyo LC_ALL=C HOME=/nonexistent unshare --user \
    --map-user 1500 --map-group 1500
  for file in "$deb" "$archive"; do
    cmp "$file" "$other/${file##*/}"
  done
}

@test "no program has in it where it was built" {
  local source program
  source=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$build/CMakeCache.txt")
  for program in "$unpacked"/usr/bin/*; do
    ! grep -qaF -e "$source" -e "$build" "$program" ||
      fail "$program: $(strings -a "$program" | grep -F "$source")"
  done
}

# A whole second build takes as long as the first: tests/package/reproducible.sh
# does that. Here, the small programs, and what has other files in it.
@test "another directory makes the same programs" {
  local other=$BATS_TEST_TMPDIR/a/longer/name file
  local objects=helper/CMakeFiles/doff_helper.dir
  local same=(launcher/doff helper/doff-wait helper/doff-runtime
    "$objects/doctor/image.cpp.o" "$objects/policy/profiles.cpp.o"
    "$objects/setup/manifests.cpp.o" "$objects/failure.cpp.o")
  mkdir -p "$other"
  (cd "$e2e/../.." && git ls-files -z | tar --null -T - -cf -) |
    tar -C "$other" -xf -
  env -u CMAKE_CXX_COMPILER_LAUNCHER cmake -S "$other" -B "$other/made" \
    -G Ninja -DDOFF_WERROR=ON >&2
  ninja -C "$other/made" "${same[@]}" >&2
  for file in "${same[@]}"; do
    cmp "$build/$file" "$other/made/$file"
  done
}

# linked PROGRAM: the packages of what the linker takes for it, by its trace.
linked() {
  local line files
  line=$(ninja -C "$build" -t commands "$1" | grep -e " -o $1 " | tail -n 1)
  line=${line%% && cd *}
  line=${line/ -o $1 / -o $BATS_TEST_TMPDIR\/linked -Wl,-t,-t }
  line=${line/-Wl,-Map=/-Wl,-Map=$BATS_TEST_TMPDIR\/map.}
  mkdir -p "$BATS_TEST_TMPDIR/map.${build}"
  # A line is `FILE`, or `(ARCHIVE)MEMBER` for a member that is taken.
  files=$(cd "$build" && eval "$line" | sed -n -e '/\.a$/d' \
    -e 's/^(\(.*\)).*/\1/' -e '/^\//p' | xargs realpath --no-symlinks | sort -u)
  xargs dpkg -S <<<"$files" | sed 's/:.*//' | sort -u | xargs
}

@test "the SBOM names what the linker takes, program by program" {
  local program listed
  for program in launcher/doff helper/doff-runtime \
    helper/doff-runtime-rewrite; do
    listed=$(jq -r --arg program "SPDXRef-program-${program#*/}" '
      .packages as $packages | .relationships[]
      | select(.spdxElementId == $program and .relationshipType == "STATIC_LINK")
      | .relatedSpdxElement as $id | $packages[] | select(.SPDXID == $id).name
      ' "$sbom" | sort | xargs)
    assert_eq "$program" "$(linked "$program")" "$listed"
  done
  # doffctl has doff-wait in it, and that has musl.
  listed=$(jq -r '.relationships[] | select(.spdxElementId ==
      "SPDXRef-program-doffctl") | .relatedSpdxElement' "$sbom" | sort | xargs)
  assert_eq doffctl "$(echo SPDXRef-{libc6-dev,libcli11-dev,libexpected-dev} \
    SPDXRef-{libgcc-12-dev,libstdcplusplus-12-dev,libtomlplusplus-dev} \
    SPDXRef-{libyaml-dev,linux-libc-dev,musl-dev,nettle-dev} \
    SPDXRef-nlohmann-json3-dev)" "$listed"
}

@test "the SBOM is SPDX 2.3: its form, its references, its digests" {
  local name
  run python3 "$e2e/schema.py" "$e2e/../package/spdx-2.3.schema.json" "$sbom"
  assert_eq "of SPDX's form" "$sbom: yes" "$output"
  assert_eq "what is referred to, and is not there" "" "$(jq -r '
    [.SPDXID, .packages[].SPDXID] as $there | .relationships[]
    | .spdxElementId, .relatedSpdxElement | select(IN($there[]) | not)' "$sbom")"
  assert_eq "two of one name" "" "$(jq -r '.packages[].SPDXID' "$sbom" |
    sort | uniq -d)"
  assert_eq "programs" "doff doff-runtime doff-runtime-rewrite doffctl" \
    "$(jq -r '.packages[].packageFileName // empty' "$sbom" | sed 's,bin/,,' |
      sort | xargs)"
  for name in doff doff-runtime doff-runtime-rewrite doffctl; do
    assert_eq "$name" "$(sha256sum <"$unpacked/usr/bin/$name" | cut -d' ' -f1)" \
      "$(jq -r --arg file "bin/$name" '.packages[]
        | select(.packageFileName == $file).checksums[0].checksumValue' "$sbom")"
  done
}

@test "each package's version and copyright are those of this machine" {
  local name version source
  while read -r name version; do
    assert_eq "$name" "$version" "$(dpkg-query -W -f '${Version}' "$name")"
  done < <(jq -r '.packages[] | select(.externalRefs)
    | .name + " " + .versionInfo' "$sbom")
  for name in musl glibc libyaml nettle cli11 nlohmann-json3 tomlplusplus \
    protozero tl-expected linux; do
    [[ -s $unpacked/usr/share/doc/doff/linked/$name ]] || fail "no $name"
  done
}
