# shellcheck shell=bash
# A machine whose people log in: namespaces of its own over this machine's
# files, in which sshd listens and accounts have doff-shell as login shell.
# What is written to /etc, /home, /root, /usr, /var and /run in it is gone with
# it, and so is every process. Sourced by the suites about login programs.
load lib

# The same home under each, and one of them has plain bash to compare with.
# `doffed` starts with root's whole bounding set, `sealed` with the empty one
# that pam_cap(8) gives. Names of one length, so that columns are equal, too.
accounts=(bashed doffed sealed)
declare -gA uids=([bashed]=2701 [doffed]=2702 [sealed]=2703)
# The same two with uid 0.
root_accounts=(bashed0 doffed0)

machine_tools() {
  need capsh setpriv unshare nsenter ip sshd ssh ssh-keygen scp sftp rsync git cron \
    su runuser login make tmux script flock
  [[ -e /lib/$(gcc -dumpmachine)/security/pam_cap.so ]] ||
    fail "this suite needs pam_cap.so (libpam-cap)"
}

# inside COMMAND...: runs it in the machine, as root with a bare environment.
inside() {
  nsenter --target "$machine_init" --mount --net --pid -- env -i HOME=/root \
    USER=root LOGNAME=root TERM=xterm LANG=C.UTF-8 PATH="$machine_path" "$@"
}
export machine_path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# await SECONDS COMMAND...: until COMMAND succeeds, which may take that long.
await() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < end)) || return 1
    sleep 0.02
  done
}

# start_machine DIRECTORY: sets machine_init, its first process as seen here.
start_machine() {
  export machine=$1 machine_init=
  mkdir -p "$machine"
  ssh-keygen -q -t ed25519 -N '' -C '' -f "$machine/host_key"
  ssh-keygen -q -t ed25519 -N '' -C '' -f "$machine/user_key"
  ssh-keygen -q -t ed25519 -N '' -C '' -f "$machine/forced_key"
  # Ends with this shell, however that ends, and takes everything with it.
  setpriv --pdeathsig KILL unshare --mount --net --pid --fork --kill-child \
    --mount-proc bash -c "$(declare -f machine_begins machine_mounts \
      machine_accounts machine_home machine_pam machine_ssh machine_terminals)
    $(declare -p accounts uids root_accounts); machine_begins" \
    </dev/null >"$machine/log" 2>&1 3>&- &
  machine_unshare=$!
  export machine_unshare
  disown
  await 20 machine_is_up || fail "$(<"$machine/log")"
  machine_init=$(pgrep -P "$machine_unshare") || fail "$(<"$machine/log")"
}

machine_is_up() {
  [[ -e $machine/up ]] || ! kill -0 "$machine_unshare" 2>/dev/null
}

# Ends what a test that failed has left: the next one finds nobody logged in.
idle_machine() {
  inside pkill -KILL -u "$(IFS=, && echo "${accounts[*]}")" || true
  inside tmux -S /run/terminals kill-session -a 2>/dev/null || true
}

stop_machine() {
  [[ -n ${machine_unshare-} ]] || return 0
  kill -KILL "$machine_unshare" 2>/dev/null || true
  [[ -z $machine_init ]] || await 20 machine_is_gone
}

machine_is_gone() {
  ! kill -0 "$machine_init" 2>/dev/null
}

# What the first process does: it also reaps whoever loses its parent.
machine_begins() {
  set -e
  machine_mounts
  machine_accounts
  machine_pam
  machine_ssh
  machine_terminals
  touch "$machine/up"
  while sleep infinity; do :; done
}

machine_mounts() {
  local directory here=$machine/files
  mkdir "$here"
  mount -t tmpfs -o mode=755 doff-tests "$here"
  for directory in etc home root usr var; do
    mkdir -p "$here/up/$directory" "$here/aside/$directory"
    mount -t overlay -o "lowerdir=/$directory" \
      -o "upperdir=$here/up/$directory,workdir=$here/aside/$directory" \
      doff-tests "/$directory"
  done
  # Nobody of the machine below is at home here.
  mount -t tmpfs -o mode=755 doff-tests /home
  mount -t tmpfs -o mode=700 doff-tests /root
  mount -t tmpfs -o mode=755 doff-tests /run
  mkdir -p /run/sshd /run/lock /etc/doff
  touch /run/utmp
  install -m 755 "$DOFF" /usr/bin/doff-shell
  ip link set lo up
}

machine_accounts() {
  local account shell
  cat >/etc/passwd <<'PASSWD'
root:x:0:0:root:/root:/bin/bash
nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin
sshd:x:102:65534::/run/sshd:/usr/sbin/nologin
PASSWD
  cat >/etc/group <<'GROUP'
root:x:0:
tty:x:5:
mail:x:8:
shadow:x:42:
utmp:x:43:
crontab:x:101:
nogroup:x:65534:
GROUP
  for account in "${accounts[@]}" "${root_accounts[@]}"; do
    shell=/usr/bin/doff-shell
    [[ $account != bashed* ]] || shell=/bin/bash
    local uid=${uids[$account]:-0}
    echo "$account:x:$uid:$uid::/home/$account:$shell" >>/etc/passwd
    ((uid == 0)) || echo "$account:x:$uid:" >>/etc/group
    machine_home "$account" "$uid" "$shell"
  done
  sed 's/:.*/:*:20000:0:99999:7:::/' /etc/passwd >/etc/shadow
  chmod 640 /etc/shadow
  echo /usr/bin/doff-shell >>/etc/shells
}

# machine_home ACCOUNT UID SHELL: rc files that leave a trace of what read them.
machine_home() {
  local home=/home/$1
  mkdir -p "$home/.ssh"
  touch "$home/.hushlogin"
  echo "set -g default-shell $3; set -g status off" >"$home/tmux.conf"
  mkfifo "$home/gate"
  {
    cat "$machine/user_key.pub"
    # shellcheck disable=SC2016
    printf 'command="%s" %s\n' 'eval \"$SSH_ORIGINAL_COMMAND\"; echo forced' \
      "$(<"$machine/forced_key.pub")"
  } >"$home/.ssh/authorized_keys"
  cat >"$home/.bashrc" <<'BASHRC'
PS1='ready> '
echo .bashrc >>~/read
grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/$$/status >>~/held
BASHRC
  cat >"$home/.profile" <<'PROFILE'
echo .profile >>~/read
. ~/.bashrc
PROFILE
  cp "$home/.bashrc" "$home/.bashrc.whole"
  cp "$home/.profile" "$home/.profile.whole"
  chown -R "$2:$2" "$home"
  chmod 700 "$home" "$home/.ssh"
}

# With an empty bounding set for `sealed`, whatever program lets it in:
# pam_cap stands first, since for root others end the stack. The capabilities
# are named one by one, and all that this kernel has.
machine_pam() {
  local number last service all=
  read -r last </proc/sys/kernel/cap_last_cap
  for ((number = 0; number <= last; ++number)); do
    all+=${all:+,}!$number
  done
  printf '%s sealed\nnone *\n' "$all" >/etc/security/capability.conf
  for service in sshd su runuser login cron; do
    sed -i -e '/pam_cap\.so/d' -e '/pam_loginuid\.so/d' \
      -e '1i auth optional pam_cap.so' "/etc/pam.d/$service"
  done
  sed -i '/pam_cap\.so/d' /etc/pam.d/common-auth
}

machine_ssh() {
  # Many sessions at once, over many connections and over few.
  cat >/etc/ssh/sshd_config <<SSHD
ListenAddress 127.0.0.1
HostKey $machine/host_key
PidFile /run/sshd.pid
UsePAM yes
PermitRootLogin yes
PasswordAuthentication no
PrintMotd no
Subsystem sftp /usr/lib/openssh/sftp-server
Subsystem internal internal-sftp
MaxStartups 300
MaxSessions 100
SSHD
  mkdir -p /root/.ssh
  cat >/root/.ssh/config <<SSH
Host host
  IdentityFile $machine/user_key
Host forced
  IdentityFile $machine/forced_key
Host *
  HostName 127.0.0.1
  # Half of the default's time.
  KexAlgorithms curve25519-sha256
  IdentitiesOnly yes
  GlobalKnownHostsFile /dev/null
SSH
  printf '127.0.0.1,[127.0.0.1]:2222 %s\n' "$(<"$machine/host_key.pub")" \
    >/root/.ssh/known_hosts
  /usr/sbin/sshd -E "$machine/sshd.log"
}

# For all who log in on a terminal: a tmux that stays when a session ends.
machine_terminals() {
  env -i PATH="$machine_path" HOME=/root SHELL=/bin/sh TERM=xterm \
    LANG=C.UTF-8 tmux -S /run/terminals -f /dev/null start-server \; \
    set -g exit-empty off \; set -g status off
}
