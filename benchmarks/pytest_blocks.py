"""Runs pytest with a plugin's hooks taken out and put back between blocks of tests, and tells what each took.

Two runs of one suite differ by more than a cheap plugin costs. Two neighbouring blocks of one run do not,
and there are hundreds of them. Told by the environment:

- BENCHMARK_PLUGIN: how the names of the plugin's modules begin;
- BENCHMARK_SIZE: tests of a block, 0 to leave the plugin in throughout;
- BENCHMARK_BLOCKS: the file that receives a JSON object: `blocks`, pairs of seconds a test with and
  without the plugin, and `around`, the seconds that the plugin's own hooks took between collection and the
  first test, and at the session's end.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from pluggy import HookCaller, HookImpl

# The first tests of a block are not counted: they fill the caches with what the last block did without.
_WARMING = 2

_OF_TESTS = ("pytest_runtest_", "pytest_fixture_", "pytest_pyfunc_call")
_AROUND_TESTS = ("pytest_collection_finish", "pytest_runtestloop", "pytest_sessionfinish")


class Switch:
    """The plugin's hooks around tests, in or out."""

    def __init__(self, config: pytest.Config, modules: str) -> None:
        self._modules = modules
        callers: Sequence[HookCaller] = [
            caller for name, caller in vars(config.hook).items() if name.startswith(_OF_TESTS)
        ]
        self._hooks = [
            (caller._hookimpls, list(caller._hookimpls), [i for i in caller._hookimpls if not self.theirs(i)])
            for caller in callers
        ]

    def theirs(self, hook: HookImpl) -> bool:
        """Whether it is one of the plugin's."""
        plugin = hook.plugin
        return str(getattr(plugin, "__name__", type(plugin).__module__)).startswith(self._modules)

    def turn(self, *, on: bool) -> None:
        """Puts the hooks in or out. To register a plugin again would configure it again."""
        for called, everybody, others in self._hooks:
            called[:] = everybody if on else others


class Blocks:
    """Runs the tests."""

    def __init__(self, modules: str, size: int) -> None:
        self._modules = modules
        self._size = size
        self.pairs: list[tuple[float, float]] = []
        self.around = 0.0

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """All tests are there; from here on the plugin's hooks are timed."""
        switch = Switch(config, self._modules)
        for item in items:
            _ = item.nodeid  # pytest makes it at the first look and keeps it: not the cost of who looks first
        for name in _AROUND_TESTS:
            for hook in getattr(config.hook, name).get_hookimpls():
                if switch.theirs(hook):
                    hook.function = self._timed(hook.function)  # type: ignore[misc]  # final, says pluggy

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """In place of pytest's own loop, unless the plugin stays in."""
        if not self._size:
            return None
        switch = Switch(session.config, self._modules)
        rng = random.Random(1)  # noqa: S311 - which of a pair comes first must follow no rhythm of the machine's
        for first in range(0, len(session.items) - 2 * self._size, 2 * self._size):
            on = rng.random() < 0.5
            took = {}
            for start, loaded in ((first, on), (first + self._size, not on)):
                switch.turn(on=loaded)
                took[loaded] = self._block(session, start)
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

    def _timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(*arguments)
            finally:
                self.around += time.perf_counter() - started

        return timed


if __name__ == "__main__":
    sys.path[0] = ""
    run = Blocks(os.environ["BENCHMARK_PLUGIN"], int(os.environ["BENCHMARK_SIZE"]))
    status = pytest.main(plugins=[run])
    Path(os.environ["BENCHMARK_BLOCKS"]).write_text(
        json.dumps({"blocks": run.pairs, "around": run.around}), encoding="utf-8"
    )
    sys.exit(status)
