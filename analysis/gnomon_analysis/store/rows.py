"""What the store answers: one frozen record a row, independent of the tables behind it.

The queries of `gnomon_analysis.store.Store` return them:

    runs(suite=None, limit=None) -> list[RunRow]                  newest first
    run(reference, suite=None) -> RunRow                          number, beginning of the id, or "last"
    results(run_id) -> list[ResultRow]                            in the order in which the tests started
    model_calls(run_id) -> list[ModelCallRow]                     in the order in which they started
    skills(run_id) -> list[FileHash]                              SKILL.md files in force
    config_files(run_id) -> list[FileHash]                        configuration files in force
    workers(run_id) -> list[WorkerRow]
    accuracy_by_commit(suite=None) -> list[CommitRow]             in the order in which they were first run
    costs_by_commit(suite=None) -> list[CommitCostRow]            one row a commit, model and source
    cases(suite=None) -> list[CaseRow]                            the history of each test
    trials(suite=None) -> Trials                                  every time that a test was good or bad
    case_matrix(suite=None) -> list[CaseCell]                     one cell a test and commit

Shares are fractions of 1, times seconds, costs US dollars, moments aware datetimes in UTC. `None`
means "not known", never zero; a commit is `None` where a run knew no repository.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from gnomon.runs.proportion import wilson


@dataclass(frozen=True, slots=True)
class ModelCallTotals:
    """Sums over model calls.

    `input_tokens` contain those read from and written to caches, `output_tokens` those spent on
    reasoning. `cost_usd` is the sum of the known costs, `None` when no call has one; `unpriced` counts
    the calls without. `api_latency` is the time spent in attempts, without the gaps between them.
    """

    calls: int = 0
    failed: int = 0
    retries: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    cost_usd: float | None = None
    unpriced: int = 0
    api_latency: float = 0.0


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts over tests.

    `outcomes` has every outcome of the registry, zeros included. `judged` counts the routing tests
    whose last attempt has a verdict, `correct` the right ones among them, `unanswered` the routing
    tests that ran and gave none. `reruns` counts attempts beyond the first.
    """

    tests: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict)
    judged: int = 0
    correct: int = 0
    unanswered: int = 0
    reruns: int = 0
    tools_expected: int = 0
    tools_matched: int = 0

    @property
    def accuracy(self) -> float | None:
        """Right verdicts as a fraction of the verdicts."""
        return self.correct / self.judged if self.judged else None

    @property
    def accuracy_interval(self) -> tuple[float, float] | None:
        """The 95 % Wilson interval of `accuracy`."""
        return wilson(self.correct, self.judged)

    @property
    def tool_use_accuracy(self) -> float | None:
        """Expected commands that were used, as a fraction of the expected ones."""
        return self.tools_matched / self.tools_expected if self.tools_expected else None

    @property
    def passed(self) -> int:
        """Tests that passed."""
        return self.outcomes.get("passed", 0)

    @property
    def failed(self) -> int:
        """Tests that ended badly: failed, in error, or with a dead worker."""
        return sum(self.outcomes.get(outcome, 0) for outcome in FAILING)

    @property
    def pass_rate(self) -> float | None:
        """`passed` as a fraction of `passed` and `failed`; every other outcome is neither."""
        decided = self.passed + self.failed
        return self.passed / decided if decided else None

    @property
    def pass_rate_interval(self) -> tuple[float, float] | None:
        """The 95 % Wilson interval of `pass_rate`."""
        return wilson(self.passed, self.passed + self.failed)


# Outcomes that count against a test.
FAILING = ("failed", "error", "crashed")


@dataclass(frozen=True, slots=True)
class RunRow:
    """One test run with its totals.

    `complete` is false while the run's own span is missing: the run was killed (`status` is then
    `aborted`) or its last file has not arrived. `skills_hash` and `config_hash` name the whole set of
    files in force.
    """

    run_id: str
    sequence: int | None
    suite: str | None
    status: str
    complete: bool
    exit_code: int | None
    collected: int | None
    framework: str | None
    started_at: datetime | None
    ended_at: datetime | None
    duration: float | None
    commit: str | None
    branch: str | None
    dirty: bool | None
    repository: str | None
    environment: str | None
    department: str | None
    agent: str | None
    service: str | None
    golden_set_version: str | None
    skills_hash: str | None
    config_hash: str | None
    pipeline_url: str | None
    trace_id: str | None
    tally: Tally
    calls: ModelCallTotals


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One test of a run, as its last attempt left it.

    `expected` and `actual` are skill names; `""` means "no skill", `None` "not a routing test" or
    "not answered". `duration` covers set-up, call and tear-down of all attempts.
    """

    run_id: str
    span_id: str
    suite: str | None
    case_id: str
    case_name: str
    category: str | None
    outcome: str
    phase: str | None
    attempts: int
    duration: float | None
    call_duration: float | None
    worker_id: str | None
    error_type: str | None
    message: str | None
    file: str | None
    line: int | None
    started_at: datetime | None
    expected: str | None
    alternates: tuple[str, ...]
    actual: str | None
    correct: bool | None
    clarification_expected: bool | None
    clarification_asked: bool | None
    confidence: float | None
    tools_expected: int | None
    tools_matched: int | None
    tools_missing: tuple[str, ...]
    skill_hash: str | None
    calls: ModelCallTotals

    @property
    def own_duration(self) -> float | None:
        """Seconds of the test itself in its last attempt; all that it took where only that is known."""
        return self.duration if self.call_duration is None else self.call_duration


@dataclass(frozen=True, slots=True)
class ModelCallRow:
    """One model call; `attempts` counts the requests that it took."""

    trace_id: str
    span_id: str
    run_id: str | None
    case_id: str | None
    service: str | None
    operation: str | None
    provider: str | None
    model: str | None
    started_at: datetime | None
    duration: float
    attempts: int
    retries: int
    api_latency: float | None
    retry_gap: float | None
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    cost_source: str | None
    error_type: str | None


@dataclass(frozen=True, slots=True)
class FileHash:
    """A file in force during a run; `name` is the skill's, `None` for configuration."""

    path: str
    hash: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class CollectionError:
    """A test file that could not be collected, so that its tests are not known, and why."""

    path: str | None
    message: str | None


@dataclass(frozen=True, slots=True)
class UncollectedFile:
    """A test file that could not be collected in the newest run of its suite, and why."""

    suite: str | None
    run_id: str
    path: str | None
    message: str | None


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """One worker process of a run; `busy_time` is the part of its life spent in tests."""

    worker_id: str
    crashed: bool
    busy_time: float | None
    started_at: datetime | None
    duration: float | None


@dataclass(frozen=True, slots=True)
class CommitRow:
    """All runs of one commit. A dirty working tree is kept apart from the commit that it grew from."""

    commit: str | None
    dirty: bool
    branch: str | None
    runs: int
    run_ids: tuple[str, ...]
    first_started_at: datetime | None
    last_started_at: datetime | None
    duration: float
    skills_hashes: tuple[str, ...]
    tally: Tally
    calls: ModelCallTotals


@dataclass(frozen=True, slots=True)
class CommitCostRow:
    """Model calls of all runs of one commit, one row a model, provider and source of the cost."""

    commit: str | None
    dirty: bool
    model: str | None
    provider: str | None
    cost_source: str | None
    runs: int
    calls: ModelCallTotals


@dataclass(frozen=True, slots=True)
class CaseRow:
    """The history of one test over all runs of its suite.

    `attempts` counts executions, reruns included. `mean_duration` is over the runs that know a duration.
    """

    suite: str | None
    case_id: str
    case_name: str
    category: str | None
    expected: str | None
    runs: int
    attempts: int
    tally: Tally
    last_outcome: str
    last_actual: str | None
    last_run_id: str
    last_started_at: datetime | None
    last_duration: float | None
    mean_duration: float | None


@dataclass(frozen=True, slots=True)
class CaseCell:
    """One test at one commit; cells come sorted by case id, then by the order of `accuracy_by_commit`.

    `outcome`, `actual` and `correct` are those of the newest run at the commit; `tally` is over all.
    """

    suite: str | None
    case_id: str
    case_name: str
    category: str | None
    expected: str | None
    commit: str | None
    dirty: bool
    runs: int
    outcome: str
    actual: str | None
    correct: bool | None
    tally: Tally


class ModelTag(NamedTuple):
    """A model as calls knew it: provider, the name that was asked for, the name that answered."""

    provider: str | None
    request_model: str | None
    response_model: str | None

    def __str__(self) -> str:
        return self.response_model or self.request_model or self.provider or "unknown model"


@dataclass(frozen=True, slots=True)
class TrialRun:
    """What a run ran on: all that must be the same for two outcomes of a test to contradict each other."""

    run_id: str
    started_ns: int | None
    ended_ns: int | None
    repository: str | None
    commit: str | None
    dirty: bool
    environment: str | None
    department: str | None
    agent: str | None
    golden_set_version: str | None
    skills_hash: str | None
    config_hash: str | None
    host: str | None
    # Commit whose tests were laid over this one's; None where they are its own.
    tests_from: str | None


@dataclass(frozen=True, slots=True)
class CaseTrials:
    """The trials of one test: each attempt that was good or bad, in no order.

    `runs` are places in `Trials.runs`, `good` is 1 or 0, `attempts` the number of the attempt, from 1.
    """

    suite: str | None
    case_id: str
    runs: array[int] = field(default_factory=lambda: array("l"))
    good: array[int] = field(default_factory=lambda: array("b"))
    attempts: array[int] = field(default_factory=lambda: array("l"))

    def add(self, run: int, good: int, attempt: int) -> None:
        """One more trial."""
        self.runs.append(run)
        self.good.append(good)
        self.attempts.append(attempt)


@dataclass(frozen=True, slots=True)
class Trials:
    """All trials of some tests, by suite and case id; runs come oldest first."""

    runs: tuple[TrialRun, ...]
    cases: tuple[CaseTrials, ...]


@dataclass(frozen=True, slots=True)
class CallsOfTrial:
    """How many model calls of a trial ended with this error; None is none."""

    error_type: str | None
    calls: int


@dataclass(frozen=True, slots=True)
class TrialDetail:
    """What is known of one trial. Of an attempt that was not the `last`, that is little.

    `duration` is that of the call alone where it is known, in seconds.
    """

    run_id: str
    attempt: int
    last: bool
    good: bool
    outcome: str
    error_type: str | None
    duration: float | None
    phase: str | None = None
    message: str | None = None
    worker_id: str | None = None
    host: str | None = None
    expected: str | None = None
    actual: str | None = None
    clarified: bool | None = None
    correct: bool | None = None
    calls: tuple[CallsOfTrial, ...] = ()


class WindowCount(NamedTuple):
    """Tests of one routing case with one outcome; the labels are those of its run points."""

    suite: str
    environment: str
    department: str
    agent: str
    skill: str
    case_id: str
    outcome: str
    tests: int
