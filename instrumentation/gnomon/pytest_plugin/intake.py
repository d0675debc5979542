"""Takes each report as it comes, and writes a test down as soon as it has a result.

Most tests of most runs simply pass, and between two of our hooks a suite fills the processor's caches
with its own: each function, each object that is touched here costs more than what it does. So the reports
of a test are held until its last one, its tear-down's, and a plain pass goes its own short way from there
to the journal. As soon as a test turns out to be more than that, what is held goes to `Results`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from gnomon.pytest_plugin.executor import Executor
from gnomon.pytest_plugin.guard import described, note
from gnomon.pytest_plugin.reports import Results, WorkerReports, worker_of
from gnomon.runs.result import MAIN_WORKER, TestResult

if TYPE_CHECKING:
    from gnomon.pytest_plugin.run_files import RunFiles
    from gnomon.runs.points import RunPoints
    from gnomon.runs.spans import PlainPass, RunSpans


class Intake:
    """The hook for reports of the reporting process; `write` takes every result but plain passes."""

    def __init__(
        self,
        executor: Executor,
        *,
        points: RunPoints,
        spans: RunSpans,
        files: RunFiles,
        write: Callable[[TestResult], None],
        troubles: list[str],
    ) -> None:
        self.troubles = troubles
        self.results = Results()
        self._executor = executor
        self._spans = spans
        self._files = files
        self._write = write
        self._durations = points.plain_passes
        self._here = self.results.of(MAIN_WORKER)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One phase of one test."""
        try:
            extra = report.__dict__
            when = extra["when"]
            reports = self.results.of(worker_of(report)) if "node" in extra else self._here
            reports.held.append(report)
            if when == "teardown":
                # Before all else: what another thread records while the test is written belongs to the run.
                self._executor.session.describe = None
                if self._executor.plain and self._plain_pass(reports):
                    return
            elif self._executor.plain and when in ("setup", "call"):
                return
            self._take(reports, report)
        except Exception as error:
            note(self, f"{report.nodeid}: {described(error)}")

    def _plain_pass(self, reports: WorkerReports) -> bool:
        """Writes a test that passed at once and said nothing of itself, if that is what is held.

        Nothing is changed before it is sure: what is no plain pass stays held.
        """
        held = reports.held
        if len(held) != 3 or reports.running or self.results.orphans:
            return False
        setup, call, teardown = held
        try:
            location = setup.location
            took = call.duration
            duration = setup.duration + took + teardown.duration
            if not (
                setup.outcome == call.outcome == teardown.outcome == "passed"
                and setup.when == "setup"
                and call.when == "call"
                and call.location == location == teardown.location
                and "context" not in (said := call.__dict__)
                and "wasxfail" not in said
                and "gnomon" not in teardown.__dict__
                and location
                and (line := location[1]) is not None
                and (start := setup.start)
                and (stop := teardown.stop)
                and (node_id := setup.nodeid).isascii()
                and node_id not in reports.executions
            ):
                return False
        except (AttributeError, TypeError):  # made up by a plugin, a report may tell less than pytest's own
            return False
        if (tell := reports.tell) is None:
            tell = self._begin(reports)
        values = tell(node_id, (start, stop), (duration, took), (location[0], line + 1))
        held.clear()
        reports.executions[node_id] = 1
        reports.last_stop = stop
        self._durations[reports.worker].append(duration)
        reports.write(values)
        return True

    def _begin(self, reports: WorkerReports) -> PlainPass:
        form, reports.tell = self._spans.plain_passes(reports.worker)
        reports.write = self._files.shorthand(form)
        return reports.tell

    def _take(self, reports: WorkerReports, newest: pytest.TestReport) -> None:
        """Gives what is held to `Results`; the reports before `newest` had nothing to carry."""
        if reports is self._here:
            self._executor.annotate(newest)
        held, reports.held = reports.held, []
        for report in held:
            if (result := self.results.take(reports, report)) is not None:
                self._write(result)
