"""From cells to the rows that stand for runs: a stretch of time of one deployed version of one agent.

A stretch with few requests is taken together with the next ones. Where one version follows another within a
stretch, what each of them did are two rows, so that no row is of two versions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gnomon_analysis.attribution import fleet_reading as of
from gnomon_analysis.attribution.fleet_reading import Cells
from gnomon_analysis.statistics.model import Floats, Integers

# Requests, or calls, that a row holds at least.
_LEAST = 30
# From this share of the requests on a version is the one that is deployed; what others do beside it (a
# canary, what is left of a roll-out) is left out.
_IN_FORCE = 0.8

Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Deployment:
    """A version of an agent that took over from another; `who` and the versions are numbers of the fleet."""

    who: int
    before: int
    version: int
    moment_ns: int


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows in the order of time: when each began, its sums, its model (-1 for none)."""

    moment_ns: Integers
    sums: Floats
    model: Integers


@dataclass(frozen=True, slots=True)
class Line:
    """Where the cells of one agent stand: by version and stretch the row's moment and its place in the line
    of versions."""

    places: Mapping[Key, tuple[int, int]]
    deployments: Sequence[Deployment]


def lines(cells: Cells, width_ns: int) -> dict[int, Line]:
    """The line of each agent."""
    found: dict[int, Line] = {}
    for who, rows in _by(cells.who):
        found[who] = _line(who, cells, rows, width_ns)
    return _together(found, width_ns)


def rows(cells: Cells, chosen: Integers, line: Line) -> Rows:
    """The rows of some cells of one agent."""
    by_place: dict[tuple[int, int], list[int]] = defaultdict(list)
    for cell in chosen.tolist():
        place = line.places.get((int(cells.version[cell]), int(cells.bucket[cell])))
        if place is not None:
            by_place[place[1], place[0]].append(cell)
    groups: list[tuple[int, int, list[int]]] = []
    weight = 0.0
    for (stage, moment), members in sorted(by_place.items()):
        more = _weight(cells, members)
        if groups and groups[-1][0] == stage and weight < _LEAST:
            groups[-1][2].extend(members)
            weight += more
        else:
            groups.append((stage, moment, list(members)))
            weight = more
    groups = list(_without_rests(groups, cells))
    return Rows(
        np.array([moment for _, moment, _ in groups], dtype=np.int64),
        np.array([cells.sums[members].sum(axis=0) for *_, members in groups]).reshape(
            -1, cells.sums.shape[1]
        ),
        _models([_calls_by_model(cells, members) for *_, members in groups]),
    )


def _without_rests(
    groups: Sequence[tuple[int, int, list[int]]], cells: Cells
) -> Iterator[tuple[int, int, list[int]]]:
    """The last row of a version goes to the one before it where it holds too little."""
    kept: list[tuple[int, int, list[int]]] = []
    for place, group in enumerate(groups):
        last = place + 1 == len(groups) or groups[place + 1][0] != group[0]
        if last and kept and kept[-1][0] == group[0] and _weight(cells, group[2]) < _LEAST:
            kept[-1][2].extend(group[2])
        else:
            kept.append(group)
    yield from kept


def _weight(cells: Cells, members: Sequence[int]) -> float:
    sums = cells.sums[members]
    return float(max(sums[:, of.REQUESTS].sum(), sums[:, of.CALLS].sum()))


def _line(who: int, cells: Cells, mine: Integers, width_ns: int) -> Line:
    """Which version was in force when, and since when."""
    buckets: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for cell in mine.tolist():
        buckets[int(cells.bucket[cell])][int(cells.version[cell])].append(cell)
    places: dict[Key, tuple[int, int]] = {}
    deployments: list[Deployment] = []
    lead, before = -1, 0
    earlier: dict[int, list[int]] = {}
    for bucket, by_version in sorted(buckets.items()):
        weights = {version: _weight(cells, members) for version, members in by_version.items()}
        newest = _leading(weights, lead)
        start = bucket * width_ns
        moment = start
        if lead >= 0 and newest != lead:
            stage = len(deployments)
            if newest in earlier and lead not in by_version:
                moment = max(_first(cells, earlier[newest]), before * width_ns + 1)
                places[newest, before] = (moment, stage + 1)
                deployments.append(Deployment(who, lead, newest, moment))
                moment = start
            else:
                if lead in by_version and newest not in earlier:
                    places[lead, bucket] = (start, stage)
                    moment = max(_first(cells, by_version[newest]), start + 1)
                deployments.append(Deployment(who, lead, newest, moment))
        places[newest, bucket] = (moment, len(deployments))
        lead, earlier, before = newest, by_version, bucket
    return Line(places, deployments)


def _leading(weights: Mapping[int, float], lead: int) -> int:
    """The version in force: another one than before only where it does nearly all of the work."""
    most = max(weights, key=lambda version: (weights[version], version == lead))
    if lead in weights and weights[most] < _IN_FORCE * sum(weights.values()):
        return lead
    return most


def _first(cells: Cells, members: Sequence[int]) -> int:
    return int(cells.first_ns[members].min())


def _together(found: Mapping[int, Line], width_ns: int) -> dict[int, Line]:
    """Agents to which one version came within one stretch of time got it at one moment, the first of these.

    A service is deployed with all its agents, of which the quiet ones are asked later.
    """
    earliest: dict[tuple[int, int], int] = {}
    for line in found.values():
        for one in line.deployments:
            key = one.version, one.moment_ns // width_ns
            earliest[key] = min(earliest.get(key, one.moment_ns), one.moment_ns)

    def moved(moment: int, version: int) -> int:
        start = moment // width_ns * width_ns
        return max(earliest.get((version, moment // width_ns), moment), start + 1)

    told: dict[int, Line] = {}
    for who, line in found.items():
        at = {(one.moment_ns, place): one for place, one in enumerate(line.deployments, start=1)}
        places = {
            key: (moved(moment, key[0]) if (moment, stage) in at else moment, stage)
            for key, (moment, stage) in line.places.items()
        }
        deployments = [replace(one, moment_ns=moved(one.moment_ns, one.version)) for one in line.deployments]
        told[who] = Line(places, deployments)
    return told


def _calls_by_model(cells: Cells, members: Sequence[int]) -> dict[int, float]:
    found: dict[int, float] = defaultdict(float)
    for cell in members:
        if cells.model[cell] >= 0:
            found[int(cells.model[cell])] += float(cells.sums[cell, of.CALLS])
    return found


def _models(by_row: Sequence[Mapping[int, float]]) -> Integers:
    """The model of each row: the one before, as long as it answers a quarter of the calls."""
    found: list[int] = []
    current = -1
    for calls in by_row:
        total = sum(calls.values())
        if total and calls.get(current, 0.0) < total / 4:
            current = max(calls, key=lambda model: (calls[model], -model))
        found.append(current)
    first = next((model for model in found if model >= 0), -1)
    return np.array([first if model < 0 else model for model in found], dtype=np.int64)


def _by(codes: Integers) -> Iterator[tuple[int, Integers]]:
    """The rows of each code."""
    order = np.argsort(codes, kind="stable")
    ends = np.flatnonzero(np.diff(codes[order])) + 1
    for part in np.split(order, ends) if len(order) else ():
        yield int(codes[part[0]]), part
