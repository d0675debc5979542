"""A branch against its base: what each metric says, and what becomes of it by the rules of the settings."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from gnomon.settings.model import Gate
from gnomon_analysis.gating import differences
from gnomon_analysis.gating.differences import Difference, Margins, Observed, Runs
from gnomon_analysis.gating.measures import MEASURES, Form, Measure, Value, is_good
from gnomon_analysis.gating.observations import CaseSeen, Side, reading_of, values
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


@dataclass(frozen=True, slots=True)
class CaseChange:
    """One test on both sides; `good_…` of `runs_…` runs spoke for it. `flaky`: it wavered at one commit."""

    case_id: str
    expected: str
    good_before: int
    runs_before: int
    good_after: int
    runs_after: int
    answers_before: tuple[str, ...]
    answers_after: tuple[str, ...]
    flaky: bool

    @property
    def rose(self) -> bool:
        """Whether it got better."""
        return self.good_after * self.runs_before > self.good_before * self.runs_after


@dataclass(frozen=True, slots=True)
class SideTold:
    """What is told of a side: its commit, runs, and what a run costs and takes."""

    commit: str
    subject: str
    runs: int
    run_ids: tuple[str, ...]
    models: tuple[str, ...]
    golden_sets: tuple[str, ...]
    environments: tuple[str, ...]
    cost_per_run: float | None
    seconds_per_run: float | None


@dataclass(frozen=True, slots=True)
class SuiteComparison:
    """One suite on both sides.

    Attributes:
        commits_apart: How many commits before the one that the branch grew from the base has runs.
        fell: Cases that mostly did well at the base and mostly badly at the head.
        rose: Cases that did the opposite.
        rejudged_cases: Cases of which something else is expected now; they are not compared.
        quarantined: Cases that do not count.
        upstream: What differs between the sides beside the commit.
        comparable: Whether it may be compared all the same.
        reasons: Why the verdict is not a pass.
        more_runs: How many more runs on each side would likely decide everything that is undecided.
        more_cost_usd: What they would cost.
        more_seconds: How long they would take, one after the other.
    """

    suite: str
    base: SideTold
    head: SideTold
    commits_apart: int
    metrics: tuple[MetricComparison, ...]
    fell: tuple[CaseChange, ...]
    rose: tuple[CaseChange, ...]
    new_cases: tuple[str, ...]
    removed_cases: tuple[str, ...]
    rejudged_cases: tuple[str, ...]
    quarantined: tuple[CaseChange, ...]
    upstream: tuple[str, ...]
    comparable: bool
    verdict: Verdict
    reasons: tuple[str, ...]
    more_runs: int | None
    more_cost_usd: float | None
    more_seconds: float | None


@dataclass(frozen=True, slots=True)
class Inputs:
    """A suite's two sides, and what is known beside them.

    `history` holds the runs of further commits of the base's line, neighbours side by side; `flaky` the cases
    that were both good and bad at one commit; `quarantined` tells cases that do not count.
    """

    base: Side
    head: Side
    history: Sequence[Side] = ()
    flaky: frozenset[str] = frozenset()
    quarantined: Callable[[str], bool] = field(default=lambda _case: False)
    commits_apart: int = 0
    subjects: Mapping[str, str] = field(default_factory=dict)


def compare(suites: Sequence[Inputs], gate: Gate, *, allow_upstream: bool = False) -> list[SuiteComparison]:
    """Compares each suite; all metrics with a limit, of all suites, are one family of tests."""
    drafts = [_draft(one, gate) for one in suites]
    decided = [
        (row, at) for row, draft in enumerate(drafts) for at, one in enumerate(draft) if one.p is not None
    ]
    adjusted = benjamini_hochberg([float(drafts[row][at].p or 0.0) for row, at in decided])
    for (row, at), p in zip(decided, adjusted, strict=True):
        drafts[row][at] = _judged(drafts[row][at], float(p))
    return [
        _suite(one, tuple(draft), allow_upstream=allow_upstream)
        for one, draft in zip(suites, drafts, strict=True)
    ]


def overall(suites: Sequence[SuiteComparison]) -> Verdict:
    """The worst of all: one failure fails, and one doubt leaves a doubt."""
    verdicts = {suite.verdict for suite in suites}
    for verdict in (Verdict.FAIL, Verdict.UNSURE):
        if verdict in verdicts:
            return verdict
    return Verdict.PASS


def _counted(inputs: Inputs) -> list[str]:
    before, after = inputs.base.cases, inputs.head.cases
    return [
        case
        for case in before
        if case in after
        and not inputs.quarantined(case)
        and before[case].expectation == after[case].expectation
    ]


def _draft(inputs: Inputs, gate: Gate) -> list[MetricComparison]:
    counted = set(_counted(inputs))
    found = (_metric(measure, inputs, counted, gate) for measure in MEASURES)
    return [one for one in found if one is not None]


def _metric(measure: Measure, inputs: Inputs, counted: set[str], gate: Gate) -> MetricComparison | None:
    read = reading_of(measure, (inputs.base, inputs.head))
    per_side = [
        [values(side.results[run.run_id], read) for run in side.runs] for side in (inputs.base, inputs.head)
    ]
    base, head = (_observed(runs, counted) for runs in per_side)
    cases = [case for case in base if case in head]
    if not cases:
        return None
    base, head = ({case: side[case] for case in cases} for side in (base, head))
    by_cases = _by_cases(measure.form, base, head)
    if by_cases is None:
        return None
    past = [[values(side.results[run.run_id], read) for run in side.runs] for side in inputs.history]
    scatter = between_runs([*past, *per_side[:1], *per_side[1:]], cases, measure.form)
    needs_scatter = measure.form is Form.TYPICAL
    if scatter is not None and scatter.freedom < _KNOWN_FREEDOM and not needs_scatter:
        scatter = None
    difference = Difference(by_cases, Runs(*(_runs(side) for side in (base, head))), scatter)
    limit = None if measure.limit is None else measure.limit(gate)
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


def _runs(side: Observed) -> float:
    """Runs behind a side, as the mean over its cases."""
    return float(np.mean([len(values) for values in side.values()]))


def _observed(runs: Sequence[Mapping[str, Value]], counted: set[str]) -> dict[str, list[Value]]:
    found: dict[str, list[Value]] = {}
    for run in runs:
        for case, value in run.items():
            if case in counted:
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
        return math.exp(
            float(np.mean([np.mean([math.log(one.value) for one in several]) for several in side.values()]))
        )
    return float(np.mean([np.mean([one.value for one in several]) for several in side.values()]))


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


def _suite(inputs: Inputs, metrics: tuple[MetricComparison, ...], *, allow_upstream: bool) -> SuiteComparison:
    before, after = inputs.base.cases, inputs.head.cases
    both = [case for case in before if case in after]
    counted = set(_counted(inputs))
    changes = {case: _change(before[case], after[case], flaky=case in inputs.flaky) for case in both}
    flipped = [change for case, change in changes.items() if case in counted and _flipped(change)]
    upstream = tuple(_upstream(inputs.base, inputs.head))
    verdict, reasons = _verdict(metrics, upstream, allow_upstream=allow_upstream)
    runs = [one.more_runs for one in metrics if one.verdict is Verdict.UNSURE]
    known = [count for count in runs if count is not None]
    planned = max(known) if known and len(known) == len(runs) and verdict is Verdict.UNSURE else None
    return SuiteComparison(
        suite=inputs.head.suite,
        base=_side_told(inputs.base, inputs.subjects),
        head=_side_told(inputs.head, inputs.subjects),
        commits_apart=inputs.commits_apart,
        metrics=metrics,
        fell=tuple(change for change in flipped if not change.rose),
        rose=tuple(change for change in flipped if change.rose),
        new_cases=tuple(sorted(set(after) - set(before))),
        removed_cases=tuple(sorted(set(before) - set(after))),
        rejudged_cases=tuple(
            sorted(case for case in both if before[case].expectation != after[case].expectation)
        ),
        quarantined=tuple(change for case, change in changes.items() if inputs.quarantined(case)),
        upstream=upstream,
        comparable=allow_upstream or not upstream,
        verdict=verdict,
        reasons=reasons,
        more_runs=planned,
        more_cost_usd=_times(planned, inputs.base.cost_per_run, inputs.head.cost_per_run),
        more_seconds=_times(planned, inputs.base.seconds_per_run, inputs.head.seconds_per_run),
    )


def _verdict(
    metrics: Sequence[MetricComparison], upstream: Sequence[str], *, allow_upstream: bool
) -> tuple[Verdict, tuple[str, ...]]:
    """The worst of the metrics; None of them counts where something else differs between the sides."""
    if upstream and not allow_upstream:
        return Verdict.UNSURE, tuple(f"not comparable: {what}" for what in upstream)
    decided = [one for one in metrics if one.verdict is not None]
    if not decided:
        return Verdict.UNSURE, ("the sides have no test in common that a limit is for",)
    for verdict in (Verdict.FAIL, Verdict.UNSURE):
        if found := [one for one in decided if one.verdict is verdict]:
            return verdict, tuple(_reason(one) for one in found)
    return Verdict.PASS, ()


def _reason(metric: MetricComparison) -> str:
    if metric.verdict is Verdict.FAIL:
        return f"{metric.title} is worse by more than the limit"
    if metric.reason:
        return f"{metric.title}: {metric.reason}"
    return f"{metric.title} may be within the limit or beyond it"


def _upstream(base: Side, head: Side) -> list[str]:
    """What differs beside the commit, in words."""
    found = []
    for what, before, after in (
        ("model", base.conditions.models, head.conditions.models),
        ("golden set", base.conditions.golden_sets, head.conditions.golden_sets),
        ("environment", base.conditions.environments, head.conditions.environments),
        ("price table", base.conditions.prices, head.conditions.prices),
    ):
        if before != after:
            found.append(f"{what} changed from {_names(before)} to {_names(after)}")
    return found


def _names(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _change(before: CaseSeen, after: CaseSeen, *, flaky: bool) -> CaseChange:
    good_before, good_after = (
        [good for result in side.results if (good := is_good(result)) is not None] for side in (before, after)
    )
    newest = after.results[-1]
    return CaseChange(
        case_id=after.case_id,
        expected="asks back" if newest.clarification_expected else newest.expected or "",
        good_before=sum(good_before),
        runs_before=len(good_before),
        good_after=sum(good_after),
        runs_after=len(good_after),
        answers_before=_ranked(before),
        answers_after=_ranked(after),
        flaky=flaky,
    )


def _ranked(case: CaseSeen) -> tuple[str, ...]:
    counted = case.answers
    return tuple(sorted(counted, key=lambda answer: (-counted[answer], answer)))


def _flipped(change: CaseChange) -> bool:
    """Whether it mostly did well on one side and mostly badly on the other."""
    if not change.runs_before or not change.runs_after:
        return False
    return (change.good_before * 2 >= change.runs_before) != (change.good_after * 2 >= change.runs_after)


def _side_told(side: Side, subjects: Mapping[str, str]) -> SideTold:
    return SideTold(
        commit=side.commit,
        subject=subjects.get(side.commit, ""),
        runs=len(side.runs),
        run_ids=tuple(run.run_id for run in side.runs),
        models=tuple(sorted(side.conditions.models)),
        golden_sets=tuple(sorted(side.conditions.golden_sets)),
        environments=tuple(sorted(side.conditions.environments)),
        cost_per_run=side.cost_per_run,
        seconds_per_run=side.seconds_per_run,
    )


def _times(runs: int | None, *each: float | None) -> float | None:
    known = [one for one in each if one is not None]
    return None if runs is None or len(known) != len(each) else runs * sum(known)
