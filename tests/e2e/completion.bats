#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # stderr: run --separate-stderr sets it
# The completions in the shells that they are for: what does a real bash, zsh
# and fish offer for a line that somebody has begun to type?

setup_file() {
  load lib
  need bash zsh fish shellcheck
}

setup() {
  load lib
  cd "$BATS_TEST_TMPDIR" || return
  touch 'config file.json' config.yaml
  for shell in bash zsh fish; do
    "$DOFFCTL" completion "$shell" >"doffctl.$shell"
  done
}

# in_bash WORD...: offered for the last word, one a line.
in_bash() {
  # shellcheck disable=SC2016
  bash --norc -c 'source ./doffctl.bash
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _doffctl && true
    printf "%s\n" "${COMPREPLY[@]}"' bash "$@"
}

in_fish() {
  HOME=$PWD fish --no-config -c "source ./doffctl.fish
    complete -C '$1'" | cut -f 1
}

in_zsh() {
  HOME=$PWD timeout 60 zsh -f "$e2e/complete.zsh" "$PWD/doffctl.zsh" "$1"
}

# offers LINE [WORD...]: each shell offers just these for the last word.
offers() {
  local line=$1 words wanted
  shift
  wanted=$(printf '%s\n' "$@" | sort)
  # Words as readline would cut them, at blanks and at `=`.
  read -ra words <<<"${line//=/ = }"
  [[ $line != *[\ =] ]] || words+=("")
  assert_eq "bash: $line" "$wanted" "$(in_bash "${words[@]}" | sort)"
  assert_eq "fish: $line" "$wanted" "$(in_fish "$line" | sed 's/^--.*=//' | sort)"
  assert_eq "zsh: $line" "$wanted" "$(in_zsh "$line" | sort)"
}

@test "the scripts are what each shell takes, and bash's is clean" {
  bash -n doffctl.bash
  zsh -n doffctl.zsh
  fish -n doffctl.fish
  shellcheck doffctl.bash
}

@test "a command's name" {
  offers "doffctl tri" trim
  offers "doffctl com" completion
  offers "doffctl xyz"
}

@test "every command is offered that --help lists, and no other" {
  local commands
  mapfile -t commands < <("$DOFFCTL" --help |
    sed -n '/^Commands:/,/^$/s/^  \([a-z-]\{1,\}\) .*/\1/p')
  ((${#commands[@]} >= 2))
  offers "doffctl " "${commands[@]}"
}

@test "an option's name, of the command that was chosen" {
  offers "doffctl minimize --ba" --baseline
  offers "doffctl minimize --" --help --baseline --runs --timeout --doff \
    --json --verbose
  offers "doffctl --ver" --version
  offers "doffctl minimize --runs 3 --tim" --timeout
}

@test "a choice" {
  offers "doffctl trim --semantics po" podman
  offers "doffctl completion " bash zsh fish
  offers "doffctl completion bash "
}

@test "a profile that ships" {
  offers "doffctl trim --profile ne" nemoclaw
  offers "doffctl trim --profile=ne" nemoclaw
}

@test "a capability, and another behind a comma" {
  offers "doffctl trim --cap-add NET_R" NET_RAW
  offers "doffctl minimize --baseline SYS_T" SYS_TIME SYS_TTY_CONFIG
  assert_eq bash KILL,NET_RAW "$(in_bash doffctl trim --cap-add KILL,NET_R)"
  assert_eq "bash =" KILL,NET_RAW "$(in_bash doffctl trim --cap-add = KILL,NET_R)"
  assert_eq "bash, lower case" NET_RAW "$(in_bash doffctl trim --cap-add net_r)"
  assert_eq fish KILL,NET_RAW "$(in_fish "doffctl trim --cap-add KILL,NET_R")"
  # zsh completes what is behind the comma.
  assert_eq zsh NET_RAW "$(in_zsh "doffctl trim --cap-add KILL,NET_R")"
  assert_eq "all of them" 42 \
    "$(in_bash doffctl trim --cap-add KILL, | grep -c '^KILL,[A-Z]')"
}

@test "a file" {
  offers "doffctl trim --policy config.y" config.yaml
  offers "doffctl trim config.y" config.yaml
  assert_eq "with a blank" "config file.json" "$(in_bash doffctl trim 'config f')"
}

@test "a file or a profile" {
  offers "doffctl policy show config.y" config.yaml
  offers "doffctl policy show nem" nemoclaw
  offers "doffctl policy sch" schema
  touch nemesis.yaml
  offers "doffctl policy show nem" nemoclaw nemesis.yaml
}

@test "a number, or another file than one: nothing" {
  offers "doffctl minimize --runs "
  offers "doffctl trim config.yaml co"
}

@test "what comes behind two dashes is a command line of its own" {
  assert_has "$(in_bash doffctl minimize -- setpr)" setpriv
  assert_has "$(in_fish "doffctl minimize -- setpr")" setpriv
  assert_has "$(in_zsh "doffctl minimize -- setpr")" setpriv
  assert_has "$(in_bash doffctl minimize -- cat config.)" config.yaml
  assert_has "$(in_fish "doffctl minimize -- cat config.")" config.yaml
  assert_has "$(in_zsh "doffctl minimize -- cat config.")" config.yaml
}

@test "completion wrong" {
  run --separate-stderr "$DOFFCTL" completion bahs
  assert_eq status 2 "$status"
  assert_eq stdout "" "$output"
  assert_has "$stderr" bahs "did you mean \"bash\"?" "zsh or fish"
  run --separate-stderr "$DOFFCTL" completion
  assert_eq status 2 "$status"
  assert_has "$stderr" SHELL required
}
