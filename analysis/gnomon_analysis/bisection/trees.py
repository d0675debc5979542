"""Runs at positions of a line, side by side, each in a working tree of its own."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from gnomon import state
from gnomon.errors import UserError
from gnomon_analysis.bisection.asked import Asked
from gnomon_analysis.bisection.checkout import Revisions, Tree
from gnomon_analysis.bisection.suite_run import Limit, Ran

# Before one is known.
CHECKOUT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Task:
    """Runs at a position: of the tests with these node ids, or (None) of all."""

    position: int
    runs: int
    cases: tuple[str, ...] | None


class Trees:
    """The working trees, one a job, each at the revision that it ran last."""

    def __init__(self, revisions: Revisions, asked: Asked) -> None:
        self._revisions = revisions
        self._asked = asked
        self._trees: list[Tree] = []
        self._checkouts: list[float] = []

    @property
    def checkout_seconds(self) -> float:
        """What it took on the average to put a revision in place."""
        return sum(self._checkouts) / len(self._checkouts) if self._checkouts else CHECKOUT_SECONDS

    def standing(self) -> list[int]:
        """Positions that are checked out."""
        found = (self._asked.line.position(tree.commit) for tree in self._trees if tree.commit)
        return [position for position in found if position is not None]

    def work(self, tasks: Sequence[Task], limit: Limit) -> list[list[Ran]]:
        """Does the tasks side by side, each in a tree of its own."""
        free = list(self._trees)
        pairs: list[tuple[Task, Tree]] = []
        for task in tasks:
            commit = self._asked.line.commits[task.position]
            tree = next((one for one in free if one.commit == commit), free[0] if free else None)
            if tree is None:
                tree = self._revisions.tree(len(self._trees))
                self._trees.append(tree)
            else:
                free.remove(tree)
            pairs.append((task, tree))
        with ThreadPoolExecutor(len(pairs)) as pool:
            waiting = [pool.submit(self._do, task, tree, limit) for task, tree in pairs]
            try:
                wait(waiting, return_when=FIRST_EXCEPTION)
                return [future.result() for future in waiting]
            except BaseException:
                limit.stop()
                raise

    def _do(self, task: Task, tree: Tree, limit: Limit) -> list[Ran]:
        asked = self._asked
        commit = asked.line.commits[task.position]
        if tree.commit != commit:
            began = time.monotonic()
            try:
                tree.check_out(commit, asked.overlay)
            except UserError as error:
                return [Ran(0.0, str(error))]
            self._checkouts.append(time.monotonic() - began)
        done = []
        for _ in range(task.runs):
            ran = asked.invocation.run(tree.folder, self._revisions.variables(), task.cases or (), limit)
            done.append(ran)
            if ran.trouble or ran.ended:
                break
        return done


def forget_points(state_directory: Path, run_ids: Sequence[str]) -> None:
    """Takes the points of runs of past revisions out of the spool: a backend would show them as today's."""
    ours = {run_id[:12] for run_id in run_ids}
    for path in state.spool_directory(state_directory).glob("run-*.metrics.jsonl"):
        if path.name.removesuffix(".metrics.jsonl").rpartition("-")[2] in ours:
            path.unlink(missing_ok=True)
