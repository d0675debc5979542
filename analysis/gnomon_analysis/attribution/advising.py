"""What to do about a finding: the next best run and its price, or where to look."""

from __future__ import annotations

import math
import shlex

from gnomon_analysis.attribution import finding as words
from gnomon_analysis.attribution import wording
from gnomon_analysis.attribution.finding import Finding

# How sure to be of a commit before nothing more is advised.
_SURE = 0.95
# Runs that tell two commits apart when the metric clearly moved.
_RUNS_A_STEP = 5
_SWITCHED = ("model", "environment", "golden set")


def advice(finding: Finding, cost_of_a_run: float | None) -> str | None:
    """What to do next; None for nothing. `cost_of_a_run` is in USD."""
    if finding.verdict in _BY_VERDICT:
        return _BY_VERDICT[finding.verdict](finding, cost_of_a_run)
    suspects = len(finding.candidates)
    if suspects > 1 and (finding.p_commit or 0.0) < _SURE:
        runs = _RUNS_A_STEP * math.ceil(math.log2(suspects) + 1)
        price = _price(runs, cost_of_a_run, "about ")
        return f"`{bisect(finding)}` tells the {suspects} commits apart ({price})."
    if finding.verdict == words.REGRESSION and finding.revision is not None:
        show = f"gnomon changes show {wording.short(finding.revision)}"
        return f"Look at the tests that moved (`{show}`), then revert or mend."
    return None


def bisect(finding: Finding) -> str:
    """The command that tells the suspects of a finding apart."""
    of = f" --suite {shlex.quote(finding.suite)}" if finding.suite else ""
    if finding.scope_kind in {"skill", "case"}:
        of += f" --{finding.scope_kind} {shlex.quote(finding.scope)}"
    between = finding.details.get("between") or (finding.before_revision, finding.after_revision)
    good, bad = map(wording.short, between)
    return f"gnomon bisect {finding.metric}{of} --good {good} --bad {bad}"


def _upstream(finding: Finding, a_run: float | None) -> str:
    before, after = wording.short(finding.before_revision), wording.short(finding.after_revision)
    return (
        f"Run {before} and {after} {_RUNS_A_STEP} times each with the old and with the new "
        f"{_switched(finding)} ({_price(4 * _RUNS_A_STEP, a_run)}): that tells the repository from what is "
        "outside of it."
    )


def _switched(finding: Finding) -> str:
    """What was switched, as a noun."""
    told = str(finding.details.get("switched"))
    return " and ".join(what for what in _SWITCHED if f"the {what} changed" in told) or "state"


def _drift(finding: Finding, a_run: float | None) -> str:
    return (
        f"Run {wording.short(finding.before_revision)} again ({_price(_RUNS_A_STEP, a_run)}): if it no "
        "longer comes to what it did, the cause is outside of the repository."
    )


def _inconclusive(finding: Finding, a_run: float | None) -> str:
    if (alone := wording.single_commit(finding)) is not None:
        after, before = wording.short(finding.after_revision), wording.short(finding.before_revision)
        steps = {
            "after": f"Run the next commit after {after}, whatever it changes",
            "before": f"run a commit before {before}, with `gnomon backfill`",
        }
        said = "; ".join(steps.values() if alone == "both" else [steps[alone]])
        return f"{said[0].upper()}{said[1:]}."
    runs = finding.runs_needed or _RUNS_A_STEP
    return f"Run {wording.short(finding.after_revision)} again ({_price(runs, a_run)})."


def _not_enough(finding: Finding, a_run: float | None) -> str:
    runs = finding.runs_needed or _RUNS_A_STEP
    return (
        f"Run {wording.short(finding.after_revision)} or a later commit ({_price(runs, a_run, more=True)})."
    )


_BY_VERDICT = {
    words.UPSTREAM: _upstream,
    words.DRIFT: _drift,
    words.INCONCLUSIVE: _inconclusive,
    words.NOT_ENOUGH_RUNS: _not_enough,
}


def _price(runs: int, a_run: float | None, about: str = "", *, more: bool = False) -> str:
    count = about + wording.plural(runs, "more run" if more else "run")
    return f"{count}, about {wording.number(runs * a_run)} USD" if a_run else count
