"""Fleets: which deployed version likely moved what agents do outside of test runs.

Requests in operation have no commit of their own. Time is the line here: a row is a stretch of time of one
deployed version of one agent, and a version that takes over from another is what a movement can be due to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from gnomon.settings import Settings
from gnomon_analysis.attribution import fleet_reading
from gnomon_analysis.attribution.finding import Finding
from gnomon_analysis.attribution.fleet_cycle import without_cycle
from gnomon_analysis.attribution.fleet_judging import DEPLOYMENTS, FleetJudge
from gnomon_analysis.attribution.fleet_periods import lines
from gnomon_analysis.attribution.fleet_reading import Extent
from gnomon_analysis.attribution.fleet_revisions import Revisions
from gnomon_analysis.attribution.fleet_series import HAZARD, everything
from gnomon_analysis.attribution.judging import Draft
from gnomon_analysis.attribution.merging import Merged, merge
from gnomon_analysis.attribution.metrics import FLEET_SCOPES
from gnomon_analysis.attribution.remembering import Memory, Notebook
from gnomon_analysis.attribution.updating import options_of
from gnomon_analysis.changes import History
from gnomon_analysis.statistics import locate
from gnomon_analysis.statistics.model import Integers, Move, Options
from gnomon_analysis.store import Store
from gnomon_analysis.store.opening import database_errors, reading, writing

_HOUR = 3_600_000_000_000
_DAY = 24 * _HOUR
# The newest week is looked at by the hour, so that a deployment shows soon; what was before it by the day.
_BY_HOUR = 7 * _DAY
_BY_DAY = 120 * _DAY
_HOURS_OF_A_DAY = 24
_DAYS_OF_A_WEEK = 7

# Raised whenever the same requests would be judged otherwise.
_VERSION = 2


@dataclass(frozen=True, slots=True)
class _Window:
    """A look: stretches of a width, from a moment on; what begins from `until_ns` on is another look's."""

    width_ns: int
    cycle: int
    since_ns: int
    until_ns: int | None


def update_fleets(
    store: Store,
    settings: Settings,
    histories: Sequence[History] = (),
    *,
    now_ns: int,
    whole: bool = False,
) -> Merged:
    """Looks at what agents did outside of test runs, and writes what moved into the store.

    `histories` are where commits are looked up that were deployed. Nothing is looked at where no request and
    no call is new, unless `whole`. Raises UserError for what the database refuses.
    """
    notebook = Notebook(settings.state_directory, str(store.url), DEPLOYMENTS)
    merged = Merged()
    with database_errors(store.url):
        with reading(store.engine) as connection:
            extent = fleet_reading.extent(connection)
            now = _memory(extent, settings, histories)
            if not extent.requests + extent.calls or (notebook.read() == now and not whole):
                return merged
            windows = list(_windows(extent))
            drafts = [
                draft
                for window in windows
                for draft in _look(connection, window, options_of(settings), Revisions(histories), now_ns)
            ]
        oldest = min(window.since_ns for window in windows)

        def looked_at(finding: Finding) -> bool:
            return finding.scope_kind in FLEET_SCOPES and finding.changed_ns >= oldest

        with writing(store.engine) as connection:
            for repository in (DEPLOYMENTS, *dict.fromkeys(history.name for history in histories)):
                its_own = [draft for draft in drafts if draft.finding.repository == repository]
                told = merge(
                    connection,
                    repository,
                    its_own,
                    looked_at=looked_at,
                    confirmed=lambda _: False,
                    now_ns=now_ns,
                )
                merged.found += told.found
                merged.told += told.told
                merged.moved += told.moved
                merged.withdrawn += told.withdrawn
    notebook.write(now)
    return merged


def fleet_requests(store: Store) -> int:
    """How many requests and model calls outside of test runs a store holds."""
    with database_errors(store.url), reading(store.engine) as connection:
        found = fleet_reading.extent(connection)
    return found.requests + found.calls


def _memory(extent: Extent, settings: Settings, histories: Sequence[History]) -> Memory:
    heads = [(history.name, history.head) for history in histories]
    wanted = repr((_VERSION, settings.changes.attribution, heads))
    return Memory(hashlib.sha256(wanted.encode()).hexdigest()[:16], extent._asdict(), 0)


def _windows(extent: Extent) -> Sequence[_Window]:
    recent = max((extent.last_ns - _BY_HOUR) // _DAY * _DAY, extent.first_ns // _DAY * _DAY)
    hours = _Window(_HOUR, _HOURS_OF_A_DAY, recent, None)
    if recent <= extent.first_ns:
        return [hours]
    since = max(extent.last_ns - _BY_DAY, extent.first_ns) // _DAY * _DAY
    return [_Window(_DAY, _DAYS_OF_A_WEEK, since, recent), hours]


def _look(
    connection: Connection, window: _Window, options: Options, revisions: Revisions, now_ns: int
) -> Sequence[Draft]:
    fleet = fleet_reading.read(connection, window.width_ns, window.since_ns)
    fleet = replace(fleet, cells=without_cycle(fleet.cells, fleet.whos, window.cycle))
    of_agents = lines(fleet.cells, window.width_ns)
    found = everything(fleet, of_agents)
    if not found.agents:
        return []
    options = replace(options, hazard=HAZARD)
    moves = list(locate(found.timeline.size, found.agents, options))
    for series in found.groups:
        # What is said of a member is said in its agent's own series already.
        moves += [move for move in locate(found.timeline.size, series, options) if move.key in found.subjects]
    judge = FleetJudge(
        fleet, found, of_agents, revisions, options=options, width_ns=window.width_ns, now_ns=now_ns
    )
    return judge.drafts([move for move in moves if _within(move, window, found.timeline.moments)])


def _within(move: Move, window: _Window, moments: Integers) -> bool:
    return window.until_ns is None or int(moments[move.first_after]) < window.until_ns
