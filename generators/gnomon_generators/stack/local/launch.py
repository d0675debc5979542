"""Becomes a program that does not outlive its supervisor. Run as a file, so that nothing else is loaded.

    python launch.py SUPERVISOR SIGNAL PROGRAM ARGUMENT...

On Linux the kernel sends the signal when the supervisor dies, be it by SIGKILL. Elsewhere the next
`gnomon stack up` or `status` finds the process by what the supervisor wrote down.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Asks for the signal, looks whether it is too late already, and becomes the program."""
    supervisor, number, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    if os.getppid() != int(supervisor):
        sys.exit("the supervisor is gone")
    os.execv(command[0], command)  # noqa: S606 - that is its purpose


main()
