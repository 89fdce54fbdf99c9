#include <string>

#include "helper/completion/description.h"
#include "helper/completion/lookup.h"

namespace doff {
namespace {

constexpr const char* kHead = R"(#compdef doffctl
# Completes doffctl in zsh. Made by `doffctl completion zsh`.

# _doffctl_look_up KEY: sets `kind` and `choices`.
_doffctl_look_up() {
  kind='' choices=()
  case $1 in
)";

constexpr const char* kTail = R"(    (*) return 1 ;;
  esac
}

_doffctl() {
  local kind command_path='' option='' word
  local -a choices
  integer position=0 i
  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    if [[ -n $option ]]; then
      option=''
    elif [[ $word == -- ]]; then
      _doffctl_look_up "$command_path --" || return 1
      words=("${(@)words[i + 1, -1]}")
      ((CURRENT -= i))
      _normal
      return
    elif [[ $word == -*=* ]]; then
      continue
    elif [[ $word == -* ]]; then
      if _doffctl_look_up "$command_path $word"; then option=$word; fi
    elif _doffctl_look_up "$command_path $word" && [[ $kind == subcommand ]]; then
      command_path=${command_path:+$command_path }$word
    else
      ((position += 1))
    fi
  done

  word=$words[CURRENT]
  if [[ -z $option && $word == --*=* ]]; then
    option=${word%%=*}
    compset -P '*='
  fi
  if [[ -n $option ]]; then
    _doffctl_look_up "$command_path $option"
  elif [[ $word == -* ]]; then
    _doffctl_look_up "$command_path -"
  elif ! _doffctl_look_up "$command_path $position"; then
    _doffctl_look_up "$command_path *"
  fi
  case $kind in
    (files)
      (($#choices)) && compadd -- $choices
      _files
      ;;
    (list)
      compset -P '*,'
      compadd -M 'm:{a-z}={A-Z}' -qS , -- $choices
      ;;
    (words) compadd -M 'm:{a-z}={A-Z}' -- $choices ;;
    (options) _describe -o option choices ;;
    (subcommands) _describe command choices ;;
    (*) return 1 ;;
  esac
}

# Found in $fpath it is called, read by `source` it is made known.
if [[ $funcstack[1] == _doffctl ]]; then
  _doffctl "$@"
else
  compdef _doffctl doffctl
fi
)";

// As _describe takes them, where there is help.
std::string choice(const Described& word) {
  return shell_word(word.help.empty() ? word.name
                                      : word.name + ":" + word.help);
}

}  // namespace

std::string zsh_completion(const std::vector<DescribedCommand>& commands) {
  std::string script = kHead;
  for (const Lookup& lookup : lookups_of(commands)) {
    script += "    (" + shell_word(lookup.key) + ") kind=" + lookup.kind;
    if (!lookup.words.empty()) {
      script += " choices=(";
      for (const Described& each : lookup.words)
        script += "\n      " + choice(each);
      script += ")";
    }
    script += " ;;\n";
  }
  return script + kTail;
}

}  // namespace doff
