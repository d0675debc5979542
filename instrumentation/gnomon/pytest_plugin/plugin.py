"""The entry point that pytest loads: options, and nothing else until Gnomon is switched on.

Switched on by `--gnomon`, by `gnomon = true` in pytest's configuration, or by `GNOMON=1` in the
environment; `--no-gnomon` wins over all. Everything heavier is imported from here once that is known.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from gnomon.pytest_plugin import hookspecs
from gnomon.runs.routing import RoutingTest

_ON = frozenset({"1", "true", "yes", "on"})


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--gnomon`, `--no-gnomon`, and the same in pytest's configuration."""
    group = parser.getgroup("gnomon", "Gnomon: record what every test did and what it cost")
    group.addoption("--gnomon", action="store_const", const=True, dest="gnomon", help="record this run")
    group.addoption(
        "--no-gnomon", action="store_const", const=False, dest="gnomon", help="do not record this run"
    )
    parser.addini("gnomon", "record every run (as --gnomon)", type="bool", default=False)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """The hooks of the conftest adapter, known even when Gnomon is off."""
    pluginmanager.add_hookspecs(hookspecs)


def pytest_configure(config: pytest.Config) -> None:
    """Declares the markers, and switches on where asked to."""
    config.addinivalue_line(
        "markers",
        "routing(skill, alternates, clarification, not_skill, category, case_id): "
        "which skill the test expects to be chosen (Gnomon).",
    )
    config.addinivalue_line(
        "markers", "gnomon(case_id, category, suite): the test's stable id and class in Gnomon's records."
    )
    try:
        _switch_on(config)
    except Exception as error:  # a defect of ours, or a broken installation, is nobody's test failure
        config.pluginmanager.register(_Apology(f"{type(error).__name__}: {error}"))


def _switch_on(config: pytest.Config) -> None:
    _import_plainly(config)
    worker_input: dict[str, Any] | None = getattr(config, "workerinput", None)
    if worker_input is not None:
        if (run := worker_input.get("gnomon")) is not None:
            from gnomon.pytest_plugin.switching import start_worker  # noqa: PLC0415

            start_worker(config, run, str(worker_input["workerid"]))
    elif _wanted(config):
        from gnomon.pytest_plugin.switching import start  # noqa: PLC0415

        start(config)


class _Apology:
    """Says at the end of the run why it was not recorded."""

    def __init__(self, why: str) -> None:
        self._why = why

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """One line under pytest's own."""
        terminalreporter.write_line(f"gnomon: nothing is recorded: {self._why}")


def _import_plainly(config: pytest.Config) -> None:
    """Takes Gnomon off pytest's list of modules whose assertions are rewritten.

    pytest puts every module of a plugin's distribution there. It rewrites them anew at each start where
    it may not write beside them, which is half a second for modules that assert nothing.
    """
    hook = getattr(config.pluginmanager, "rewrite_hook", None)
    listed = getattr(hook, "_must_rewrite", None)
    if isinstance(listed, set):
        listed.discard("gnomon")


def _wanted(config: pytest.Config) -> bool:
    option = config.option
    # These only look at the tests.
    if any(
        getattr(option, name, False)
        for name in ("collectonly", "setuponly", "setupplan", "help", "showfixtures", "markers")
    ):
        return False
    if option.gnomon is not None:
        return bool(option.gnomon)
    if value := os.environ.get("GNOMON", "").strip().lower():
        return value in _ON
    return bool(config.getini("gnomon"))


@pytest.fixture
def gnomon_test(request: pytest.FixtureRequest) -> RoutingTest:
    """Where a routing test states what it expects and what it got; works with Gnomon off, too."""
    executor: Any = request.config.pluginmanager.get_plugin("gnomon-executor")
    return RoutingTest(None if executor is None else executor.record_of(request.node.nodeid))
