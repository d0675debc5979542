"""Changes that no commit made, seen in the runs of a suite: model, provider, environment, golden set.

A run is held against the 20 runs before it of the same suite in the same environment. A model was
switched when more than half of the tests that called it before, and ran again, call another one: so it
does not matter that only some tests were run, or that one test fell back to another model. A model is
what the provider says it was, where both runs know it, else what was asked for. An environment counts as
switched when none of the suite's 20 runs before was in it, so that suites which run in two environments
in turn switch once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from gnomon_analysis.changes.events import TELEMETRY, identity
from gnomon_analysis.store import schema

SWITCHED = "switched"
MODEL, PROVIDER, ENVIRONMENT, GOLDEN_SET = "model", "provider", "environment", "golden_set"

# How far back a run is compared.
WINDOW = 20

_IDS_A_QUERY = 400


class Scope(NamedTuple):
    """What has runs that follow each other: a suite of a repository, in an environment (None: in any)."""

    repository: str
    suite: str
    environment: str | None


@dataclass(frozen=True, slots=True)
class Run:
    """What a run was made with."""

    run_id: str
    started_ns: int
    scope: Scope
    revision: str | None
    department: str | None
    agent: str | None
    golden_set_version: str | None


class Called(NamedTuple):
    """What a test called most: the model asked for, the one that answered, and whose it is."""

    requested: str | None
    answered: str | None
    provider: str | None


@dataclass(frozen=True, slots=True)
class Switch:
    """One change between runs: `cases` of `of` tests show it, None where it is not of single tests."""

    kind: str
    old: str
    new: str
    before: Run
    run: Run
    cases: int | None = None
    of: int | None = None


def finished_runs(connection: Connection) -> dict[Scope, list[Run]]:
    """All runs of suites that have ended, by suite and environment, in the order in which they began."""
    table = schema.runs
    statement = (
        select(
            *(table.c.run_id, table.c.started_ns, table.c.repository, table.c.suite, table.c.environment),
            *(table.c.revision, table.c.department, table.c.agent, table.c.golden_set_version),
        )
        .where(table.c.complete, table.c.started_ns.is_not(None), table.c.suite.is_not(None))
        .order_by(table.c.started_ns, table.c.run_id)
    )
    found: dict[Scope, list[Run]] = defaultdict(list)
    for row in connection.execute(statement):
        scope = Scope(row.repository or "", row.suite, row.environment or "")
        run = Run(
            *(row.run_id, row.started_ns, scope, row.revision, row.department, row.agent),
            row.golden_set_version,
        )
        found[scope].append(run)
    return dict(found)


def in_any_environment(runs: Mapping[Scope, Sequence[Run]]) -> dict[Scope, list[Run]]:
    """The same runs by suite alone."""
    found: dict[Scope, list[Run]] = defaultdict(list)
    for scope, some in runs.items():
        found[scope._replace(environment=None)] += some
    return {
        scope: sorted(some, key=lambda run: (run.started_ns, run.run_id)) for scope, some in found.items()
    }


def switches(connection: Connection, runs: Sequence[Run], first: int) -> Iterator[Switch]:
    """What was switched by the runs from `first` on, in one suite and environment."""
    start = max(0, first - WINDOW)
    calls = _calls(connection, [run.run_id for run in runs[start:]])
    for place in range(max(first, 1), len(runs)):
        run, before = runs[place], runs[max(0, place - WINDOW) : place]
        yield from _of_models(run, before, calls)
        stated = [one for one in before if one.golden_set_version is not None]
        if stated and run.golden_set_version not in (None, stated[-1].golden_set_version):
            old, new = stated[-1].golden_set_version or "", run.golden_set_version or ""
            yield Switch(GOLDEN_SET, old, new, stated[-1], run)


def environment_switches(runs: Sequence[Run], first: int) -> Iterator[Switch]:
    """Where a suite began to run in an environment that its runs before were not in."""
    for place in range(max(first, 1), len(runs)):
        run, before = runs[place], runs[max(0, place - WINDOW) : place]
        new = run.scope.environment or ""
        if new and new not in {one.scope.environment for one in before}:
            old = before[-1].scope.environment or ""
            yield Switch(ENVIRONMENT, old, new, before[-1], run)


def _calls(connection: Connection, run_ids: Sequence[str]) -> dict[str, dict[str, Called]]:
    """What the tests of some runs called most, by run and test."""
    table = schema.model_calls
    columns = (
        *(table.c.run_id, table.c.case_id, table.c.request_model, table.c.response_model),
        table.c.provider,
    )
    counts: dict[str, dict[str, Counter[Called]]] = defaultdict(lambda: defaultdict(Counter))
    for start in range(0, len(run_ids), _IDS_A_QUERY):
        some = run_ids[start : start + _IDS_A_QUERY]
        statement = (
            select(*columns, func.count().label("calls"))
            .where(table.c.run_id.in_(some), table.c.case_id.is_not(None))
            .group_by(*columns)
        )
        for row in connection.execute(statement):
            called = Called(row.request_model, row.response_model, row.provider)
            counts[row.run_id][row.case_id][called] += row.calls
    return {run_id: {case: _most(seen) for case, seen in cases.items()} for run_id, cases in counts.items()}


def _most(seen: Counter[Any]) -> Any:
    """What was seen most often; of several, the first by name."""
    return min(seen, key=lambda one: (-seen[one], repr(one)))


@dataclass(slots=True)
class _Group:
    """The tests that once called one model: what they call now, and the last run in which they did."""

    now: Counter[str] = field(default_factory=Counter)
    before: list[Run] = field(default_factory=list)


def _of_models(
    run: Run, before: Sequence[Run], calls: Mapping[str, Mapping[str, Called]]
) -> Iterator[Switch]:
    known: dict[str, tuple[Called, Run]] = {}
    for one in before:
        known |= {case: (called, one) for case, called in calls.get(one.run_id, {}).items()}
    models: dict[str, _Group] = defaultdict(_Group)
    providers: dict[str, _Group] = defaultdict(_Group)
    for case, called in calls.get(run.run_id, {}).items():
        if case in known:
            then, last = known[case]
            _note(models, *_models(then, called), last)
            _note(providers, then.provider, called.provider, last)
    for kind, groups in ((MODEL, models), (PROVIDER, providers)):
        for old, group in sorted(groups.items()):
            new = _most(group.now)
            if new != old and 2 * group.now[new] > group.now.total():
                latest = max(group.before, key=lambda one: (one.started_ns, one.run_id))
                yield Switch(kind, old, new, latest, run, group.now[new], group.now.total())


def _models(then: Called, now: Called) -> tuple[str | None, str | None]:
    if then.answered and now.answered:
        return then.answered, now.answered
    return then.requested, now.requested


def _note(groups: dict[str, _Group], old: str | None, new: str | None, last: Run) -> None:
    if old and new:
        groups[old].now[new] += 1
        groups[old].before.append(last)


def rows(found: Iterable[Switch], noticed_ns: int) -> list[dict[str, Any]]:
    """Rows of `skill_change_events`."""
    return [_row(switch, noticed_ns) for switch in found]


def _row(switch: Switch, noticed_ns: int) -> dict[str, Any]:
    run, before = switch.run, switch.before
    shown = f" ({switch.cases} of {switch.of} tests)" if switch.of else ""
    kind = switch.kind.replace("_", " ")
    where = "" if switch.kind == ENVIRONMENT else f" in {run.scope.environment}"
    return {
        "event_id": identity(TELEMETRY, switch.kind, run.run_id, switch.old, switch.new),
        "source": TELEMETRY,
        "repository": run.scope.repository,
        "changed_ns": run.started_ns,
        "noticed_ns": noticed_ns,
        "kind": switch.kind,
        "change": SWITCHED,
        "old_hash": switch.old,
        "new_hash": switch.new,
        "summary": f"suite {run.scope.suite}{where}: {kind} {switch.old} → {switch.new}{shown}",
        "attributes": {
            "suite": run.scope.suite,
            "environment": run.scope.environment,
            "department": run.department,
            "agent": run.agent,
            "run_id": run.run_id,
            "revision": run.revision,
            "run_before": before.run_id,
            "revision_before": before.revision,
            "cases": switch.cases,
            "of": switch.of,
        },
    }
