"""console.py SOCKET: takes a terminal from a runtime, as engines do, and
prints what is written to it until the other side is closed."""

import os
import socket
import sys

server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen(1)
connection, _ = server.accept()
_, descriptors, _, _ = socket.recv_fds(connection, 4096, 1)
try:
    while piece := os.read(descriptors[0], 4096):
        os.write(1, piece)
except OSError:  # EIO: nobody has the other side open any more
    pass
