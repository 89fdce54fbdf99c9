#!/usr/bin/env bats
# shellcheck shell=bats
# doff-shell as the login shell of an account, beside a twin that has bash:
# however the shell is started, it is called as bash would be, tells the same
# of itself, and holds nothing.

setup_file() {
  load login
  require_root
  machine_tools
  start_machine "$BATS_FILE_TMPDIR/machine"
}

teardown_file() {
  load login
  stop_machine
}

setup() {
  load login
  shell_conf "userns auto"
}

@test "ssh host" { session ssh_typed -bash on; }
@test "ssh -t host command" { session ssh_terminal bash off; }
@test "ssh host command" { session ssh_command bash off; }
@test "ssh host <commands" { session ssh_pipe -bash on; }
@test "ssh host shell <commands" { session ssh_pipe_shell bash off; }
@test "ssh with a forced command" { session ssh_forced bash off; }
@test "su" { session su_typed bash off; }
@test "su -" { session su_login_typed -bash on; }
@test "su -c" { session su_command bash off; }
@test "su - -c" { session su_login_command -bash on; }
@test "runuser -l -c" { session runuser_login -bash on; }
@test "login -f" { session login_typed -bash on; }
@test "cron with SHELL" { session cron_job /bin/bash off; }
@test "make with SHELL" { session make_recipe /bin/bash off; }
@test "a window of tmux" { session tmux_typed -bash on; }
@test "a command of tmux" { session tmux_command bash off; }
@test "script" { session script_typed bash off; }
@test "script -c" { session script_command bash off; }
