#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # stderr: run --separate-stderr sets it
# shellcheck disable=SC2030,SC2031 # a test is a subshell; run sets them in each
# doffctl install-shell on root file systems of busybox: ./root, beside which
# nothing may change.

setup_file() {
  load lib
  load container
  require_root
  need busybox strace unshare setpriv setcap getcap /usr/bin/python3
  template=$BATS_FILE_TMPDIR/template
  mkdir -p "$template"/{bin,etc,proc,usr/bin,home/app}
  cp "$(root_of busybox)/bin/busybox" "$template/bin/busybox"
  ln -s busybox "$template/bin/sh"
  # A shell that is a file, as bash is.
  cp "$template/bin/busybox" "$template/bin/ash"
  printf '%s\n' root:x:0:0:root:/root:/bin/sh app:x:1000:1000::/home/app:/bin/sh \
    other:x:1001:1001::/:/bin/sh ash:x:1002:1002::/:/bin/ash \
    none:x:1003:1003::/: >"$template/etc/passwd"
  printf '/bin/sh\n/bin/ash\n' >"$template/etc/shells"
  chmod 755 "$template" "$template"/*
  export template
}

setup() {
  load lib
  load container
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here" || return
  chmod 755 .
  fresh
}

fresh() {
  rm -rf root
  cp -a "$template" root
}

# install WORD...: on ./root; it must succeed.
install() {
  run --separate-stderr "$DOFFCTL" install-shell root \
    --doff "${launcher:-$DOFF}" "$@"
  assert_eq "exit status ($stderr)" 0 "$status"
}

undo() {
  run --separate-stderr "$DOFFCTL" install-shell root --undo "$@"
  assert_eq "exit status ($stderr)" 0 "$status"
}

# contents DIR [FIND_TEST...]: all that is in it, but for what a kill may leave,
# and for the lock of the accounts, which stays; a huge file's content is not
# read.
contents() {
  find "$1" -not -name '.doffctl-*' -not -name .pwd.lock "${@:2}" \
    -printf '%P %y %m %U:%G %l\n' | sort
  find "$1" -not -name '.doffctl-*' -not -name .pwd.lock "${@:2}" \
    -type f -size -64M \
    -exec sha256sum {} + | sort
}

# refuses PART... -- WORD...: exit status 2, nothing on stdout, one line on stderr
# with every PART, and nothing has changed.
refuses() {
  local parts=() before
  while [[ $1 != -- ]]; do
    parts+=("$1")
    shift
  done
  shift
  before=$(contents .)
  run --separate-stderr timeout 20 "$DOFFCTL" install-shell "$@"
  assert_eq "exit status ($stderr)" 2 "$status"
  assert_eq stdout "" "$output"
  assert_eq "lines on stderr ($stderr)" 1 "$(wc -l <<<"$stderr")"
  assert_has "$stderr" "doffctl: " "${parts[@]}"
  assert_eq "what is here" "$before" "$(contents .)"
}

# in_root COMMAND...: with a /proc.
in_root() {
  # shellcheck disable=SC2016
  unshare --mount --propagation private sh -c '
    mount -t proc proc root/proc && exec chroot root "$@"' sh "$@"
}

# shell_of USER: the last field of its line.
shell_of() {
  chroot root /bin/busybox cat /etc/passwd | sed -n "s/^$1:.*://p"
}

# starts PATH: a shell of ./root starts, by doff or not.
starts() {
  assert_eq "what $1 answers" ok "$(chroot root "$1" -c 'echo ok')"
}

# starts_sealed PATH: and holds nothing.
starts_sealed() {
  # shellcheck disable=SC2016
  assert_eq "what $1 holds" "CapBnd: $NOTHING NoNewPrivs: 1" \
    "$(in_root "$1" -c 'while read -r name value; do
      case $name in CapBnd: | NoNewPrivs:) echo "$name $value" ;; esac
    done </proc/self/status' | xargs)"
}

@test "--user: the account logs in through doff, and its shell is the one it had" {
  install --user app
  assert_eq lines "root/etc/doff: made
root/etc/doff/install-shell.state: made: what --undo needs
root/usr/bin/doff-shell: made: the launcher
root/etc/doff/shell.conf: made: shell /bin/sh
root/etc/shells: edited: added /usr/bin/doff-shell
root/etc/passwd: edited: app from /bin/sh" "$output"
  cmp "$DOFF" root/usr/bin/doff-shell
  assert_eq modes "755 755 644 644 644" "$(stat -c %a root/usr/bin/doff-shell \
    root/etc/doff root/etc/doff/* root/etc/shells | xargs)"
  diff "$template/etc/passwd" root/etc/passwd >changed && fail "no difference"
  assert_eq "changed lines" "> app:x:1000:1000::/home/app:/usr/bin/doff-shell" \
    "$(grep '^>' changed)"
  starts_sealed "$(shell_of app)"
  # shellcheck disable=SC2016
  assert_eq "its names" "/bin/sh /bin/sh" \
    "$(in_root /usr/bin/doff-shell -c 'echo "$0 $SHELL"')"
}

@test "installed already: nothing is changed, and it says so" {
  local before words
  for words in "--user app --user none" "--shadow /bin/sh" "--shadow /bin/ash"; do
    fresh
    # shellcheck disable=SC2086
    install $words
    before=$(contents root; find root -printf '%i %T@ %P\n')
    # shellcheck disable=SC2086
    install $words
    assert_eq stdout "" "$output"
    assert_has "$stderr" "installed already"
    assert_eq "after $words" "$before" \
      "$(contents root; find root -printf '%i %T@ %P\n')"
  done
}

@test "--dry-run shows what would change, and changes nothing" {
  local before shown words
  for words in "--user app" "--shadow /bin/sh"; do
    fresh
    before=$(contents root)
    # shellcheck disable=SC2086
    install $words --dry-run
    shown=${output//: would be /: }
    assert_eq "lines as of what is done" "" "$(grep -v ': would be ' <<<"$output")"
    assert_has "$stderr" "nothing was changed"
    [[ ! -e root/etc/.pwd.lock ]]
    assert_eq "after --dry-run" "$before" "$(contents root)"
    # shellcheck disable=SC2086
    install $words
    assert_eq "what is done" "$shown" "$output"
    before=$(contents root)
    undo --dry-run
    shown=${output//: would be /: }
    assert_eq "after --undo --dry-run" "$before" "$(contents root)"
    undo
    assert_eq "what is undone" "$shown" "$output"
  done
}

# vary NAME: ./root as such images are.
vary() {
  case $1 in
    plain) ;;
    "no shells") rm root/etc/shells ;;
    "no newlines")
      printf /bin/sh >root/etc/shells
      head -c -1 root/etc/passwd >passwd
      cat passwd >root/etc/passwd
      ;;
    "a configuration")
      mkdir root/etc/doff
      printf '#\naccept inert\n' >root/etc/doff/shell.conf
      ;;
    "the same shell")
      mkdir root/etc/doff
      echo 'shell /bin/sh' >root/etc/doff/shell.conf
      ;;
    "no /usr") rm -r root/usr ;;
    "a merged /usr")
      mv root/bin/* root/usr/bin/
      rmdir root/bin
      ln -s usr/bin root/bin
      ;;
    "links to absolute paths")
      mv root/etc root/real-etc
      ln -s /real-etc root/etc
      ;;
    modes)
      chown 3:4 root/etc/passwd root/etc/shells
      chmod 640 root/etc/passwd
      ;;
    "a package's doff-shell")
      cp "$DOFF" root/usr/bin/doff
      ln -s doff root/usr/bin/doff-shell
      ;;
  esac
}

@test "--undo: all is as it was, byte for byte, in whatever image" {
  local variety before
  for variety in plain "no shells" "no newlines" "a configuration" \
    "the same shell" "no /usr" "a merged /usr" "links to absolute paths" \
    modes "a package's doff-shell"; do
    fresh
    vary "$variety"
    before=$(contents root)
    install --user app --user none --user other
    starts_sealed "$(shell_of app)"
    assert_has "$(chroot root /bin/busybox cat /etc/shells)" /bin/sh \
      /usr/bin/doff-shell
    undo
    assert_eq "undone: $variety" "$before" "$(contents root)"
    undo
    assert_has "$stderr" "nothing is to be undone"
    [[ $variety != "the same shell" ]] || continue
    install --shadow /bin/sh
    starts_sealed /bin/sh
    undo
    assert_eq "undone, a shadow: $variety" "$before" "$(contents root)"
  done
}

@test "--shadow: a link to a program of many names, and a program" {
  local name inode before
  for name in sh ash; do
    fresh
    # An official busybox image has hard links.
    ln root/bin/ash root/bin/cat
    chown -h 5:6 "root/bin/$name"
    chmod 751 root/bin/ash
    before=$(contents root)
    inode=$(stat -c %i "root/bin/$name")
    install --shadow "/bin/$name"
    assert_has "$output" \
      "root/bin/$name: replaced by the launcher; what it was is now root/bin/$name.doff-real"
    assert_lacks "$output" "root/bin/$name.doff-real: "
    cmp "$DOFF" "root/bin/$name"
    assert_eq "real shell" "$inode" "$(stat -c %i "root/bin/$name.doff-real")"
    starts_sealed "/bin/$name"
    # shellcheck disable=SC2016
    assert_eq "its name" "/bin/$name" "$(in_root "/bin/$name" -c 'echo "$0"')"
    undo --shadow "/bin/$name"
    assert_eq "undone" "$before" "$(contents root)"
    assert_eq "again the same" "$inode" "$(stat -c %i "root/bin/$name")"
  done
  fresh
  chown 5:6 root/bin/ash
  chmod 6751 root/bin/ash
  install --shadow /bin/ash
  assert_eq "mode and owner" "751 5:6" "$(stat -c '%a %u:%g' root/bin/ash)"
}

@test "--shadow: the same shell by another path is installed already" {
  vary "a merged /usr"
  install --shadow /bin/sh
  install --shadow /usr/bin/sh
  assert_has "$stderr" "installed already"
  refuses "/bin/sh is shadowed already" --undo -- root --doff "$DOFF" \
    --shadow /bin/ash
  refuses "/bin/sh is shadowed" "install-shell root --undo" -- \
    root --doff "$DOFF" --user app
  undo --shadow /bin/ash
  assert_has "$stderr" "/bin/ash: install-shell has not changed it"
  undo --shadow /usr/bin/sh
  [[ -L root/bin/sh && ! -e root/etc/doff ]]
}

@test "several accounts, one after the other, and one taken back" {
  local before
  before=$(contents root)
  install --user app --user app
  assert_eq "named twice" 1 "$(grep -c doff-shell root/etc/passwd)"
  refuses "have doff-shell here already" "install-shell root --undo" -- \
    root --doff "$DOFF" --shadow /bin/sh
  install --user other
  assert_eq lines "root/etc/doff/install-shell.state: edited: what --undo needs
root/etc/passwd: edited: other from /bin/sh" "$output"
  undo --user app
  assert_eq shells "/bin/sh /usr/bin/doff-shell" \
    "$(shell_of app) $(shell_of other)"
  starts_sealed "$(shell_of other)"
  undo --user app --user nobody
  assert_has "$stderr" "app: install-shell has not changed it" "nobody: "
  undo --user other
  assert_eq undone "$before" "$(contents root)"
}

@test "a newer launcher takes the place of an older one" {
  local words before
  cp "$DOFF" older
  echo >>older
  for words in "--user app" "--shadow /bin/sh"; do
    fresh
    before=$(contents root)
    # shellcheck disable=SC2086
    launcher=older install $words
    # shellcheck disable=SC2086
    install $words
    assert_has "$output" "this launcher"
    starts_sealed "$([[ $words != --user* ]] && echo /bin/sh || shell_of app)"
    undo
    assert_eq undone "$before" "$(contents root)"
  done
}

@test "a newer launcher has no set-ID bits and no file capabilities" {
  local words path
  cp "$DOFF" older
  echo >>older
  while read -r path words; do
    fresh
    # shellcheck disable=SC2086
    launcher=older install $words
    setcap cap_net_raw+ep "root$path"
    chmod 6755 "root$path"
    # shellcheck disable=SC2086
    install $words
    assert_eq "mode of $path" 755 "$(stat -c %a "root$path")"
    assert_eq "file capabilities of $path" "" "$(getcap "root$path")"
  done <<<"/usr/bin/doff-shell --user app
/bin/sh --shadow /bin/sh"
}

@test "another version of doff is no real shell" {
  cp "$DOFF" root/bin/zsh
  echo >>root/bin/zsh
  ln -s zsh root/bin/ksh
  echo zsh:x:7:7::/:/bin/ksh >>root/etc/passwd
  refuses zsh /bin/ksh "another version of doff" usermod -- \
    root --doff "$DOFF" --user zsh
  local name
  for name in zsh ksh; do
    refuses "root/bin/$name" "another version of doff" "real shell there" -- \
      root --doff "$DOFF" --shadow "/bin/$name"
  done
  mkdir root/etc/doff
  echo 'shell /bin/ksh' >root/etc/doff/shell.conf
  refuses root/etc/doff/shell.conf /bin/ksh "is doff itself" -- \
    root --doff "$DOFF" --user app
  # In the place of a real shell that was moved away.
  fresh
  install --shadow /bin/sh
  cp "$DOFF" root/bin/sh.doff-real
  refuses root/bin/sh.doff-real "is doff, not the real shell" -- \
    root --doff "$DOFF" --shadow /bin/sh
  echo >>root/bin/sh.doff-real
  refuses root/etc/doff/shell.conf "is doff itself" -- \
    root --doff "$DOFF" --shadow /bin/sh
  rm root/bin/sh.doff-real
  refuses root/bin/sh.doff-real "No such file" -- \
    root --doff "$DOFF" --shadow /bin/sh
}

@test "the launcher by another path: it is known, and nobody is left without a shell" {
  local before path
  vary "a merged /usr"
  ln -s ../bin/doff-shell root/usr/bin/link
  before=$(contents root)
  for path in /bin/doff-shell /bin/link; do
    install --user app
    sed -i "/^other:/s|[^:]*\$|$path|" root/etc/passwd
    refuses root/usr/bin/doff-shell "the shell of other" \
      "root/etc/passwd:3:1:" -- root --undo
    sed -i '/^other:/s|[^:]*$|/bin/sh|' root/etc/passwd
    undo
    assert_eq undone "$before" "$(contents root)"
  done
  install --user app
  sed -i '/^app:/s|[^:]*$|/bin/doff-shell|' root/etc/passwd
  install --user app
  assert_has "$stderr" "installed already"
  undo
  assert_eq undone "$before" "$(contents root)"
}

@test "what a person has to know, besides" {
  local refused="root/etc/doff/shell.conf: users who are not root are refused"
  local words line
  for words in "--user app" "--shadow /bin/sh"; do
    fresh
    # shellcheck disable=SC2086
    install $words
    assert_has "$stderr" "$refused" "--cap-drop ALL" "userns auto" "accept inert"
    undo
    for line in "userns auto" "accept inert"; do
      mkdir root/etc/doff
      echo "$line" >root/etc/doff/shell.conf
      # shellcheck disable=SC2086
      install $words
      assert_eq "stderr of $words, $line" "" "$stderr"
      undo
      rm -r root/etc/doff
    done
  done
  fresh
  install --user root
  assert_has "$stderr" "root has no power any more" "another way in"
  assert_lacks "$stderr" "$refused"
  install --user root
  assert_lacks "$stderr" "no power"
}

@test "no link leads out of the root file system" {
  local before
  # Each would make a careless editor change ./outside, which is as ./root is.
  cp -a "$template" outside
  before=$(contents outside; ls -ld outside)
  rm -r root/etc
  ln -s "$PWD/outside/etc" root/etc
  refuses root/etc "No such file" -- root --doff "$DOFF" --user app
  refuses "root/etc" "No such file" -- root --doff "$DOFF" --shadow /bin/sh
  ln -sfn ../outside/etc root/etc
  refuses "No such file" -- root --doff "$DOFF" --user app
  ln -sfn /etc root/etc
  refuses root/etc "Too many levels of symbolic links" -- \
    root --doff "$DOFF" --user app
  fresh
  for file in passwd shells; do
    rm "root/etc/$file"
    for target in "../../../../../../../../../..$PWD/outside/etc/$file" \
      "$PWD/outside/etc/$file" "../../outside/etc/$file"; do
      ln -sfn "$target" "root/etc/$file"
      refuses "root/etc/$file" "a symbolic link" -- \
        root --doff "$DOFF" --user app
    done
    fresh
  done
  mkdir root/etc/doff
  ln -s "$PWD/outside/etc/shells" root/etc/doff/shell.conf
  refuses root/etc/doff/shell.conf "a symbolic link" -- \
    root --doff "$DOFF" --user app
  rm root/etc/doff/shell.conf
  ln -s "$PWD/outside/state" root/etc/doff/install-shell.state
  refuses "a symbolic link" -- root --doff "$DOFF" --user app
  refuses "a symbolic link" -- root --undo
  rm -r root/etc/doff
  ln -s "$PWD/outside" root/etc/doff
  refuses root/etc/doff "No such file" -- root --doff "$DOFF" --user app
  fresh
  rm -r root/usr/bin
  ln -s ../../outside/bin root/usr/bin
  refuses root/usr/bin "No such file" -- root --doff "$DOFF" --user app
  ln -sfn "$PWD/outside/bin" root/usr/bin
  refuses root/usr/bin "No such file" -- root --doff "$DOFF" --user app
  mv root/bin root/real-bin
  ln -s ../../outside/bin root/bin
  refuses root/bin/sh "there is no such shell" -- \
    root --doff "$DOFF" --shadow /bin/sh
  refuses "there is no such shell" -- \
    root --doff "$DOFF" --shadow /../outside/bin/sh
  refuses "there is no such shell" -- \
    root --doff "$DOFF" --shadow /proc/../../outside/bin/sh
  assert_eq "what is outside" "$before" "$(contents outside; ls -ld outside)"
}

@test "a link of a running process, as of /proc, is not followed" {
  mkdir root/etc/doff
  rmdir root/usr/bin
  ln -s /proc/self/cwd/outside root/usr/bin
  mkdir outside
  # shellcheck disable=SC2016
  run unshare --mount --propagation private sh -c '
    mount -t proc proc root/proc &&
    exec "$0" install-shell root --doff "$DOFF" --user app' "$DOFFCTL"
  assert_eq status 2 "$status"
  assert_has "$output" root/usr/bin
  assert_eq outside "" "$(ls -A outside)"
}

@test "what is no regular file is refused, and nobody waits for it" {
  local file
  for file in etc/passwd etc/shells usr/bin/doff-shell etc/doff/shell.conf \
    etc/doff/install-shell.state; do
    fresh
    mkdir root/etc/doff
    rm -f "root/$file"
    mkfifo "root/$file"
    refuses "root/$file" -- root --doff "$DOFF" --user app
    rm "root/$file"
    mkdir "root/$file"
    refuses "root/$file" -- root --doff "$DOFF" --user app
  done
  fresh
  mkfifo root/bin/zsh
  refuses root/bin/zsh "neither a regular file" -- \
    root --doff "$DOFF" --shadow /bin/zsh
  ln -s zsh root/bin/ksh
  refuses root/bin/ksh "not a regular file" -- \
    root --doff "$DOFF" --shadow /bin/ksh
  ln root/etc/passwd root/etc/passwd2
  refuses root/etc/passwd "several hard links" -- \
    root --doff "$DOFF" --user app
  fresh
  truncate -s 1T root/etc/passwd
  refuses root/etc/passwd "more than 16777216 bytes" -- \
    root --doff "$DOFF" --user app
  rm root/etc/passwd
  refuses root/etc/passwd "No such file" -- root --doff "$DOFF" --user app
}

@test "wrong usage and what cannot be done: told, and nothing has changed" {
  cp "$DOFF" root/usr/bin/doff
  cp root/bin/busybox other
  touch root/bin/mksh
  printf 'twice:x:5:5::/:/bin/sh\nshort:x:1\ntwice:x:6:6::/:/bin/sh
odd:x:7:7::/:sh\nlost:x:8:8::/:/bin/bash\nfalse:x:8:8::/:/bin/false
nologin:x:8:8::/:/usr/sbin/nologin\n' >>root/etc/passwd
  local ours=(root --doff "$DOFF")
  refuses ROOTFS required -- --user app
  refuses --user 1001 'did you mean "other"?' "a name, not a number" -- \
    "${ours[@]}" --user 1001
  refuses nologin "not to log in" -- "${ours[@]}" --user nologin
  refuses false "not to log in" -- "${ours[@]}" --user false
  refuses "not an absolute path" "PATH begins at ROOTFS: /bin/sh" -- \
    "${ours[@]}" --shadow root/bin/sh
  refuses "no such shell" "PATH begins at ROOTFS: /bin/sh" -- \
    "$PWD/root" --doff "$DOFF" --shadow "$PWD/root/bin/sh"
  refuses root/bin/busybox "not doff" -- root --user app --doff root/bin/busybox
  refuses "neither --user nor --shadow is given" -- "${ours[@]}"
  refuses --user --shadow "two ways" -- "${ours[@]}" --user app --shadow /bin/sh
  refuses --doff "leave it out" -- "${ours[@]}" --user app --undo
  refuses other "Not a directory" -- other --user app --doff "$DOFF"
  refuses nowhere "No such file" -- nowhere --user app --doff "$DOFF"
  refuses --user "ap" "no such user in root/etc/passwd" \
    'did you mean "app"?' -- "${ours[@]}" --user ap
  refuses "root/etc/passwd:6:1:" twice "another line, 8" -- \
    "${ours[@]}" --user twice
  refuses "root/etc/passwd:7:1:" short "3 fields" -- "${ours[@]}" --user short
  refuses odd "not an absolute path" -- "${ours[@]}" --user odd
  refuses "lost" /bin/bash "No such file" -- "${ours[@]}" --user lost
  refuses ash /bin/ash "that of app is /bin/sh" "one shell" usermod -- \
    "${ours[@]}" --user app --user ash
  refuses /bin/nosuch "not a shell's name" -- "${ours[@]}" --shadow /bin/nosuch
  refuses bin/bash "not an absolute path" "begins at ROOTFS: /bin/bash" -- \
    "${ours[@]}" --shadow bin/bash
  refuses /bin/bahs 'did you mean "bash"?' -- "${ours[@]}" --shadow /bin/bahs
  refuses root/bin/bash "there is no such shell" -- \
    "${ours[@]}" --shadow /bin/bash
  refuses root/bin/mksh "not executable" -- "${ours[@]}" --shadow /bin/mksh
  refuses --doff missing "no file that can be run" -- \
    root --user app --doff missing
  refuses "$DOFFCTL" "not doff" -- root --user app --doff "$DOFFCTL"
  refuses /usr/bin/python3 "linked dynamically" -- \
    root --user app --doff /usr/bin/python3
  printf '#!/bin/sh\n' >script
  chmod 755 script
  refuses script "not a program" -- root --user app --doff script
  ln -s /usr/bin/doff root/bin/fish
  refuses root/bin/fish "is doff already" -- "${ours[@]}" --shadow /bin/fish
  : >root/bin/sh.doff-real
  refuses root/bin/sh.doff-real "something is there" -- \
    "${ours[@]}" --shadow /bin/sh
  : >root/usr/bin/doff-shell
  refuses root/usr/bin/doff-shell "something else is there" -- \
    "${ours[@]}" --user app
}

@test "a shell.conf that says otherwise, or that doff would not take" {
  local conf=root/etc/doff/shell.conf
  mkdir root/etc/doff
  echo 'shell /bin/zsh' >"$conf"
  refuses "$conf" "its shell is /bin/zsh, and that of app is /bin/sh" -- \
    root --doff "$DOFF" --user app
  refuses "$conf" /bin/zsh /bin/sh.doff-real -- \
    root --doff "$DOFF" --shadow /bin/sh
  printf 'accept inert' >"$conf"
  refuses "$conf" "no newline" -- root --doff "$DOFF" --user app
  echo 'accept inert' >"$conf"
  chmod 664 "$conf"
  refuses "$conf" "writable by others" -- root --doff "$DOFF" --user app
  chmod 644 "$conf"
  chown 1000 "$conf"
  refuses "$conf" "not owned by root" -- root --doff "$DOFF" --user app
  # Nor once it is installed.
  local words
  for words in "--user app" "--shadow /bin/sh"; do
    fresh
    # shellcheck disable=SC2086
    install $words
    chmod 664 "$conf"
    # shellcheck disable=SC2086
    refuses "$conf" "writable by others" -- root --doff "$DOFF" $words
    chmod 644 "$conf"
    chown 1000 "$conf"
    # shellcheck disable=SC2086
    refuses "$conf" "not owned by root" -- root --doff "$DOFF" $words
    chown 0 "$conf"
    echo 'accept insert' >>"$conf"
    # shellcheck disable=SC2086
    refuses "$conf" "doff refuses line 2:" insert 'did you mean inert?' -- \
      root --doff "$DOFF" $words
    # By the launcher's other name as well, by which its words are a shell's.
    cp "$DOFF" doff-shell
    # shellcheck disable=SC2086
    refuses "$conf" "doff refuses line 2:" -- root --doff ./doff-shell $words
    undo
  done
}

@test "what somebody has changed since is not lost" {
  # A change that stays beside ours.
  install --user app --user other
  echo 'accept inert' >>root/etc/doff/shell.conf
  echo /bin/zsh >>root/etc/shells
  echo new:x:9:9::/:/bin/zsh >>root/etc/passwd
  sed -i '/^other:/s|/usr/bin/doff-shell|/bin/ash|' root/etc/passwd
  undo
  assert_has "$stderr" "the shell of other is /bin/ash by now, and stays"
  assert_eq shell.conf "accept inert" "$(<root/etc/doff/shell.conf)"
  assert_eq shells "/bin/sh /bin/ash /bin/zsh" "$(xargs <root/etc/shells)"
  assert_eq passwd "/bin/sh /bin/ash /bin/zsh" \
    "$(shell_of app) $(shell_of other) $(shell_of new)"
  # Somebody who would be left without a shell.
  fresh
  install --user app
  sed -i '/^other:/s|/bin/sh|/usr/bin/doff-shell|' root/etc/passwd
  refuses root/usr/bin/doff-shell "the shell of other" \
    "root/etc/passwd:3:1:" -- root --undo
  # Another program in the place of ours.
  fresh
  install --user app
  cp root/bin/busybox root/usr/bin/doff-shell
  refuses root/usr/bin/doff-shell "not what install-shell put there" -- \
    root --undo
  # A shell that an update has brought.
  fresh
  install --shadow /bin/sh
  rm root/bin/sh
  cp root/bin/busybox root/bin/sh
  refuses root/bin/sh "not the launcher any more" root/bin/sh.doff-real -- \
    root --undo
  fresh
  install --shadow /bin/sh
  rm root/bin/sh.doff-real
  refuses root/bin/sh root/bin/sh.doff-real "not there any more" -- root --undo
  # Notes that are not ours.
  fresh
  install --user app
  echo 'made /etc/passwd' >>root/etc/doff/install-shell.state
  refuses "root/etc/doff/install-shell.state:" /etc/passwd -- root --undo
  refuses /etc/passwd -- root --doff "$DOFF" --user other
}

@test "on an overlay, whose inode numbers do not tell which names are one file" {
  mkdir upper
  # shellcheck disable=SC2016
  unshare --mount --propagation private bash -euc '
    mount -t tmpfs none upper
    mkdir upper/{upper,work}
    mount -t overlay overlay root \
      -o "lowerdir=$template,upperdir=upper/upper,workdir=upper/work"
    for words in "--shadow /bin/sh" "--shadow /bin/ash" "--user app"; do
      "$DOFFCTL" install-shell root --doff "$DOFF" $words
      chroot root /bin/sh -c "echo started"
      chroot root /bin/ash -c "echo started"
      "$DOFFCTL" install-shell root --undo
    done
    ls root/bin; cat root/etc/passwd' >said
  assert_eq started 6 "$(grep -c ^started said)"
  assert_eq "bin and passwd" "$(ls "$template/bin"; cat "$template/etc/passwd")" \
    "$(sed -n '/^ash$/,$p' said)"
}

@test "by another user than root, it works, and says what is left to do" {
  cp "$DOFF" doff
  cp "$DOFFCTL" doffctl
  chown -R 1000:1000 root
  run --separate-stderr setpriv --reuid 1000 --regid 1000 --clear-groups \
    ./doffctl install-shell root --doff ./doff --user app
  assert_eq "exit status ($stderr)" 0 "$status"
  assert_has "$stderr" root/etc/doff/shell.conf "until it is root's" chown
  assert_eq shell /usr/bin/doff-shell "$(shell_of app)"
  run --separate-stderr setpriv --reuid 1000 --regid 1000 --clear-groups \
    ./doffctl install-shell root --doff ./doff --user app
  assert_has "$stderr" "installed already"
}

@test "two at the same time: one waits for the other, and all is well" {
  local words before first second try
  for words in "--user app" "--shadow /bin/sh" "--shadow /bin/ash"; do
    for try in 1 2 3; do
      fresh
      before=$(contents root)
      # shellcheck disable=SC2086
      "$DOFFCTL" install-shell root --doff "$DOFF" $words >first 2>&1 3>&- &
      first=$!
      # shellcheck disable=SC2086
      "$DOFFCTL" install-shell root --doff "$DOFF" $words >second 2>&1 3>&- &
      second=$!
      wait "$first" || fail "the first, $words:" "$(<first)"
      wait "$second" || fail "the second, $words:" "$(<second)"
      assert_eq "who installed, $words, $try" 1 "$(grep -l 'installed already' \
        first second | wc -l)"
      starts_sealed "$([[ $words != --user* ]] && echo "${words#* }" ||
        shell_of app)"
      undo
      assert_eq "undone, $words" "$before" "$(contents root)"
    done
  done
}

# hold PATH HOW COMMAND...: runs it while a lock of PATH is held: by flock(2), or
# by lockf(3) as lckpwdf(3) does.
hold() {
  /usr/bin/python3 -c 'import fcntl, os, subprocess, sys
path, how, *command = sys.argv[1:]
is_directory = os.path.isdir(path)
file = os.open(path, os.O_RDONLY if is_directory else os.O_RDWR)
getattr(fcntl, how)(file, fcntl.LOCK_EX)
sys.exit(subprocess.run(command).returncode)' "$@"
}

@test "what somebody else holds is waited for, and then refused" {
  local before holder
  cp -a root accounts
  : >accounts/etc/.pwd.lock
  before=$(contents .)
  hold accounts/etc/.pwd.lock lockf "$DOFFCTL" install-shell accounts \
    --doff "$DOFF" --user app >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
  holder=$!
  run --separate-stderr hold root flock "$DOFFCTL" install-shell root \
    --doff "$DOFF" --shadow /bin/sh
  assert_eq "status ($output)" 2 "$status"
  assert_has "$stderr" "root/" "another install-shell" "try again"
  status=0
  wait "$holder" || status=$?
  assert_eq "status of the other" 2 "$status"
  assert_has "$(<"$BATS_TEST_TMPDIR/said")" accounts/etc/.pwd.lock "process " \
    python3 "holds it" "try again"
  assert_eq "what is here" "$before" "$(contents .)"
  # A look waits for nobody.
  hold root flock "$DOFFCTL" install-shell root --doff "$DOFF" --user app \
    --dry-run
  # A shadow changes no accounts.
  : >root/etc/.pwd.lock
  hold root/etc/.pwd.lock lockf "$DOFFCTL" install-shell root --doff "$DOFF" \
    --shadow /bin/sh
}

@test "the lock of the accounts is made as lckpwdf makes it, and no link is followed" {
  install --user app
  assert_eq "mode, owner, size" "600 0:0 0" \
    "$(stat -c '%a %u:%g %s' root/etc/.pwd.lock)"
  fresh
  install --shadow /bin/sh
  [[ ! -e root/etc/.pwd.lock ]]
  fresh
  : >outside
  ln -s "$PWD/outside" root/etc/.pwd.lock
  refuses root/etc/.pwd.lock "not a regular file" -- \
    root --doff "$DOFF" --user app
  rm root/etc/.pwd.lock
  mkfifo root/etc/.pwd.lock
  refuses root/etc/.pwd.lock "not a regular file" -- \
    root --doff "$DOFF" --user app
}

# changing_calls NAME|NAME... WORD...: the system calls of doffctl with these words
# that have one of these names, each as `NAME ORDINAL`, with all writes to files.
changing_calls() {
  strace -f -o trace "$DOFFCTL" "${@:2}" >/dev/null 2>&1
  awk -v names="^($1)$" '{ sub(/^[0-9]+ +/, ""); name = $0; sub(/\(.*/, "", name) }
    name !~ /^[a-z]/ { next }
    { count[name]++ }
    name ~ names || name == "write" && /\(([3-9]|[1-9][0-9])/ {
      print name, count[name] }' trace
}

# By which names come and go.
naming="mkdirat|unlinkat|renameat2?"

# What stays when it is killed in between, and --undo does not know of.
sweep() {
  find root -name '.doffctl-*' -delete
  rm -df root/etc/doff
}

# killed_at NAME ORDINAL WORD...
killed_at() {
  run strace -f -o /dev/null -e "inject=$1:signal=SIGKILL:when=$2" \
    "$DOFFCTL" install-shell root "${@:3}"
  assert_eq "status, killed at $1 $2" 137 "$status"
}

@test "killed at any call that changes something: every shell starts, and it goes on from there" {
  local words name ordinal before after kills shell
  # Killed in between, it has made /etc/doff and not noted that.
  local no_notes=(-not -name install-shell.state)
  for words in "--user app" "--shadow /bin/sh" "--shadow /bin/ash"; do
    fresh
    before=$(contents root)
    # shellcheck disable=SC2086
    changing_calls "$naming|exit_group" install-shell root --doff "$DOFF" \
      $words >list
    after=$(contents root "${no_notes[@]}")
    kills=0
    while read -r name ordinal; do
      fresh
      # shellcheck disable=SC2086
      killed_at "$name" "$ordinal" --doff "$DOFF" $words
      for shell in "$(shell_of app)" /bin/sh /bin/ash; do starts "$shell"; done
      if ((++kills % 2)); then
        # shellcheck disable=SC2086
        install $words
        assert_eq "completed after $name $ordinal" "$after" \
          "$(contents root "${no_notes[@]}")"
      fi
      undo
      sweep
      assert_eq "undone after $name $ordinal" "$before" "$(contents root)"
    done <list
    ((kills > 8)) || fail "$kills kills of $words"
    # The way back.
    # shellcheck disable=SC2086
    install $words
    cp -a root installed
    changing_calls "$naming" install-shell root --undo >list
    assert_eq undone "$before" "$(contents root)"
    while read -r name ordinal; do
      rm -r root
      cp -a installed root
      killed_at "$name" "$ordinal" --undo
      for shell in "$(shell_of app)" /bin/sh /bin/ash; do starts "$shell"; done
      undo
      sweep
      assert_eq "undone after $name $ordinal" "$before" "$(contents root)"
    done <list
    rm -r installed
  done
}

@test "an error of any call that changes something: all is as it was" {
  local words name ordinal before
  for words in "--user app" "--shadow /bin/sh"; do
    fresh
    before=$(contents root)
    # shellcheck disable=SC2086
    changing_calls "$naming|fchmod|fsync" install-shell root --doff "$DOFF" \
      $words >list
    while read -r name ordinal; do
      fresh
      # shellcheck disable=SC2086
      run --separate-stderr strace -f -o /dev/null \
        -e "inject=$name:error=EIO:when=$ordinal" \
        "$DOFFCTL" install-shell root --doff "$DOFF" $words
      assert_eq "status after $name $ordinal" 2 "$status"
      assert_eq "stdout after $name $ordinal" "" "$output"
      assert_has "$stderr" "Input/output error" "all is as it was"
      assert_eq "after $name $ordinal ($stderr)" "$before" "$(contents root)"
      assert_eq "left after $name $ordinal" "" "$(find root -name '.doffctl-*')"
    done <list
  done
}

@test "a full file system: all is as it was" {
  # shellcheck disable=SC2016
  run --separate-stderr unshare --mount --propagation private sh -c '
    mkdir full && mount -t tmpfs -o size=6m none full && cp -a root/. full &&
    { cat /dev/zero >full/filler; cp full/etc/passwd .; truncate -s -8k full/filler
      "$DOFFCTL" install-shell full --doff "$DOFF" --user app; echo $?
      cmp full/etc/passwd passwd && ls full/etc full/usr/bin; }'
  assert_has "$stderr" "No space left on device" "all is as it was"
  assert_eq "status, and what is there" \
    "2 full/etc: passwd shells full/usr/bin:" "$(xargs <<<"$output")"
}
