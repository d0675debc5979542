"""The search itself: run, look at what came of it, choose the next runs, until sure or out of budget."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from gnomon import state
from gnomon.errors import ExitCode, UserError
from gnomon_analysis.bisection.answer import Answer, Ending, Spent, answer
from gnomon_analysis.bisection.asked import Asked
from gnomon_analysis.bisection.checkout import Revisions
from gnomon_analysis.bisection.estimate import Estimate, estimate
from gnomon_analysis.bisection.evidence import Evidence
from gnomon_analysis.bisection.known import Known, RunCost, made_by
from gnomon_analysis.bisection.remembered import Memory
from gnomon_analysis.bisection.search import Posterior, Price, Step, next_steps, posterior
from gnomon_analysis.bisection.suite_run import Limit
from gnomon_analysis.bisection.trees import CHECKOUT_SECONDS, Task, Trees, forget_points
from gnomon_analysis.store import Store

# Results at each end to begin with: of fewer, searches are wrong more often; of more, no shorter.
_RESULTS_AT_ENDS = 5
# Fewer runs than this say nothing of how they scatter: by whether it is a rate.
_LEAST_RUNS_AT_ENDS = {True: 2, False: 3}


class Watcher(Protocol):
    """Told what happens; all calls come from the thread that searches."""

    def begins(self, position: int, runs: int, cases: int | None) -> None:
        """Runs begin at a position, of some cases or (None) all."""

    def ran(self, position: int, spent: Spent) -> None:
        """They have ended."""

    def skips(self, position: int, why: str) -> None:
        """A revision cannot be run."""

    def believes(self, believed: Posterior, spent: Spent) -> None:
        """What is known now."""


class Search:
    """A search over a line of commits. `memory` outlives it."""

    def __init__(self, store: Store, asked: Asked, known: Known, memory: Memory) -> None:
        self._store = store
        self._asked = asked
        self.known = known
        self._memory = memory
        self._began = time.monotonic()
        self._seconds_before = memory.now.seconds
        self._made = made_by(store, memory.now.id)
        self._strikes: set[int] = set()
        self._checkout_seconds = CHECKOUT_SECONDS
        self.known.update()

    # What is known.

    @property
    def spent(self) -> Spent:
        """All sessions together."""
        seconds = self._seconds_before + time.monotonic() - self._began
        return Spent(len(self._made.run_ids) + self._memory.now.broken_runs, self._made.usd, seconds)

    def believed(self) -> Posterior:
        """The posterior over the commits."""
        return posterior(self._evidence(), self._asked.prior)

    def _evidence(self) -> Evidence:
        return self.known.evidence()

    @property
    def runnable(self) -> np.ndarray:
        """Which positions can be run, as far as is known."""
        broken = self._memory.now.broken
        return np.array([commit not in broken for commit in self._asked.line.commits])

    def missing_runs(self) -> dict[int, int]:
        """Runs that the ends lack to begin with, by position."""
        wanted = self._asked.runs_at_ends
        missing = {}
        for position in (self._asked.line.last, 0):
            if wanted is not None:
                lacking = wanted - self.known.runs_at(position)
            else:
                cases = max(1, len(self.known.cases))
                results = self.known.results_at(position)
                least = _LEAST_RUNS_AT_ENDS[self._asked.subject.metric.is_rate]
                lacking = max(
                    least - self.known.runs_at(position), math.ceil((_RESULTS_AT_ENDS - results) / cases)
                )
            if lacking > 0:
                missing[position] = lacking
        return missing

    def price(self) -> Price:
        """What runs cost, as shares of the budget: runs, money and time together."""
        budget, cost = self._asked.budget, self.known.cost()
        time_share = 1 / budget.seconds
        money_share = 1 / budget.usd if budget.usd > 0 else 0.0
        of_cases = np.array([case.seconds * time_share + case.usd * money_share for case in cost.cases])
        of_run = 1 / budget.runs + cost.seconds * time_share
        if not self._chooses_cases:
            of_run, of_cases = of_run + float(of_cases.sum()), np.zeros_like(of_cases)
        evidence_cases = max(1, len(self.known.cases)) if self._asked.subject.metric.is_rate else 1
        if len(of_cases) != evidence_cases:
            of_run, of_cases = of_run + float(of_cases.sum()), np.zeros(evidence_cases)
        return Price(self._checkout_seconds * time_share, of_run, of_cases)

    @property
    def _chooses_cases(self) -> bool:
        return self._asked.invocation.chooses_cases and self._asked.subject.metric.is_rate

    def estimate(self) -> Estimate | None:
        """What the search is likely to take from here; None before there are runs at both ends."""
        if self.missing_runs():
            return None
        cost = self.known.cost()
        if not self._asked.subject.metric.is_rate:
            cost = cost.undivided()
        left = self._asked.budget.runs - self.spent.runs
        return estimate(
            self._evidence(),
            self._asked.prior,
            self.price(),
            cost,
            runnable=self.runnable,
            confidence=self._asked.confidence,
            most_runs=max(0, left),
        )

    # The search.

    def run(self, watcher: Watcher) -> Answer:
        """Searches until it is sure, or has spent enough.

        Raises:
            UserError: the suite cannot be run at one of the ends, or in none of the revisions tried.
        """
        self._memory.now.process = os.getpid()
        revisions = Revisions(self._asked.top)
        self._memory.now.trees = str(revisions.home)
        self._remember()
        try:
            field_of_work = Trees(revisions, self._asked)
            ending = self._runs_at_ends(field_of_work, watcher) or self._narrow(field_of_work, watcher)
            return answer(self._asked, self.known, ending, self.spent, self._memory.now.broken)
        finally:
            revisions.close()
            self._memory.now.process = 0
            self._memory.now.trees = ""
            self._remember()

    def _remember(self) -> None:
        self._memory.now.seconds = self.spent.seconds
        self._memory.save()

    def _runs_at_ends(self, trees: Trees, watcher: Watcher) -> Ending | None:
        """The levels at both ends: without them no run between tells anything."""
        while missing := self.missing_runs():
            tasks, ending = self._ends_to_run(missing)
            if not tasks:
                return ending
            for position, why in self._work(trees, tasks, watcher).items():
                name = "bad" if position else "good"
                raise UserError(
                    f"the suite cannot be run at the {name} end, {self._asked.line.commits[position][:8]} "
                    f"({why}); name another one with --{name}, or another --command",
                    ExitCode.MISSING,
                )
        return None

    def _ends_to_run(self, missing: dict[int, int]) -> tuple[list[Task], Ending | None]:
        """Runs at the bad end, and beside them, where there are jobs for it, at the good one."""
        cases, cost = self._all_cases(), self.known.cost()
        of_run = self.known.whole_run() if cases is None else cost.of(range(len(cost.cases)))
        tasks, planned = list[Task](), 0
        for position, runs in missing.items():
            # The first run also tells how many cases there are, and what a run costs.
            wanted = runs if self.known.runs else 1
            possible, ending = self._possible(wanted, of_run.usd, planned, planned * of_run.usd)
            if not possible:
                return tasks, ending
            tasks.append(Task(position, possible, cases))
            planned += possible
            if len(tasks) == self._asked.jobs or not self.known.runs:
                break
        return tasks, None

    def _narrow(self, trees: Trees, watcher: Watcher) -> Ending:
        while True:
            believed = self.believed()
            watcher.believes(believed, self.spent)
            if believed.confidence >= self._asked.confidence:
                return Ending.SURE if believed.nothing < 0.5 else Ending.NOTHING_MOVED
            steps = next_steps(
                believed,
                self.price(),
                runnable=self.runnable,
                standing=trees.standing(),
                jobs=self._asked.jobs,
            )
            if not steps:
                return Ending.NO_RUN_TELLS_MORE
            tasks, ending = self._affordable(steps)
            if ending is not None:
                return ending
            self._work(trees, tasks, watcher)

    def _affordable(self, steps: Sequence[Step]) -> tuple[list[Task], Ending | None]:
        """As many of the runs as the budget still has; none at all is the end."""
        cost, tasks, runs, usd = self.known.cost(), list[Task](), 0, 0.0
        for step in steps:
            cases = self._cases_of(step)
            of_run = self._usd_of(cost, cases, step)
            possible, ending = self._possible(step.repeats, of_run, runs, usd)
            if possible:
                tasks.append(Task(step.position, possible, cases))
                runs, usd = runs + possible, usd + possible * of_run
            elif not tasks:
                return [], ending
        return tasks, None

    def _possible(
        self, wanted: int, usd_of_run: float, runs: int = 0, usd: float = 0.0
    ) -> tuple[int, Ending | None]:
        """How many runs the budget has left beside others that are planned, and what ends it there."""
        for possible in range(wanted):
            more = possible + 1
            if (ending := self._exhausted(runs + more, usd + more * usd_of_run)) is not None:
                return possible, ending
        return wanted, None

    def _exhausted(self, runs: int, usd: float) -> Ending | None:
        spent, budget = self.spent, self._asked.budget
        if spent.runs + runs > budget.runs:
            return Ending.RUNS
        if spent.usd + usd > budget.usd and usd > 0:
            return Ending.MONEY
        return Ending.TIME if spent.seconds >= budget.seconds else None

    def _usd_of(self, cost: RunCost, cases: tuple[str, ...] | None, step: Step) -> float:
        if cases is None:
            return self.known.whole_run().usd
        return cost.of(step.cases if self._chooses_cases else range(len(cost.cases))).usd

    def _cases_of(self, step: Step) -> tuple[str, ...] | None:
        """Node ids of the cases to run; None for all of the suite."""
        if not self._chooses_cases or len(step.cases) == len(self.known.cases):
            return self._all_cases()
        return tuple(self.known.names[self.known.cases[case]] for case in step.cases)

    def _all_cases(self) -> tuple[str, ...] | None:
        """Node ids of what is searched for; None where that is all of the suite, or not known yet."""
        subject = self._asked.subject
        is_part = bool(subject.cases) or subject.skill is not None
        if not is_part or not self._asked.invocation.chooses_cases or not self.known.cases:
            return None
        return tuple(self.known.names[case] for case in self.known.cases)

    def _work(self, trees: Trees, tasks: Sequence[Task], watcher: Watcher) -> dict[int, str]:
        """Does the runs; gives back the positions that could not be run, and remembers them."""
        for task in tasks:
            watcher.begins(task.position, task.runs, None if task.cases is None else len(task.cases))
        left = self._asked.budget.seconds - self.spent.seconds
        had = {task.position: self.known.results_at(task.position) for task in tasks}
        done = trees.work(tasks, Limit(time.monotonic() + left))
        self._checkout_seconds = trees.checkout_seconds
        self._take_in(sum(map(len, done)))
        broken = {}
        for task, results in zip(tasks, done, strict=True):
            why = next((ran.trouble for ran in results if ran.trouble), "")
            cut = any(ran.ended for ran in results)
            if not why and not cut and self.known.results_at(task.position) == had[task.position]:
                why = "it has no result of what is searched for"
            if why and self._is_out(task.position):
                broken[task.position] = why
                if 0 < task.position < self._asked.line.last:
                    self._memory.now.broken[self._asked.line.commits[task.position]] = why
                    watcher.skips(task.position, why)
            watcher.ran(task.position, self.spent)
        self._remember()
        return broken

    def _take_in(self, runs: int) -> None:
        """Reads what the runs have left in the spool."""
        settings, before = self._asked.invocation.settings, self._made.run_ids
        self._store.ingest(state.spool_directory(settings.state_directory))
        self.known.update()
        self._made = made_by(self._store, self._memory.now.id)
        forget_points(settings.state_directory, self._made.run_ids)
        self._memory.now.broken_runs += max(0, runs - (len(self._made.run_ids) - len(before)))

    def _is_out(self, position: int) -> bool:
        """Whether a revision is given up: one that ran before has a second chance."""
        if self.known.runs_at(position) and position not in self._strikes:
            self._strikes.add(position)
            return False
        return True
