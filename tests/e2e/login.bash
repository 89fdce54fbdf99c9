# shellcheck shell=bash
# shellcheck disable=SC2016 # what stands in single quotes is for other shells
# The ways in which people and programs start somebody's login shell, each as
# a function `WAY ACCOUNT COMMAND`, and what is compared between the accounts
# of a machine. Sourced by the suites about login programs.
load machine

# Compared with bashed, the first.
twins=("${accounts[@]}")

shell_conf() {
  printf '%s\n' "$@" | inside sh -c 'cat >/etc/doff/shell.conf'
}

no_shell_conf() {
  inside rm -f /etc/doff/shell.conf
}

shell_of() {
  if [[ $1 == bashed* ]]; then echo /bin/bash; else echo /usr/bin/doff-shell; fi
}

# As the account, but not through its shell.
as_account() {
  inside runuser -u "$1" -- env HOME="/home/$1" SHELL="$(shell_of "$1")" \
    "${@:2}"
}

ssh_command() {
  inside ssh "$1@host" "${@:2}"
}

ssh_terminal() {
  inside ssh -tt "$1@host" "${@:2}"
}

# As VS Code does it: a bare shell that reads commands.
ssh_pipe() {
  inside ssh -T "$1@host" <<<"$2"
}

ssh_pipe_shell() {
  inside ssh -T "$1@host" "$(basename "$(shell_of "$1")")" <<<"$2"
}

ssh_forced() {
  inside ssh "$1@forced" "${@:2}"
}

su_command() {
  inside su "$1" -c "$2"
}

su_login_command() {
  inside su - "$1" -c "$2"
}

runuser_login() {
  inside runuser -l "$1" -c "$2"
}

make_recipe() {
  printf 'SHELL = %s\nall:\n\t@%s\n' "$(shell_of "$1")" "${2//$/\$\$}" |
    as_account "$1" make -s -C "/home/$1" -f -
}

script_command() {
  as_account "$1" script -qec "$2" /dev/null
}

tmux_command() {
  as_account "$1" tmux -S "/home/$1/tmux" -f "/home/$1/tmux.conf" \
    new-session -d "$2; tmux wait-for -S ended" \; wait-for ended
}

# A real cron, which does the work of @reboot each time. There is one at a
# time, as it sees to itself.
cron_job() {
  inside flock /run/cron.turn sh -euc '
    tab=/var/spool/cron/crontabs/$1
    printf "SHELL=%s\nMAILTO=\"\"\n@reboot %s; touch ended\n" "$2" "$3" >"$tab"
    chown "$1:crontab" "$tab" && chmod 600 "$tab"
    rm -f /run/crond.reboot "/home/$1/ended"
    cron -f & cron=$!
    trap "kill $cron; rm $tab" EXIT
    timeout 20 sh -c "until [ -e /home/$1/ended ]; do sleep 0.02; done"
  ' sh "$1" "$(shell_of "$1")" "$2"
}

# At a prompt on a terminal, COMMAND is typed; what is printed is the screen as
# it is in the end.
ssh_typed() {
  typed "$1" "$2" ssh "$1@host"
}

login_typed() {
  typed "$1" "$2" login -f "$1"
}

su_typed() {
  typed "$1" "$2" su "$1"
}

su_login_typed() {
  typed "$1" "$2" su - "$1"
}

script_typed() {
  typed "$1" "$2" runuser -u "$1" -- env HOME="/home/$1" \
    SHELL="$(shell_of "$1")" script -q /dev/null
}

tmux_typed() {
  typed "$1" "$2" runuser -u "$1" -- env -u TMUX HOME="/home/$1" \
    tmux -S "/home/$1/tmux" -f "/home/$1/tmux.conf" new-session
}

# terminal ACCOUNT COMMAND [OPTION...]: of tmux, where one logs in as ACCOUNT.
terminal() {
  inside tmux -S /run/terminals "$2" -t "=$1:" "${@:3}"
}

# begin_terminal ACCOUNT WORD...: with WORD... in it, until there is a prompt
# or the end.
# tmux now and then misses the end of its child: that is shown by a line, too.
begin_terminal() {
  end_terminal "$1" 2>/dev/null || true
  inside tmux -S /run/terminals new-session -d -s "$1" -x 80 -y 24 \
    "${*:2}; echo \"ended with \$?\"; sleep infinity"
  see "$1" 'ready>|^ended with'
}

end_terminal() {
  terminal "$1" kill-session
}

screen() {
  terminal "$1" capture-pane -p
}

# see ACCOUNT PATTERN: waits until a line of the screen matches.
see() {
  await 20 shows "$1" "$2" 2>/dev/null || fail "not seen: $2" "$(screen "$1")"
}

shows() {
  screen "$1" | grep -qE -e "$2"
}

keys() {
  terminal "$1" send-keys "${@:2}"
}

# typed ACCOUNT COMMAND WORD...: WORD... on a terminal, COMMAND typed at its
# prompt, and what the screen shows in the end.
typed() {
  local account=$1 command=$2
  shift 2
  begin_terminal "$account" "$@"
  keys "$account" -l "$command; exit"
  keys "$account" Enter
  see "$account" '^ended with'
  screen "$account"
  end_terminal "$account"
}

# Names of accounts and what the kernel numbers as it comes.
alike() {
  sed -E -e 's/(bashed|doffed|sealed)/USER/g' -e 's/270[123]/UID/g' \
    -e 's/127\.0\.0\.1 [0-9]+/127.0.0.1 PORT/g' -e 's,/dev/pts/[0-9]+,TTY,g' \
    -e 's,^(TMUX|TMUX_PANE)=.*,\1=,'
}

# same WAY WORD...: `WAY ACCOUNT WORD...` for each of the twins, at the same
# time. What they print and how they end must be the same. Then, as after
# `run --separate-stderr`: stdout and stderr without the names, and status.
# shellcheck disable=SC2034
same() {
  local account
  for account in "${twins[@]}"; do
    recorded "$account" "$@" 3>&- &
  done
  wait
  for account in "${twins[@]:1}"; do
    diff -ar "$BATS_TEST_TMPDIR/${twins[0]}" "$BATS_TEST_TMPDIR/$account" >&2 ||
      fail "$account is unlike ${twins[0]}: $*"
  done
  output=$(<"$BATS_TEST_TMPDIR/${twins[0]}/stdout")
  stderr=$(<"$BATS_TEST_TMPDIR/${twins[0]}/stderr")
  status=$(<"$BATS_TEST_TMPDIR/${twins[0]}/status")
}

recorded() {
  local account=$1 way=$2 status=0 directory=$BATS_TEST_TMPDIR/$1 part
  # shellcheck disable=SC2034 # for fail
  local fatal=1
  shift 2
  mkdir -p "$directory"
  ("$way" "$account" "$@") >"$directory.stdout" 2>"$directory.stderr" ||
    status=$?
  echo "$status" >"$directory/status"
  for part in stdout stderr; do
    alike <"$directory.$part" >"$directory/$part"
  done
}

# same_over_ssh WAY WORD...: and no shell that read ~/.bashrc, as bash does
# when sshd starts it for a command, held anything.
same_over_ssh() {
  local account
  for account in "${twins[@]}"; do
    inside rm -f "/home/$account/held"
  done
  same "$@"
  for account in "${twins[@]:1}"; do
    inside cat "/home/$account/held" >"$BATS_TEST_TMPDIR/$account.held"
    holds_nothing "$BATS_TEST_TMPDIR/$account.held"
  done
}

# What a shell can tell of itself; then it stays until somebody reads its gate.
job='
{
  echo "0=$0"; shopt login_shell; echo "flags=$-"; pwd; umask; ulimit -a
  trap; tty; grep "^Sig[BIC]" /proc/self/status; cat ~/read
  read -r -a stat </proc/$$/stat
  ((stat[4] == $$)) && echo leads its group
  ((stat[5] == $$)) && echo leads its session
  ((stat[7] == $$)) && echo in the foreground
  env
} >~/told 2>&1
echo $$ >~/pid
read -r _ <~/gate
'

# session WAY NAME LOGIN: in each account, a session that is begun in that way
# is the same; its $0 is NAME, its login_shell LOGIN; and but for bash, the
# shell holds nothing, as seen from outside.
session() {
  local account
  same in_session "$1"
  for account in "${twins[@]}"; do
    assert_has "$(<"$BATS_TEST_TMPDIR/$account.told")" "0=$2"$'\n' \
      "SHELL=/bin/bash"
    # bash writes a tab before it.
    [[ $(<"$BATS_TEST_TMPDIR/$account.told") =~ login_shell[[:space:]]+$3 ]] ||
      fail "login_shell is not $3" "$(<"$BATS_TEST_TMPDIR/$account.told")"
    [[ $account == bashed* ]] || holds_nothing "$BATS_TEST_TMPDIR/$account.held"
  done
}

in_session() {
  local account=$1 way=$2 home=/home/$1 status=0 client
  inside rm -f "$home/"{told,pid,read,held}
  inside tee "$home/job" <<<"$job" >/dev/null
  "$way" "$account" '. ~/job' &
  client=$!
  await 20 has_told "$home" "$client"
  inside timeout 20 sh -c 'cd "$1" && cat "/proc/$(cat pid)/status" &&
    echo >gate' sh "$home" >"$BATS_TEST_TMPDIR/$account.held"
  wait "$client" || status=$?
  # What bash itself saw when it read ~/.bashrc, if it did.
  inside sh -c 'cat "$1" 2>/dev/null || :' sh "$home/held" \
    >>"$BATS_TEST_TMPDIR/$account.held"
  inside cat "$home/told" >"$BATS_TEST_TMPDIR/$account.told"
  echo told:
  alike <"$BATS_TEST_TMPDIR/$account.told"
  return "$status"
}

# has_told HOME CLIENT: or the client has ended without.
has_told() {
  inside test -s "$1/pid" || ! kill -0 "$2" 2>/dev/null
}

# holds_nothing FILE: each status in FILE, as /proc has it.
holds_nothing() {
  local name
  for name in Inh Prm Eff Bnd Amb; do
    assert_eq "Cap$name" "$NOTHING" "$(field "Cap$name" "$1" | sort -u)"
  done
  assert_eq NoNewPrivs 1 "$(field NoNewPrivs "$1" | sort -u)"
  assert_eq Seccomp 2 "$(field Seccomp "$1" | sort -u)"
}
