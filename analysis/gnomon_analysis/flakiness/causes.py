"""Why a test fails now and then: what speaks for which cause, counted over its failures.

Each failure has one cause, the first of these that fits: its worker died; its model calls, or the exception
that ended it, were refused for too many requests, timed out, or met a failing provider; it failed in set-up
or tear-down; the model answered otherwise than in passing trials; the model answered, and an assertion did
not like it; no model was called. What only happens on one host or worker, or takes as long as every other
failure and longer than any pass, says so where nothing else is known.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from gnomon.error_types import CLIENT, CONNECTION, CONTENT_FILTER, RATE_LIMITED, SERVER, TIMEOUT
from gnomon.registry import values
from gnomon_analysis.store.answers import ASKS_BACK, answered
from gnomon_analysis.store.rows import TrialDetail

# A cause with this share of the failures is the class of the test.
_MOST = 0.8
# Failures on one host or worker are no chance where passing trials are there so rarely.
_CHANCE = 0.05
# Failures that take so alike, and so much longer than any pass, look like a time limit.
_SAME_DURATION = 1.05
_LONGER = 1.5
_SHORTEST_TIMEOUT = 1.0
_FEWEST_TIMEOUTS = 3


class Cause(StrEnum):
    """What makes a test fail."""

    MODEL_VARIANCE = "model_variance"
    PROVIDER_THROTTLING = "provider_throttling"
    PROVIDER_ERROR = "provider_error"
    TIME_OUT = "time_out"
    TEST_BUG = "test_bug"
    UPSTREAM_CHANGE = "upstream_change"
    CHANGE = "change"
    MIXED = "mixed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What so many failures had in common, and the cause that it speaks for."""

    cause: Cause
    what: str
    failures: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """The class of a test's failures.

    `cause` is the one that most failures have, `mixed` where none has four in five of the explained ones,
    `unknown` where nothing is. `shares` are fractions of 1 of all failures that were looked at.
    """

    cause: Cause
    shares: tuple[tuple[Cause, float], ...]
    evidence: tuple[Evidence, ...]
    failures: int


_BY_ERROR = {
    RATE_LIMITED: Cause.PROVIDER_THROTTLING,
    TIMEOUT: Cause.TIME_OUT,
    SERVER: Cause.PROVIDER_ERROR,
    CONNECTION: Cause.PROVIDER_ERROR,
    CONTENT_FILTER: Cause.PROVIDER_ERROR,
    CLIENT: Cause.TEST_BUG,
}
# Words in the names of exceptions, as client libraries agree on them.
_BY_NAME = (
    (re.compile(r"ratelimit|toomanyrequests|throttl|quota"), Cause.PROVIDER_THROTTLING),
    (re.compile(r"timeout|timedout"), Cause.TIME_OUT),
    (
        re.compile(r"connect|networkerror|internalserver|serviceunavailable|overloaded|badgateway"),
        Cause.PROVIDER_ERROR,
    ),
)
# How pytest-timeout and pytest's own faulthandler word it.
_TIMED_OUT = re.compile(r"^(failed: )?timeout\b", re.IGNORECASE)


def explain(trials: Sequence[TrialDetail]) -> Explanation:
    """The cause of the failures among the trials of one test; passing ones are what they are held against."""
    passing = [trial for trial in trials if trial.good]
    failing = [trial for trial in trials if not trial.good]
    found = [_cause(trial, passing) for trial in failing]
    unexplained = {
        place for place, (cause, _) in enumerate(found) if cause in {Cause.UNKNOWN, Cause.TEST_BUG}
    }
    if (at_the_end := _same_duration(failing, passing)) is not None:
        for place in unexplained:
            found[place] = (Cause.TIME_OUT, at_the_end)
    elif (where := _one_place(failing, passing)) is not None:
        for place in unexplained:
            found[place] = (Cause.TEST_BUG, where)
    return _summed(Counter(found))


def _summed(found: Counter[tuple[Cause, str]]) -> Explanation:
    total = sum(found.values())
    by_cause = Counter[Cause]()
    for (cause, _), failures in found.items():
        by_cause[cause] += failures
    ranked = sorted(by_cause.items(), key=lambda item: (-item[1], item[0]))
    explained = [(cause, failures) for cause, failures in ranked if cause is not Cause.UNKNOWN]
    known = sum(failures for _, failures in explained)
    if not known:
        cause = Cause.UNKNOWN
    else:
        cause = explained[0][0] if explained[0][1] >= _MOST * known else Cause.MIXED
    evidence = sorted(
        (Evidence(cause, what, failures) for (cause, what), failures in found.items()),
        key=lambda one: (-one.failures, one.cause, one.what),
    )
    shares = tuple((name, failures / total) for name, failures in ranked)
    return Explanation(cause, shares, tuple(evidence), total)


def _cause(trial: TrialDetail, passing: Sequence[TrialDetail]) -> tuple[Cause, str]:
    if trial.outcome == values.CRASHED:
        return Cause.TEST_BUG, "its worker died"
    return (
        _by_error(trial)
        or _by_phase(trial)
        or _by_answer(trial, passing)
        or _by_calls(trial, passing)
        or (Cause.UNKNOWN, "an earlier attempt, of which only the failure is known")
    )


def _by_error(trial: TrialDetail) -> tuple[Cause, str] | None:
    failed = sorted(str(one.error_type) for one in trial.calls if one.error_type)
    for error_type, cause in _BY_ERROR.items():
        if error_type in failed:
            return cause, f"a model call ended with {error_type}"
    name = (trial.error_type or "").rpartition(".")[2]
    for words, cause in _BY_NAME:
        if words.search(name.lower()):
            return cause, f"ended with {name}"
    if trial.message and _TIMED_OUT.search(trial.message):
        return Cause.TIME_OUT, "the test's own time limit"
    return None


def _by_phase(trial: TrialDetail) -> tuple[Cause, str] | None:
    if trial.phase in {"setup", "teardown"}:
        return Cause.TEST_BUG, f"failed in {'set-up' if trial.phase == 'setup' else 'tear-down'}"
    return None


def _answer(trial: TrialDetail) -> str | None:
    """What the model chose: a skill, none, or to ask back; None where it did not answer."""
    return answered(trial.actual, trial.clarified)


def _chose(answer: str) -> str:
    return "asked back" if answer == ASKS_BACK else f"chose {answer}"


def _by_answer(trial: TrialDetail, passing: Sequence[TrialDetail]) -> tuple[Cause, str] | None:
    answer = _answer(trial)
    if answer is None:
        return None
    others = {_answer(other) for other in passing} - {None}
    if answer not in others and others:
        instead = " or ".join(sorted(map(str, others)))
        return Cause.MODEL_VARIANCE, f"the model {_chose(answer)}, not {instead}"
    if trial.correct is False:
        return Cause.MODEL_VARIANCE, f"the model {_chose(answer)}, which is wrong"
    return Cause.TEST_BUG, f"the model {_chose(answer)}, as where the test passed"


def _by_calls(trial: TrialDetail, passing: Sequence[TrialDetail]) -> tuple[Cause, str] | None:
    if any(one.error_type is None for one in trial.calls):
        return Cause.MODEL_VARIANCE, "the model answered, and an assertion failed"
    if not trial.last and any(_answer(other) is not None for other in passing):
        return None
    if any(other.calls for other in passing):
        return Cause.TEST_BUG, "failed before a model was called"
    if trial.expected is not None and any(_answer(other) is not None for other in passing):
        return Cause.UNKNOWN, "no answer, and no model call is recorded"
    return Cause.TEST_BUG, "failed without any model call"


def _same_duration(failing: Sequence[TrialDetail], passing: Sequence[TrialDetail]) -> str | None:
    """Whether all failures took equally long, and longer than any pass: as if at a time limit."""
    # Of an earlier attempt the whole time is known, of the last one that of its call.
    durations = sorted(trial.duration for trial in failing if trial.last and trial.duration is not None)
    longest = max(
        (trial.duration for trial in passing if trial.last and trial.duration is not None), default=None
    )
    if len(durations) < max(_FEWEST_TIMEOUTS, len(failing)) or longest is None:
        return None
    if durations[0] < _SHORTEST_TIMEOUT or durations[-1] > durations[0] * _SAME_DURATION:
        return None
    if durations[0] < longest * _LONGER:
        return None
    return f"each took {durations[0]:.3g} to {durations[-1]:.3g} s, no pass more than {longest:.3g} s"


def _one_place(failing: Sequence[TrialDetail], passing: Sequence[TrialDetail]) -> str | None:
    """The host or worker on which all failures were, where passing trials make that unlikely."""
    for kind in ("host", "worker_id"):
        places = {getattr(trial, kind) for trial in failing}
        if len(failing) < 2 or len(places) != 1 or None in places or not passing:
            continue
        [place] = places
        share = sum(getattr(trial, kind) == place for trial in passing) / len(passing)
        if share ** len(failing) <= _CHANCE:
            return f"only on {'host' if kind == 'host' else 'worker'} {place}"
    return None
