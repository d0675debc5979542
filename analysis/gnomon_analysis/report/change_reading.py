"""A change out of the results store: its findings with their cases, what was changed, the runs around.

Nothing is judged here: what the findings say is told, and the runs are drawn as they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, or_, select

from gnomon.runs.proportion import wilson
from gnomon_analysis.report.change import (
    TOLD,
    Candidate,
    ChangePage,
    Effect,
    FileChange,
    MovedCase,
    PartChange,
    Point,
    Series,
    Surroundings,
)
from gnomon_analysis.store import ResultRow, Store, schema
from gnomon_analysis.store.answers import wanted
from gnomon_analysis.store.opening import database_errors, reading

# Commits with runs that a plot shows on each side of the change.
_AROUND = 20
# Plots beyond these are more than anybody looks at.
_MOST_SERIES = 16
# What is drawn of a suite where no finding says what to look at.
_AT_A_GLANCE = {"routing_accuracy": "%", "pass_rate": "%", "cost": "USD", "latency": "s"}
_SCOPES = ("suite", "department", "agent", "model", "skill", "category", "case")

_findings, _cases, _changes = schema.findings.c, schema.finding_cases.c, schema.changes.c

# What one test of a run adds to a metric: a sum, and what it is divided by.
Summands = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Known:
    """What the store cannot know: the order of the commits, their subjects, what the tests ask.

    `order` has the commits of the first-parent line, oldest first; without it they come in the order of their
    first runs. `requests` are by suite and case id. `told_first` has the ids of findings, the one that says
    most first; findings that are not in it come after those that are.
    """

    order: Sequence[str] = ()
    subjects: Mapping[str, str] = field(default_factory=dict)
    requests: Mapping[tuple[str | None, str], str] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    told_first: Sequence[str] = ()
    false_findings_percent: float = 5.0


def find(store: Store, reference: str) -> list[str | None]:
    """The commits that a person means by the beginning of a commit's or a finding's id.

    None stands for a finding that names no commit. More than one: more of the id is needed.
    """
    with database_errors(store.url), reading(store.engine) as connection:
        meant = or_(
            _findings.impact_id.startswith(reference, autoescape=True),
            _findings.revision.startswith(reference, autoescape=True),
        )
        found = connection.execute(select(_findings.revision).where(meant).distinct()).scalars().all()
        if found:
            return list(found)
        changed = _changes.revision.startswith(reference, autoescape=True)
        return list(connection.execute(select(_changes.revision).where(changed).distinct()).scalars())


def ids_of(store: Store, reference: str) -> list[str]:
    """The ids of the findings at a change."""
    with database_errors(store.url), reading(store.engine) as connection:
        return [row["impact_id"] for row in _effect_rows(connection, reference)]


def cases_of(store: Store, ids: Sequence[str]) -> set[tuple[str | None, str]]:
    """The tests behind some findings, by suite and case id."""
    with database_errors(store.url), reading(store.engine) as connection:
        statement = select(_cases.suite, _cases.case_id).where(_cases.impact_id.in_(ids))
        return {(suite, case_id) for suite, case_id in connection.execute(statement)}


def gather(store: Store, reference: str, known: Known) -> ChangePage:
    """Everything about a change. Raises ValueError where the store has nothing that begins so."""
    with database_errors(store.url), reading(store.engine) as connection:
        rows = _effect_rows(connection, reference)
        revision = rows[0]["revision"] if rows else None
        events = _event_rows(connection, reference, rows)
        cases = _moved_cases(connection, [row["impact_id"] for row in rows])
    if not rows and not events:
        raise ValueError(f"the store knows no change that begins with {reference}")
    if not rows:
        revision = events[0]["revision"]
    expected: dict[tuple[str | None, str], str] = {}
    drawn = _Drawn(store, known, expected)
    place = {impact_id: number for number, impact_id in enumerate(known.told_first)}
    ordered = sorted(rows, key=lambda row: (place.get(row["impact_id"], len(place)), _place(row)))
    series = {row["impact_id"]: drawn.series(dict(row)) for row in ordered[:_MOST_SERIES]}
    subjects = dict(known.subjects)
    subjects |= {
        row["revision"]: row["subject"] for row in (*rows, *events) if row["revision"] and row["subject"]
    }
    first = next(iter((*events, *rows)), None)
    return ChangePage(
        revision=revision,
        repository=str(first["repository"]) if first else "",
        subject=subjects.get(revision) if revision else None,
        author=next((row["author"] for row in (*events, *rows) if row["author"]), None),
        changed_at=_moment(min((row["changed_ns"] for row in (*events, *rows)), default=None)),
        files=tuple(map(_file, events)),
        effects=tuple(
            _effect(
                row,
                cases.get(row["impact_id"], ()),
                series=series.get(row["impact_id"]),
                known=known,
                subjects=subjects,
                expected=expected,
            )
            for row in ordered
        ),
        requests_known=bool(known.requests),
        false_findings_percent=known.false_findings_percent,
        around=() if rows else tuple(drawn.around(str(revision))),
    )


def _effect_rows(connection: Connection, reference: str) -> list[RowMapping]:
    """The findings of the commit that is meant; of one that names no commit, what moved where it did."""
    of_commit = select(schema.findings).where(_findings.revision.startswith(reference, autoescape=True))
    if rows := connection.execute(of_commit).mappings().all():
        return list(rows)
    by_id = select(schema.findings).where(_findings.impact_id.startswith(reference, autoescape=True))
    meant = connection.execute(by_id).mappings().first()
    if meant is None:
        return []
    same = select(schema.findings).where(_findings.repository == meant["repository"])
    if meant["revision"] is not None:
        same = same.where(_findings.revision == meant["revision"])
    else:
        same = same.where(
            _findings.revision.is_(None),
            _findings.after_revision == meant["after_revision"],
            _findings.before_revision == meant["before_revision"],
        )
    return list(connection.execute(same).mappings()) or [meant]


def _event_rows(connection: Connection, reference: str, rows: Sequence[RowMapping]) -> list[RowMapping]:
    """What the commit changed; without one, what was switched when the metrics moved."""
    statement = select(schema.changes).order_by(_changes.kind, _changes.path)
    if rows and rows[0]["revision"] is None:
        began = [row["changed_ns"] for row in rows]
        statement = statement.where(
            _changes.source == "telemetry",
            _changes.repository == rows[0]["repository"],
            _changes.changed_ns.between(min(began), max(began)),
        )
    elif rows:
        statement = statement.where(
            _changes.repository == rows[0]["repository"], _changes.revision == rows[0]["revision"]
        )
    else:
        statement = statement.where(_changes.revision.startswith(reference, autoescape=True))
    return list(connection.execute(statement).mappings())


def _moved_cases(connection: Connection, ids: Sequence[str]) -> dict[str, list[RowMapping]]:
    found: dict[str, list[RowMapping]] = {}
    statement = select(schema.finding_cases).where(_cases.impact_id.in_(ids))
    for row in connection.execute(statement).mappings():
        found.setdefault(row["impact_id"], []).append(row)
    for rows in found.values():
        rows.sort(key=lambda row: (-abs((row["after"] or 0.0) - (row["before"] or 0.0)), row["case_id"]))
    return found


def _place(row: RowMapping) -> tuple[Any, ...]:
    """What moved before what cannot be told, wide scopes before narrow ones, the surest first."""
    told = row["verdict"] in TOLD
    width = _SCOPES.index(row["scope_kind"]) if row["scope_kind"] in _SCOPES else len(_SCOPES)
    return (not told, width, -(row["p_change"] or 0.0), row["metric"], row["impact_id"])


def _file(row: RowMapping) -> FileChange:
    return FileChange(
        source=row["source"],
        kind=row["kind"],
        change=row["change"],
        path=row["path"],
        old_path=row["old_path"],
        skill=row["skill"],
        old_value=row["old_hash"],
        new_value=row["new_hash"],
        lines_added=row["lines_added"],
        lines_deleted=row["lines_deleted"],
        old_tokens=row["old_tokens"],
        new_tokens=row["new_tokens"],
        parts=tuple(map(_part, row["parts"] or ())),
        summary=row["summary"] or f"{row['kind']} {row['change']}",
        diff=row["diff"],
    )


def _part(part: Mapping[str, Any]) -> PartChange:
    def text(name: str) -> str | None:
        value = part.get(name)
        return None if value is None else str(value)

    return PartChange(
        text("part") or "", text("name") or "", text("change") or "modified", text("old"), text("new")
    )


def _effect(
    row: RowMapping,
    cases: Sequence[RowMapping],
    *,
    series: Series | None,
    known: Known,
    subjects: Mapping[str, str],
    expected: Mapping[tuple[str | None, str], str],
) -> Effect:
    ratio = (row["attributes"] or {}).get("ratio")
    return Effect(
        impact_id=row["impact_id"],
        metric=row["metric"],
        title=known.titles.get(row["metric"], str(row["metric"]).replace("_", " ")),
        unit=row["unit"],
        more_is_better=bool(row["more_is_better"]),
        scope_kind=row["scope_kind"],
        scope=row["scope"],
        suite=row["suite"],
        environment=row["environment"],
        verdict=row["verdict"],
        status=row["status"],
        sentence=row["sentence"],
        before=row["before"],
        after=row["after"],
        difference=row["difference"],
        low=row["difference_low"],
        high=row["difference_high"],
        ratio=tuple(ratio) if isinstance(ratio, list) and len(ratio) == 3 else None,
        p_change=row["p_change"],
        p_commit=row["p_commit"],
        runs_before=row["runs_before"],
        runs_after=row["runs_after"],
        runs_needed=row["runs_needed"],
        before_revision=row["before_revision"],
        after_revision=row["after_revision"],
        candidates=tuple(
            Candidate(one["revision"], float(one["share"]), subjects.get(one["revision"]))
            for one in row["candidates"] or ()
        ),
        cases=tuple(
            MovedCase(
                case_id=case["case_id"],
                request=known.requests.get((row["suite"], case["case_id"])),
                expected=expected.get((row["suite"], case["case_id"])),
                before=case["before"],
                after=case["after"],
                runs_before=case["runs_before"],
                runs_after=case["runs_after"],
                old_skill=case["old_skill"],
                new_skill=case["new_skill"],
            )
            for case in cases
        ),
        also=tuple(map(str, row["also"] or ())),
        advice=row["advice"],
        series=series,
    )


def _moment(nanoseconds: int | None) -> datetime | None:
    return None if nanoseconds is None else datetime.fromtimestamp(nanoseconds / 1e9, UTC)


class _Drawn:
    """Series around a change. Results of a run are read once; `expected` is filled on the way."""

    def __init__(self, store: Store, known: Known, expected: dict[tuple[str | None, str], str]) -> None:
        self._store = store
        self._known = known
        self._expected = expected
        self._results: dict[str, list[ResultRow]] = {}
        self._lines: dict[str | None, list[tuple[str, list[str]]]] = {}
        runs = schema.runs.c
        statement = select(runs.run_id, runs.suite, runs.environment, runs.department, runs.agent)
        with database_errors(store.url), reading(store.engine) as connection:
            self._runs = {row.run_id: row for row in connection.execute(statement)}

    def series(self, finding: Mapping[str, Any]) -> Series | None:
        """The metric of a finding at the commits around it; None where it cannot be drawn."""
        reads = _READ.get(finding["metric"])
        belongs = _belongs(finding["scope_kind"], finding["scope"])
        if reads is None or belongs is None:
            return None
        line = self._line(finding["suite"])
        places = [commit for commit, _ in line]
        if finding["after_revision"] not in places:
            return None
        centre = places.index(finding["after_revision"])
        near = line[max(0, centre - _AROUND) : centre + _AROUND]
        wanted = [(commit, [run for run in runs if self._is_of(run, finding)]) for commit, runs in near]
        shown = _percent if finding["unit"] == "%" else float
        for read in reads:
            points = [self._point(commit, runs, read, belongs, shown) for commit, runs in wanted]
            found = [point for point in points if point is not None]
            if found:
                before = sum(point is not None for point in points[: min(centre, _AROUND)])
                return Series(tuple(found), before)
        return None

    def around(self, revision: str) -> Iterator[Surroundings]:
        """What most want to see of each suite at the commits around one that no finding is about."""
        place = {commit: number for number, commit in enumerate(self._known.order)}
        for number, suite in enumerate(sorted({run.suite for run in self._runs.values() if run.suite})):
            later = [
                commit
                for commit, _ in self._line(suite)
                if commit == revision or (revision in place and place[commit] >= place[revision])
            ]
            for metric, unit in _AT_A_GLANCE.items() if later else ():
                wanted = {"metric": metric, "unit": unit, "scope_kind": "suite", "scope": suite}
                of_suite = {"suite": suite, "environment": None, "department": None, "agent": None}
                series = self.series({**wanted, **of_suite, "after_revision": later[0]})
                if series is not None:
                    title = self._known.titles.get(metric, metric.replace("_", " "))
                    yield Surroundings(f"around-{number}-{metric}", title, suite, unit, series)

    def _line(self, suite: str | None) -> list[tuple[str, list[str]]]:
        """Commits with their runs, in the order of the history, or of first runs."""
        if suite not in self._lines:
            rows = [row for row in self._store.accuracy_by_commit(suite) if row.commit and not row.dirty]
            runs = {str(row.commit): list(row.run_ids) for row in rows}
            place = {commit: number for number, commit in enumerate(self._known.order)}
            ordered = sorted(runs, key=lambda commit: place.get(commit, -1)) if place else list(runs)
            known = [commit for commit in ordered if not place or commit in place]
            self._lines[suite] = [(commit, runs[commit]) for commit in known]
        return self._lines[suite]

    def _is_of(self, run_id: str, finding: Mapping[str, Any]) -> bool:
        """Whether a run is of the finding's environment, department and agent."""
        run = self._runs[run_id]
        return all(
            finding[name] is None or getattr(run, name) == finding[name]
            for name in ("environment", "department", "agent")
        )

    def _of_run(self, run_id: str) -> list[ResultRow]:
        if run_id not in self._results:
            self._results[run_id] = self._store.results(run_id)
            for result in self._results[run_id]:
                self._expected[result.suite, result.case_id] = _expected(result)
        return self._results[run_id]

    def _point(
        self,
        commit: str,
        runs: Sequence[str],
        read: Callable[[ResultRow], Summands | None],
        belongs: Callable[[ResultRow], bool],
        shown: Callable[[float], float],
    ) -> Point | None:
        known = []
        for run in runs:
            found = [read(result) for result in self._of_run(run) if belongs(result)]
            values = [value for value in found if value is not None]
            if weight := math.fsum(one for _, one in values):
                known.append((math.fsum(one for one, _ in values), weight))
        if not known:
            return None
        total, weight = math.fsum(one for one, _ in known), math.fsum(one for _, one in known)
        limits = wilson(min(total, weight), round(weight)) if shown is _percent and weight >= 1 else None
        return Point(
            revision=commit,
            subject=self._known.subjects.get(commit),
            value=shown(total / weight),
            runs=tuple(shown(one / of) for one, of in known),
            low=None if limits is None else shown(limits[0]),
            high=None if limits is None else shown(limits[1]),
        )


def _percent(share: float) -> float:
    return 100 * share


def _belongs(kind: str, scope: str) -> Callable[[ResultRow], bool] | None:
    of: dict[str, Callable[[ResultRow], bool]] = {
        "suite": lambda _result: True,
        "department": lambda _result: True,
        "agent": lambda _result: True,
        "skill": lambda result: result.expected == scope,
        "category": lambda result: result.category == scope,
        "case": lambda result: result.case_id == scope,
    }
    return of.get(kind)


def _expected(result: ResultRow) -> str:
    return wanted(result.expected, result.clarification_expected, result.alternates) or ""


def _flag(flag: bool | None) -> Summands | None:
    return None if flag is None else (float(flag), 1.0)


def _passed(result: ResultRow) -> Summands | None:
    if result.correct is not None:
        return None
    return _flag({"passed": True, "failed": False, "error": False, "crashed": False}.get(result.outcome))


def _tools(result: ResultRow) -> Summands | None:
    return (float(result.tools_matched or 0), float(result.tools_expected)) if result.tools_expected else None


def _questions(result: ResultRow) -> Summands | None:
    return _flag(result.clarification_asked) if result.clarification_expected is False else None


def _of_calls(amount: Callable[[ResultRow], float | None]) -> Callable[[ResultRow], Summands | None]:
    def read(result: ResultRow) -> Summands | None:
        value = amount(result) if result.calls.calls else None
        return None if value is None else (value, 1.0)

    return read


def _duration(result: ResultRow) -> Summands | None:
    if result.outcome in ("skipped", "not_run") or result.own_duration is None:
        return None
    return (result.own_duration, 1.0)


def _attempts(result: ResultRow) -> Summands | None:
    return (float(result.attempts), 1.0) if result.attempts else None


# How each metric is read from a test; where the first finds nothing, the next.
_READ: Mapping[str, Sequence[Callable[[ResultRow], Summands | None]]] = {
    "routing_accuracy": (lambda result: _flag(result.correct),),
    "pass_rate": (_passed,),
    "tool_use_accuracy": (_tools,),
    "clarification_rate": (_questions,),
    "latency": (_of_calls(lambda result: result.calls.api_latency or None), _duration),
    "cost": (_of_calls(lambda result: result.calls.cost_usd),),
    "tokens": (_of_calls(lambda result: float(result.calls.input_tokens + result.calls.output_tokens)),),
    "retries": (_of_calls(lambda result: float(result.calls.retries)),),
    "attempts": (_attempts,),
}
