"""From movements of fleets to findings: which deployed version is named, and what is told only once."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from gnomon_analysis.attribution import finding as words
from gnomon_analysis.attribution import fleet_reading as of
from gnomon_analysis.attribution import fleet_wording, wording
from gnomon_analysis.attribution.finding import Finding, Suspect
from gnomon_analysis.attribution.fleet_periods import Deployment, Line
from gnomon_analysis.attribution.fleet_reading import Fleet, Version
from gnomon_analysis.attribution.fleet_revisions import Revisions
from gnomon_analysis.attribution.fleet_series import Everything, FleetSubject, deployments
from gnomon_analysis.attribution.judging import Draft
from gnomon_analysis.attribution.metrics import Metric
from gnomon_analysis.statistics.fdr import bayesian
from gnomon_analysis.statistics.model import Interval, Move, Options, Verdict

# What holds findings that concern no commit of a repository.
DEPLOYMENTS = "deployments"

_VERDICTS = {
    Verdict.UPSTREAM: words.UPSTREAM,
    Verdict.DRIFT: words.DRIFT,
    Verdict.INCONCLUSIVE: words.INCONCLUSIVE,
    Verdict.NOT_ENOUGH_RUNS: words.NOT_ENOUGH_RUNS,
}
_CLAIMS = frozenset({Verdict.CHANGED, Verdict.UPSTREAM, Verdict.DRIFT})
# From this share of the probability on it is a deployment that a movement came with.
_DEPLOYED = 0.5
_ALSO_SHOWN = 6
_BROUGHT_KEPT = 10
# Movements that begin within so many stretches of time of each other are of one place.
_NEAR = 2
_HOUR = 3_600_000_000_000
_DAY = 24 * _HOUR


@dataclass(frozen=True, slots=True)
class _Seen:
    """A movement, and the deployments that it may be due to with their shares of the probability."""

    move: Move
    subject: FleetSubject
    suspects: Mapping[Deployment, float]
    begins_ns: tuple[int, int]
    switched: str | None

    @property
    def told(self) -> bool:
        return self.move.verdict in _CLAIMS

    @property
    def sign(self) -> int:
        estimate = self.move.difference.estimate
        return (estimate > 0) - (estimate < 0)

    @property
    def has_a_cause(self) -> bool:
        """Whether a deployment, or another model, is known to have come with it."""
        return self.switched is not None or sum(self.suspects.values()) >= _DEPLOYED

    def beside(self, other: _Seen, reach_ns: int) -> bool:
        """Whether both begin at one place."""
        (begin, end), (other_begin, other_end) = self.begins_ns, other.begins_ns
        return (
            self.subject.environment == other.subject.environment
            and begin <= other_end + reach_ns
            and other_begin <= end + reach_ns
        )

    def same(self, other: _Seen, reach_ns: int) -> bool:
        """Whether both are one movement, of one metric of some of the same agents."""
        return (
            self.subject.metric is other.subject.metric
            and self.sign == other.sign
            and not self.subject.whos.isdisjoint(other.subject.whos)
            and self.beside(other, reach_ns)
        )


class FleetJudge:
    """Makes findings of the movements of a fleet."""

    def __init__(
        self,
        fleet: Fleet,
        found: Everything,
        lines: Mapping[int, Line],
        revisions: Revisions,
        *,
        width_ns: int,
        options: Options,
        now_ns: int,
    ) -> None:
        self._fleet = fleet
        self._found = found
        self._lines = lines
        self._revisions = revisions
        self._width = width_ns
        self._options = options
        self._now = now_ns

    def drafts(self, moves: Sequence[Move]) -> list[Draft]:
        """One finding a movement.

        What came with a deployment is told of the agent that was deployed; what came without one of the model
        or the department, if all of it moved, and of the agent otherwise.
        """
        seen: list[_Seen] = []
        large = [self._seen(move) for move in moves if self._matters(move)]
        for one in sorted(_lasting(large), key=_first_told):
            if not any(other.same(one, _NEAR * self._width) for other in seen if other.told or not one.told):
                seen.append(one)
        # What is left out now was in the list that the statistics decided on, and made it look surer.
        sure = np.array([one.move.p_change for one in seen if one.told])
        least = float(sure[bayesian(sure, self._options.false_findings)].min(initial=1.0))
        seen = [one if one.move.p_change >= least else _doubted(one) for one in seen]
        findings = [self._finding(one) for one in seen]
        return [
            Draft(self._with_company(number, seen, findings), (), one.move.first_after)
            for number, one in enumerate(seen)
        ]

    def _matters(self, move: Move) -> bool:
        """Whether a movement of several agents is one of all of them, and large enough.

        Agents that moved up and down at one place are told by themselves.
        """
        subject = self._found.subjects[move.key]
        if subject.scope_kind == "agent":
            return True
        size = move.difference if move.ratio is None else _around_zero(move.ratio)
        least = self._options.least_effects[subject.metric.kind]
        return abs(size.estimate) >= least and (size.low > 0 or size.high < 0)

    def _seen(self, move: Move) -> _Seen:
        subject = self._found.subjects[move.key]
        moments = self._found.timeline.moments
        move = self._levelled(move, subject)
        shares = {int(moments[one.at]): one.share for one in move.candidates}
        at: dict[int, list[Deployment]] = defaultdict(list)
        for one in deployments(self._found, self._lines, subject.whos):
            if one.moment_ns in shares:
                at[one.moment_ns].append(one)
        suspects = {one: shares[moment] / len(several) for moment, several in at.items() for one in several}
        places = shares or {int(moments[at]): 1.0 for at in (move.last_before, move.first_after)}
        span = min(places), max(places)
        few = min(move.runs_before, move.runs_after) < self._options.minimum_runs
        if few and move.verdict in _CLAIMS and sum(suspects.values()) < _DEPLOYED:
            # What all agents show within a few hours is told of a deployment alone.
            move = replace(move, verdict=Verdict.NOT_ENOUGH_RUNS)
        return _Seen(move, subject, suspects, span, self._switched(move, subject))

    def _levelled(self, move: Move, subject: FleetSubject) -> Move:
        """The movement of several agents at the level that their requests come to, by its ratio."""
        if subject.scope_kind == "agent" or move.ratio is None:
            return move
        moments, figure = self._found.timeline.moments, subject.figure
        since, last = int(moments[move.since]), int(moments[move.last_before])
        amount = count = 0.0
        for its in self._found.rows(subject):
            within = (its.moment_ns >= since) & (its.moment_ns <= last)
            amount += float(its.sums[within, figure.amount].sum())
            count += float(its.sums[within, figure.count].sum())
        if not amount or not count:
            return move
        level, ratio = amount / count, move.ratio
        return replace(
            move,
            before=replace(move.before, estimate=level),
            after=replace(move.after, estimate=level * ratio.estimate),
            difference=Interval(
                level * (ratio.estimate - 1), level * (ratio.low - 1), level * (ratio.high - 1)
            ),
        )

    def _switched(self, move: Move, subject: FleetSubject) -> str | None:
        """Which model an agent asks instead of another one since the movement."""
        if subject.scope_kind != "agent" or move.verdict is not Verdict.UPSTREAM:
            return None
        (who,) = subject.whos
        its = self._found.rows_of[who]
        moments = self._found.timeline.moments
        begin = int(moments[min((one.at for one in move.candidates), default=move.first_after)])
        end = int(moments[max((one.at for one in move.candidates), default=move.first_after)])
        before = its.model[its.moment_ns < begin][-1:].tolist()
        after = its.model[its.moment_ns >= max(begin, min(end, int(its.moment_ns.max())))][:1].tolist()
        if not before or not after or before == after:
            return None
        old, new = (self._fleet.models[models[0]] for models in (before, after))
        return f"the model changed from {old or 'none'} to {new or 'none'}"

    def _finding(self, seen: _Seen) -> Finding:
        move, subject = seen.move, seen.subject
        metric = subject.metric
        blamed = self._blamed(seen)
        first, last = (int(self._found.timeline.moments[at]) for at in (move.first_after, move.last_before))
        suspects = self._suspects(seen)
        share = 0.0 if blamed is None else suspects[self._label(blamed, subject)]
        before, after = self._around(seen, blamed, last, first)
        details: dict[str, Any] = {
            "near": self._moment(first),
            "from": self._moment(last),
            "requests": self._requests(seen),
        }
        if move.ratio is not None and all(map(math.isfinite, (move.ratio.low, move.ratio.high))):
            details["ratio"] = [move.ratio.estimate, move.ratio.low, move.ratio.high]
        if seen.switched is not None:
            details["switched"] = seen.switched
        repository, commit = (None, None) if blamed is None else self._commit(blamed.version)
        if commit is not None and blamed is not None:
            details |= self._revisions.said_of(commit)
            details["deployed"] = self._name(blamed.version, blamed.who)
            brought = self._brought(blamed, metric)
            if len(brought) > 1:
                details |= {"brought": brought[:_BROUGHT_KEPT], "commits_brought": len(brought)}
        departments = {self._fleet.whos[who].department for who in subject.whos}
        return Finding(
            impact_id="",
            repository=repository or DEPLOYMENTS,
            suite=None,
            environment=subject.environment,
            department=departments.pop() if len(departments) == 1 else None,
            agent=subject.scope if subject.scope_kind == "agent" else None,
            metric=metric.name,
            unit=metric.unit,
            more_is_better=metric.more_is_better,
            scope_kind=subject.scope_kind,
            scope=subject.scope,
            revision=None if blamed is None else self._label(blamed, subject),
            candidates=tuple(Suspect(label, round(share, 4)) for label, share in suspects.items()),
            before_revision=before,
            after_revision=after,
            changed_ns=first if blamed is None else blamed.moment_ns,
            before=_stored(move.before.estimate * metric.scale + metric.offset),
            after=_stored(move.after.estimate * metric.scale + metric.offset),
            difference=_stored(move.difference.estimate * metric.scale),
            difference_low=_stored(move.difference.low * metric.scale),
            difference_high=_stored(move.difference.high * metric.scale),
            runs_before=move.runs_before,
            runs_after=move.runs_after,
            cases_moved=None,
            p_change=_stored(move.p_change),
            p_commit=None if blamed is None else _stored(move.p_change * share),
            verdict=self._verdict(seen),
            status=words.OPEN,
            runs_needed=move.runs_needed,
            sentence="",
            also=(),
            advice=None,
            found_ns=self._now,
            updated_ns=self._now,
            details=details,
        )

    def _verdict(self, seen: _Seen) -> str:
        if seen.move.verdict in _VERDICTS:
            return _VERDICTS[seen.move.verdict]
        if sum(seen.suspects.values()) < _DEPLOYED:
            # Nothing that was deployed did that.
            return words.UPSTREAM
        return (
            words.IMPROVEMENT if (seen.sign > 0) == seen.subject.metric.more_is_better else words.REGRESSION
        )

    def _blamed(self, seen: _Seen) -> Deployment | None:
        """The deployment to name: one that stands out, and that no other model came with."""
        if seen.move.verdict in (Verdict.UPSTREAM, Verdict.DRIFT) or not seen.suspects:
            return None
        shares = self._suspects(seen)
        best = max(seen.suspects, key=lambda one: (shares[self._label(one, seen.subject)], -one.moment_ns))
        return best if shares[self._label(best, seen.subject)] >= _DEPLOYED else None

    def _suspects(self, seen: _Seen) -> dict[str, float]:
        """Deployments by name, the likeliest first; agents that got one commit at once have it in common."""
        found: dict[str, float] = defaultdict(float)
        for one, share in seen.suspects.items():
            found[self._label(one, seen.subject)] += share
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    def _around(self, seen: _Seen, blamed: Deployment | None, last: int, first: int) -> tuple[str, str]:
        """What was deployed before and after; without a version to name, the moments."""
        if blamed is None:
            return _day(last), self._moment(first)
        return self._name(blamed.before, blamed.who), self._name(blamed.version, blamed.who)

    def _label(self, one: Deployment, subject: FleetSubject) -> str:
        """What a deployment is called: its commit, else agent and version."""
        return self._name(one.version, one.who, commit=True)

    def _name(self, version: int, who: int, *, commit: bool = False) -> str:
        told = self._fleet.versions[version]
        _, revision = self._commit(version)
        if commit and revision is not None:
            return revision
        agent = self._fleet.whos[who].agent
        return f"{agent} {_called(told)}"

    def _commit(self, version: int) -> tuple[str | None, str | None]:
        return self._revisions.commit(self._fleet.versions[version])

    def _brought(self, blamed: Deployment, metric: Metric) -> Sequence[Mapping[str, Any]]:
        before, after = (self._fleet.versions[one] for one in (blamed.before, blamed.version))
        return self._revisions.brought(before, after, metric)

    def _moment(self, moment_ns: int) -> str:
        if self._width != _HOUR:
            return _day(moment_ns)
        return datetime.fromtimestamp(moment_ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M")

    def _requests(self, seen: _Seen) -> list[int]:
        """Requests before and after, over the stretches that the levels are of."""
        move, moments = seen.move, self._found.timeline.moments
        since, last, first, until = (
            int(moments[at]) for at in (move.since, move.last_before, move.first_after, move.until)
        )
        counts = [0.0, 0.0]
        for who in seen.subject.whos & self._found.rows_of.keys():
            its = self._found.rows_of[who]
            for side, (begin, end) in enumerate(((since, last), (first, until))):
                within = (its.moment_ns >= begin) & (its.moment_ns <= end)
                counts[side] += float(its.sums[within, of.REQUESTS].sum())
        return [round(count) for count in counts]

    def _with_company(self, number: int, seen: Sequence[_Seen], findings: Sequence[Finding]) -> Finding:
        finding = findings[number]
        also = [
            f"{wording.what(other)} {wording.movement(other)}"
            for place, other in enumerate(findings)
            if place != number
            and other.told
            and seen[number].beside(seen[place], self._width)
            and not seen[number].subject.whos.isdisjoint(seen[place].subject.whos)
        ]
        finding = replace(finding, also=tuple(also[:_ALSO_SHOWN]))
        finding = replace(finding, advice=fleet_wording.advice(finding))
        return replace(finding, sentence=fleet_wording.sentence(finding))


def _lasting(seen: Sequence[_Seen]) -> list[_Seen]:
    """All but those that came without a cause and went again within a day: incidents change nothing."""
    by_subject: dict[str, list[_Seen]] = defaultdict(list)
    for one in seen:
        by_subject[one.subject.key if one.told else ""].append(one)
    kept = by_subject.pop("", [])
    for several in by_subject.values():
        left = sorted(several, key=lambda one: one.move.first_after)
        while left:
            first = left.pop(0)
            if left and _passed(first, left[0]):
                left.pop(0)
            else:
                kept.append(first)
    return kept


def _passed(first: _Seen, second: _Seen) -> bool:
    """Whether the second takes back what the first one did."""
    if first.has_a_cause or second.has_a_cause or second.begins_ns[0] - first.begins_ns[0] > _DAY:
        return False
    sizes = [_size(one.move) for one in (first, second)]
    return sizes[0] * sizes[1] < 0 and abs(sum(sizes)) <= max(map(abs, sizes)) / 2


def _around_zero(ratio: Interval) -> Interval:
    return Interval(ratio.estimate - 1, ratio.low - 1, ratio.high - 1)


def _size(move: Move) -> float:
    return move.difference.estimate if move.ratio is None else math.log(max(move.ratio.estimate, 1e-9))


def _day(moment_ns: int) -> str:
    return datetime.fromtimestamp(moment_ns / 1e9, UTC).strftime("%Y-%m-%d")


# A model that moved as far as a department is told in its stead: what moves all who ask it is its own.
_FAR_ENOUGH = 1.1


def _first_told(seen: _Seen) -> tuple[bool, bool, bool, float]:
    """What is told comes first; of that agents with a cause of their own, then departments and models, of
    which the one that moved further is the better description, then other agents."""
    agent = seen.subject.scope_kind == "agent"
    far = abs(_size(seen.move)) * (_FAR_ENOUGH if seen.subject.scope_kind == "model" else 1.0)
    return (not seen.told, not (agent and seen.has_a_cause), agent, -far)


def _doubted(seen: _Seen) -> _Seen:
    """The movement without a claim."""
    if not seen.told:
        return seen
    return replace(seen, move=replace(seen.move, verdict=Verdict.INCONCLUSIVE))


def _called(version: Version) -> str:
    if version.version is not None:
        return version.version
    return wording.short(version.revision) or "without a version"


def _stored(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
