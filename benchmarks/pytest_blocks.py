"""Runs pytest with a plugin's hooks taken out and put back between blocks of tests, and tells what each took.

Two runs of one suite differ by more than a cheap plugin costs. Two neighbouring blocks of one run do not,
and there are hundreds of them. What the environment tells is listed in `benchmarks.hook_switch`. With `-n`
among the arguments, `benchmarks.worker_blocks` does the same in pytest-xdist's controller and workers.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest

from benchmarks.hook_switch import Switch, order

# The first tests of a block are not counted: they fill the caches with what the last block did without.
_WARMING = 2


class Blocks:
    """Runs the tests."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._switch: Switch | None = None
        self.pairs: list[tuple[float, float]] = []

    @property
    def around(self) -> float:
        """Seconds of the plugin's hooks around the tests."""
        return 0.0 if self._switch is None else self._switch.seconds

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """All tests are there; from here on the plugin's hooks are timed."""
        for item in items:
            _ = item.nodeid  # pytest makes it at the first look and keeps it: not the cost of who looks first
        self._switch = Switch(config)
        self._switch.time()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """In place of pytest's own loop, unless the plugin stays in."""
        if not self._size:
            return None
        switch = Switch(session.config)
        loaded = order()
        for first in range(0, len(session.items) - 2 * self._size, 2 * self._size):
            took = {}
            for start in (first, first + self._size):
                on = next(loaded)
                switch.turn(on=on)
                took[on] = self._block(session, start)
            self.pairs.append((took[True], took[False]))
        switch.turn(on=True)
        return True

    def _block(self, session: pytest.Session, start: int) -> float:
        items = session.items
        began = 0.0
        for number in range(start, start + self._size):
            if number == start + _WARMING:
                began = time.perf_counter()
            item, following = items[number], items[number + 1]
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        return (time.perf_counter() - began) / (self._size - _WARMING)


if __name__ == "__main__":
    sys.path[0] = ""
    if "-n" in sys.argv:
        sys.exit(pytest.main([*sys.argv[1:], "-p", "benchmarks.worker_blocks"]))
    run = Blocks(int(os.environ["BENCHMARK_SIZE"]))
    status = pytest.main(plugins=[run])
    Path(os.environ["BENCHMARK_BLOCKS"]).write_text(
        json.dumps({"blocks": run.pairs, "around": run.around}), encoding="utf-8"
    )
    sys.exit(status)
