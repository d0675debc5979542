"""Runs pytest as `python -m pytest` does and leaves its peak memory behind.

Registered before anything of pytest's is imported, the exit handler runs after every other one. The
file named by BENCHMARK_MEMORY receives the peak resident size of this process and of its
largest child (with pytest-xdist: a worker), in kilobytes.
"""

from __future__ import annotations

import atexit
import os
import resource
import sys


def _peak() -> int:
    """This process's own: what `getrusage` says begins with that of the process that started it."""
    try:
        with open("/proc/self/status") as status:  # noqa: PTH123 - no import may be added
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _leave_memory() -> None:
    own = _peak()
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    with open(os.environ["BENCHMARK_MEMORY"], "w") as out:  # noqa: PTH123 - no import may be added
        out.write(f"{own} {child}\n")


if __name__ == "__main__":
    atexit.register(_leave_memory)
    sys.path[0] = ""
    import pytest

    sys.exit(pytest.main())
