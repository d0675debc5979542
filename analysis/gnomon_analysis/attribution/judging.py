"""From movements of series to findings: verdicts, suspects, what moved with it, what to do next."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gnomon_analysis.attribution import advising, wording
from gnomon_analysis.attribution import finding as words
from gnomon_analysis.attribution.finding import Finding, MovedCase, Suspect, overlap, suspects
from gnomon_analysis.attribution.metrics import SCOPE_KINDS
from gnomon_analysis.attribution.series import Subject, case_of
from gnomon_analysis.attribution.suite import Suite
from gnomon_analysis.changes import History
from gnomon_analysis.statistics.model import Interval, Kind, Move, Verdict

_VERDICTS = {
    Verdict.UPSTREAM: words.UPSTREAM,
    Verdict.DRIFT: words.DRIFT,
    Verdict.INCONCLUSIVE: words.INCONCLUSIVE,
    Verdict.NOT_ENOUGH_RUNS: words.NOT_ENOUGH_RUNS,
}

_ALSO_SHOWN = 8
# What two findings must share of the probability of their commits to be told as one place.
_SAME_PLACE = 0.2


@dataclass(frozen=True, slots=True)
class Draft:
    """A finding that is not in the store yet, with the cases behind it and the place it was found at."""

    finding: Finding
    cases: tuple[MovedCase, ...]
    first_after: int


@dataclass(frozen=True, slots=True)
class _Seen:
    """A movement with what its series is about."""

    move: Move
    subject: Subject
    cases: tuple[MovedCase, ...]
    sign: int
    """1 for a rise, -1 for a fall; 0 for cases that made up for one another."""

    @property
    def places(self) -> frozenset[int]:
        """The commits that it may be due to."""
        named = frozenset(candidate.at for candidate in self.move.candidates)
        return named or frozenset(range(self.move.last_before + 1, self.move.first_after + 1))

    @property
    def told(self) -> bool:
        return self.move.verdict in (Verdict.CHANGED, Verdict.UPSTREAM, Verdict.DRIFT)

    def speaks_for(self, other: _Seen) -> bool:
        """Whether the other is the same movement in a narrower scope."""
        return (
            self.subject.metric is other.subject.metric
            and self.sign == other.sign
            and (self.told or not other.told)
            and not self.places.isdisjoint(other.places)
        )


class Judge:
    """Makes findings of the movements in one suite."""

    def __init__(self, suite: Suite, history: History, least: Mapping[Kind, float], now_ns: int) -> None:
        self._suite = suite
        self._least = least
        self._history = history
        self._now = now_ns
        self._seen: list[_Seen] = []

    def hear(self, moves: Sequence[tuple[Move, Subject]]) -> list[float]:
        """Takes in movements, and leaves out what a wider scope tells already.

        Answers the probabilities of those that claim that something moved, which `drafts` goes by.
        """
        for one in sorted((self._seen_as(move, subject) for move, subject in moves), key=_width):
            if not any(wider.speaks_for(one) for wider in self._seen if _absorbs(wider.subject, one.subject)):
                self._seen.append(one)
        return [one.move.p_change for one in self._seen if one.told]

    def drafts(self, least: float) -> list[Draft]:
        """One finding a movement; those that claim something with less than `least` are left open."""
        drafts = [self._draft(one if one.move.p_change >= least else _doubted(one)) for one in self._seen]
        return [self._with_company(draft, drafts) for draft in drafts]

    def _seen_as(self, move: Move, subject: Subject) -> _Seen:
        """A movement with the cases behind it, and with the size that the cases come to."""
        span = (move.since, move.last_before, move.first_after, move.until)
        members = frozenset(case_of(key) for key in move.members)
        cases = tuple(self._suite.moved_cases(subject, span, members))
        if subject.metric.kind is Kind.PROPORTION and subject.scope_kind != "case":
            move = _resized(move, self._suite.rates(subject, span))
        return _Seen(move, subject, cases, self._sign(move, subject, cases))

    def _sign(self, move: Move, subject: Subject, cases: Sequence[MovedCase]) -> int:
        estimate = move.difference.estimate
        sign = (estimate > 0) - (estimate < 0)
        if not move.members or not move.difference.low <= 0 <= move.difference.high:
            return sign
        # The cases that moved tell which way all of them went better than all of them do with their noise.
        net = sum((case.after or 0.0) - (case.before or 0.0) for case in cases)
        least = self._least.get(subject.metric.kind, 0.0) * self._suite.count_cases(subject)
        return sign if net * sign >= max(least, 1e-9) else 0

    def _draft(self, seen: _Seen) -> Draft:
        move, subject, history = seen.move, seen.subject, self._history
        metric = subject.metric
        place = move.place if move.verdict in (Verdict.CHANGED, Verdict.INCONCLUSIVE) else None
        revision = None if place is None else history.revisions[place]
        run = self._suite.first_run(move.first_after)
        newest = self._suite.runs[-1]
        stretch = (move.since, move.last_before, move.first_after, move.until)
        runs_before, runs_after = self._suite.runs_in(subject, stretch)
        span = self._sized(seen)
        details: dict[str, object] = {}
        if revision is not None:
            details |= {"subject": revision.subject, "author": revision.author}
        if move.ratio is not None and all(map(math.isfinite, (move.ratio.low, move.ratio.high))):
            details["ratio"] = [move.ratio.estimate, move.ratio.low, move.ratio.high]
        if len(move.candidates) > 1:
            details["between"] = self._between([one.at for one in move.candidates])
        if move.verdict is Verdict.INCONCLUSIVE:
            details["commits"] = list(self._suite.commits_in(subject, stretch))
        switches = self._suite.switches(move.last_before, move.first_after)
        if switches:
            details["switched"] = " and ".join(switches)
        finding = Finding(
            impact_id="",
            repository=history.name,
            suite=subject.suite,
            environment=subject.environment,
            department=newest.department,
            agent=newest.agent,
            metric=metric.name,
            unit=metric.unit,
            more_is_better=metric.more_is_better,
            scope_kind=subject.scope_kind,
            scope=subject.scope,
            revision=None if revision is None else revision.commit,
            candidates=tuple(
                Suspect(history.revisions[one.at].commit, round(float(one.share), 4))
                for one in move.candidates
            ),
            before_revision=history.revisions[move.last_before].commit,
            after_revision=history.revisions[move.first_after].commit,
            changed_ns=history.revisions[move.first_after].committed_ns if run is None else run.started_ns,
            before=_stored(move.before.estimate * metric.scale + metric.offset),
            after=_stored(move.after.estimate * metric.scale + metric.offset),
            difference=_stored(span.estimate * metric.scale),
            difference_low=_stored(span.low * metric.scale),
            difference_high=_stored(span.high * metric.scale),
            runs_before=runs_before,
            runs_after=runs_after,
            cases_moved=len(seen.cases),
            p_change=_stored(move.p_change),
            p_commit=None if revision is None else _stored(move.p_place),
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
        return Draft(finding, seen.cases, move.first_after)

    def _between(self, suspects: Sequence[int]) -> list[str]:
        """The measured commits around all suspects."""
        good = self._suite.measured_before(min(suspects))
        bad = self._suite.measured_from(max(suspects))
        ends = (min(suspects) if good is None else good, max(suspects) if bad is None else bad)
        return [self._history.revisions[end].commit for end in ends]

    def _verdict(self, seen: _Seen) -> str:
        if seen.move.verdict in _VERDICTS:
            return _VERDICTS[seen.move.verdict]
        if seen.sign == 0:
            return words.UNCHANGED
        better = (seen.sign > 0) == seen.subject.metric.more_is_better
        return words.IMPROVEMENT if better else words.REGRESSION

    def _sized(self, seen: _Seen) -> Interval:
        """The difference; with no end where there is no scatter to tell one from."""
        difference = seen.move.difference
        low = difference.low if math.isfinite(difference.low) else difference.estimate
        high = difference.high if math.isfinite(difference.high) else difference.estimate
        return Interval(difference.estimate, low, high)

    def _with_company(self, draft: Draft, drafts: Sequence[Draft]) -> Draft:
        finding = replace(draft.finding, also=tuple(self._also(draft, drafts))[:_ALSO_SHOWN])
        finding = replace(finding, advice=advising.advice(finding, self._suite.cost_of_a_run))
        return replace(draft, finding=replace(finding, sentence=wording.sentence(finding)))

    def _also(self, draft: Draft, drafts: Sequence[Draft]) -> list[str]:
        """What else moved or was changed at the same place."""
        here = suspects(draft.finding)
        moved = [
            f"{wording.what(other.finding)} {wording.movement(other.finding)}"
            for other in drafts
            if other is not draft
            and other.finding.told
            and overlap(here, suspects(other.finding)) >= _SAME_PLACE
        ]
        place = self._history.position(draft.finding.revision or "")
        touched = [] if place is None else self._history.changed_files(place)
        changed = [
            f"{file.kind} {file.skill or file.path} was {file.change}".replace("_", " ") for file in touched
        ]
        switched = draft.finding.details.get("switched")
        beside = [switched] if switched and draft.finding.verdict != words.UPSTREAM else []
        return [*moved[:4], *beside, *changed]


def _resized(move: Move, rates: tuple[float, float, Interval] | None) -> Move:
    """The movement with other levels."""
    if rates is None:
        return move
    before, after, difference = rates
    return replace(
        move,
        before=replace(move.before, estimate=before),
        after=replace(move.after, estimate=after),
        difference=difference,
    )


def _doubted(seen: _Seen) -> _Seen:
    """The movement without a claim."""
    if not seen.told:
        return seen
    return replace(seen, move=replace(seen.move, verdict=Verdict.INCONCLUSIVE))


def _stored(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _width(seen: _Seen) -> tuple[int, int, float]:
    """The widest scope first; in it what is told, the surest first."""
    return (SCOPE_KINDS.index(seen.subject.scope_kind), not seen.told, -seen.move.p_change)


def _absorbs(wider: Subject, narrower: Subject) -> bool:
    """Whether a finding of one scope leaves nothing to tell in the other.

    A skill has an owner, who is told of it beside the suite's; money and time are told once.
    """
    order = SCOPE_KINDS.index
    if order(wider.scope_kind) >= order(narrower.scope_kind):
        return wider == narrower
    return narrower.scope_kind != "skill" or wider.metric.kind is not Kind.PROPORTION
