"""What one metric says of two sides, by the limit that it has."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from gnomon_analysis.gating import differences
from gnomon_analysis.gating.differences import Difference, Margins, Observed, Runs, mean_of
from gnomon_analysis.gating.measures import Form, Measure, Value
from gnomon_analysis.gating.scatter import between_runs
from gnomon_analysis.statistics.fdr import benjamini_hochberg

# One-sided: what a 95 % interval that lies on one side of the limit says.
_SURE = 0.025
# Below so many degrees of freedom the scatter of whole runs is a guess, which only latency cannot do without.
_KNOWN_FREEDOM = 4.0
# With this in place of 1.96 a plan decides four times in five, not every other time.
_PLANNED_Z = 1.959963984540054 + 0.8416212335729143
MOST_PLANNED_RUNS = 200


class Verdict(StrEnum):
    """What a comparison comes to."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class MetricComparison:
    """One metric on the cases of both sides.

    Attributes:
        name: As in the findings of `gnomon changes`.
        title: In words.
        unit: UCUM unit of `before` and `after`; shares are fractions of 1.
        relative: Whether difference and limit are relative (0.1: a tenth more) and not of the metric's unit.
        more_is_better: Whether a rise is an improvement.
        cases: How many tests are compared.
        before: Mean over the cases at the base; of latency the geometric mean.
        after: The same at the head.
        difference: After minus before, or relative to before.
        low: Lower end of its 95 % interval; None where runs cannot tell how far they scatter.
        high: Upper end.
        limit: The largest loss that passes; None: nothing is decided by this metric.
        p: Probability of such data if the loss were at most the limit.
        adjusted_p: The same with all metrics considered (Benjamini-Hochberg).
        verdict: What the metric says; None without a limit.
        reason: Why it is unsure, where that is not a matter of the interval.
        more_runs: How many more runs on each side would likely decide; None where none would, or none need.
    """

    name: str
    title: str
    unit: str
    relative: bool
    more_is_better: bool
    cases: int
    before: float
    after: float
    difference: float
    low: float | None
    high: float | None
    limit: float | None
    p: float | None
    adjusted_p: float | None
    verdict: Verdict | None
    reason: str = ""
    more_runs: int | None = None


# What each test said in one run.
RunValues = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Sample:
    """A metric in each run of both sides, and in those of further commits, neighbours side by side."""

    base: Sequence[RunValues]
    head: Sequence[RunValues]
    past: Sequence[Sequence[RunValues]] = ()


def judge(measure: Measure, sample: Sample, limit: float | None) -> MetricComparison | None:
    """Compares a metric over the cases of both sides; None where they have none in common.

    The verdict is by this metric alone; `adjusted` considers the others.
    """
    base, head = _observed(sample.base), _observed(sample.head)
    cases = [case for case in base if case in head]
    if not cases:
        return None
    base, head = ({case: side[case] for case in cases} for side in (base, head))
    by_cases = _by_cases(measure.form, base, head)
    if by_cases is None:
        return None
    scatter = between_runs([*sample.past, sample.base, sample.head], cases, measure.form)
    needs_scatter = measure.form is Form.TYPICAL
    if scatter is not None and scatter.freedom < _KNOWN_FREEDOM and not needs_scatter:
        scatter = None
    difference = Difference(by_cases, Runs(_runs(base), _runs(head)), scatter)
    comparison = _told(measure, base, head, difference, limit)
    if limit is None:
        return comparison
    if needs_scatter and scatter is None:
        return replace(
            comparison,
            low=None,
            high=None,
            verdict=Verdict.UNSURE,
            reason="how much it differs from run to run is not known; run each side twice",
            more_runs=1,
        )
    return _tested(comparison, measure, difference, limit)


def adjusted(comparisons: Sequence[MetricComparison]) -> list[MetricComparison]:
    """The same with all of them considered: they are one family of tests (Benjamini-Hochberg)."""
    family = [(at, one.p) for at, one in enumerate(comparisons) if one.p is not None]
    judged = list(comparisons)
    for (at, _), p in zip(family, benjamini_hochberg([p for _, p in family]), strict=True):
        judged[at] = _judged(comparisons[at], float(p))
    return judged


def _runs(side: Observed) -> float:
    """Runs behind a side, as the mean over its cases."""
    return sum(map(len, side.values())) / len(side)


def _observed(runs: Sequence[RunValues]) -> dict[str, list[Value]]:
    found: dict[str, list[Value]] = {}
    for run in runs:
        for case, value in run.items():
            found.setdefault(case, []).append(value)
    return found


def _by_cases(form: Form, base: Observed, head: Observed) -> Margins | None:
    if form is Form.SHARE:
        return differences.shares(base, head)
    if form is Form.TOTAL:
        return differences.ratio_of_totals(base, head)
    return differences.ratio_of_typical(base, head)


def _told(
    measure: Measure, base: Observed, head: Observed, difference: Difference, limit: float | None
) -> MetricComparison:
    relative = measure.form is not Form.SHARE
    interval = difference.interval
    shown = math.expm1 if relative else float
    before, after = (_level(measure.form, side) for side in (base, head))
    if isinstance(difference.by_cases, differences.Shares):
        before, after = difference.by_cases.before, difference.by_cases.after
    return MetricComparison(
        name=measure.name,
        title=measure.title,
        unit=measure.unit,
        relative=relative,
        more_is_better=measure.more_is_better,
        cases=len(base),
        before=before,
        after=after,
        difference=shown(interval.estimate),
        low=shown(interval.low) if relative else max(-1.0, interval.low),
        high=shown(min(interval.high, 700.0)) if relative else min(1.0, interval.high),
        limit=limit,
        p=None,
        adjusted_p=None,
        verdict=None,
    )


def _level(form: Form, side: Observed) -> float:
    if form is Form.TYPICAL:
        logs = {case: [Value(math.log(one.value)) for one in several] for case, several in side.items()}
        return math.exp(math.fsum(map(mean_of, logs.values())) / len(logs))
    return math.fsum(map(mean_of, side.values())) / len(side)


def _tested(
    comparison: MetricComparison, measure: Measure, difference: Difference, limit: float
) -> MetricComparison:
    # In the direction of the difference itself: a drop of a share, a rise of an amount.
    bound = -limit if measure.form is Form.SHARE else math.log1p(limit)
    worse = difference.p_below(bound) if measure.more_is_better else difference.p_above(bound)
    within = 1 - worse
    verdict = Verdict.PASS if within <= _SURE else Verdict.UNSURE
    return replace(
        comparison,
        p=worse,
        verdict=verdict,
        more_runs=None if verdict is Verdict.PASS or worse <= _SURE else _more_runs(difference, bound),
    )


def _judged(comparison: MetricComparison, adjusted_p: float) -> MetricComparison:
    if adjusted_p <= _SURE:
        return replace(comparison, adjusted_p=adjusted_p, verdict=Verdict.FAIL, more_runs=None)
    if comparison.p is not None and comparison.p <= _SURE:
        reason = "worse when looked at alone, not when all metrics are"
        return replace(comparison, adjusted_p=adjusted_p, reason=reason, more_runs=1)
    return replace(comparison, adjusted_p=adjusted_p)


def _more_runs(difference: Difference, bound: float) -> int | None:
    """The fewest further runs on each side that would decide, if the difference stayed as it is."""

    def decides(count: int) -> bool:
        then = difference.more(count)
        return then.low(_PLANNED_Z) > bound or then.high(_PLANNED_Z) < bound

    if not decides(MOST_PLANNED_RUNS):
        return None
    low, high = 0, MOST_PLANNED_RUNS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if decides(middle) else (middle, high)
    return high
