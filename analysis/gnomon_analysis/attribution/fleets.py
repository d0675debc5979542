"""Fleets: which deployed version likely moved time, retries, tokens or money.

What agents do outside of test runs has no commits. Time is the line here, cut into hours or days, and a
version of an agent that is first seen in one of them is what a movement of the agent, its department or the
model that it asks can be due to.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy import BigInteger, ColumnElement, Connection, case, func, literal_column, select

from gnomon.settings import Settings
from gnomon_analysis.attribution import finding as words
from gnomon_analysis.attribution import metrics, wording
from gnomon_analysis.attribution.finding import Finding, Suspect
from gnomon_analysis.attribution.judging import Draft
from gnomon_analysis.attribution.merging import Merged, merge
from gnomon_analysis.attribution.metrics import Metric
from gnomon_analysis.attribution.remembering import Memory, Notebook
from gnomon_analysis.attribution.updating import options_of
from gnomon_analysis.statistics import locate
from gnomon_analysis.statistics.model import Floats, Move, Options, Series, Verdict
from gnomon_analysis.store import Store, schema
from gnomon_analysis.store.opening import database_errors, reading, writing

# What `repository` holds for findings that concern no commit of one.
DEPLOYMENTS = "deployments"

_HOUR = 3_600_000_000_000
_DAY = 24 * _HOUR
# From so many days on a movement is looked for by the day: hours of the day differ for reasons of their own.
_BY_DAY = 14
# How much likelier a stretch of time in which something was deployed is to hold a cause.
_DEPLOYED = 1.0
_NOTHING_DEPLOYED = 0.02
_STAND_IN = 0.1

_calls = schema.model_calls.c
_steps = schema.spans.c
_MODEL = func.coalesce(_calls.request_model, _calls.response_model)
_SCOPES: Mapping[str, ColumnElement[Any]] = {
    "agent": _calls.agent,
    "department": _calls.department,
    "model": _MODEL,
}
_METRICS = (metrics.LATENCY, metrics.RETRIES, metrics.TOKENS, metrics.COST)
_VERDICTS = {
    Verdict.UPSTREAM: words.UPSTREAM,
    Verdict.DRIFT: words.DRIFT,
    Verdict.INCONCLUSIVE: words.INCONCLUSIVE,
    Verdict.NOT_ENOUGH_RUNS: words.NOT_ENOUGH_RUNS,
}


@dataclass(frozen=True, slots=True)
class Deployment:
    """A version of an agent that was seen for the first time, after another one."""

    agent: str
    version: str
    environment: str | None
    seen_ns: int

    @property
    def label(self) -> str:
        """Agent and version as people write them."""
        return f"{self.agent} {self.version}"


@dataclass(frozen=True, slots=True)
class Scope:
    """One agent, department or model in one environment, with the agents that belong to it."""

    kind: str
    name: str
    environment: str | None
    agents: frozenset[str]
    departments: frozenset[str]

    def key(self, metric: Metric) -> str:
        """Names a series of it."""
        return "\x1f".join((metric.name, self.kind, self.name, self.environment or ""))


@dataclass(frozen=True, slots=True)
class _Totals:
    """Sums over the requests of a scope in one stretch of time; NaN where nothing is known."""

    at: int
    requests: int
    models: frozenset[str]
    sums: Mapping[Metric, tuple[float, int]]


def update_fleets(store: Store, settings: Settings, *, now_ns: int, whole: bool = False) -> Merged:
    """Looks at what agents did outside of test runs, and writes what moved into the store.

    Nothing is looked at where no call is new, unless `whole`. Raises UserError for what the database refuses.
    """
    notebook = Notebook(settings.state_directory, str(store.url), DEPLOYMENTS)
    with database_errors(store.url):
        with reading(store.engine) as connection:
            span = connection.execute(
                select(func.count(), func.min(_calls.started_ns), func.max(_calls.started_ns)).where(
                    _calls.run_id.is_(None)
                )
            ).one()
            now = _memory(span, settings)
            if not span[0] or (notebook.read() == now and not whole):
                return Merged()
            look = _Look(connection, *span[1:])
        drafts = look.drafts(options_of(settings), now_ns)
        with writing(store.engine) as connection:
            merged = merge(
                connection,
                DEPLOYMENTS,
                drafts,
                looked_at=lambda _: True,
                confirmed=lambda _: False,
                now_ns=now_ns,
            )
    notebook.write(now)
    return merged


def _memory(span: Sequence[int | None], settings: Settings) -> Memory:
    wanted = hashlib.sha256(repr(settings.changes.attribution).encode()).hexdigest()[:16]
    names = ("calls", "first", "last")
    return Memory(wanted, {name: value or 0 for name, value in zip(names, span, strict=True)}, 0)


class _Look:
    """Everything outside of test runs, by stretches of time."""

    def __init__(self, connection: Connection, first_ns: int, last_ns: int) -> None:
        self._width = _DAY if last_ns - first_ns >= _BY_DAY * _DAY else _HOUR
        self._first = first_ns // self._width
        self._size = last_ns // self._width - self._first + 1
        self._deployed = list(_deployments(connection))
        self._totals: dict[Scope, list[_Totals]] = {}
        for kind in _SCOPES:
            self._read(connection, kind)

    def drafts(self, options: Options, now_ns: int) -> list[Draft]:
        """What moved, as findings."""
        subjects: dict[str, tuple[Scope, Metric]] = {}
        series: list[Series] = []
        for scope, totals in self._totals.items():
            for metric in _METRICS:
                found = self._series(scope, metric, totals)
                if found is not None:
                    subjects[found.key] = (scope, metric)
                    series.append(found)
        return [
            self._draft(move, *subjects[move.key], now_ns) for move in locate(self._size, series, options)
        ]

    def _read(self, connection: Connection, kind: str) -> None:
        column = _SCOPES[kind]
        # Written out: a parameter would make two different expressions of it.
        at = _calls.started_ns // literal_column(str(self._width), BigInteger)
        of = (column, _calls.environment, at)
        outside = (_calls.run_id.is_(None), column.is_not(None))
        counted = select(*of, func.count(func.distinct(_calls.trace_id))).where(*outside).group_by(*of)
        requests = {tuple(row[:3]): int(row[3]) for row in connection.execute(counted)}
        parts = (*of, _MODEL, _calls.agent, _calls.department)
        sums = (
            item
            for value in map(_VALUES.__getitem__, _METRICS)
            for item in (func.sum(value), func.count(value))
        )
        statement = select(*parts, func.count(), *sums).where(*outside).group_by(*parts)
        rows: dict[tuple[str, str | None], list[Any]] = {}
        for row in connection.execute(statement):
            rows.setdefault((str(row[0]), row[1]), []).append(row)
        for (name, environment), its_own in sorted(rows.items(), key=str):
            agents = frozenset(str(row[4]) for row in its_own if row[4])
            departments = frozenset(str(row[5]) for row in its_own if row[5])
            # A department or model of one agent is that agent again.
            if kind == "agent" or len(agents) > 1:
                scope = Scope(kind, name, environment, agents, departments)
                self._totals[scope] = list(self._by_stretch(its_own, requests))

    def _by_stretch(self, rows: Sequence[Any], requests: Mapping[tuple[Any, ...], int]) -> Iterator[_Totals]:
        by_time: dict[tuple[Any, ...], list[Any]] = {}
        for row in rows:
            by_time.setdefault(tuple(row[:3]), []).append(row)
        for key, its_own in sorted(by_time.items(), key=lambda item: int(item[0][2])):
            calls: dict[str, int] = {}
            for row in its_own:
                calls[str(row[3])] = calls.get(str(row[3]), 0) + int(row[6])
            least = _STAND_IN * sum(calls.values())
            models = frozenset(model for model, count in calls.items() if count >= least)
            sums = {
                metric: (
                    sum(float(row[7 + 2 * place] or 0.0) for row in its_own),
                    sum(int(row[8 + 2 * place] or 0) for row in its_own),
                )
                for place, metric in enumerate(_METRICS)
            }
            yield _Totals(int(key[2]) - self._first, requests[key], models, sums)

    def _series(self, scope: Scope, metric: Metric, totals: Sequence[_Totals]) -> Series | None:
        told = [one for one in totals if one.sums[metric][1]]
        values = np.array([one.sums[metric][0] / one.requests for one in told])
        if len(told) < 2 or np.all(values == values[0]):
            return None
        states = {models: number for number, models in enumerate(dict.fromkeys(one.models for one in told))}
        # Of a model's own calls another model says nothing.
        tags = [0 if scope.kind == "model" else states[one.models] for one in told]
        return Series(
            key=scope.key(metric),
            kind=metric.kind,
            family=scope.key(metric),
            at=np.array([one.at for one in told], dtype=np.int64),
            value=values,
            trials=np.array([float(one.requests) for one in told]),
            tag=np.array(tags, dtype=np.int64),
            prior=self._prior(scope),
        )

    def _prior(self, scope: Scope) -> Floats | None:
        prior = np.full(self._size, _NOTHING_DEPLOYED)
        for place in range(self._size):
            if self._deployments_at(scope, place):
                prior[place] = _DEPLOYED
        return prior

    def _deployments_at(self, scope: Scope, place: int) -> list[Deployment]:
        return [
            one
            for one in self._deployed
            if one.seen_ns // self._width - self._first == place
            and one.agent in scope.agents
            and one.environment == scope.environment
        ]

    def _in_force(self, scope: Scope, place: int) -> str:
        """The newest version of the scope's agents at the end of a stretch; without any its moment."""
        end = (self._first + place + 1) * self._width
        seen = [
            one
            for one in self._deployed
            if one.seen_ns < end and one.agent in scope.agents and one.environment == scope.environment
        ]
        return max(seen, key=lambda one: one.seen_ns).label if seen else self._moment(place)

    def _moment(self, place: int) -> str:
        moment = datetime.fromtimestamp((self._first + place) * self._width / 1e9, UTC)
        return moment.strftime("%Y-%m-%d" if self._width == _DAY else "%Y-%m-%d %H:00")

    def _draft(self, move: Move, scope: Scope, metric: Metric, now_ns: int) -> Draft:
        deployed = [] if move.place is None else self._deployments_at(scope, move.place)
        named = (
            deployed[0].label
            if deployed and move.verdict in (Verdict.CHANGED, Verdict.INCONCLUSIVE)
            else None
        )
        suspects = [
            Suspect(one.label, round(float(candidate.share), 4))
            for candidate in move.candidates
            for one in self._deployments_at(scope, candidate.at)
        ]
        details: dict[str, Any] = {"near": self._moment(move.first_after)}
        if move.ratio is not None and all(map(math.isfinite, (move.ratio.low, move.ratio.high))):
            details["ratio"] = [move.ratio.estimate, move.ratio.low, move.ratio.high]
        switched = self._switched(scope, move)
        if switched:
            details["switched"] = switched
        finding = Finding(
            impact_id="",
            repository=DEPLOYMENTS,
            suite=None,
            environment=scope.environment,
            department=_only(scope.departments),
            agent=scope.name if scope.kind == "agent" else None,
            metric=metric.name,
            unit=metric.unit,
            more_is_better=metric.more_is_better,
            scope_kind=scope.kind,
            scope=scope.name,
            revision=named,
            candidates=tuple(suspects),
            before_revision=self._in_force(scope, move.last_before),
            after_revision=self._in_force(scope, move.first_after),
            changed_ns=(self._first + move.first_after) * self._width,
            before=move.before.estimate,
            after=move.after.estimate,
            difference=move.difference.estimate,
            difference_low=_finite(move.difference.low),
            difference_high=_finite(move.difference.high),
            runs_before=move.runs_before,
            runs_after=move.runs_after,
            cases_moved=None,
            p_change=move.p_change,
            p_commit=move.p_place if named else None,
            verdict=_verdict(move, metric),
            status=words.OPEN,
            runs_needed=None,
            sentence="",
            also=tuple(one.label + " was deployed" for one in deployed[1:]),
            advice=_advice(named),
            found_ns=now_ns,
            updated_ns=now_ns,
            details=details,
        )
        return Draft(replace(finding, sentence=wording.sentence(finding)), (), move.first_after)

    def _switched(self, scope: Scope, move: Move) -> str | None:
        states = {one.at: one.models for one in self._totals[scope]}
        before, after = states.get(move.last_before), states.get(move.first_after)
        if scope.kind == "model" or before is None or after is None or before == after:
            return None
        return f"the model changed from {_joined(before)} to {_joined(after)}"


_SECONDS = func.coalesce(_calls.api_latency, (_calls.ended_ns - _calls.started_ns) / 1e9)
_TOKENS = case(
    (_calls.input_tokens.is_(None), _calls.output_tokens),
    else_=_calls.input_tokens + func.coalesce(_calls.output_tokens, 0),
)
_VALUES: Mapping[Metric, ColumnElement[Any]] = {
    metrics.LATENCY: _SECONDS,
    metrics.RETRIES: _calls.retries,
    metrics.TOKENS: _TOKENS,
    metrics.COST: _calls.cost_usd,
}


def _deployments(connection: Connection) -> Iterator[Deployment]:
    """Every version of an agent but its first, with the moment at which it was first seen."""
    statement = (
        select(_steps.agent, _steps.environment, _steps.agent_version, func.min(_steps.started_ns))
        .where(_steps.run_id.is_(None), _steps.agent.is_not(None), _steps.agent_version.is_not(None))
        .group_by(_steps.agent, _steps.environment, _steps.agent_version)
        .order_by(func.min(_steps.started_ns))
    )
    known: set[tuple[str, str | None]] = set()
    for agent, environment, version, seen in connection.execute(statement):
        if (agent, environment) in known:
            yield Deployment(agent, version, environment, int(seen))
        known.add((agent, environment))


def _verdict(move: Move, metric: Metric) -> str:
    if move.verdict in _VERDICTS:
        return _VERDICTS[move.verdict]
    return words.IMPROVEMENT if (move.difference.estimate > 0) == metric.more_is_better else words.REGRESSION


def _advice(version: str | None) -> str | None:
    if version is None:
        return "No deployment is known there: state the agent's version on its spans, or look outside of it."
    return "Run the version before beside it on the same requests: that tells the version from its traffic."


def _only(names: frozenset[str]) -> str | None:
    return next(iter(names)) if len(names) == 1 else None


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _joined(models: frozenset[str]) -> str:
    return " + ".join(sorted(models)) or "none"
