"""The series of a fleet: each agent by itself, each department and each model as the mean of its agents.

A department's or a model's own sums would move whenever another agent gets busier; the mean of its agents,
each compared with itself, does not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gnomon_analysis.attribution import fleet_reading as of
from gnomon_analysis.attribution import metrics
from gnomon_analysis.attribution.fleet_periods import Deployment, Line, Rows, rows
from gnomon_analysis.attribution.fleet_reading import Fleet, Who
from gnomon_analysis.attribution.metrics import Metric
from gnomon_analysis.statistics.model import Floats, Integers, Kind, Series

# How much likelier a deployment of an agent is to move it than a stretch of time without one. Times the
# hazard of the latter, a deployment moves a metric with one chance in twenty.
_DEPLOYED = 25.0
HAZARD = 1 / 500
# Fewer rows tell nothing of how much an agent scatters; to weigh it among others by that takes some more.
_LEAST_OF_AN_AGENT = 6
_LEAST_OF_A_MEMBER = 12


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric over rows: the columns of its amount and of what that is counted by."""

    metric: Metric
    amount: int
    count: int


_OF_AGENTS = (
    Figure(metrics.SUCCESS_RATE, of.FAILED, of.REQUESTS),
    Figure(metrics.REQUEST_LATENCY, of.SECONDS, of.ANSWERED),
    Figure(metrics.CALL_LATENCY, of.CALL_SECONDS, of.CALLS_ANSWERED),
    Figure(metrics.CALL_RETRIES, of.RETRIES, of.CALLS),
    Figure(metrics.CALL_TOKENS, of.TOKENS, of.TOKEN_CALLS),
    Figure(metrics.REQUEST_COST, of.COST, of.REQUESTS),
)
_OF_MODELS = (
    Figure(metrics.SUCCESS_RATE, of.CALLS_FAILED, of.CALLS),
    Figure(metrics.CALL_LATENCY, of.CALL_SECONDS, of.CALLS_ANSWERED),
    Figure(metrics.CALL_RETRIES, of.RETRIES, of.CALLS),
    Figure(metrics.CALL_TOKENS, of.TOKENS, of.TOKEN_CALLS),
)


@dataclass(frozen=True, slots=True)
class FleetSubject:
    """What a series is about: an agent, a department or a model in an environment, and the agents in it.

    `model` is the number of a model.
    """

    figure: Figure
    environment: str | None
    scope_kind: str
    scope: str
    whos: frozenset[int]
    model: int | None = None

    @property
    def metric(self) -> Metric:
        """What it is of them."""
        return self.figure.metric

    @property
    def key(self) -> str:
        """Names the series, or the family."""
        of = (self.environment or "", self.metric.name, self.scope_kind, self.scope)
        # An agent of one name may work in two departments.
        return "\x1f".join((*of, *(map(str, self.whos) if self.scope_kind == "agent" else ())))


class Timeline:
    """The moments at which rows begin, which is the line that positions are of."""

    def __init__(self, moments: Sequence[Integers]) -> None:
        self.moments = np.unique(np.concatenate([*moments, np.zeros(0, np.int64)]))

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.moments)

    def positions(self, moments: Integers) -> Integers:
        """Where moments stand."""
        return np.searchsorted(self.moments, moments)


@dataclass(slots=True)
class Everything:
    """Series to be looked at, each list by itself: they hold the same requests.

    `groups` are the series of agents in the families of their departments and models: only what is said of
    a family as a whole says something new.
    """

    timeline: Timeline
    subjects: dict[str, FleetSubject]
    agents: list[Series]
    groups: tuple[list[Series], list[Series]]
    rows_of: dict[int, Rows]
    pairs: dict[tuple[int, int], Rows]

    def rows(self, subject: FleetSubject) -> list[Rows]:
        """The rows behind a subject, by agent."""
        if subject.model is not None:
            return [self.pairs[subject.model, who] for who in subject.whos]
        return [self.rows_of[who] for who in subject.whos]


def everything(fleet: Fleet, lines: Mapping[int, Line]) -> Everything:
    """All series that move at all."""
    builder = _Builder(fleet, lines)
    return builder.build()


class _Builder:
    def __init__(self, fleet: Fleet, lines: Mapping[int, Line]) -> None:
        self._fleet = fleet
        self._lines = lines
        cells = fleet.cells
        self._whos = [who for who in lines if fleet.whos[who].agent is not None]
        mine: dict[int, Integers] = _split(cells.who)
        self._rows = {who: rows(cells, mine[who], lines[who]) for who in self._whos}
        self._pairs: dict[tuple[int, int], Rows] = {}
        for who in self._whos:
            models = cells.model[mine[who]]
            for model in np.unique(models[models >= 0]).tolist():
                self._pairs[model, who] = rows(cells, mine[who][models == model], lines[who])
        deployed = [
            np.array([one.moment_ns for one in lines[who].deployments], np.int64) for who in self._whos
        ]
        every = [one.moment_ns for one in (*self._rows.values(), *self._pairs.values())]
        self._timeline = Timeline([*every, *deployed])
        self._subjects: dict[str, FleetSubject] = {}
        self._priors: dict[int, Floats] = {}

    def build(self) -> Everything:
        agents: list[Series] = []
        by_department: dict[tuple[str | None, str], list[int]] = defaultdict(list)
        by_model: dict[tuple[str | None, int], list[int]] = defaultdict(list)
        for who in self._whos:
            its = self._fleet.whos[who]
            for figure in _OF_AGENTS:
                subject = self._of_agent(figure, who, its)
                agents += self._series(figure, subject.key, subject.key, self._rows[who], who, tagged=True)
                self._subjects[subject.key] = subject
            if its.department is not None:
                by_department[its.environment, its.department].append(who)
        for model, who in self._pairs:
            by_model[self._fleet.whos[who].environment, model].append(who)
        departments: list[Series] = []
        for (environment, department), whos in by_department.items():
            for figure in _OF_AGENTS:
                subject = FleetSubject(figure, environment, "department", department, frozenset(whos))
                departments += self._family(figure, subject, {who: self._rows[who] for who in whos})
        models: list[Series] = []
        for (environment, model), whos in by_model.items():
            for figure in _OF_MODELS:
                name = self._fleet.models[model]
                subject = FleetSubject(figure, environment, "model", name, frozenset(whos), model)
                models += self._family(figure, subject, {who: self._pairs[model, who] for who in whos})
        return Everything(
            self._timeline,
            self._subjects,
            agents,
            (departments, models),
            self._rows,
            self._pairs,
        )

    def _of_agent(self, figure: Figure, who: int, its: Who) -> FleetSubject:
        return FleetSubject(figure, its.environment, "agent", f"{its.agent}", frozenset({who}))

    def _family(self, figure: Figure, subject: FleetSubject, by_who: Mapping[int, Rows]) -> list[Series]:
        found = [
            one
            for who, its in by_who.items()
            for one in self._series(figure, f"{subject.key}\x1f{who}", subject.key, its, who, tagged=False)
            if len(one.at) >= _LEAST_OF_A_MEMBER
        ]
        # A department or a model of one agent is that agent again.
        if len(found) < 2:
            return []
        self._subjects[subject.key] = subject
        return found

    def _series(
        self, figure: Figure, key: str, family: str, its: Rows, who: int, *, tagged: bool
    ) -> list[Series]:
        count = its.sums[:, figure.count]
        told = count > 0
        if figure.amount == of.COST:
            told &= its.sums[:, of.PRICED] > 0
        if np.count_nonzero(told) < _LEAST_OF_AN_AGENT:
            return []
        amount, count = its.sums[told, figure.amount], count[told]
        share = amount / count
        if np.all(share == share[0]):
            return []
        kind = figure.metric.kind
        value = np.clip(count - amount, 0.0, count) if kind is Kind.PROPORTION else share
        tag = its.model[told] if tagged else np.zeros(len(value), np.int64)
        at = self._timeline.positions(its.moment_ns[told])
        return [Series(key, kind, family, at, value, count, tag, self._prior(who))]

    def _prior(self, who: int) -> Floats:
        if who not in self._priors:
            prior = np.ones(self._timeline.size)
            moments = [one.moment_ns for one in self._lines[who].deployments]
            prior[self._timeline.positions(np.array(moments, dtype=np.int64))] = _DEPLOYED
            self._priors[who] = prior
        return self._priors[who]


def deployments(everything_: Everything, lines: Mapping[int, Line], whos: frozenset[int]) -> list[Deployment]:
    """The deployments of some agents."""
    return [one for who in sorted(whos & everything_.rows_of.keys()) for one in lines[who].deployments]


def _split(codes: Integers) -> dict[int, Integers]:
    order = np.argsort(codes, kind="stable")
    if not len(order):
        return {}
    parts = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
    return {int(codes[part[0]]): part for part in parts}
