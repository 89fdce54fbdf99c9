# shellcheck shell=bash
# A terminal by tmux, and somebody who types on it. Sourced by suites.

# open_terminal COMMAND: on a screen of 100 columns and 30 lines.
open_terminal() {
  tmux -S "$BATS_TEST_TMPDIR/tmux" -f /dev/null new-session -d -x 100 -y 30 \
    "$1" 3>&-
}

close_terminal() {
  tmux -S "$BATS_TEST_TMPDIR/tmux" kill-server 2>/dev/null || true
}

keys() {
  tmux -S "$BATS_TEST_TMPDIR/tmux" send-keys "$@"
}

# resize COLUMNS LINES
resize() {
  tmux -S "$BATS_TEST_TMPDIR/tmux" resize-window -x "$1" -y "$2"
}

screen() {
  tmux -S "$BATS_TEST_TMPDIR/tmux" capture-pane -p
}

# see PATTERN: waits until a line of the screen matches.
see() {
  # shellcheck disable=SC2016 # for sh
  timeout 15 sh -c 'until tmux -S "$1" capture-pane -p | grep -qE "$2"; do
    sleep 0.05; done' sh "$BATS_TEST_TMPDIR/tmux" "$1" ||
    fail "not seen: $1" "$(screen)"
}
