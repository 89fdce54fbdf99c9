#include <string>

#include "helper/completion/description.h"
#include "helper/completion/lookup.h"

namespace doff {
namespace {

constexpr const char* kHead = R"(# shellcheck shell=bash
# Completes doffctl in bash. Made by `doffctl completion bash`.

# _doffctl_look_up KEY: sets `kind` and `choices`.
_doffctl_look_up() {
  kind='' choices=''
  case $1 in
)";

constexpr const char* kTail = R"(    *) return 1 ;;
  esac
}

# What comes behind `--`, the word at $1, is a command line of its own.
_doffctl_command() {
  if declare -F _command_offset >/dev/null; then
    _command_offset "$1"
  elif ((COMP_CWORD == $1)); then
    mapfile -t COMPREPLY < <(compgen -c -- "$2")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$2")
  fi
}

_doffctl() {
  local kind choices path='' option='' position=0 i word last
  local current=${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  # bash makes words of their own of the `=` in --option=value.
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ $word == '=' ]]; then
      continue
    elif [[ -n $option ]]; then
      option=''
    elif [[ $word == -- ]]; then
      if _doffctl_look_up "$path --"; then
        _doffctl_command $((i + 1)) "$current"
      fi
      return
    elif [[ $word == -* ]]; then
      if _doffctl_look_up "$path $word"; then option=$word; fi
    elif _doffctl_look_up "$path $word" && [[ $kind == subcommand ]]; then
      path=${path:+$path }$word
    else
      ((position += 1))
    fi
  done
  if [[ $current == '=' && -n $option ]]; then current=''; fi

  if [[ -n $option ]]; then
    _doffctl_look_up "$path $option"
  elif [[ $current == -* ]]; then
    _doffctl_look_up "$path -"
  elif ! _doffctl_look_up "$path $position"; then
    _doffctl_look_up "$path *"
  fi
  case $kind in
    files)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$current"
        compgen -W "$choices" -- "$current")
      ;;
    list)
      compopt -o nospace 2>/dev/null
      last=${current##*,}
      mapfile -t COMPREPLY < <(compgen -W "$choices" \
        -P "${current%"$last"}" -- "${last^^}")
      ;;
    words | options | subcommands)
      mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$current")
      ;;
  esac
}

complete -F _doffctl doffctl
)";

}  // namespace

std::string bash_completion(const std::vector<DescribedCommand>& commands) {
  std::string script = kHead;
  for (const Lookup& lookup : lookups_of(commands)) {
    std::string choices;
    for (const Described& each : lookup.words)
      choices += (choices.empty() ? "" : " ") + each.name;
    script += "    " + shell_word(lookup.key) + ") kind=" + lookup.kind;
    if (!choices.empty()) script += " choices=" + shell_word(choices);
    script += " ;;\n";
  }
  return script + kTail;
}

}  // namespace doff
