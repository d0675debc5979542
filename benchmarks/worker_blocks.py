"""What `benchmarks.pytest_blocks` does, in pytest-xdist's controller and in its workers.

A pytest plugin that each of them loads. The hooks must go out and in again everywhere at once: every worker
runs its share of a block and waits. When the last test's end has come to the controller, nothing is under
way: the controller turns its own hooks and lets the workers go on, which turn theirs. A block lasts from one
such moment to the next, so that the controller's part counts as much as the workers'.

BENCHMARK_TURNS says how many blocks there are; behind them the plugin stays in. pytest-xdist hands tests out
ahead: for every worker to come to the end of each block, a fifth of the tests must lie behind the last.
"""

from __future__ import annotations

import json
import mmap
import os
import time
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from benchmarks.hook_switch import Switch, order

_POLL_SECONDS = 0.0002

# Each of them fills its caches anew, and the controller hears of the first tests late.
_WARMING = 10


class _Turn:
    """The number of the block that runs now, in memory that all processes share."""

    def __init__(self, path: Path, *, new: bool) -> None:
        if new:
            path.write_bytes(bytes(8))
        with path.open("r+b") as file:
            self._shared = memoryview(mmap.mmap(file.fileno(), 8)).cast("Q")

    @property
    def number(self) -> int:
        return self._shared[0]

    def begin(self, number: int) -> None:
        self._shared[0] = number


class _Process:
    """What the controller and the workers have in common."""

    def __init__(self, config: pytest.Config, *, controls: bool) -> None:
        self.config = config
        self.written = Path(os.environ["BENCHMARK_BLOCKS"])
        self.size = int(os.environ["BENCHMARK_SIZE"])
        self.order = list(islice(order(), int(os.environ["BENCHMARK_TURNS"])))
        self.now = _Turn(self.written.with_suffix(".turn"), new=controls)
        self.switch: Switch | None = None

    def ready(self) -> None:
        """The plugin has registered its hooks."""
        self.switch = Switch(self.config)
        self.switch.time()

    def turn(self, number: int) -> None:
        """The hooks of this process as this block has them."""
        assert self.switch is not None
        self.switch.turn(on=number >= len(self.order) or self.order[number])


class _Worker(_Process):
    """Runs its share of each block."""

    def __init__(self, config: pytest.Config, worker: str, workers: int) -> None:
        super().__init__(config, controls=False)
        self._worker = worker
        self._share = self.size // workers
        self._block = -1
        self._left = 0

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """All tests are there."""
        for item in items:
            _ = item.nodeid  # pytest makes it at the first look and keeps it: not the cost of who looks first
        self.ready()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self) -> None:
        """Waits at the end of its share for all the others."""
        if self._left == 0 and self._block < len(self.order):
            self._block += 1
            while self.now.number < self._block:
                time.sleep(_POLL_SECONDS)
            self.turn(self._block)
            self._left = self._share
        self._left -= 1

    def pytest_unconfigure(self) -> None:
        """Leaves its time where the controller finds it."""
        if self.switch is not None:
            self.written.with_suffix(f".{self._worker}").write_text(
                str(self.switch.seconds), encoding="utf-8"
            )


class _Controller(_Process):
    """Tells the blocks apart and times them."""

    def __init__(self, config: pytest.Config) -> None:
        super().__init__(config, controls=True)
        self._finished = 0
        self._began = 0.0
        self._took: list[float] = []

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self) -> None:
        """No worker exists yet."""
        self.ready()
        self.turn(0)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logfinish(self) -> None:
        """All that a test had to tell is told."""
        if len(self._took) == len(self.order):
            return
        self._finished += 1
        if self._finished == _WARMING:
            self._began = time.perf_counter()
        elif self._finished == self.size:
            self._took.append((time.perf_counter() - self._began) / (self.size - _WARMING))
            self._finished = 0
            self.turn(len(self._took))
            self.now.begin(len(self._took))

    def pytest_unconfigure(self) -> None:
        """The workers are gone, and each has left its time."""
        pairs = []
        # The first pair pays for what every process does once.
        for first in range(2, len(self._took), 2):
            one, other = self._took[first], self._took[first + 1]
            pairs.append((one, other) if self.order[first] else (other, one))
        assert self.switch is not None
        of_workers = [
            float(path.read_text()) for path in self.written.parent.glob(f"{self.written.name}.gw*")
        ]
        # Workers collect and end at the same time.
        found = {"blocks": pairs, "around": self.switch.seconds + max(of_workers)}
        self.written.write_text(json.dumps(found), encoding="utf-8")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: Any) -> None:
    """One of them in each process."""
    if hasattr(config, "workerinput"):
        told = config.workerinput
        worker = _Worker(config, told["workerid"], told["workercount"])
        config.pluginmanager.register(worker, "benchmark-worker")
    else:
        config.pluginmanager.register(_Controller(config), "benchmark-controller")
