#!/bin/busybox sh
# shellcheck shell=dash
# The first process of the guest. Runs /cases and tells on the console, a line
# each, what they came to; the sets are those that /proc shows to this process
# of the one that doff has become. kernels.bash reads it.
#   doff-guest RELEASE|MACHINE|LAST CAPABILITY|LSMS
#   doff-case NAME|STATUS|VERDICT BY DOFF|STATE|STDERR
#   doff-escape HOW|FAMILY|OUTCOME|WHAT DOES NOT HOLD
#   doff-done
/bin/busybox mkdir -p /proc /sys /dev/pts /tmp /etc/doff
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
# TOMOYO looks for what is executed by its descriptor there.
ln -s /proc/self/fd /dev/fd
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
mount -t securityfs securityfs /sys/kernel/security
echo root:x:0:0::/:/bin/sh >/etc/passwd
echo root:x:0: >/etc/group
printf 'shell /bin/sh\nseccomp hardened\n' >/etc/doff/shell.conf
chmod 1777 /tmp

# As promised where the launcher's own file counts: a mount that is read-only.
# And files of which the shell would like to execute some.
mkdir /launcher /prepared
mount -t tmpfs -o mode=755 tmpfs /launcher
mount -t tmpfs -o mode=755 tmpfs /prepared
cp /bin/doff /launcher
mount -o remount,ro /launcher
doff-attack prepare /prepared
# An old kernel does not take the later one, and none of `cases` asks it to.
for policy in /policy-*; do
  cat "$policy" >/sys/kernel/security/apparmor/.replace
done

# How a case is started: each becomes doff, under the process id it has.
root() { exec doff "$@"; }
user() { exec start_as -u 1000 doff "$@"; }
root_without_setpcap() { exec start_as -b 8 doff "$@"; }
user_without_namespaces() {
  echo 0 >/proc/sys/user/max_user_namespaces
  user "$@"
}
user_without_clone() {
  echo 0 >/proc/sys/kernel/unprivileged_userns_clone
  user "$@"
}
# Up to `doff`, the rules of the filter around it.
root_under() { exec answer "$@"; }
user_under() { exec start_as -u 1000 answer "$@"; }
# By profiles: what takes effect when start_as is executed, doff inherits.
confined() {
  echo "exec $1" >/proc/self/attr/exec
  shift
  exec start_as "$@"
}
root_without_setpcap_by_profile() { confined no-setpcap doff "$@"; }
user_without_userns_by_profile() { confined no-userns -u 1000 doff "$@"; }
user_without_join_by_profile() { confined no-join -u 1000 doff "$@"; }
# Its configuration is the file above; it takes no options.
shell() { exec doff-shell -c 'exec sleep 1000'; }

# becomes_sleep PID: once it has; not where it has ended before.
becomes_sleep() {
  while read -r comm </proc/"$1"/comm && [ "$comm" != sleep ]; do
    ! grep -q '^State:.Z' /proc/"$1"/status || return 1
    usleep 20000
  done 2>/dev/null
  [ -e /proc/"$1" ]
}

state_of() {
  sed -n 's/^\(Cap...\|NoNewPrivs\|Seccomp\|Uid\):\t\([^\t]*\).*/\1=\2/p' \
    /proc/"$1"/status | xargs
}

run_case() {
  name=$1 start=$2 options=$3 state=-
  limit=$(cat /proc/sys/user/max_user_namespaces)
  case $start in
    *_under*) start="$start -- doff" ;;
  esac
  : >/tmp/report
  # shellcheck disable=SC2086 # several words, or none
  $start $options --report json --report-fd 3 --keep-fd 3 sleep 1000 \
    </dev/null >/dev/null 2>/tmp/stderr 3>/tmp/report &
  pid=$!
  if becomes_sleep $pid; then
    state=$(state_of $pid)
    kill -9 $pid
  fi
  wait $pid 2>/dev/null
  status=$?
  [ "$state" = - ] || status=0
  echo "$limit" >/proc/sys/user/max_user_namespaces
  echo 1 >/proc/sys/kernel/unprivileged_userns_clone
  verdict=$(sed 's/.*"verdict":"\([a-z]*\)".*/\1/' /tmp/report)
  echo "doff-case $name|$status|${verdict:--}|$state|$(tr '\n|' '  ' </tmp/stderr)"
}

echo "doff-guest $(uname -r)|$(uname -m)|$(cat /proc/sys/kernel/cap_last_cap)|$(cat /sys/kernel/security/lsm)"
echo "doff-case bare|0|-|$(state_of self)|"
while IFS='|' read -r name start options rest; do
  case $name in
    '#'*) ;;
    *) run_case "$name" "$start" "$options" ;;
  esac
done </cases

# corpus HOW COMMAND...: the escape corpus started by COMMAND, with a directory
# left open for it. Families of a corpus that cannot start are missing.
corpus() {
  how=$1
  shift
  "$@" --prepared /prepared --launcher "${launcher:-/launcher/doff}" \
    </dev/null 7</ 2>&1 |
    sed -n 's/^ *\([0-9]*\)  .\{32\} \(holds\|ESCAPES\|not tried\) */\1|\2|/
      t told
      s/^/doff-escape '"$how"': /p
      d
      :told
      s/^/doff-escape '"$how"'|/p'
}
launcher=/bin/doff corpus bare doff-attack --hardened
corpus bare-user start_as -u 1000 doff-attack --hardened
corpus root /launcher/doff doff-attack
corpus hardened /launcher/doff --seccomp hardened doff-attack --hardened
corpus user /launcher/doff --user 1000:1000 doff-attack
corpus plain-user-accepted start_as -u 1000 /launcher/doff --accept inert \
  doff-attack
corpus userns start_as -u 1000 /launcher/doff --userns always doff-attack

echo doff-done
poweroff -f
