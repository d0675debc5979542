"""One suite in one environment: its runs on the line of commits, and what each side of a commit came to."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnomon_analysis.attribution import metrics
from gnomon_analysis.attribution.finding import MovedCase
from gnomon_analysis.attribution.metrics import Metric
from gnomon_analysis.attribution.reading import Codes, StoredRun, Vocabulary
from gnomon_analysis.attribution.series import Measured, Subject
from gnomon_analysis.attribution.sizing import rate_difference
from gnomon_analysis.statistics.model import Integers, Interval, Kind

# How many times likelier two different levels must make a case's runs than one level does.
_MOVED = 10.0
# A mean counts as moved beyond this share of itself, and beyond this many standard errors.
_LEAST_MOVE = 0.02
_ERRORS = 2.5


_ALL = slice(None)


@dataclass(frozen=True, slots=True)
class State:
    """What a run stood on beside the repository."""

    models: str | None
    environment: str | None
    golden_set: str | None

    def switched_to(self, other: State) -> list[str]:
        """What differs, in words."""
        named = (
            ("the model", self.models, other.models),
            ("the environment", self.environment, other.environment),
            ("the golden set", self.golden_set, other.golden_set),
        )
        return [
            f"{what} changed from {before or 'none'} to {after or 'none'}"
            for what, before, after in named
            if before != after
        ]


@dataclass(frozen=True, slots=True)
class Side:
    """What one case came to over some runs: total and number of values, squares of the runs' means."""

    total: float
    count: float
    runs: int
    squares: float
    skill: str | None

    @property
    def mean(self) -> float | None:
        """The share or mean."""
        return self.total / self.count if self.count else None


@dataclass(frozen=True, slots=True)
class Suite:
    """Everything that is known of a suite in an environment; `runs` are by number, as in `measured`.

    `by_run` holds the rows of the cells run by run, `run_ends` where the rows of each run begin in it.
    """

    runs: Sequence[StoredRun]
    measured: Measured
    states: Sequence[State]
    vocabulary: Vocabulary
    by_run: NDArray[np.intp]
    run_ends: NDArray[np.intp]

    @property
    def cost_of_a_run(self) -> float | None:
        """What a whole run costs, as the mean over the newest ones, in USD."""
        cells, whole = self.measured.cells, self.measured.whole
        sums = cells.sums[metrics.COST]
        totals = np.bincount(cells.run, weights=sums.total, minlength=len(self.runs))
        known = np.bincount(cells.run, weights=sums.count, minlength=len(self.runs)) > 0
        newest = totals[whole & known][-_NEWEST:]
        return float(newest.mean()) if len(newest) else None

    def first_run(self, position: int) -> StoredRun | None:
        """The earliest run of this suite at a commit."""
        mine = self._runs_at(position)
        return self.runs[mine[0]] if mine else None

    def measured_before(self, position: int) -> int | None:
        """The newest measured commit before one."""
        mine = self._positions
        earlier = mine[mine < position]
        return int(earlier.max()) if len(earlier) else None

    def measured_from(self, position: int) -> int | None:
        """The oldest measured commit that is not before one."""
        mine = self._positions
        later = mine[mine >= position]
        return int(later.min()) if len(later) else None

    @property
    def _positions(self) -> Integers:
        """The commits at which this suite was run, ascending."""
        return np.unique(self.measured.position[np.diff(self.run_ends) > 0])

    def runs_at(self, position: int) -> int:
        """How many runs of this suite there are at a commit."""
        return len(self._runs_at(position))

    def _runs_at(self, position: int) -> list[int]:
        at = np.flatnonzero(self.measured.position == position)
        return [int(run) for run in at if self.run_ends[run] < self.run_ends[run + 1]]

    def expectation(self, case_id: str) -> tuple[str | None, str | None]:
        """The skill that a case last expected, and its category."""
        rows = self.measured.cells.of_case(self.vocabulary.cases.code(case_id))
        if rows.start == rows.stop:
            return None, None
        cells = self.measured.cells
        skill, category = int(cells.skill[rows.stop - 1]), int(cells.category[rows.stop - 1])
        return self.vocabulary.skills.text(skill), self.vocabulary.categories.text(category)

    def switches(self, last_before: int, first_after: int) -> list[str]:
        """What changed beside the repository between the runs of two commits, in words."""
        before, after = self._runs_at(last_before), self._runs_at(first_after)
        if not before or not after:
            return []
        told = self.states[before[-1]].switched_to(self.states[after[0]])
        different = self.measured.make_up[before[-1]] != self.measured.make_up[after[0]]
        return told or (["other tests were run"] if different else [])

    def cases(self, subject: Subject, span: tuple[int, int, int, int]) -> list[MovedCase]:
        """The cases of a scope before and after, by id.

        `span` holds the first and last commit before, and the first and last after.
        """
        return [_moved(*one) for one in self._sides(subject, span)]

    def moved_cases(
        self, subject: Subject, span: tuple[int, int, int, int], members: Collection[str] = ()
    ) -> list[MovedCase]:
        """Those of `cases` whose runs speak for themselves, and the `members`; the furthest first."""
        kind = subject.metric.kind
        moved = [
            _moved(name, before, after)
            for name, before, after in self._sides(subject, span)
            if subject.scope_kind == "case" or name in members or _differ(kind, before, after)
        ]
        return sorted(moved, key=lambda case: (-abs((case.after or 0) - (case.before or 0)), case.case_id))

    def count_cases(self, subject: Subject) -> int:
        """How many cases of a scope were ever measured."""
        sums = self.measured.cells.sums[subject.metric]
        return len(np.unique(self.measured.cells.case[self._of_scope(subject) & (sums.count > 0)]))

    def rates(
        self, subject: Subject, span: tuple[int, int, int, int]
    ) -> tuple[float, float, Interval] | None:
        """A rate before and after as the mean of its cases, and the difference; `span` as in `cases`."""
        measured = self.measured
        rows = self._rows(subject, span)
        sums = measured.cells.sums[subject.metric]
        return rate_difference(measured.cells, sums, measured.position, rows, span[2])

    def runs_in(self, subject: Subject, span: tuple[int, int, int, int]) -> tuple[int, int]:
        """How many runs measured something of a scope before and after; `span` as in `cases`."""
        run = np.unique(self.measured.cells.run[self._rows(subject, span)])
        after = int(np.count_nonzero(self.measured.position[run] >= span[2]))
        return len(run) - after, after

    def case_totals(self, subject: Subject, wanted: NDArray[np.bool_]) -> dict[str, tuple[float, float, int]]:
        """By case of a scope: total, number of values and runs, over the wanted runs."""
        cells = self.measured.cells
        sums = cells.sums[subject.metric]
        rows = np.flatnonzero(self._of_scope(subject) & wanted[cells.run] & (sums.count > 0))
        found: dict[str, tuple[float, float, int]] = {}
        for row in rows:
            name = self.vocabulary.cases.texts[int(cells.case[row])]
            total, count, runs = found.get(name, (0.0, 0.0, 0))
            found[name] = (total + float(sums.total[row]), count + float(sums.count[row]), runs + 1)
        return found

    def commits_in(self, subject: Subject, span: tuple[int, int, int, int]) -> tuple[int, int]:
        """At how many commits something of a scope was measured before and after; `span` as in `cases`."""
        commits = np.unique(self.measured.position[self.measured.cells.run[self._rows(subject, span)]])
        after = int(np.count_nonzero(commits >= span[2]))
        return len(commits) - after, after

    def _sides(self, subject: Subject, span: tuple[int, int, int, int]) -> Iterator[tuple[str, Side, Side]]:
        cells, vocabulary = self.measured.cells, self.vocabulary
        rows = self._rows(subject, span)
        after = self.measured.position[cells.run[rows]] >= span[2]
        case = cells.case[rows]
        bounds = _starts(case)
        for begin, end in zip(bounds, [*bounds[1:], len(rows)][: len(bounds)], strict=True):
            its_own, later = rows[begin:end], after[begin:end]
            if later.any() and not later.all():
                name = vocabulary.cases.texts[int(case[begin])]
                yield (
                    name,
                    self._side(subject.metric, its_own[~later]),
                    self._side(subject.metric, its_own[later]),
                )

    def _rows(self, subject: Subject, span: tuple[int, int, int, int]) -> NDArray[np.intp]:
        """The rows of a scope on both sides, by case and run. Runs are in the order of their commits."""
        since, last_before, first_after, until = span
        cells, place = self.measured.cells, self.measured.position
        if subject.scope_kind == "case":
            its_own = cells.of_case(self.vocabulary.cases.code(subject.scope))
            rows = np.arange(its_own.start, its_own.stop)
            at = place[cells.run[rows]]
            rows = rows[((at >= since) & (at <= last_before)) | ((at >= first_after) & (at <= until))]
        else:
            bounds = np.searchsorted(place, (since, last_before + 1, first_after, until + 1))
            begin, end, later, last = self.run_ends[bounds]
            rows = np.concatenate([self.by_run[begin:end], self.by_run[later:last]])
        there = (cells.sums[subject.metric].count[rows] > 0) & self._of_scope(subject, rows)
        found: NDArray[np.intp] = np.sort(rows[there])
        return found

    def _of_scope(self, subject: Subject, rows: NDArray[np.intp] | slice = _ALL) -> NDArray[np.bool_]:
        cells, vocabulary = self.measured.cells, self.vocabulary
        codes: dict[str, tuple[Codes, int]] = {
            "skill": (cells.skill, vocabulary.skills.code(subject.scope)),
            "category": (cells.category, vocabulary.categories.code(subject.scope)),
            "case": (cells.case, vocabulary.cases.code(subject.scope)),
        }
        if subject.scope_kind not in codes:
            return np.ones(len(cells.case[rows]), bool)
        column, code = codes[subject.scope_kind]
        found: NDArray[np.bool_] = column[rows] == code
        return found

    def _side(self, metric: Metric, rows: NDArray[np.intp]) -> Side:
        cells = self.measured.cells
        total, count = cells.sums[metric].total[rows], cells.sums[metric].count[rows]
        answered = cells.actual[rows]
        answered = answered[answered >= 0]
        skill = int(np.bincount(answered).argmax()) if len(answered) else -1
        return Side(
            total=float(total.sum(dtype=np.float64)),
            count=float(count.sum(dtype=np.float64)),
            runs=len(rows),
            squares=float(np.square(total / count, dtype=np.float64).sum()),
            skill=self.vocabulary.skills.text(skill),
        )


_NEWEST = 20


def _moved(name: str, before: Side, after: Side) -> MovedCase:
    return MovedCase(name, before.mean, after.mean, before.runs, after.runs, before.skill, after.skill)


def _starts(codes: Codes) -> list[int]:
    return np.flatnonzero(np.append(True, codes[1:] != codes[:-1])).tolist() if len(codes) else []


def _differ(kind: Kind, before: Side, after: Side) -> bool:
    """Whether a case's own runs say that its level is another one."""
    if kind is Kind.PROPORTION:
        return _rates_differ(before, after)
    first, second = before.mean, after.mean
    if first is None or second is None or abs(second - first) <= _LEAST_MOVE * abs(first):
        return False
    error = math.sqrt(_variance(before) / before.runs + _variance(after) / after.runs)
    return abs(second - first) > _ERRORS * error


def _rates_differ(before: Side, after: Side) -> bool:
    """Bayes factor of two rates against one, each with Jeffreys' prior."""
    apart = _evidence(before.total, before.count) + _evidence(after.total, after.count)
    together = _evidence(before.total + after.total, before.count + after.count)
    return apart - together > math.log(_MOVED)


def _evidence(successes: float, trials: float) -> float:
    """Log probability of the outcomes of a beta-binomial with Jeffreys' prior."""
    failures = max(trials - successes, 0.0)
    return (
        math.lgamma(successes + 0.5)
        + math.lgamma(failures + 0.5)
        - math.lgamma(trials + 1.0)
        - math.log(math.pi)
    )


def _variance(side: Side) -> float:
    if side.runs < 2:
        return 0.0
    mean = side.total / side.count
    return max(0.0, (side.squares - side.runs * mean * mean) / (side.runs - 1))
