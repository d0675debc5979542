"""What agents did outside of test runs, summed by the database by agent, version and stretch of time.

A million spans are read as some thousand rows. Requests are `invoke_agent` spans; a model call belongs to the
version that the agent's span above it states.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    case,
    func,
    literal_column,
    select,
)

from gnomon_analysis.statistics.model import Floats, Integers
from gnomon_analysis.store import schema

# The columns of `Cells.sums`: requests, those that failed, those that did not and how long these took; the
# same of model calls, and what these came to.
REQUESTS, FAILED, ANSWERED, SECONDS = 0, 1, 2, 3
CALLS, CALLS_FAILED, CALLS_ANSWERED, CALL_SECONDS = 4, 5, 6, 7
RETRIES, TOKENS, TOKEN_CALLS, COST, PRICED = 8, 9, 10, 11, 12
_OF_REQUESTS = slice(REQUESTS, CALLS)
_OF_CALLS = slice(CALLS, PRICED + 1)
_SUMS = PRICED + 1

_SERVICE_VERSION = "service.version"
_REVISION = "vcs.ref.head.revision"

_spans = schema.spans.c
_calls = schema.model_calls.c
_Named = TypeVar("_Named", bound=Hashable)


class Who(NamedTuple):
    """An agent where it works; None for what is not stated."""

    environment: str | None
    department: str | None
    agent: str | None


class Version(NamedTuple):
    """What was deployed: the version that the agent or its service states, and the commit it was made of."""

    version: str | None
    revision: str | None


class Numbered(Generic[_Named]):
    """Things by number, in the order in which they were met."""

    def __init__(self) -> None:
        self.all: list[_Named] = []
        self._numbers: dict[_Named, int] = {}

    def number(self, one: _Named) -> int:
        """The number of a thing."""
        found = self._numbers.setdefault(one, len(self.all))
        if found == len(self.all):
            self.all.append(one)
        return found


@dataclass(frozen=True, slots=True)
class Cells:
    """One row an agent, version, model and stretch of time; of requests the model is -1.

    `first_ns` is when the first of it began; `sums` has a column for each of the constants above, shape
    (rows, columns).
    """

    who: Integers
    version: Integers
    model: Integers
    bucket: Integers
    first_ns: Integers
    sums: Floats

    def take(self, chosen: NDArray[Any]) -> Cells:
        """Some of the rows."""
        return Cells(
            self.who[chosen],
            self.version[chosen],
            self.model[chosen],
            self.bucket[chosen],
            self.first_ns[chosen],
            self.sums[chosen],
        )


@dataclass(frozen=True, slots=True)
class Fleet:
    """Everything outside of test runs since a moment, and the names behind the numbers of its cells."""

    cells: Cells
    whos: Sequence[Who]
    versions: Sequence[Version]
    models: Sequence[str]


class Extent(NamedTuple):
    """How much there is: spans and calls outside of test runs, and from when to when."""

    requests: int
    calls: int
    first_ns: int
    last_ns: int


def extent(connection: Connection) -> Extent:
    """How much there is; zeros for nothing."""
    counts: list[int] = []
    moments: list[int] = []
    for table, outside in ((_spans, _requests()), (_calls, _calls.run_id.is_(None))):
        statement = select(func.count(), func.min(table.started_ns), func.max(table.started_ns))
        count, first, last = connection.execute(statement.where(outside)).one()
        counts.append(int(count))
        moments += [int(moment) for moment in (first, last) if moment is not None]
    return Extent(counts[0], counts[1], min(moments, default=0), max(moments, default=0))


def read(connection: Connection, width_ns: int, since_ns: int) -> Fleet:
    """All requests and model calls since a moment, by stretches of time of a width."""
    whos: Numbered[Who] = Numbered()
    versions: Numbered[Version] = Numbered()
    models: Numbered[str] = Numbered()
    rows: list[tuple[int, int, int, int, int]] = []
    sums: list[NDArray[np.float64]] = []
    for statement, model, where in (
        (_of_requests(width_ns, since_ns), False, _OF_REQUESTS),
        (_of_calls(width_ns, since_ns), True, _OF_CALLS),
    ):
        for row in connection.execute(statement):
            environment, department, agent, version, revision, name, bucket, first, *found = row
            rows.append(
                (
                    whos.number(Who(environment, department, agent)),
                    versions.number(Version(version, revision)),
                    models.number(name or "") if model else -1,
                    int(bucket),
                    int(first),
                )
            )
            told = np.zeros(_SUMS)
            told[where] = [float(value or 0) for value in found]
            sums.append(told)
    columns = np.array(rows, dtype=np.int64).reshape(-1, 5).T
    who, version, of_model, at, first_ns = columns
    cells = Cells(who, version, of_model, at, first_ns, np.array(sums).reshape(-1, _SUMS))
    return Fleet(_with_versions(cells, versions), whos.all, versions.all, models.all)


def _requests() -> ColumnElement[bool]:
    return and_(_spans.run_id.is_(None), _spans.kind == "agent", _spans.name.startswith("invoke_agent"))


def _of_requests(width_ns: int, since_ns: int) -> Select[Any]:
    version, revision = _deployed(schema.spans)
    failed = case((_spans.status == "error", 1), (_spans.error_type.is_not(None), 1), else_=0)
    each = (
        select(
            *(_spans.environment, _spans.department, _spans.agent),
            *(version.label("version"), revision.label("revision")),
            literal_column("NULL").label("model"),
            (_spans.started_ns // _literal(width_ns)).label("bucket"),
            _spans.started_ns,
            failed.label("failed"),
            ((_spans.ended_ns - _spans.started_ns) / 1e9).label("seconds"),
        )
        .where(_requests(), _spans.started_ns >= since_ns)
        .subquery()
    )
    of = each.c
    answered = 1 - of.failed
    return _grouped(
        each, func.count(), func.sum(of.failed), func.sum(answered), func.sum(answered * of.seconds)
    )


def _of_calls(width_ns: int, since_ns: int) -> Select[Any]:
    above = schema.spans.alias("above")
    version, revision = _deployed(above)
    tokens = case(
        (_calls.input_tokens.is_(None), _calls.output_tokens),
        else_=_calls.input_tokens + func.coalesce(_calls.output_tokens, 0),
    )
    model = func.coalesce(_calls.request_model, _calls.response_model)
    named = case((_calls.provider.is_(None), model), else_=model + " by " + _calls.provider)
    each = (
        select(
            *(_calls.environment, _calls.department, _calls.agent),
            *(version.label("version"), revision.label("revision")),
            named.label("model"),
            (_calls.started_ns // _literal(width_ns)).label("bucket"),
            _calls.started_ns,
            case((_calls.error_type.is_(None), 0), else_=1).label("failed"),
            func.coalesce(_calls.api_latency, (_calls.ended_ns - _calls.started_ns) / 1e9).label("seconds"),
            _calls.retries,
            tokens.label("tokens"),
            _calls.cost_usd,
        )
        .join_from(
            schema.model_calls,
            above,
            and_(above.c.trace_id == _calls.trace_id, above.c.span_id == _calls.parent_span_id),
            isouter=True,
        )
        .where(_calls.run_id.is_(None), _calls.started_ns >= since_ns)
        .subquery()
    )
    of = each.c
    answered = 1 - of.failed
    return _grouped(
        each,
        *(func.count(), func.sum(of.failed), func.sum(answered), func.sum(answered * of.seconds)),
        *(func.sum(of.retries), func.sum(of.tokens), func.count(of.tokens)),
        *(func.sum(of.cost_usd), func.count(of.cost_usd)),
    )


def _deployed(spans: FromClause) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """The version and the commit that a span of an agent states."""
    stated = spans.c.attributes
    version = func.coalesce(spans.c.agent_version, stated[_SERVICE_VERSION].as_string())
    return version, stated[_REVISION].as_string()


def _grouped(each: FromClause, *sums: ColumnElement[Any]) -> Select[Any]:
    of = each.c
    parts = (*(of.environment, of.department, of.agent), of.version, of.revision, of.model, of.bucket)
    return select(*parts, func.min(of.started_ns), *sums).group_by(*parts)


def _literal(number: int) -> ColumnElement[int]:
    # Written out: a parameter would make two different expressions of it.
    return literal_column(str(number), BigInteger)


def _with_versions(cells: Cells, versions: Numbered[Version]) -> Cells:
    """Calls whose agent's span is not right above them are of the version that did most of the work then."""
    unknown = versions.number(Version(None, None))
    of_request = cells.sums[:, REQUESTS] > 0
    order = np.lexsort((-cells.sums[:, REQUESTS], cells.bucket, cells.who))
    order = order[of_request[order]]
    most: dict[tuple[int, int], int] = {}
    for row in order.tolist():
        most.setdefault((int(cells.who[row]), int(cells.bucket[row])), int(cells.version[row]))
    version = cells.version.copy()
    for row in np.flatnonzero(~of_request & (cells.version == unknown)).tolist():
        version[row] = most.get((int(cells.who[row]), int(cells.bucket[row])), unknown)
    return Cells(cells.who, version, cells.model, cells.bucket, cells.first_ns, cells.sums)
