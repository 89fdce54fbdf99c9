"""datagrams.py SOCKET read|full COMMAND...: stands for a log's daemon while
the command runs. `read` prints what came, each behind a line `--`; `full`
reads nothing, and has no room left from the beginning."""

import os
import socket
import subprocess
import sys

path, how, *command = sys.argv[1:]
os.makedirs(os.path.dirname(path), exist_ok=True)
server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.bind(path)
server.setblocking(False)
if how == "full":
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sender.setblocking(False)
    try:
        while True:
            sender.sendto(b"x", path)
    except BlockingIOError:
        pass
status = subprocess.call(command)
try:
    while how == "read":
        datagram = server.recv(1 << 20)
        print("--", datagram.decode(), sep="\n", flush=True)
except BlockingIOError:
    pass
sys.exit(status)
