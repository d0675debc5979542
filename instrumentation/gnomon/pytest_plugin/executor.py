"""Runs beside the tests: says which test is running, and carries what it says of itself.

Lives in the process that executes tests: each pytest-xdist worker, or the only process there is.
What it learns travels on the test's own reports, which pytest-xdist carries to the controller.
"""

from __future__ import annotations

import copy
import os
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from itertools import chain, groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import pytest

from gnomon.pytest_plugin.guard import described, note
from gnomon.runs import routing
from gnomon.runs.ids import attempt_span_id, test_span_id
from gnomon.session import CurrentTest, TestSession

if TYPE_CHECKING:
    from _pytest.nodes import Node

_MARKERS = frozenset({"routing", "gnomon"})
_NO_FAILURE = (pytest.skip.Exception, pytest.xfail.Exception)

P = ParamSpec("P")
R = TypeVar("R")


class Executor:
    """The hooks of the executing process; one an xdist worker, one in a run without workers."""

    def __init__(self, session: TestSession) -> None:
        self.session = session
        self.troubles: list[str] = []
        # Whether the running test is at its first attempt and nobody said or recorded anything of it. Whoever
        # does makes it False, from whatever thread; only the next test's beginning makes it True again.
        self.plain = True
        self._describing = self._describe  # bound once, not for each test
        self._stated: dict[str, dict[str, Any]] = {}
        # Every test that began; those that `_executions` does not count yet.
        self._began: list[pytest.Item] = []
        self._executions: Counter[str] = Counter()
        self._item: pytest.Item | None = None
        self._attempt = 1
        self._attempts: list[list[Any]] = []
        self._attempt_start = 0.0
        self._outcome: str | None = None
        self._error: str | None = None
        self._record: dict[str, Any] = {}
        self._totals: dict[str, Any] = {}
        self._children = 0

    # What tests state before they run.

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Reads markers and the conftest adapter once, so that a test which never runs is known too."""
        hook = session.config.hook
        asks = bool(hook.pytest_gnomon_routing.get_hookimpls())
        if hook.pytest_gnomon_result.get_hookimpls() or session.config.pluginmanager.hasplugin("flaky"):
            session.config.pluginmanager.register(_PhaseWatcher(self), "gnomon-phase-watcher")
        if session.config.pluginmanager.hasplugin("pytest_forked"):
            session.config.pluginmanager.register(_Forked(self), "gnomon-forked")
        # The tests of one module or class come one after the other, and most have no marker of ours.
        for parent, tests in groupby(session.items, attrgetter("parent")):
            together = list(tests)
            if asks or _marked(chain(together, () if parent is None else parent.listchain())):
                for item in together:
                    self._guard(self._state, item, asks)

    def _state(self, item: pytest.Item, asks: bool) -> None:
        record: dict[str, Any] = {}
        if asks and (words := item.ihook.pytest_gnomon_routing(item=item)) is not None:
            routing.state(record, **words)
        for marker in reversed(list(item.iter_markers("routing"))):
            words = dict(marker.kwargs)
            if marker.args:
                words["skill"] = marker.args[0]
            routing.state(record, **words)
        for marker in reversed(list(item.iter_markers("gnomon"))):
            record.update(_identity(**marker.kwargs))
        if record:
            self._stated[item.nodeid] = record
            self.plain = False

    @property
    def stated(self) -> dict[str, dict[str, Any]]:
        """What tests stated before they ran, by node id; builtin types only, as execnet demands."""
        return self._stated

    # While tests run.

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """An attempt begins: of another test, or one more of the same."""
        if not self.plain or item is self._item:
            self._begin_attempt(item)
            return
        # What most tests of most runs come to; a call less is felt here. All that is left out is as it should
        # be already: no earlier attempt, nothing recorded, an empty record.
        self._item = item
        self._began.append(item)
        self._outcome = self._error = None
        self._attempt_start = time.time()
        self.session.describe = self._describing

    def _begin_attempt(self, item: pytest.Item) -> None:
        if item is self._item:
            self._attempt += 1
            self._end_attempt()
        else:
            self._item = item
            self._began.append(item)
            self._attempt = 1
            self._attempts, self._totals, self._children = [], {}, 0
        # The answer of an attempt that was thrown away must not stand for the next one.
        self._record = copy.deepcopy(self._stated.get(self._node_id, {}))
        self._outcome = self._error = None
        self._attempt_start = time.time()
        self.plain = self._attempt == 1 and not self._stated
        self.session.enter(self._describing)

    @property
    def _node_id(self) -> str:
        """The test that runs, or ran last; looked up where it is asked for, which is seldom."""
        return "" if self._item is None else self._item.nodeid

    def _end_attempt(self) -> None:
        self._gather()
        self._attempts.append([self._outcome or "failed", self._attempt_start, time.time(), self._error])

    def _gather(self) -> None:
        """Adds the model calls of the attempt that just ended to the test's totals."""
        current = self.session.touched
        if current is None:
            return
        self._children += current.children
        current.children = 0
        for call in current.take_calls():
            for key, value in call.items():
                if isinstance(value, (int, float)) and not isinstance(value, bool):
                    self._totals[key] = self._totals.get(key, 0) + value
            self._totals["calls"] = self._totals.get("calls", 0) + 1

    def _describe(self) -> CurrentTest:
        self.plain = False
        node_id = self._node_id
        self._executions.update(item.nodeid for item in self._began)
        self._began.clear()
        span = test_span_id(self.session.run_id, self.session.worker_id, node_id, self._executions[node_id])
        return CurrentTest(
            case_id=str(self._record.get("case_id") or node_id),
            case_name=node_id,
            attempt=self._attempt,
            span_id=attempt_span_id(span, self._attempt),
        )

    def record_of(self, node_id: str) -> dict[str, Any]:
        """The record that the running test fills; a fresh one for any other test."""
        if node_id != self._node_id:
            return {}
        self.plain = False
        return self._record

    def phase_ended(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """Sees how a phase ended, also one whose report a rerun plugin will hide."""
        if call.excinfo is None:
            self._outcome = self._outcome or ("passed" if call.when == "call" else None)
        elif not issubclass(call.excinfo.type, _NO_FAILURE):
            self._outcome = "failed" if call.when == "call" else "error"
            self._error = _type_name(call.excinfo.type)
        if call.when == "call":
            self._guard(self._ask_for_result, item, call)

    def _ask_for_result(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        if (words := item.ihook.pytest_gnomon_result(item=item, call=call)) is not None:
            self.plain = False
            _take_result(routing.RoutingTest(self._record), **words)

    def annotate(self, report: pytest.TestReport) -> None:
        """Puts on a report what the test said and what pytest leaves out.

        Called with each report of the running test before anybody else sees it.
        """
        if not self.plain:
            self._guard(self._annotate, report)
        if report.when == "teardown":
            self.session.leave()

    def _annotate(self, report: pytest.TestReport) -> None:
        if report.nodeid != self._node_id:
            # A test whose set-up we never saw: another plugin's failed before ours, or runs tests elsewhere.
            # What we hold is its predecessor's; of this one we know what it stated before the run, and what
            # its own process put on the report.
            if (stated := self._stated.get(report.nodeid)) is not None:
                report.__dict__.setdefault("gnomon", copy.deepcopy(stated))
            return
        if report.when == "teardown":
            self._gather()
        if snapshot := self._snapshot():
            report.__dict__["gnomon"] = snapshot

    def _snapshot(self) -> dict[str, Any]:
        # Copied: the report may be read after the record has gone on to the next attempt.
        snapshot = copy.deepcopy(self._record)
        if self._attempts:
            snapshot["attempts"] = copy.deepcopy(self._attempts)
        if self._totals:
            snapshot["totals"] = dict(self._totals)
        if self._children:
            snapshot["children"] = self._children
        return snapshot

    def _guard(self, step: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R | None:
        """Nothing that goes wrong here may touch the test: it is told at the end of the run."""
        try:
            return step(*args, **kwargs)
        except Exception as error:
            item = next((arg for arg in args if isinstance(arg, pytest.Item)), None)
            note(self, f"{self._node_id if item is None else item.nodeid}: {described(error)}")
            return None


class _PhaseWatcher:
    """The one hook that most runs do without: box/flaky hides reports, and an adapter may want to look."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """A phase has ended; its report is yet to be made."""
        self._executor.phase_ended(item, call)


class _Forked:
    """Sends what a test says along with the reports out of the child in which pytest-forked runs it."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._parent = os.getpid()

    @pytest.hookimpl(tryfirst=True, hookwrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, Any, None]:
        """A report is made; in a child nobody will be told of it but pytest-forked itself."""
        made = yield
        if os.getpid() != self._parent and made.excinfo is None:
            self._executor.annotate(made.get_result())


def _marked(nodes: Iterable[Node]) -> bool:
    return not _MARKERS.isdisjoint({mark.name for node in nodes for mark in node.own_markers})


def _identity(
    *, case_id: str | None = None, category: str | None = None, suite: str | None = None
) -> dict[str, str]:
    named = {"case_id": case_id, "category": category, "suite": suite}
    return {key: str(value) for key, value in named.items() if value is not None}


def _take_result(
    test: routing.RoutingTest,
    *,
    tools: dict[str, Any] | None = None,
    **answer: Any,
) -> None:
    if "skill" in answer:
        test.routed(answer.pop("skill"), **answer)
    elif answer:
        raise TypeError(f"pytest_gnomon_result without 'skill' cannot say {', '.join(sorted(answer))}")
    if tools is not None:
        test.tools(**tools)


def _type_name(exception: type[BaseException]) -> str:
    module = exception.__module__
    return (
        exception.__qualname__ if module in ("builtins", "__main__") else f"{module}.{exception.__qualname__}"
    )
