"""What is said of a test, as plain records for commands, reports and gates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gnomon_analysis.flakiness.causes import Cause, Evidence
from gnomon_analysis.flakiness.states import State
from gnomon_analysis.statistics.model import Interval


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Inputs at which a test was both good and bad, the same commit and all that goes with it.

    `passed` and `failed` count trials; `answers` are the skills that the model chose there, `""` for
    none, `asks back` for a question.
    """

    commit: str | None
    dirty: bool
    environment: str | None
    runs: int
    passed: int
    failed: int
    answers: tuple[str, ...]
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class PassEveryTime:
    """pass^k: the unbiased estimate, None where nothing ran k times, and the beta-binomial interval."""

    k: int
    estimate: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CaseState:
    """The state of one test with what it rests on; shares and rates are fractions of 1.

    Attributes:
        suite: Suite of the test.
        case_id: Its id.
        case_name: Its name, a node id of pytest, when it last ran.
        state: The state.
        sentence: Why, in a few words.
        quarantined: Whether `flaky.quarantine` names it.
        runs: Runs in which it was good or bad, of the last `REMEMBERED` trials.
        trials: Those trials: attempts of its runs.
        passed: Good ones.
        failed: Bad ones.
        inputs: Different inputs (commits and all that goes with them) that it ran on.
        failing_rate: How often it fails at inputs where it can pass, lately.
        above_limit: Probability that this is more than `flaky.failing_rate_percent`.
        stability: How often two runs at the same inputs agree; None where nothing ran twice.
        pass_every_time: pass^3 and pass^5.
        cause: Class of its failures; None where it has none to explain.
        shares: Share of each cause.
        evidence: What the failures had in common.
        contradictions: Inputs at which it was both good and bad, oldest first.
        failures_in_a_row: Bad trials at the end.
        passes_in_a_row: Good trials at the end.
        passes_at_one_commit: The most of these at the same inputs.
        passes_needed: How many of them make it recovered.
        runs_needed: Runs that would decide its state, None where it is decided.
        since: When its trouble began, or last did.
        since_commit: At which commit.
        last_at: When it last ran.
        last_commit: At which commit.
        last_good: Whether it was good then.
    """

    suite: str | None
    case_id: str
    case_name: str
    state: State
    sentence: str
    quarantined: bool
    runs: int
    trials: int
    passed: int
    failed: int
    inputs: int
    failing_rate: Interval
    above_limit: float
    stability: float | None
    pass_every_time: tuple[PassEveryTime, ...]
    cause: Cause | None
    shares: tuple[tuple[Cause, float], ...]
    evidence: tuple[Evidence, ...]
    contradictions: tuple[Contradiction, ...]
    failures_in_a_row: int
    passes_in_a_row: int
    passes_at_one_commit: int
    passes_needed: int
    runs_needed: int | None
    since: datetime | None
    since_commit: str | None
    last_at: datetime | None
    last_commit: str | None
    last_good: bool
