"""Speaks to containerd's CRI as a kubelet does, for the tests.

cri.py SOCKET pod [HANDLER [NAME=VALUE...]]
                         makes the pod that all containers below are in, with
                         the runtime of that name and with annotations
cri.py SOCKET run        for each line of JSON on stdin (see container()),
                         starts a container; prints a line of JSON for each,
                         {"id": ...} or {"refused": ...}, in the same order
cri.py SOCKET pid ID...  their first processes, as seen from outside
cri.py SOCKET exec ID COMMAND...
                         by ExecSync, as probes are run
cri.py SOCKET together COUNT ID COMMAND...
                         so many times at once; prints each exit status
cri.py SOCKET terminal ID COMMAND...
                         as `kubectl exec -it`; stdin is sent as a whole
cri.py SOCKET remove ID...
cri.py SOCKET stop       ends the pod and all that is in it
"""

import concurrent.futures
import json
import os
import sys
import uuid

import cri_pb2 as cri
import grpc

NODE = 2  # the host's network
IMAGE = "localhost/busybox:test"


class Runtime:
    def __init__(self, socket):
        self.socket = socket
        self.channel = grpc.insecure_channel("unix://" + socket)

    def call(self, method, request, answer=cri.Nothing):
        return self.channel.unary_unary(
            "/runtime.v1.RuntimeService/" + method,
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=answer.FromString,
        )(request, timeout=300)

    def sandbox(self, annotations):
        state = os.path.dirname(self.socket)
        return cri.Sandbox(
            metadata=cri.SandboxName(name="test", uid="test", namespace="test"),
            log_directory=state + "/logs",
            annotations=annotations,
            linux=cri.SandboxLinux(
                cgroup_parent="/doff-test",
                security_context=cri.SandboxSecurity(
                    namespace_options=cri.Namespaces(network=NODE),
                    privileged=True,
                ),
            ),
        )

    def pod_file(self):
        return self.socket + ".pod"

    def pod(self, handler="", *annotations):
        annotations = dict(each.split("=", 1) for each in annotations)
        made = self.call(
            "RunPodSandbox",
            cri.RunSandbox(
                config=self.sandbox(annotations), runtime_handler=handler
            ),
            cri.SandboxId,
        )
        with open(self.pod_file(), "w", encoding="ascii") as file:
            json.dump([made.pod_sandbox_id, annotations], file)

    def made_pod(self):
        with open(self.pod_file(), encoding="ascii") as file:
            return json.load(file)

    def container(self, asked):
        """Starts what `asked` describes, in the words of a Kubernetes
        securityContext: capabilities.add and .drop, privileged, runAsUser,
        runAsGroup, allowPrivilegeEscalation, readOnlyRootFilesystem."""
        capabilities = asked.get("capabilities", {})
        security = cri.ContainerSecurity(
            capabilities=cri.Capabilities(
                add_capabilities=capabilities.get("add", []),
                drop_capabilities=capabilities.get("drop", []),
            ),
            privileged=asked.get("privileged", False),
            namespace_options=cri.Namespaces(network=NODE),
            # What a kubelet makes of it.
            no_new_privs=not asked.get("allowPrivilegeEscalation", True),
            readonly_rootfs=asked.get("readOnlyRootFilesystem", False),
        )
        if "runAsUser" in asked:
            security.run_as_user.value = asked["runAsUser"]
        if "runAsGroup" in asked:
            security.run_as_group.value = asked["runAsGroup"]
        name = uuid.uuid4().hex
        config = cri.Container(
            metadata=cri.ContainerName(name=name),
            image=cri.Image(image=IMAGE),
            command=["sleep", "1000"],
            log_path=name,
            linux=cri.ContainerLinux(security_context=security),
        )
        pod, annotations = self.made_pod()
        try:
            made = self.call(
                "CreateContainer",
                cri.CreateContainer(
                    pod_sandbox_id=pod,
                    config=config,
                    sandbox_config=self.sandbox(annotations),
                ),
                cri.ContainerId,
            )
            self.call("StartContainer", made)
        except grpc.RpcError as error:
            return {"refused": error.details()}
        return {"id": made.container_id}

    def run(self):
        asked = [json.loads(line) for line in sys.stdin]
        with concurrent.futures.ThreadPoolExecutor(2) as threads:
            for answer in threads.map(self.container, asked):
                print(json.dumps(answer), flush=True)

    def pid(self, *containers):
        for each in containers:
            status = self.call(
                "ContainerStatus",
                cri.StatusRequest(container_id=each, verbose=True),
                cri.StatusResponse,
            )
            print(json.loads(status.info["info"])["pid"])

    def exec_sync(self, container, *command):
        return self.call(
            "ExecSync",
            cri.ExecSync(container_id=container, cmd=command, timeout=240),
            cri.ExecSyncResult,
        )

    def together(self, count, *asked):
        many = int(count)
        with concurrent.futures.ThreadPoolExecutor(many) as threads:
            for each in threads.map(lambda _: self.exec_sync(*asked), range(many)):
                print(each.exit_code)

    def exec(self, container, *command):
        result = self.exec_sync(container, *command)
        sys.stdout.buffer.write(result.stdout)
        sys.stderr.buffer.write(result.stderr)
        sys.exit(result.exit_code)

    def terminal(self, container, *command):
        import websocket  # not every suite needs it

        url = self.call(
            "Exec",
            cri.Exec(
                container_id=container,
                cmd=command,
                tty=True,
                stdin=True,
                stdout=True,
            ),
            cri.ExecUrl,
        ).url
        # Kubernetes' remotecommand: the first byte of each message is the
        # number of a stream; 3 is how it ended.
        connection = websocket.create_connection(
            url.replace("http", "ws", 1),
            subprotocols=["v4.channel.k8s.io"],
            timeout=30,
        )
        connection.send_binary(b"\0" + sys.stdin.buffer.read())
        while True:
            kind, message = connection.recv_data()
            if kind == websocket.ABNF.OPCODE_CLOSE:
                sys.exit("the stream ended without a status")
            if message[:1] == b"\1":
                sys.stdout.buffer.write(message[1:])
            elif message[:1] == b"\3":
                return self.end(json.loads(message[1:]))

    @staticmethod
    def end(status):
        if status["status"] == "Success":
            return
        for cause in status.get("details", {}).get("causes", []):
            if cause["reason"] == "ExitCode":
                sys.exit(int(cause["message"]))
        sys.exit(status["message"])

    def remove(self, *containers):
        for each in containers:
            self.call("RemoveContainer", cri.ContainerId(container_id=each))

    def stop(self):
        pod = cri.SandboxId(pod_sandbox_id=self.made_pod()[0])
        self.call("StopPodSandbox", pod)
        self.call("RemovePodSandbox", pod)


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[2].startswith("_"):
        sys.exit(__doc__)
    getattr(Runtime(sys.argv[1]), sys.argv[2])(*sys.argv[3:])
