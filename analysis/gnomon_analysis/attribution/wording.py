"""Findings in plain words. Nothing is "caused" here: a commit is likely, near, or one of several."""

from __future__ import annotations

import math
from decimal import Decimal

from gnomon_analysis.attribution import finding as words
from gnomon_analysis.attribution.finding import Finding
from gnomon_analysis.attribution.metrics import Metric
from gnomon_analysis.statistics.model import Interval
from gnomon_analysis.store import doubt as doubts
from gnomon_analysis.store.doubt import Doubt

_SHOWN = 3
_LIKELY = 0.5
_SUBJECT = 60
_SCOPES = {
    "suite": "the suite {}",
    "skill": "the skill {}",
    "category": "the category {}",
    "case": "the test {}",
    "agent": "the agent {}",
    "department": "the department {}",
    "model": "the model {}",
}


def number(value: float) -> str:
    """A number with about three digits: `0.012`, `4.5`, `12`, `1,240`."""
    if abs(value) >= 10:
        return f"{round(value):,}"
    if abs(value) >= 1:
        return f"{value:.1f}".removesuffix(".0")
    return "0" if value == 0 else format(Decimal(f"{value:.2g}"), "f")


def percentage(value: float) -> str:
    """A percentage or a difference of two, to the tenth: `73`, `4.5`."""
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")


def level(metric: Metric, value: float | None) -> str:
    """A level with its unit: `73 %`, `1.2 s`, `0.004 USD`."""
    if value is None:
        return "not known"
    return f"{_figure(metric, value)} {_unit(metric)}".rstrip()


def difference(metric: Metric, value: float, low: float, high: float) -> str:
    """How far a metric moved, without its sign, with the 95 % interval: `11 points [6, 17]`."""
    if value < 0:
        value, low, high = -value, -high, -low
    unit = "points" if metric.unit == "%" else _unit(metric)
    figure = _figure(metric, value)
    unit = "point" if (unit, figure) == ("points", "1") else unit
    return f"{f'{figure} {unit}'.rstrip()} [{_figure(metric, low)}, {_figure(metric, high)}]"


def interval(metric: Metric, difference: Interval) -> str:
    """A difference with its sign and 95 % interval: `+11 [+6, +17]`; of an interval without ends nothing."""
    figure = _sign(difference.estimate) + _figure(metric, abs(difference.estimate))
    if not (math.isfinite(difference.low) and math.isfinite(difference.high)):
        return figure
    low, high = (_sign(value) + _figure(metric, abs(value)) for value in (difference.low, difference.high))
    return f"{figure} [{low}, {high}]"


def _sign(value: float) -> str:
    return "+" if value > 0 else "-" if value < 0 else ""


def signed(finding: Finding) -> str:
    """How far a metric moved, with its sign and the interval: `+11 [+6, +17]`, `+8 % [+5, +11]`."""
    if finding.difference is None:
        return "not known"
    if (ratio := finding.details.get("ratio")) is not None:
        figure, low, high = (f"{_sign(one - 1)}{percentage(abs(100 * (one - 1)))}" for one in ratio)
        return f"{figure} % [{low}, {high}]"
    low_end = finding.difference if finding.difference_low is None else finding.difference_low
    high_end = finding.difference if finding.difference_high is None else finding.difference_high
    return interval(finding.kind, Interval(finding.difference, low_end, high_end))


def doubt(finding: Finding) -> Doubt | None:
    """What to say of a finding that is surer than its interval; None of the others."""
    ratio = finding.details.get("ratio")
    return doubts.doubt(
        finding.scope_kind,
        finding.verdict,
        finding.p_change,
        difference=(finding.difference_low, finding.difference_high),
        ratio=None if ratio is None else (ratio[1], ratio[2]),
    )


def signed_size(finding: Finding) -> str:
    """How far a metric moved, with its sign and without the interval: `+11 points`, `-8 %`."""
    figure = signed(finding).partition(" [")[0]
    if finding.unit != "%" or finding.details.get("ratio") is not None:
        return figure
    return f"{figure} {'point' if figure.lstrip('+-') == '1' else 'points'}"


def relative(ratio: tuple[float, float, float]) -> str:
    """How far a metric moved as a share of what it was, without its sign: `8 % [5, 11]`."""
    value, low, high = (100 * (one - 1) for one in ratio)
    if value < 0:
        value, low, high = -value, -high, -low
    return f"{percentage(value)} % [{percentage(low)}, {percentage(high)}]"


def share(probability: float, decimals: int = 0) -> str:
    """A probability in percent, never as a plain 0 or 100, for nothing that is inferred is certain.

    `97 %`, `over 99 %`; with one decimal `97.3 %`, `over 99.9 %`.
    """
    least = 10.0 ** (-2 - decimals)
    if probability > 1 - least:
        return f"over {100 * (1 - least):.{decimals}f} %"
    if probability < least:
        return f"under {100 * least:.{decimals}f} %"
    return f"{100 * probability:.{decimals}f} %"


def decimals(asked: float) -> int:
    """With how many decimals `share` can say that a probability is as high as was asked for, at most 2.

    0 up to 99 %: whole per cent are all that is told where nobody asks for more.
    """
    return 0 if asked <= 0.99 else 1 if asked <= 0.999 else 2


def plural(count: int, noun: str) -> str:
    """A number with its noun: `1 test`, `12 tests`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def short(revision: str | None) -> str:
    """A commit as people write it; a version's name stays as it is."""
    return "" if revision is None else revision[:7] if len(revision) == 40 else revision


def named(revision: str | None, subject: str | None) -> str:
    """A commit with what it says of itself: `2769f1b (skills router v2.1)`."""
    if not subject:
        return short(revision)
    return f"{short(revision)} ({shortened(subject, _SUBJECT)})"


def shortened(text: str, length: int) -> str:
    """At most so many signs of one line, with an ellipsis where some were cut."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1].rstrip()}…"


def what(finding: Finding) -> str:
    """The metric and what it is of: `routing accuracy of jira-assistant`."""
    scope = _SCOPES.get(finding.scope_kind, "{}").format(finding.scope)
    return f"{finding.kind.title} of {scope}" if finding.scope else finding.kind.title


def sentence(finding: Finding) -> str:
    """The finding in one sentence."""
    tell = {
        words.UPSTREAM: _upstream,
        words.DRIFT: _drift,
        words.INCONCLUSIVE: _inconclusive,
        words.NOT_ENOUGH_RUNS: _not_enough,
        words.UNCHANGED: _unchanged,
    }.get(finding.verdict, _moved)
    return tell(finding)


def _moved(finding: Finding) -> str:
    sure = _sure(finding)
    if finding.revision is None:
        moved = (
            f"{_capital(what(finding))} {_rose(finding)} {_by(finding)} near {short(finding.after_revision)}"
        )
        return f"{moved}, {_unnamed(finding)}{_cases(finding)}{_surer(finding)}."
    subject = named(finding.revision, finding.subject)
    likely = "likely" if (finding.p_commit or 0.0) >= _LIKELY else "may have"
    return (
        f"Commit {subject} {likely} {_raised(finding)} {what(finding)} {_by(finding)}{sure}{_cases(finding)}"
        f"{_surer(finding)}."
    )


def _unnamed(finding: Finding) -> str:
    """Why no commit is named: none is likelier than others, or it may have been no single one."""
    several = plural(len(finding.candidates), "commit")
    if max((one.share for one in finding.candidates), default=0.0) < _LIKELY:
        return f"at one of {several}, none of which stands out"
    at = f"at one of {several}" if len(finding.candidates) > 1 else "at once"
    return f"{at} or bit by bit, which the runs do not tell apart"


def _sure(finding: Finding) -> str:
    if finding.p_commit is None:
        return ""
    told = f"; {share(finding.p_commit)} sure that it is this commit"
    others = [one for one in finding.candidates if one.revision != finding.revision]
    if not others:
        return told
    shown = ", ".join(f"{short(one.revision)} {share(one.share)}" for one in others[:_SHOWN])
    more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
    return f"{told} (else {shown}{more})"


def _upstream(finding: Finding) -> str:
    switched = finding.details.get("switched") or "something outside the repository changed"
    suspects = ", ".join(short(one.revision) for one in finding.candidates[:_SHOWN])
    blamed = f"; commits of the same time ({suspects}) cannot be told from it" if suspects else ""
    return (
        f"{_capital(what(finding))} {_rose(finding)} {_by(finding)} when {switched}{blamed}{_surer(finding)}."
    )


def _drift(finding: Finding) -> str:
    return (
        f"{_capital(what(finding))} drifted {'up' if finding.direction > 0 else 'down'} {_by(finding)} "
        f"between {short(finding.before_revision)} and {short(finding.after_revision)}; no single commit "
        f"stands out{_surer(finding)}."
    )


def _inconclusive(finding: Finding) -> str:
    at = named(finding.revision or finding.after_revision, finding.subject)
    looks = f"{_capital(what(finding))} looks {_higher(finding)} {_by(finding)}"
    if (alone := single_commit(finding)) is None:
        return f"{looks} near {at}, which the runs there do not settle{_surer(finding)}."
    sure = "" if finding.p_change is None else f", {share(finding.p_change)} sure"
    return f"{looks} since {at}{sure}; {_ALONE[alone]} would settle it{_surer(finding)}."


def single_commit(finding: Finding) -> str | None:
    """On which side of an inconclusive finding a single commit was measured: after, before, or both."""
    before, after = finding.details.get("commits", (2, 2))
    if finding.verdict != words.INCONCLUSIVE or min(before, after) > 1:
        return None
    return "both" if max(before, after) < 2 else "after" if after < 2 else "before"


_ALONE = {
    "after": "no later commit was measured, and one more",
    "before": "one commit before it was measured, and another one",
    "both": "one commit was measured on each side, and another one on each",
}


def _unchanged(finding: Finding) -> str:
    """Cases moved, and made up for one another."""
    subject = named(finding.revision or finding.after_revision, finding.subject)
    return (
        f"Commit {subject} likely moved {plural(finding.cases_moved or 0, 'test')}, up and down; "
        f"{what(finding)} as a whole stayed about {level(finding.kind, finding.after)}{_sure(finding)}."
    )


def _not_enough(finding: Finding) -> str:
    more = f": {plural(finding.runs_needed, 'more run')} would tell" if finding.runs_needed else ""
    return (
        f"{_capital(what(finding))} looks {_higher(finding)} {_by(finding)} near "
        f"{short(finding.revision or finding.after_revision)}, with {plural(finding.runs_before, 'run')} "
        f"before and {finding.runs_after} after, which are not enough{more}."
    )


def _by(finding: Finding) -> str:
    if finding.difference is None:
        return ""
    told = f"by {size(finding)}"
    if finding.before is not None and finding.after is not None:
        told += f", from {level(finding.kind, finding.before)} to {level(finding.kind, finding.after)}"
    return told


def size(finding: Finding) -> str:
    """How far a metric moved, without its sign, with the interval: `11 points [6, 17]`, `8 % [5, 11]`."""
    value = finding.difference or 0.0
    if (ratio := finding.details.get("ratio")) is not None:
        return relative(tuple(ratio))
    low = value if finding.difference_low is None else finding.difference_low
    high = value if finding.difference_high is None else finding.difference_high
    return difference(finding.kind, value, low, high)


def movement(finding: Finding) -> str:
    """How a metric moved, for a list of what moved together: `fell by 4 points [2, 6]`."""
    return "moved" if finding.difference is None else f"{_rose(finding)} by {size(finding)}"


def _cases(finding: Finding) -> str:
    if not finding.cases_moved or finding.scope_kind == "case":
        return ""
    return f"; {plural(finding.cases_moved, 'test')} moved"


def _surer(finding: Finding) -> str:
    return "" if (said := doubt(finding)) is None else f"; {said.why}"


def _rose(finding: Finding) -> str:
    return "rose" if finding.direction >= 0 else "fell"


def _raised(finding: Finding) -> str:
    return "raised" if finding.direction >= 0 else "lowered"


def _higher(finding: Finding) -> str:
    return "higher" if finding.direction >= 0 else "lower"


def budget(false_findings_percent: float) -> str:
    """How many of the findings told may be wrong, in words."""
    return (
        f"About 1 in {100 / false_findings_percent:.0f} of such findings is wrong about there being a "
        "change; whether it was this commit has a number of its own."
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _figure(metric: Metric, value: float) -> str:
    return percentage(value) if metric.unit == "%" else number(value)


def _unit(metric: Metric) -> str:
    return metric.unit if metric.unit in {"%", "s", "USD"} else ""
