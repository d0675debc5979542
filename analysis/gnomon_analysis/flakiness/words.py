"""Why a test is in its state, in a few words."""

from __future__ import annotations

from collections.abc import Sequence

from gnomon.settings.model import Flaky
from gnomon_analysis.flakiness.failing_rate import Counts
from gnomon_analysis.flakiness.states import Judgement, State
from gnomon_analysis.store.rows import TrialRun

_CHANGED = (
    ("commit", "the commit"),
    ("skills_hash", "skills"),
    ("config_hash", "configuration"),
    ("golden_set_version", "the golden set"),
    ("environment", "the environment"),
    ("agent", "the agent"),
    ("department", "the department"),
    ("repository", "the repository"),
    ("tests_from", "the tests laid over it"),
)


def commit(run: TrialRun) -> str:
    """The commit of a run, short, with a star where the working tree had changes."""
    return "no commit" if run.commit is None else run.commit[:8] + ("*" if run.dirty else "")


def change(before: TrialRun, after: TrialRun) -> str:
    """What differs between the last run in which a test passed and the first in which it did not."""
    parts = [named for name, named in _CHANGED if getattr(before, name) != getattr(after, name)]
    what = f" ({', '.join(parts)} changed)" if parts and parts != ["the commit"] else ""
    return f"passed at {commit(before)}, fails since {commit(after)}{what}"


def percent(share: float) -> str:
    """A share in percent, with a decimal where it is small."""
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"


def times(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def sentence(found: Judgement, counts: Sequence[Counts], began: TrialRun | None, options: Flaky) -> str:
    """The state's reason."""
    part = counts[found.first : found.beyond]
    if found.state is State.FLAKY:
        return _flaky(found, part)
    if found.state is State.BROKEN:
        since = "" if began is None else f", since {commit(began)}"
        return f"failed {found.failures} times in a row{since}"
    if found.state is State.RECOVERED:
        return f"passed {found.passes_at_one} times in a row at one commit after it was {found.trouble}"
    if found.state is State.STABLE:
        return _stable(found, part)
    return _undecided(found, part, sum(one.trials for one in counts), options)


def _flaky(found: Judgement, part: Sequence[Counts]) -> str:
    both = [one for one in part if one.passed and one.failed]
    failed, trials = sum(one.failed for one in both), sum(one.trials for one in both)
    text = f"failed {failed} of {trials} times at {times(len(both), 'commit')} where it also passed"
    if found.passes_at_one > 1:
        text += f"; {found.passes_at_one} of {found.passes_needed} passes in a row that would end it"
    return text


def _stable(found: Judgement, part: Sequence[Counts]) -> str:
    failed, trials = sum(one.failed for one in part), sum(one.trials for one in part)
    rate = found.rate.interval
    text = f"failed {failed} of {times(trials, 'time')}" if failed else f"passed {times(trials, 'time')}"
    text += f"; fails at most {percent(rate.high)} of the time"
    return text if found.trouble is None else f"{text}; was {found.trouble} before"


def _undecided(found: Judgement, part: Sequence[Counts], trials: int, options: Flaky) -> str:
    if found.failures:
        again = " again" if found.trouble is State.BROKEN else ""
        return f"failed {times(found.failures, 'time')} at the end: chance, or broken{again}"
    if found.trouble is State.BROKEN:
        return (
            f"passes again after it was broken: {found.passes_at_one} of {found.passes_needed} passes in a "
            "row at one commit"
        )
    if trials < options.minimum_runs:
        return f"{times(trials, 'time')} run, {options.minimum_runs} needed"
    failed = sum(one.failed for one in part)
    alone = sum(1 for one in part if one.failed and not one.passed)
    if alone and not any(one.passed and one.failed for one in part):
        return f"failed at {times(alone, 'commit')} and never where it passed: rerun one of them"
    return f"failed {failed} of {sum(one.trials for one in part)} times: too few to tell how often it fails"
