"""One plugin's hooks in a running pytest: taken out, put back, and timed.

`pytest_blocks` and `worker_blocks` are told by the environment:

- BENCHMARK_PLUGIN: how the names of the plugin's modules begin;
- BENCHMARK_SIZE: tests of a block, 0 to leave the plugin in throughout;
- BENCHMARK_SEED: which of each pair of blocks has the plugin is drawn from it;
- BENCHMARK_BLOCKS: the file that receives a JSON object: `blocks`, pairs of seconds a test with and
  without the plugin, and `around`, the seconds that the plugin's own hooks took between collection and the
  first test, and at the session's end.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from pluggy import HookCaller, HookImpl

_OF_TESTS = ("pytest_runtest_", "pytest_fixture_", "pytest_pyfunc_call")
_AROUND_TESTS = (
    "pytest_collection_finish",
    "pytest_xdist_node_collection_finished",
    "pytest_runtestloop",
    "pytest_testnodedown",
    "pytest_sessionfinish",
)


def order() -> Iterator[bool]:
    """Whether the plugin is in, block by block: drawn for each pair, and the same in all processes."""
    # Which of a pair comes first must follow no rhythm of the machine's.
    rng = random.Random(int(os.environ["BENCHMARK_SEED"]))  # noqa: S311
    while True:
        on = rng.random() < 0.5
        yield on
        yield not on


class Switch:
    """The hooks around tests of the plugin, in or out."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._modules = os.environ["BENCHMARK_PLUGIN"]
        callers: Sequence[HookCaller] = [
            caller for name, caller in vars(config.hook).items() if name.startswith(_OF_TESTS)
        ]
        self._hooks = [
            (
                caller._hookimpls,
                list(caller._hookimpls),
                [i for i in caller._hookimpls if not self._theirs(i)],
            )
            for caller in callers
        ]
        self.seconds = 0.0

    def turn(self, *, on: bool) -> None:
        """Puts the hooks in or out. To register a plugin again would configure it again."""
        for called, everybody, others in self._hooks:
            called[:] = everybody if on else others

    def time(self) -> None:
        """From here on `seconds` is what the plugin's hooks around all tests took, all together."""
        for name in _AROUND_TESTS:
            caller = getattr(self._config.hook, name, None)  # those of pytest-xdist may not be there
            for hook in () if caller is None else caller.get_hookimpls():
                if self._theirs(hook):
                    hook.function = self._timed(hook.function)

    def _theirs(self, hook: HookImpl) -> bool:
        plugin = hook.plugin
        return str(getattr(plugin, "__name__", type(plugin).__module__)).startswith(self._modules)

    def _timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(*arguments)
            finally:
                self.seconds += time.perf_counter() - started

        return timed
