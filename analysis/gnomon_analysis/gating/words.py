"""What a comparison is told with, on a terminal and in Markdown alike."""

from __future__ import annotations

from collections.abc import Sequence

from gnomon_analysis.gating.comparison import CaseChange, SuiteComparison
from gnomon_analysis.gating.gate import Outcome
from gnomon_analysis.gating.judging import MOST_PLANNED_RUNS, MetricComparison, Verdict


def headline(outcome: Outcome) -> str:
    """What the gate says, in one sentence."""
    said = {
        Verdict.PASS: "no loss beyond the limits",
        Verdict.FAIL: "worse than its base",
        Verdict.UNSURE: "the runs there are cannot decide",
    }[outcome.verdict]
    reasons = [reason for suite in outcome.suites for reason in suite.reasons]
    because = f" ({'; '.join(dict.fromkeys(reasons))})" if reasons else ""
    return f"{outcome.verdict.value}: {said}{because}"


def consequence(outcome: Outcome) -> str:
    """What becomes of it."""
    if not outcome.enabled:
        return "The gate is off: nothing fails by it. Set gate.enabled, or use --enforce."
    if outcome.verdict is not Verdict.UNSURE:
        return ""
    return f"Unsure counts as {outcome.unsure.value} (gate.unsure)."


def compared(outcome: Outcome, suite: SuiteComparison) -> str:
    """Which commits stand against each other, and why these."""
    head, base = suite.head, suite.base
    relation = (
        "the commit before it" if outcome.head_is_on_base else f"where it grew from {outcome.base_name}"
    )
    if suite.commits_apart:
        there = plural(suite.commits_apart, "commit")
        relation = f"the nearest with runs, {there} before {outcome.grown_from[:8]}, {relation}"
    return (
        f"{head.commit[:8]} ({plural(head.runs, 'run')}) against {base.commit[:8]} "
        f"({plural(base.runs, 'run')}), {relation}"
    )


def more(suite: SuiteComparison) -> str:
    """What would decide, and what that would cost; empty where nothing is to be decided."""
    undecided = [one for one in suite.metrics if one.verdict is Verdict.UNSURE]
    if suite.verdict is not Verdict.UNSURE or not suite.comparable or not undecided:
        return ""
    close = ", ".join(one.title for one in undecided if one.more_runs is None)
    too_close = f"{MOST_PLANNED_RUNS} more runs would not decide {close}: too close to the limit."
    if suite.more_runs is None:
        return too_close
    price = [
        f"about {_dollars(suite.more_cost_usd)}" if suite.more_cost_usd is not None else "",
        f"{_duration(suite.more_seconds)}" if suite.more_seconds is not None else "",
    ]
    told = ", ".join(part for part in price if part)
    decided = ", ".join(one.title for one in undecided if one.more_runs is not None) if close else ""
    sentence = (
        f"{plural(suite.more_runs, 'more run')} on each side would decide{f' {decided}' if decided else ''} "
        f"four times in five, if the differences stay as they are{f' ({told})' if told else ''}."
    )
    return f"{sentence} {too_close}" if close else sentence


def amount(metric: MetricComparison, value: float) -> str:
    """A level of a metric with its unit."""
    if metric.unit == "%":
        return f"{100 * value:.1f} %"
    if metric.unit == "USD":
        return _dollars(value)
    if metric.unit == "s":
        return f"{1000 * value:.3g} ms" if value < 1 else f"{value:.2f} s"
    return f"{value:,.0f}"


def difference(metric: MetricComparison) -> str:
    """How far it moved, with the 95 % interval: `-4.3 points [-9.2, +0.4]`."""
    unit = "%" if metric.relative else "points"
    told = f"{_signed(metric.difference)} {unit}"
    if metric.low is None or metric.high is None:
        return told
    return f"{told} [{_signed(metric.low)}, {_signed(metric.high)}]"


def limit(metric: MetricComparison) -> str:
    """The largest loss that passes."""
    if metric.limit is None:
        return "none"
    return f"+{100 * metric.limit:g} %" if metric.relative else f"\N{MINUS SIGN}{100 * metric.limit:g} points"


def verdict(metric: MetricComparison) -> str:
    """What a metric says, and how many more runs on each side would decide it."""
    if metric.verdict is None:
        return "shown only"
    runs = f": {plural(metric.more_runs, 'more run')}" if metric.more_runs is not None else ""
    return f"{metric.verdict.value}{runs}"


def times(good: int, runs: int) -> str:
    """How often a case did well."""
    if not runs:
        return "no verdict"
    if runs == 1:
        return "right" if good else "wrong"
    return f"{good} of {runs} right"


def answers(names: Sequence[str]) -> str:
    """What was answered, the most frequent first."""
    return ", ".join(names)


def remark(change: CaseChange) -> str:
    """What to know of a case beside its runs."""
    return "flaky: fails now and then while nothing changes" if change.flaky else ""


def plural(count: int, noun: str) -> str:
    """A number with its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _signed(share: float) -> str:
    value = round(100 * share, 1)
    if value == 0:
        return "0.0"
    if value > 9999:
        return "over +9,999"
    return f"{'+' if value > 0 else chr(0x2212)}{abs(value):.1f}"


def _dollars(value: float) -> str:
    digits = 2 if value >= 1 else 4 if value >= 0.01 else 6
    return f"{value:,.{digits}f} USD"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
