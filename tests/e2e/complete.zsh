# zsh -f complete.zsh SCRIPT LINE: what a real, interactive zsh would offer for
# LINE, one a line. A terminal of its own types LINE and a tab; a compadd that
# tells what it is given stands before zsh's.
zmodload zsh/zpty
mkdir -p "$1.d"
cp "$1" "$1.d/_doffctl"
zpty completing zsh -f -i
zpty -w completing "PS1= PS2=; stty -echo; fpath=(${(q)1}.d \$fpath)
autoload -U compinit; compinit -D -u
compadd() {
  local -a offered
  if [[ -z \${(M)@:#-[OAD]} ]]; then
    builtin compadd -A offered \"\$@\"
    print -rl -- \"offered:\"\$^offered
  fi
  builtin compadd \"\$@\"
}
setopt no_list_beep no_auto_menu
LISTMAX=10000
print ready: to type"
while zpty -r completing line; do
  [[ $line == *"ready: to type"* ]] && break
done
zpty -n -w completing "$2"$'\t'
zpty -n -w completing $'\C-u'"print the\ end"$'\n'
while zpty -r completing line; do
  line=${line//[$'\r\n']/}
  case $line in
    *offered:*) print -r -- "${line##*offered:}" ;;
    *"the end") break ;;
  esac
done
zpty -d completing
