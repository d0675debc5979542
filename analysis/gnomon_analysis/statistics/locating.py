"""Which change moved which series: all views of all series, and what is told of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gnomon_analysis.statistics import movements, placing, pooling
from gnomon_analysis.statistics.decision import Finding, decide, settled
from gnomon_analysis.statistics.lines import Line, line
from gnomon_analysis.statistics.model import Floats, Kind, Move, Options, Series, Verdict
from gnomon_analysis.statistics.movements import Movement
from gnomon_analysis.statistics.pooling import Event, Family
from gnomon_analysis.statistics.segmentation import Cut

# A commit weighs 1 + so many times the expected number of other series that move there.
_SHARED = 2.0
_MOST_SHARED = 20.0
# From this probability of its own on, a series is named as one of those that moved together: once the event
# is settled, and before.
_MEMBER, _NEW_MEMBER = 0.85, 0.97
# Commits measured before those that are asked about which say what the level was.
_CONTEXT = 100


@dataclass(frozen=True, slots=True, eq=False)
class _Member:
    """A series of a family: its line, and the weight of each commit for it."""

    key: str
    line: Line
    weights: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What is seen of a family: each member's movements, those of its rate, and its events."""

    members: Sequence[_Member]
    hazards: Sequence[Floats]
    of_members: Sequence[Sequence[Movement]]
    weights: Floats
    rate: Sequence[Movement]
    events: Sequence[Event]
    family: Family | None


def locate(history_size: int, series: Sequence[Series], options: Options, *, since: int = 0) -> list[Move]:
    """Finds what moved in a history, where, by how much and how sure.

    Three views of the series of each family go into one list of decisions: each alone, all pooled for a
    commit at which some of them move, and their mean. A series is likelier to move where others of its
    family do; the place is weighed by what series of other families do, too. `history_size` is the number
    of commits; positions in `series` are from 0 up to it. The moves come in the order of the history.

    With `since` only what moved at that commit or later is looked for, from the runs of the 100 commits that
    were measured before it on: enough where runs were added to a long history whose earlier findings stand.

    Raises ValueError for positions outside the history, rows out of order, or arrays of different lengths.
    """
    families: dict[tuple[str, Kind], list[_Member]] = defaultdict(list)
    for one in series:
        _check(history_size, one)
        recent = _recent(one, since)
        if recent.at.size:
            member = _Member(one.key, line(recent), placing.weights(one.prior, history_size))
            families[one.family, one.kind].append(member)
    seen = {name: _seen(members, options) for name, members in families.items()}
    expected = {name: _expected(found, history_size) for name, found in seen.items()}
    everywhere = np.sum(list(expected.values()), axis=0) if expected else np.zeros(history_size)
    findings: list[Finding] = []
    for name, found in seen.items():
        elsewhere = np.clip(everywhere - expected[name], 0.0, _MOST_SHARED)
        findings += _findings(name[0], found, 1 + _SHARED * elsewhere)
    return decide([found for found in findings if found.line.at[found.cut.gap] >= since], options)


def _recent(one: Series, since: int) -> Series:
    """The runs from `since` on, and those of some commits before it; none where none is from then on."""
    if since <= 0 or not one.at.size:
        return one
    row = int(np.searchsorted(one.at, since))
    if row == one.at.size:
        start = row
    else:
        commits = np.flatnonzero(np.diff(one.at[: row + 1]))
        start = int(commits[-_CONTEXT - 1]) + 1 if commits.size > _CONTEXT else 0
    return replace(
        one, at=one.at[start:], value=one.value[start:], trials=one.trials[start:], tag=one.tag[start:]
    )


def _check(history_size: int, one: Series) -> None:
    lengths = {len(one.at), len(one.value), len(one.trials), len(one.tag)}
    if len(lengths) != 1:
        raise ValueError(f"series {one.key}: positions, values, trials and tags differ in length")
    if one.at.size and (one.at.min() < 0 or one.at.max() >= history_size or (np.diff(one.at) < 0).any()):
        raise ValueError(f"series {one.key}: positions must rise from 0 to below {history_size}")
    if one.prior is not None and len(one.prior) != history_size:
        raise ValueError(
            f"series {one.key}: the prior must have one weight for each of {history_size} commits"
        )


def _seen(members: Sequence[_Member], options: Options) -> _Seen:
    weights = np.mean([member.weights for member in members], axis=0)
    own = options.hazard / len(members) ** 0.25
    hazards = [own * member.weights for member in members]
    events: list[Event] = []
    rate: list[Movement] = []
    family = None
    if len(members) > 1:
        family = pooling.family([member.line for member in members])
        hazard = options.hazard * len(members) ** 0.25
        events = pooling.events(family, hazard, [member.weights for member in members])
        rate = movements.movements(pooling.rate(family), options.hazard * weights)
        for event in events:
            for place, member in enumerate(members):
                hazards[place] = hazards[place] + _mass(event, event.without[place], member.weights)
    lively = np.ones(1, dtype=np.bool_) if family is None else pooling.lively(family, hazards)
    alone = [
        movements.movements(member.line, hazard) if moved else []
        for member, hazard, moved in zip(members, hazards, lively, strict=True)
    ]
    return _Seen(members, hazards, alone, weights, rate, events, family)


def _mass(event: Event, of_gap: Floats, weights: Floats) -> Floats:
    """What is said of gaps, shared among their commits."""
    found = np.zeros(len(weights))
    commits, shares, _ = placing.spread(event.frame, event.cut.gaps, of_gap, weights)
    np.add.at(found, commits, shares)
    return found


def _expected(found: _Seen, history_size: int) -> Floats:
    """Expected number of series of a family that move at each commit."""
    total = np.zeros(history_size)
    for member, hazard, moves in zip(found.members, found.hazards, found.of_members, strict=True):
        for movement in moves:
            if movement.verdict is Verdict.CHANGED:
                where = placing.place(member.line, movement.cut, hazard)
                np.add.at(total, where.commits, movement.cut.probability * where.shares)
    return total


def _findings(name: str, found: _Seen, shared: Floats) -> list[Finding]:
    findings: list[Finding] = []
    pooled = np.zeros(len(shared))
    for event in found.events:
        where = placing.place(event.frame, event.cut, found.weights)
        np.add.at(pooled, where.commits, event.cut.probability * where.shares)
    for member, hazard, moves in zip(found.members, found.hazards, found.of_members, strict=True):
        for movement in moves:
            one = _finding(member.key, movement, hazard, shared)
            borne_out = float(pooled[[candidate.at for candidate in one.place.candidates]].sum()) > 0.5
            findings.append(replace(one, pooled=borne_out))
    return findings + _of_family(name, found, shared)


def _finding(key: str, movement: Movement, hazard: Floats, shared: Floats) -> Finding:
    cut = _reweighed(movement.line, movement.cut, hazard, shared)
    where = placing.place(movement.line, cut, hazard * shared)
    return Finding(
        key,
        movement.verdict,
        movement.line,
        cut,
        where,
        cut.probability,
        sloped=movement.sloped,
        pooled=False,
    )


def _reweighed(line_: Line, cut: Cut, hazard: Floats, shared: Floats) -> Cut:
    """Weighs the places of a change by what other families do there."""
    running = np.concatenate([[0.0], np.cumsum(hazard)])
    raised = np.concatenate([[0.0], np.cumsum(hazard * shared)])
    low, high = line_.at[cut.gaps - 1] + 1, line_.at[cut.gaps] + 1
    plain = running[high] - running[low]
    factor = np.where(plain > 0, (raised[high] - raised[low]) / np.where(plain > 0, plain, 1.0), 1.0)
    shares = cut.shares * factor
    shares = shares / shares.sum()
    return replace(cut, shares=shares, gap=int(cut.gaps[int(np.argmax(shares))]))


def _of_family(name: str, found: _Seen, shared: Floats) -> list[Finding]:
    """The events of a family and the steps of its rate, those of one place as one."""
    if found.family is None:
        return []
    of_rate = [_finding(name, movement, found.weights, shared) for movement in found.rate]
    line_ = pooling.rate(found.family)
    findings: list[Finding] = []
    for event in found.events:
        cut = _reweighed(line_, event.cut, found.weights, shared)
        where = placing.place(line_, cut, found.weights * shared)
        members = tuple(
            member.key
            for member, probability in zip(found.members, event.members, strict=True)
            if probability > (_MEMBER if settled(event.cut) else _NEW_MEMBER)
        )
        one = Finding(
            name,
            Verdict.CHANGED,
            line_,
            cut,
            where,
            cut.probability,
            sloped=0.0,
            pooled=True,
            members=members,
        )
        same = [other for other in of_rate if _meet(one, other)]
        of_rate = [other for other in of_rate if not _meet(one, other)]
        if _steps(one, found):
            # A staircase of steps looks like a slope in the mean; what moved here did not.
            same = [other for other in same if other.verdict is not Verdict.DRIFT]
        surest = max([one, *same], key=lambda each: (each.cut.log_odds, each.members))
        findings.append(replace(surest, members=members))
    return findings + of_rate


def _steps(event: Finding, found: _Seen) -> bool:
    """Whether any of the series that moved together took a step there by itself, and no slope."""
    commits = {candidate.at for candidate in event.place.candidates}
    return any(
        movement.verdict is Verdict.CHANGED and int(movement.line.at[movement.cut.gap]) in commits
        for member, moves in zip(found.members, found.of_members, strict=True)
        if member.key in event.members
        for movement in moves
    )


def _meet(one: Finding, other: Finding) -> bool:
    return bool(
        {candidate.at for candidate in one.place.candidates}
        & {candidate.at for candidate in other.place.candidates}
    )
