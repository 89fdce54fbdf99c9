# zsh -f complete.zsh SCRIPT LINE: what a real, interactive zsh would offer for
# LINE, one a line. A terminal of its own types LINE and a tab; a compadd that
# notes what it is given stands before zsh's.
zmodload zsh/zpty
functions_of=$1.d
mkdir -p $functions_of
cp $1 $functions_of/_doffctl
offered=$functions_of/offered
: >$offered
print -r -- "
fpath=(${(q)functions_of} \$fpath)
autoload -U compinit
compinit -D -u
compadd() {
  local -a words_offered
  if (( ! \${@[(I)-[OAD]]} )); then
    builtin compadd -O words_offered \"\$@\"
    (( \$#words_offered )) && print -rl -- \$words_offered >>${(q)offered}
  fi
  builtin compadd \"\$@\"
}
PS1='it is ready'
LISTMAX=10000
setopt no_list_beep no_auto_menu" >$functions_of/setup

zpty completing zsh -f -i
zpty -w completing "source ${(q)functions_of}/setup"
# With the prompt zsh has taken the terminal over.
zpty -r completing shown '*it is ready*'
zpty -n -w completing "$2"$'\t'
zpty -n -w completing $'\C-u'"print the\ end"$'\n'
zpty -r completing shown '*the end*'
zpty -d completing
cat $offered
