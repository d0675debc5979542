"""Switching Gnomon on in a pytest process, and off again when its session is over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gnomon import session as test_session
from gnomon.pytest_plugin.executor import Executor
from gnomon.pytest_plugin.guard import guarded
from gnomon.session import TestSession


def start(config: pytest.Config) -> None:
    """Registers the controller, and with it the executor of a run without workers."""
    # Workers execute and report, and need none of this.
    from gnomon import settings as gnomon_settings  # noqa: PLC0415
    from gnomon.pytest_plugin.controller import Controller  # noqa: PLC0415

    # A mistake in gnomon.yaml must not cost a test run: what is right is used, what is not is told.
    settings, mistake = gnomon_settings.load_usable(config.rootpath)
    troubles = [] if mistake is None else [f"settings passed over, because {mistake}"]
    config.pluginmanager.register(_Restore(), "gnomon-restore")
    config.pluginmanager.register(Controller(config, settings, troubles), "gnomon-controller")


def start_worker(config: pytest.Config, run: dict[str, Any], worker: str) -> None:
    """Registers the executor in an xdist worker of a recorded run."""
    config.pluginmanager.register(_Restore(), "gnomon-restore")
    active = TestSession(
        run_id=run["run_id"],
        trace_id=run["trace_id"],
        worker_id=worker,
        spool_directory=Path(run["spool_directory"]),
        file_stem=run["file_stem"],
        resource=run["resource"],
        sequence=run["sequence"],
    )
    test_session.active = active
    executor = Executor(active)
    config.pluginmanager.register(executor, "gnomon-executor")
    config.pluginmanager.register(_Worker(config, executor), "gnomon-worker")


class _Worker:
    """Sends along with the reports, and with the worker's end, what only the worker knows."""

    def __init__(self, config: pytest.Config, executor: Executor) -> None:
        self._config = config
        self._executor = executor
        self.troubles = executor.troubles

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Before the report goes to the controller."""
        self._executor.annotate(report)

    @pytest.hookimpl(trylast=True)
    @guarded
    def pytest_sessionfinish(self) -> None:
        """The worker's last hook before its own report goes out."""
        test_session.close()
        output: dict[str, Any] = getattr(self._config, "workeroutput", {})
        output["gnomon"] = {"stated": self._executor.stated, "troubles": self._executor.troubles}


class _Restore:
    """Gives `gnomon.session` back to whoever had it: pytest may run inside a test."""

    def __init__(self) -> None:
        self._before = test_session.active

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """The session is over, or never came to begin."""
        test_session.close()
        test_session.active = self._before
