"""A branch against its base: what each metric says, and what becomes of it by the rules of the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from gnomon.settings.model import Gate
from gnomon_analysis.gating.judging import MetricComparison, Sample, Verdict, adjusted, judge
from gnomon_analysis.gating.measures import MEASURES, Reading, Value, is_good
from gnomon_analysis.gating.observations import CaseSeen, Side, reading_of, values
from gnomon_analysis.store.answers import wanted


@dataclass(frozen=True, slots=True)
class CaseChange:
    """One test on both sides; `good_…` of `runs_…` runs spoke for it. `flaky`: it fails now and then."""

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
        more_runs: How many more runs on each side would likely decide all that runs can decide.
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
    that fail now and then while nothing changes; `quarantined` tells cases that do not count.
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
    drafts = [list(_metrics(one, gate)) for one in suites]
    judged = iter(adjusted([metric for draft in drafts for metric in draft]))
    return [
        _suite(one, tuple(islice(judged, len(draft))), allow_upstream=allow_upstream)
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


def _metrics(inputs: Inputs, gate: Gate) -> Iterator[MetricComparison]:
    counted = set(_counted(inputs))
    for measure in MEASURES:
        read = reading_of(measure, (inputs.base, inputs.head))

        def runs(side: Side, read: Reading = read) -> list[dict[str, Value]]:
            return [values(side.counted(run, counted), read) for run in side.runs]

        sample = Sample(runs(inputs.base), runs(inputs.head), [runs(side) for side in inputs.history])
        limit = None if measure.limit is None else measure.limit(gate)
        if (found := judge(measure, sample, limit)) is not None:
            yield found


def _suite(inputs: Inputs, metrics: tuple[MetricComparison, ...], *, allow_upstream: bool) -> SuiteComparison:
    before, after = inputs.base.cases, inputs.head.cases
    both = [case for case in before if case in after]
    counted = set(_counted(inputs))
    changes = {case: _change(before[case], after[case], flaky=case in inputs.flaky) for case in both}
    flipped = [change for case, change in changes.items() if case in counted and _flipped(change)]
    upstream = tuple(_upstream(inputs.base, inputs.head))
    verdict, reasons = _verdict(metrics, upstream, allow_upstream=allow_upstream)
    unsure = [one.more_runs for one in metrics if one.verdict is Verdict.UNSURE]
    known = [count for count in unsure if count is not None]
    comparable = allow_upstream or not upstream
    planned = max(known) if known and comparable and verdict is Verdict.UNSURE else None
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
        comparable=comparable,
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
    if failed := [one.title for one in decided if one.verdict is Verdict.FAIL]:
        return Verdict.FAIL, (f"{_listed(failed)} lost more than the limit",)
    unsure = [one for one in decided if one.verdict is Verdict.UNSURE]
    if not unsure:
        return Verdict.PASS, ()
    reasons = [f"{one.title}: {one.reason}" for one in unsure if one.reason]
    if plain := [one.title for one in unsure if not one.reason]:
        reasons.insert(0, f"{_listed(plain)} may be within the limit or beyond it")
    return Verdict.UNSURE, tuple(reasons)


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


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
        expected=wanted(newest.expected, newest.clarification_expected) or "",
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
