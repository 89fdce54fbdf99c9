#!/usr/bin/env bats
# shellcheck shell=bats
# shellcheck disable=SC2154 # stderr: run --separate-stderr sets it
# shellcheck disable=SC2030,SC2031 # a test is a subshell; run sets them in each
# doffctl setup kubernetes: manifests that a cluster takes, as far as that can be
# known without one, and what they do on a node.

setup_file() {
  load lib
  need jq containerd
}

setup() {
  load lib
  cd "$BATS_TEST_TMPDIR" || return
  "$DOFFCTL" setup kubernetes >all.yaml
  /usr/bin/python3 -c 'import json, sys, yaml
for document in yaml.safe_load_all(sys.stdin):
    print(json.dumps(document))' <all.yaml >all.json
}

# document KIND JQ: of the only one of that kind.
document() {
  jq --slurp --exit-status --raw-output \
    ".[] | select(.kind == \"$1\") | $2" all.json
}

# faults SED...: what is wrong with the manifests once they are so edited.
faults() {
  sed "$@" all.yaml >edited.yaml
  cmp --quiet all.yaml edited.yaml && fail "sed $* changes nothing"
  run ! /usr/bin/python3 "$e2e/manifests.py" edited.yaml
  echo "$output"
}

@test "every field is one that Kubernetes publishes, of its type" {
  run -0 /usr/bin/python3 "$e2e/manifests.py" all.yaml
  assert_eq faults "" "$output"
  assert_eq "kinds" "RuntimeClass
Namespace
DaemonSet
ValidatingAdmissionPolicy
ValidatingAdmissionPolicyBinding
Pod" "$(jq --raw-output .kind all.json)"
}

@test "the check sees a wrong name, a wrong type and what is missing" {
  assert_has "$(faults 's/hostPID/hostPid/')" "hostPid: no such field"
  assert_has "$(faults 's/privileged: true/privileged: "yes"/')" "not a bool"
  assert_has "$(faults '/^handler/d')" "handler is missing"
  assert_has "$(faults 's/runtimeClassName: doff/runtimeClass: doff/')" \
    "Pod.spec.runtimeClass: no such field"
  assert_has "$(faults 's/validations:/validation:/')" "validations is missing"
  assert_has "$(faults 's/\["Deny"\]/["Refuse"]/')" "'Refuse' is not one of"
  assert_has "$(faults 's/^kind: DaemonSet/kind: DaemonSets/')" "not a kind"
}

@test "they fit together" {
  assert_eq "the handler that setup registers" doff \
    "$(document RuntimeClass .handler)"
  assert_eq "the pod's class" "$(document RuntimeClass .metadata.name)" \
    "$(document Pod .spec.runtimeClassName)"
  assert_eq "the binding's policy" \
    "$(document ValidatingAdmissionPolicy .metadata.name)" \
    "$(document ValidatingAdmissionPolicyBinding .spec.policyName)"
  assert_has "$(document ValidatingAdmissionPolicy \
    '.spec.validations[0].expression')" \
    "runtimeClassName == '$(document RuntimeClass .metadata.name)'"
  assert_eq "the namespace" "$(document Namespace .metadata.name)" \
    "$(document DaemonSet .metadata.namespace)"
  document DaemonSet '.spec | .selector.matchLabels ==
    .template.metadata.labels' >/dev/null
  document DaemonSet '[.spec.template.spec | (.initContainers +
    .containers)[].volumeMounts[]?.name] - [.spec.template.spec.volumes[].name]
    == []' >/dev/null
}

@test "what is privileged is over when the pod runs" {
  assert_eq "privileged" install "$(document DaemonSet '.spec.template.spec |
    (.initContainers + .containers)[] |
    select(.securityContext.privileged) | .name')"
  assert_eq "what stays" '[false,["ALL"],true,null]' \
    "$(document DaemonSet '.spec.template.spec.containers[] | [
      .securityContext.allowPrivilegeEscalation,
      .securityContext.capabilities.drop, .securityContext.runAsNonRoot,
      .volumeMounts] | tojson')"
}

# install_on_node: the container's own command, where the node's directories are
# ./node/bin and ./node/containerd, the image's programs ./image, and nsenter one
# that takes notes and ends with $restarts.
install_on_node() {
  document DaemonSet '.spec.template.spec.initContainers[0].command[-1]' >script
  mkdir -p bin
  # shellcheck disable=SC2016
  printf '#!/bin/sh\necho "$*" >>"%s/calls"\nexit %s\n' "$PWD" \
    "${restarts:-0}" >bin/nsenter
  chmod 755 bin/nsenter
  # shellcheck disable=SC2016
  PATH=$PWD/bin:$PATH unshare --mount --propagation private sh -c '
    mount -t tmpfs none /opt && mkdir -p /opt/doff/bin &&
    mount --bind image /usr/local/bin &&
    mount --bind node/bin /opt/doff/bin &&
    mount --bind node/containerd /etc/containerd &&
    exec sh -euc "$(cat script)"' >log 2>&1
}

make_node() {
  require_root
  mkdir -p image node/bin node/containerd
  cp "$DOFF" "$DOFFCTL" image/
  # No container is started with them here.
  cp "${DOFFCTL%/*}"/doff-runtime{,-rewrite} image/
  [[ -e /etc/containerd ]] || skip "there is no /etc/containerd to stand in for"
}

@test "the installer puts the programs on a node, and containerd has doff" {
  make_node
  # What Debian's package ships.
  printf 'version = 2\n\n[plugins]\n%s\n      bin_dir = "/usr/lib/cni"\n' \
    '    [plugins."io.containerd.grpc.v1.cri".cni]' \
    >node/containerd/config.toml
  cp node/containerd/config.toml before
  install_on_node
  assert_eq "on the node" $'doff\ndoff-runtime\ndoff-runtime-rewrite\ndoffctl' \
    "$(ls node/bin)"
  cmp image/doff-runtime node/bin/doff-runtime
  assert_has "$(containerd --config node/containerd/config.toml config dump)" \
    'BinaryName = "/opt/doff/bin/doff-runtime"' 'containerd.runtimes.runc]'
  assert_eq "restarted" "--target 1 --mount -- systemctl restart containerd" \
    "$(<calls)"
  # As it says how to take it back.
  node/bin/doffctl setup containerd --undo --write \
    --config node/containerd/config.toml
  cmp before node/containerd/config.toml
}

@test "the installer restarts containerd once, and at least once" {
  make_node
  # Ended in the middle: the registration is there, the restart is not.
  restarts=1 run ! install_on_node
  grep --quiet doff-runtime node/containerd/config.toml
  assert_eq "tried" 1 "$(wc -l <calls)"
  run -0 install_on_node
  assert_eq "restarted" 2 "$(wc -l <calls)"
  run -0 install_on_node
  assert_eq "nothing to do" 2 "$(wc -l <calls)"
  assert_eq "no mark is left" $'doff\ndoff-runtime\ndoff-runtime-rewrite\ndoffctl' \
    "$(ls -A node/bin)"
}

@test "--write and --undo are kubectl's" {
  local option verb
  for option in --write --undo; do
    verb=apply
    [[ $option == --write ]] || verb=delete
    run --separate-stderr "$DOFFCTL" setup kubernetes "$option"
    assert_eq "exit status" 2 "$status"
    assert_eq stdout "" "$output"
    assert_has "$stderr" "$option" \
      "doffctl setup kubernetes | kubectl $verb -f -"
  done
  for option in --default "--runtime /x" "--config x"; do
    # shellcheck disable=SC2086 # an option and its value
    run --separate-stderr "$DOFFCTL" setup kubernetes $option
    assert_eq "exit status of $option" 2 "$status"
    assert_eq stdout "" "$output"
    assert_has "$stderr" "${option%% *}" "leave it out"
  done
}
