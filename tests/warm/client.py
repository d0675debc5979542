"""Takes the place of a command on PATH: has the server run it on this process's own streams.

`python client.py SOCKET PYTHON (-m MODULE | script FILE) …`; without imports that cost anything, since a
shell may call it in a loop.
"""

import _signal  # type: ignore[import-not-found]
import _socket
import array
import marshal
import os
import sys


def main() -> None:
    where, python, *command = sys.argv[1:]
    server = _socket.socket(_socket.AF_UNIX)
    server.connect(where)
    streams = array.array("i", [0, 1, 2])
    server.sendmsg([b"!"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
    asked = (command, os.getcwd(), dict(os.environ), python)  # noqa: PTH109 - pathlib is slow to import
    server.sendall(marshal.dumps(asked))
    pid, *rest = _until(server, b"\n").split(b"\n")
    for number in (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP):
        _signal.signal(number, lambda number, _: os.killpg(int(pid), number))
    code = int(rest[0] or _until(server, b"\n"))
    if code < 0:
        _signal.signal(-code, _signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def _until(channel: _socket.socket, end: bytes) -> bytes:
    said = b""
    while end not in said:
        more = channel.recv(100)
        if not more:
            os._exit(70)
        said += more
    return said


main()
