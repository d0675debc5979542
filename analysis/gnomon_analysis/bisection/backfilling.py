"""Running a suite over a range of revisions, as far as the store does not have it already."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gnomon import state
from gnomon.errors import ExitCode, UserError
from gnomon_analysis.bisection.answer import Spent
from gnomon_analysis.bisection.checkout import Overlay, Revisions, Tree
from gnomon_analysis.bisection.known import CaseCost, Known, made_by
from gnomon_analysis.bisection.line import Line
from gnomon_analysis.bisection.remembered import Memory
from gnomon_analysis.bisection.suite_run import Invocation, Limit, Ran
from gnomon_analysis.bisection.trees import forget_points
from gnomon_analysis.store import Store

_FOREVER = float("inf")
# So many revisions in a row, with none that could be run before, and it is the command that is at fault.
_HOPELESS = 3


@dataclass(frozen=True, slots=True)
class Range:
    """What is to be filled.

    Attributes:
        line: The commits; the one at position 0 is not among those to run.
        top: Root of the repository.
        invocation: How the suite is run.
        overlay: What is laid over each revision.
        runs: Runs that each revision shall have.
        every: Of the revisions that count, every so many, the newest among them.
        only_changed: Only revisions that changed a tracked file count.
        jobs: Revisions side by side.
    """

    line: Line
    top: Path
    invocation: Invocation
    overlay: Overlay
    runs: int
    every: int
    only_changed: bool
    jobs: int


class Watcher(Protocol):
    """Told what happens; all calls come from the thread that fills."""

    def ran(self, position: int, runs: int) -> None:
        """Runs at a position have ended."""

    def skips(self, position: int, why: str) -> None:
        """A revision cannot be run."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What a backfill came to. `complete` revisions have all their runs, `broken` ones cannot be run."""

    revisions: int
    complete: int
    spent: Spent
    broken: dict[str, str]


class Backfill:
    """Fills a range. `memory` outlives it."""

    def __init__(self, store: Store, wanted: Range, known: Known, memory: Memory) -> None:
        self._store = store
        self._wanted = wanted
        self.known = known
        self._memory = memory
        self._began = time.monotonic()
        self._seconds_before = memory.now.seconds
        self._made = made_by(store, memory.now.id)
        self._made_before = len(self._made.run_ids)
        self._broken_before = memory.now.broken_runs
        self._done = 0
        self.known.update()

    @property
    def spent(self) -> Spent:
        """All sessions together."""
        seconds = self._seconds_before + time.monotonic() - self._began
        return Spent(len(self._made.run_ids) + self._memory.now.broken_runs, self._made.usd, seconds)

    def positions(self) -> list[int]:
        """The revisions that count, oldest first."""
        line, wanted = self._wanted.line, self._wanted
        counted = [
            position
            for position in range(1, line.last + 1)
            if not wanted.only_changed or any(file.kind for file in line.touched(position).files)
        ]
        return counted[::-1][:: wanted.every][::-1]

    def missing(self) -> dict[int, int]:
        """Runs that are still to be made, by position; revisions that cannot be run have none."""
        lacking = {
            position: self._wanted.runs - self.known.whole_runs_at(position) for position in self.positions()
        }
        broken = self._memory.now.broken
        return {
            position: runs
            for position, runs in lacking.items()
            if runs > 0 and self._wanted.line.commits[position] not in broken
        }

    def estimate(self) -> CaseCost | None:
        """Time and money of all that is missing, one run after the other; None if no run was ever seen."""
        if not self.known.runs:
            return None
        one, runs = self.known.whole_run(), sum(self.missing().values())
        return CaseCost(one.seconds * runs, one.usd * runs)

    def run(self, watcher: Watcher) -> Filled:
        """Makes the runs that are missing.

        Raises:
            UserError: the suite could be run at none of the first revisions.
        """
        self._memory.now.process = os.getpid()
        revisions = Revisions(self._wanted.top)
        self._memory.now.trees = str(revisions.home)
        self._remember()
        limit = Limit(_FOREVER)
        try:
            self._fill(revisions, limit, watcher)
        finally:
            revisions.close()
            self._memory.now.process, self._memory.now.trees = 0, ""
            self._remember()
        positions, missing = self.positions(), self.missing()
        broken = {
            commit: why
            for commit, why in self._memory.now.broken.items()
            if self._wanted.line.position(commit) in positions
        }
        return Filled(len(positions), len(positions) - len(missing) - len(broken), self.spent, broken)

    def _fill(self, revisions: Revisions, limit: Limit, watcher: Watcher) -> None:
        waiting = list(self.missing().items())
        free = [revisions.tree(number) for number in range(min(self._wanted.jobs, len(waiting)))]
        running: dict[Future[list[Ran]], tuple[int, Tree]] = {}
        with ThreadPoolExecutor(max(1, len(free))) as pool:
            try:
                while waiting or running:
                    while waiting and free:
                        position, runs = waiting.pop(0)
                        tree = free.pop()
                        work = pool.submit(self._do, revisions, tree, position, runs, limit)
                        running[work] = (position, tree)
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for work in done:
                        position, tree = running.pop(work)
                        free.append(tree)
                        self._take_in(position, work.result(), watcher)
            except BaseException:
                limit.stop()
                raise

    def _do(self, revisions: Revisions, tree: Tree, position: int, runs: int, limit: Limit) -> list[Ran]:
        wanted = self._wanted
        try:
            tree.check_out(wanted.line.commits[position], wanted.overlay)
        except UserError as error:
            return [Ran(0.0, str(error))]
        done: list[Ran] = []
        while len(done) < runs and not limit.reached():
            done.append(wanted.invocation.run(tree.folder, revisions.variables(), (), limit))
            if done[-1].trouble or done[-1].ended:
                break
        return done

    def _take_in(self, position: int, results: Sequence[Ran], watcher: Watcher) -> None:
        settings = self._wanted.invocation.settings
        self._store.ingest(state.spool_directory(settings.state_directory))
        self.known.update()
        self._made = made_by(self._store, self._memory.now.id)
        forget_points(settings.state_directory, self._made.run_ids)
        # Runs side by side may be in the store before they are told of here.
        self._done += len(results)
        left_nothing = self._done - (len(self._made.run_ids) - self._made_before)
        self._memory.now.broken_runs = self._broken_before + max(0, left_nothing)
        why = next((ran.trouble for ran in results if ran.trouble), "")
        if not why and not any(ran.ended for ran in results) and not self.known.whole_runs_at(position):
            why = "it has no results"
        if why:
            self._memory.now.broken[self._wanted.line.commits[position]] = why
            watcher.skips(position, why)
        else:
            watcher.ran(position, len(results))
        if not self.known.runs and len(self._memory.now.broken) >= _HOPELESS:
            self._memory.now.broken.clear()
            raise UserError(
                f"the suite could be run at none of {_HOPELESS} revisions ({why}); "
                "name a command that runs it with --command",
                ExitCode.MISSING,
            )
        self._remember()

    def _remember(self) -> None:
        self._memory.now.seconds = self.spent.seconds
        self._memory.save()
