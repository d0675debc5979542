"""From what each case came to in each run to the series that statistics look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gnomon_analysis.attribution import metrics
from gnomon_analysis.attribution.measured import Cells, Sums
from gnomon_analysis.attribution.metrics import Metric
from gnomon_analysis.attribution.priors import Priors
from gnomon_analysis.attribution.reading import Codes, Vocabulary
from gnomon_analysis.statistics.model import Floats, Integers, Kind, Series

# Which scopes of a metric are looked at beside its suite and its cases.
_SKILLS = frozenset({metrics.ROUTING_ACCURACY, metrics.TOOL_USE_ACCURACY, metrics.PASS_RATE})
_PARTS = frozenset({"skill", "category"})
_CATEGORIES = frozenset({metrics.ROUTING_ACCURACY, metrics.PASS_RATE})


@dataclass(frozen=True, slots=True)
class Subject:
    """What a series is about. `scope` is the suite's, skill's, category's or case's name."""

    metric: Metric
    suite: str | None
    environment: str | None
    scope_kind: str
    scope: str

    @property
    def key(self) -> str:
        """Names the series."""
        return "\x1f".join(
            (self.suite or "", self.environment or "", self.metric.name, self.scope_kind, self.scope)
        )


@dataclass(frozen=True, slots=True)
class Measured:
    """The runs of one suite in one environment, and what is known of each.

    `position` and `tag` are by run, as are `whole` (whether it ran about all of the suite, so that it
    says something about more than its cases) and `make_up`, which numbers the sets of cases that whole
    runs had.
    """

    suite: str | None
    environment: str | None
    cells: Cells
    position: Integers
    tag: Integers
    whole: NDArray[np.bool_]
    make_up: Integers


@dataclass(frozen=True, slots=True)
class Everything:
    """Every series of a suite, and what their keys and families stand for.

    `parts` are the series of skills and categories: sums of cases that are in `series` as well, so that the
    two must not bear each other out.
    """

    subjects: Mapping[str, Subject]
    series: Sequence[Series]
    parts: Sequence[Series]


def everything(measured: Measured, vocabulary: Vocabulary, priors: Priors) -> Everything:
    """The series of a suite that move at all."""
    builder = _Builder(measured, vocabulary, priors)
    for metric in metrics.METRICS.values():
        builder.add(metric)
    return Everything(builder.subjects, builder.series, builder.parts)


class _Builder:
    def __init__(self, measured: Measured, vocabulary: Vocabulary, priors: Priors) -> None:
        self._measured = measured
        self._vocabulary = vocabulary
        self._priors = priors
        self._skill_of_case = _latest(measured.cells)
        self.subjects: dict[str, Subject] = {}
        self.series: list[Series] = []
        self.parts: list[Series] = []

    def add(self, metric: Metric) -> None:
        """All series of a metric, where it moves at all."""
        cells = self._measured.cells
        sums = cells.sums[metric]
        there = np.flatnonzero(sums.count > 0)
        if not len(there) or _constant(metric, sums, there):
            return
        suite = self._subject(metric, "suite", self._measured.suite or "")
        of_whole = there[self._measured.whole[cells.run[there]]]
        if metric.kind is not Kind.PROPORTION:
            # They move in all cases at once: seventy series would be one witness heard seventy times.
            self._add_sums(metric, sums, of_whole, np.zeros(len(of_whole), np.int32), {0: suite})
            return
        # The mean of the cases is looked at with them: it stands for the suite, whichever of them were run.
        self.subjects[self._family(metric)] = suite
        self._add_cases(metric, sums, there)
        if metric in _SKILLS:
            skills = ("skill", cells.skill, self._vocabulary.skills.texts)
            self._add_named(metric, sums, of_whole, skills)
        if metric in _CATEGORIES:
            categories = ("category", cells.category, self._vocabulary.categories.texts)
            self._add_named(metric, sums, of_whole, categories)

    def _subject(self, metric: Metric, scope_kind: str, scope: str) -> Subject:
        return Subject(metric, self._measured.suite, self._measured.environment, scope_kind, scope)

    def _family(self, metric: Metric) -> str:
        return self._subject(metric, "cases", "").key

    def _add_cases(self, metric: Metric, sums: Sums, there: NDArray[np.intp]) -> None:
        cells = self._measured.cells
        tag = self._measured.tag
        for begin, end in _runs_of(cells.case[there]):
            rows = there[begin:end]
            case = int(cells.case[rows[0]])
            subject = self._subject(metric, "case", self._vocabulary.cases.texts[case])
            prior = self._priors.of_skill(self._skill_of_case.get(case), metric)
            total, count = sums.total[rows], sums.count[rows]
            self._append(subject, self._family(metric), _Rows(cells.run[rows], total, count, tag), prior)

    def _add_named(
        self, metric: Metric, sums: Sums, rows: NDArray[np.intp], scopes: tuple[str, Codes, Sequence[str]]
    ) -> None:
        """One series a skill or category: `scopes` is the kind, the code of each row, and the names."""
        scope_kind, codes, names = scopes
        of_rows = codes[rows]
        present = [int(code) for code in np.unique(of_rows) if code >= 0 and names[code]]
        # One name for all is the suite again.
        if len(present) > 1:
            subjects = {code: self._subject(metric, scope_kind, names[code]) for code in present}
            named = np.isin(of_rows, present)
            self._add_sums(metric, sums, rows[named], of_rows[named], subjects)

    def _add_sums(
        self,
        metric: Metric,
        sums: Sums,
        rows: NDArray[np.intp],
        scope: Codes,
        subjects: Mapping[int, Subject],
    ) -> None:
        """One series a scope, its rows summed by run."""
        run = self._measured.cells.run[rows]
        order = np.lexsort((run, scope))
        rows, scope, run = rows[order], scope[order], run[order]
        if not len(rows):
            return
        begins = np.flatnonzero(np.append(True, (scope[1:] != scope[:-1]) | (run[1:] != run[:-1])))
        total = np.add.reduceat(sums.total[rows].astype(np.float64), begins)
        count = np.add.reduceat(sums.count[rows].astype(np.float64), begins)
        run, scope = run[begins], scope[begins]
        # A different set of cases is a different thing to measure.
        tag = self._measured.tag + (int(self._measured.tag.max(initial=0)) + 1) * self._measured.make_up
        for begin, end in _runs_of(scope):
            subject = subjects[int(scope[begin])]
            within = slice(begin, end)
            skill = subject.scope if subject.scope_kind == "skill" else None
            prior = self._priors.of_skill(skill, metric)
            self._append(subject, subject.key, _Rows(run[within], total[within], count[within], tag), prior)

    def _append(self, subject: Subject, family: str, rows: _Rows, prior: Floats) -> None:
        values, trials = rows.total.astype(np.float64), rows.count.astype(np.float64)
        if subject.metric.kind is not Kind.PROPORTION:
            values = values / trials
        self.subjects[subject.key] = subject
        part = subject.scope_kind in _PARTS
        (self.parts if part else self.series).append(
            Series(
                key=subject.key,
                kind=subject.metric.kind,
                family=family,
                at=self._measured.position[rows.run],
                value=values,
                trials=trials,
                tag=rows.tag[rows.run],
                prior=prior,
            )
        )


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of a series: the run of each, total and number of its values; the tag of every run."""

    run: Codes
    total: NDArray[np.floating]
    count: NDArray[np.floating]
    tag: Integers


def case_of(key: str) -> str:
    """The case that the key of a case's series is about."""
    return key.rsplit("\x1f", 1)[-1]


def make_up(cells: Cells, position: Integers, part: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], Integers]:
    """By run: whether it ran about all of the suite, and the number of the set of cases that it ran.

    A run is whole when it has at least four fifths of the most cases of any run nearby on the line of
    commits, and was not asked for a `part` of them. The sets of two whole runs are the same unless more than
    a twentieth of the cases differ; any other run has the number of the whole one before it.
    """
    runs = len(position)
    count = np.bincount(cells.run, minlength=runs)
    whole = count >= _WHOLE * _most_nearby(count, position)
    whole &= (count > 0) & ~part
    # Runs with the same set have the same sum of random numbers, one a case.
    drawn = np.random.default_rng(0).integers(1, 2**40, int(cells.case.max(initial=0)) + 1)
    mark = np.zeros(runs, np.int64)
    np.add.at(mark, cells.run, drawn[cells.case])
    order = np.argsort(cells.run, kind="stable")
    ends = np.searchsorted(cells.run[order], np.arange(runs + 1))
    number = np.zeros(runs, np.int64)
    current, cases, known = 0, None, np.int64(0)
    for run in np.flatnonzero(whole):
        if cases is None or mark[run] != known:
            its_own = cells.case[order[ends[run] : ends[run + 1]]]
            if cases is None:
                cases, known = its_own, mark[run]
            else:
                differ = len(np.setxor1d(its_own, cases, assume_unique=True))
                if differ > _OTHER * max(len(its_own), len(cases)):
                    current, cases, known = current + 1, its_own, mark[run]
        number[run] = current
    # The places of the runs that the others have their number from.
    said = np.maximum.accumulate(np.where(whole, np.arange(runs), 0))
    return whole, number[said]


_WHOLE = 0.8
_OTHER = 0.05
_NEARBY = 25


def _most_nearby(count: Integers, position: Integers) -> Integers:
    """By run, the most cases of any run at one of the measured commits around."""
    if not len(position):
        return count
    commits, which = np.unique(position, return_inverse=True)
    most = np.zeros(len(commits), count.dtype)
    np.maximum.at(most, which, count)
    padded = np.pad(most, _NEARBY, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _NEARBY + 1)
    found: Integers = windows.max(axis=1)[which]
    return found


def _latest(cells: Cells) -> dict[int, int]:
    """The skill that each case was last expected to reach."""
    ends = [end - 1 for _, end in _runs_of(cells.case)]
    return {int(cells.case[end]): int(cells.skill[end]) for end in ends}


def _constant(metric: Metric, sums: Sums, rows: NDArray[np.intp]) -> bool:
    share = sums.total[rows] / sums.count[rows]
    if metric.kind is Kind.PROPORTION:
        return bool(np.all(share == share[0])) and share[0] in (0.0, 1.0)
    return bool(np.all(share == share[0]))


def _runs_of(codes: NDArray[np.integer]) -> Iterator[tuple[int, int]]:
    """Begin and end of each stretch of equal codes."""
    if not len(codes):
        return
    bounds = [0, *(np.flatnonzero(codes[1:] != codes[:-1]) + 1).tolist(), len(codes)]
    yield from pairwise(bounds)
