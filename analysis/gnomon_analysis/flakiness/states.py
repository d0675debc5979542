"""The state of a test, from its trials alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from gnomon.settings.model import Flaky
from gnomon_analysis.flakiness.failing_rate import Counts, FailingRate, failing_rate, passes_to_trust
from gnomon_analysis.flakiness.timeline import Timeline, stretches
from gnomon_analysis.statistics.beta import every_time

_SURE = 0.95
# Chance of as many failures in a row by a test that is as good as before, above which it is not broken.
_BROKEN_BY_CHANCE = 0.01
_FEWEST_FAILURES = 3
_FURTHEST = 10_000


class State(StrEnum):
    """What a test is, as far as its runs tell."""

    STABLE = "stable"
    FLAKY = "flaky"
    BROKEN = "broken"
    RECOVERED = "recovered"
    NOT_ENOUGH_RUNS = "not_enough_runs"


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """A test's state and what it rests on.

    Attributes:
        state: The state.
        trouble: `flaky` or `broken`: what it is, or last was within its last trials; None for neither.
        first: First group of the stretch that `rate` and the evidence are taken from.
        beyond: The group behind its last.
        rate: The failing rate there.
        began: Place of the trial at which the trouble began, None without any.
        failures: Bad trials at the end.
        passes: Good trials at the end.
        passes_at_one: The most of them at the same inputs.
        passes_needed: Good trials in a row, at the same inputs, that end the trouble.
        runs_needed: Runs that would decide, None where nothing is left to decide.
    """

    state: State
    trouble: State | None
    first: int
    beyond: int
    rate: FailingRate
    began: int | None
    failures: int
    passes: int
    passes_at_one: int
    passes_needed: int
    runs_needed: int | None


@dataclass(frozen=True, slots=True, eq=False)
class _Trouble:
    """A time when the test was flaky or broken; `began` and `ended` are places of trials."""

    kind: State
    first: int
    beyond: int
    rate: FailingRate
    began: int
    ended: int


def judge(line: Timeline, options: Flaky) -> Judgement:
    """The state of the test whose trials these are; at least one."""
    failures, passes = line.trailing(good=False), line.trailing(good=True)
    at_one = int(np.bincount(line.group[len(line.good) - passes :]).max()) if passes else 0
    counts = line.by_group()
    parts = stretches(counts)
    last = parts[-1]
    trouble = (
        _trouble_now(line, failures, options)
        or _trouble(line, counts, parts, options)
        or _trouble_that_is_over(line, at_one, passes, options)
    )
    broken_now = bool(trouble and trouble.kind is State.BROKEN and trouble.ended == len(line.good) - 1)
    lasting = trouble if trouble and (trouble.kind is State.FLAKY or broken_now) else None
    shown = (lasting.first, lasting.beyond) if lasting else last
    rate = lasting.rate if lasting else failing_rate(counts[slice(*last)])
    needed = _passes_needed(trouble, options)

    def found(state: State, runs_needed: int | None = None) -> Judgement:
        # Once a test is trusted again, its rate is that of the time since.
        over = state is State.STABLE or state is State.RECOVERED
        first, beyond = last if over else shown
        return Judgement(
            state=state,
            trouble=trouble.kind if trouble else None,
            first=first,
            beyond=beyond,
            rate=failing_rate(counts[first:beyond]) if over and trouble else rate,
            began=trouble.began if trouble else None,
            failures=failures,
            passes=passes,
            passes_at_one=at_one,
            passes_needed=needed,
            runs_needed=runs_needed,
        )

    if trouble is None:
        return found(*_untroubled(line, counts[slice(*last)], rate, failures, options))
    if broken_now:
        return found(State.BROKEN)
    if (over := _is_over(trouble, at_one, passes, options)) is not None:
        return found(over)
    if trouble.kind is State.FLAKY:
        return found(State.FLAKY, needed - at_one)
    if failures:  # it passed since it was broken, and fails again
        return found(
            State.NOT_ENOUGH_RUNS, _failures_that_break(line, len(line.good) - failures, options) - failures
        )
    return found(State.NOT_ENOUGH_RUNS, needed - at_one)


def _trouble_now(line: Timeline, failures: int, options: Flaky) -> _Trouble | None:
    """Whether the test is broken: so many failures at the end that chance does not explain them."""
    if not failures or not _is_broken(line, len(line.good) - failures, failures, options):
        return None
    return _outage(line, len(line.good) - failures, len(line.good) - 1)


def _outage(line: Timeline, began: int, ended: int) -> _Trouble:
    groups = line.group[began : ended + 1]
    first, beyond = int(groups.min()), int(groups.max()) + 1
    return _Trouble(State.BROKEN, first, beyond, failing_rate([Counts(0, ended + 1 - began)]), began, ended)


def _is_broken(line: Timeline, place: int, failures: int, options: Flaky) -> bool:
    """Whether failures from a trial on are more than chance, by the level of the stretch before."""
    return failures >= _failures_that_break(line, place, options)


def _failures_that_break(line: Timeline, place: int, options: Flaky) -> int:
    """How many failures in a row, from a trial on, are more than chance by the level of the stretch before.

    Of a test that never passed before: as many as make `minimum_runs`. Never more than the passes that would
    make it recovered: what failed so often in a row is broken, though it passed once in a while before.
    """
    before = [one for one in line.by_group(until=place) if one.trials]
    if not any(one.passed for one in before):
        return max(1, options.minimum_runs - place)
    first, beyond = stretches(before)[-1]
    failed = sum(one.failed for one in before[first:beyond])
    trials = sum(one.trials for one in before[first:beyond])
    failures = _FEWEST_FAILURES
    most = max(_FEWEST_FAILURES, options.fixed_runs)
    while failures < most and every_time(failed, trials, failures).estimate > _BROKEN_BY_CHANCE:
        failures += 1
    return failures


def _trouble(
    line: Timeline, counts: list[Counts], parts: list[tuple[int, int]], options: Flaky
) -> _Trouble | None:
    """The last time that the test was flaky, or broken for a while."""
    found = [
        trouble
        for trouble in (_flaky(line, counts, parts, options), _broken_before(line, counts, options))
        if trouble is not None
    ]
    return max(found, key=lambda trouble: trouble.ended, default=None)


def _trouble_that_is_over(line: Timeline, at_one: int, passes: int, options: Flaky) -> _Trouble | None:
    """A test that was flaky when it failed last, where it passed often enough since to be trusted.

    With these passes its failing rate may be too low, or too different from commit to commit, to show it.
    """
    until = len(line.good) - passes
    if not until or not passes:
        return None
    counts = line.by_group(until=until)[: int(line.group[:until].max()) + 1]
    trouble = _flaky(line, counts, stretches(counts), options)
    return trouble if trouble and _is_over(trouble, at_one, passes, options) is not None else None


def _is_over(trouble: _Trouble, at_one: int, passes: int, options: Flaky) -> State | None:
    """What the passes since make of a test that was in trouble; None where they are too few.

    At one commit they verify that it is over. Passes at whatever commits came along are not made to that
    end: of a flaky test, which shows some by chance, it takes twice as many.
    """
    needed = _passes_needed(trouble, options)
    if at_one >= needed:
        return State.RECOVERED
    if passes >= (2 * needed if trouble.kind is State.FLAKY else needed):
        return State.STABLE
    return None


def _passes_needed(trouble: _Trouble | None, options: Flaky) -> int:
    """Passes in a row that end the trouble: more than the settings say where it failed but rarely."""
    if trouble is None or trouble.kind is not State.FLAKY:
        return options.fixed_runs
    return max(options.fixed_runs, passes_to_trust(trouble.rate.interval.estimate))


def _flaky(
    line: Timeline, counts: list[Counts], parts: list[tuple[int, int]], options: Flaky
) -> _Trouble | None:
    """The last stretch with both outcomes at the same inputs that fails more often than is allowed."""
    for first, beyond in reversed(parts):
        part = counts[first:beyond]
        if not any(one.passed and one.failed for one in part):
            continue
        rate = failing_rate(part)
        if rate.above(options.failing_rate_percent / 100) >= _SURE:
            inside = (line.group >= first) & (line.group < beyond) & ~line.good
            places = np.flatnonzero(inside)
            return _Trouble(State.FLAKY, first, beyond, rate, int(places[0]), int(places[-1]))
    return None


def _broken_before(line: Timeline, counts: list[Counts], options: Flaky) -> _Trouble | None:
    """The last time that the test failed for good, at inputs of its own, and passed again later."""
    for began, ended in reversed(list(_failures_in_a_row(line))):
        dead = not any(counts[group].passed for group in set(line.group[began : ended + 1].tolist()))
        if dead and _is_broken(line, began, ended + 1 - began, options):
            return _outage(line, began, ended)
    return None


def _failures_in_a_row(line: Timeline) -> Iterator[tuple[int, int]]:
    """First and last trial of each unbroken row of at least three failures that did not last to the end."""
    bad = np.concatenate([[False], ~line.good, [False]]).astype(np.int8)
    edges = np.diff(bad)
    for began, beyond in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
        if beyond - began >= _FEWEST_FAILURES and beyond < len(line.good):
            yield int(began), int(beyond) - 1


def _untroubled(
    line: Timeline, last: list[Counts], rate: FailingRate, failures: int, options: Flaky
) -> tuple[State, int | None]:
    """The state of a test that nothing proves flaky or broken, and the runs that would decide."""
    if failures:
        return State.NOT_ENOUGH_RUNS, _failures_that_break(
            line, len(line.good) - failures, options
        ) - failures
    if len(line.good) < options.minimum_runs:
        return State.NOT_ENOUGH_RUNS, options.minimum_runs - len(line.good)
    limit = options.failing_rate_percent / 100
    if any(one.failed for one in last) and rate.above(limit) > 0.5:
        return State.NOT_ENOUGH_RUNS, _passes_to_be_stable(last, limit)
    return State.STABLE, None


def _passes_to_be_stable(last: list[Counts], limit: float) -> int:
    """How many more passes, at the newest inputs, would make a low failing rate the likelier one."""
    low, high = 0, 1
    while high < _FURTHEST and not _would_be_stable(last, limit, high):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _would_be_stable(last, limit, middle) else (middle, high)
    return high


def _would_be_stable(last: list[Counts], limit: float, more: int) -> bool:
    newest = last[-1]
    return failing_rate([*last[:-1], Counts(newest.passed + more, newest.failed)]).above(limit) <= 0.5
