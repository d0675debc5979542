"""What a report on routing accuracy over commits says, gathered from the results store.

Every figure is the store's; a commit's subject and date come from the caller, who knows the history.
Shares are fractions of 1, times seconds, costs US dollars; None means "not known".
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from gnomon.runs.proportion import wilson
from gnomon_analysis.report.moves import PairedMove, adjusted, compare
from gnomon_analysis.store.answers import NO_SKILL, NOT_ANSWERED, answered, wanted
from gnomon_analysis.store.rows import CommitRow, ModelCallTotals, ResultRow
from gnomon_analysis.store.store import Store

# Moves whose adjusted p-value is at most this stand out from chance (false discovery rate).
FALSE_DISCOVERY_RATE = 0.05


@dataclass(frozen=True, slots=True)
class CommitNote:
    """A commit as its history tells it. `golden_changed`: it changed the golden set."""

    commit: str
    date: datetime
    subject: str
    golden_changed: bool = False

    @property
    def short(self) -> str:
        """The first seven digits of the id."""
        return self.commit[:7]


@dataclass(frozen=True, slots=True)
class CaseAtCommit:
    """One case at one commit over all its runs: verdicts, right ones, and how often each answer came."""

    case_id: str
    category: str
    expected: str
    judged: int
    correct: int
    answers: Mapping[str, int]
    outcome: str

    @property
    def share(self) -> float | None:
        """Right verdicts as a fraction of the verdicts."""
        return self.correct / self.judged if self.judged else None

    @property
    def shown_answers(self) -> str:
        """The answers, most frequent first, with their number where there was more than one run."""
        ranked = sorted(self.answers.items(), key=lambda item: (-item[1], item[0]))
        if sum(self.answers.values()) <= 1:
            return ", ".join(answer for answer, _ in ranked)
        return ", ".join(f"{answer} ({times})" for answer, times in ranked)


@dataclass(frozen=True, slots=True)
class Point:
    """One commit of the history with everything measured there.

    `low` and `high` bound `accuracy` by its 95 % Wilson interval with the number of different cases as the
    number of trials: repeated runs of a case are no further cases. `latencies` has every model call's.
    """

    note: CommitNote
    row: CommitRow
    accuracy: float | None
    low: float | None
    high: float | None
    cases: Mapping[str, CaseAtCommit]
    latencies: tuple[float, ...]

    @property
    def shares(self) -> dict[str, float]:
        """Share of right verdicts by case, judged cases only."""
        return {name: case.share for name, case in self.cases.items() if case.share is not None}

    @property
    def calls(self) -> ModelCallTotals:
        """Sums over the model calls of all runs at this commit."""
        return self.row.calls

    @property
    def cost_per_run(self) -> float | None:
        """Mean cost of one run."""
        return None if self.calls.cost_usd is None else self.calls.cost_usd / max(1, self.row.runs)

    @property
    def input_tokens_per_call(self) -> float | None:
        """Mean input tokens of one model call."""
        return self.calls.input_tokens / self.calls.calls if self.calls.calls else None

    def latency(self, quantile: float) -> float | None:
        """A quantile of the model calls' latency, by the nearest-rank rule."""
        if not self.latencies:
            return None
        ordered = sorted(self.latencies)
        return ordered[max(0, math.ceil(quantile * len(ordered)) - 1)]


@dataclass(frozen=True, slots=True)
class Move:
    """The change of accuracy between two commits; `adjusted_p` accounts for all steps looked at."""

    before: Point
    after: Point
    paired: PairedMove
    adjusted_p: float

    @property
    def stands_out(self) -> bool:
        """Whether the move is among those to report at the false discovery rate."""
        return self.adjusted_p <= FALSE_DISCOVERY_RATE


@dataclass(frozen=True, slots=True)
class BothWays:
    """How often a case was right and wrong at one commit, and the skills that were chosen there."""

    commit: str
    passed: int
    failed: int
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UnsteadyCase:
    """A case that was both right and wrong at one commit, with every commit where that happened.

    `state` is what `gnomon flaky` says of it now: `flaky`, or something else where that is over.
    """

    case_id: str
    state: str
    commits: tuple[BothWays, ...]

    @property
    def passed(self) -> int:
        """Attempts that passed, at those commits."""
        return sum(one.passed for one in self.commits)

    @property
    def failed(self) -> int:
        """Attempts that failed, at those commits."""
        return sum(one.failed for one in self.commits)

    @property
    def actuals(self) -> tuple[str, ...]:
        """Every answer given at those commits."""
        return tuple(sorted({answer or NO_SKILL for one in self.commits for answer in one.answers}))


@dataclass(frozen=True, slots=True)
class Misroute:
    """How often requests meant for `expected` were answered `actual` at the first and the last commit."""

    expected: str
    actual: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything a report shows. `steps` are the moves between neighbours, oldest first."""

    suite: str
    points: tuple[Point, ...]
    steps: tuple[Move, ...]
    overall: Move | None
    unsteady: tuple[UnsteadyCase, ...]
    misroutes: tuple[Misroute, ...]
    requests: Mapping[str, str]

    @property
    def flaky(self) -> tuple[UnsteadyCase, ...]:
        """The cases that are flaky at the last commit."""
        return tuple(case for case in self.unsteady if case.state == "flaky")

    @property
    def first(self) -> Point:
        """The oldest commit."""
        return self.points[0]

    @property
    def last(self) -> Point:
        """The newest commit."""
        return self.points[-1]

    def largest(self, direction: int, limit: int) -> list[Move]:
        """The largest moves up (`direction` 1) or down (-1), largest first."""
        moved = [move for move in self.steps if move.paired.difference * direction > 0]
        moved.sort(key=lambda move: (-move.paired.difference * direction, move.paired.p))
        return moved[:limit]

    @property
    def standing_out(self) -> list[Move]:
        """The steps that stand out from chance, oldest first."""
        return [move for move in self.steps if move.stands_out]

    @property
    def cost_usd(self) -> float | None:
        """The known cost of all runs, None when no call has one."""
        known = [point.calls.cost_usd for point in self.points if point.calls.cost_usd is not None]
        return math.fsum(known) if known else None

    @property
    def calls(self) -> int:
        """All model calls."""
        return sum(point.calls.calls for point in self.points)


def gather(
    store: Store,
    notes: Sequence[CommitNote],
    suite: str,
    requests: Mapping[str, str] | None = None,
    unsteady: Sequence[UnsteadyCase] = (),
) -> Evidence:
    """Reads the runs of the noted commits. `requests` gives the text of each case, in the order to show.

    `unsteady` are the cases that were both right and wrong at a commit.

    Commits that the store knows no run of are left out. Raises ValueError when none is left.
    """
    rows = {row.commit: row for row in store.accuracy_by_commit(suite) if not row.dirty}
    points = tuple(_point(store, note, rows[note.commit]) for note in notes if note.commit in rows)
    if not points:
        raise ValueError("the store has no run of any of the commits")
    steps = _steps(points)
    return Evidence(
        suite=suite,
        points=points,
        steps=steps,
        overall=_overall(points),
        unsteady=tuple(sorted(unsteady, key=lambda case: (-len(case.commits), case.case_id))),
        misroutes=_misroutes(points[0], points[-1]),
        requests=requests or {},
    )


def _point(store: Store, note: CommitNote, row: CommitRow) -> Point:
    results = [result for run_id in row.run_ids for result in store.results(run_id)]
    cases = _cases(results)
    judged = [case for case in cases.values() if case.judged]
    accuracy = row.tally.accuracy
    limits = None if accuracy is None else wilson(min(accuracy * len(judged), len(judged)), len(judged))
    return Point(
        note=note,
        row=row,
        accuracy=accuracy,
        low=limits[0] if limits else None,
        high=limits[1] if limits else None,
        cases=cases,
        latencies=tuple(
            call.api_latency if call.api_latency is not None else call.duration
            for run_id in row.run_ids
            for call in store.model_calls(run_id)
        ),
    )


def _cases(results: Sequence[ResultRow]) -> dict[str, CaseAtCommit]:
    grouped: dict[str, list[ResultRow]] = {}
    for result in results:
        grouped.setdefault(result.case_id, []).append(result)
    return {case_id: _case(case_id, rows) for case_id, rows in grouped.items()}


def _case(case_id: str, rows: Sequence[ResultRow]) -> CaseAtCommit:
    newest = rows[-1]
    return CaseAtCommit(
        case_id=case_id,
        category=newest.category or "uncategorised",
        expected=wanted(newest.expected or "", newest.clarification_expected, newest.alternates) or NO_SKILL,
        judged=sum(row.correct is not None for row in rows),
        correct=sum(row.correct is True for row in rows),
        answers=Counter(answered(row.actual, row.clarification_asked) or NOT_ANSWERED for row in rows),
        outcome=newest.outcome,
    )


def _steps(points: Sequence[Point]) -> tuple[Move, ...]:
    compared = []
    for before, after in pairwise(points):
        paired = compare(before.shares, after.shares)
        if paired is not None:
            compared.append((before, after, paired))
    corrected = adjusted([paired.p for _, _, paired in compared])
    return tuple(
        Move(before, after, paired, p) for (before, after, paired), p in zip(compared, corrected, strict=True)
    )


def _overall(points: Sequence[Point]) -> Move | None:
    if len(points) < 2:
        return None
    paired = compare(points[0].shares, points[-1].shares)
    # One comparison, chosen before looking: nothing to adjust for.
    return None if paired is None else Move(points[0], points[-1], paired, paired.p)


def _misroutes(first: Point, last: Point) -> tuple[Misroute, ...]:
    before, after = _wrong_answers(first), _wrong_answers(last)
    pairs = sorted(set(before) | set(after), key=lambda pair: (-after[pair], -before[pair], pair))
    return tuple(
        Misroute(expected, actual, before[pair], after[pair]) for pair in pairs for expected, actual in [pair]
    )


def _wrong_answers(point: Point) -> Counter[tuple[str, str]]:
    """Requests by what they were meant for and their most frequent answer, where most answers were wrong."""
    wrong: Counter[tuple[str, str]] = Counter()
    for case in point.cases.values():
        if case.share is not None and case.share < 0.5:
            answer = max(sorted(case.answers), key=lambda name: case.answers[name])
            wrong[case.expected, answer] += 1
    return wrong
