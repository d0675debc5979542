"""Findings gathered by commit: what one commit, or one of several, likely did to all metrics and tests.

A finding is about one metric in one scope. A person asks what a commit did: so the findings whose likeliest
commit is the same are told together, and a test that moved is counted once, however many of them it is in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gnomon_analysis.attribution import finding as words
from gnomon_analysis.attribution import metrics
from gnomon_analysis.attribution.finding import Finding, MovedCase, Suspect
from gnomon_analysis.attribution.known_commits import KnownCommit, KnownCommits
from gnomon_analysis.statistics.model import Kind

# From this probability on a commit is called the likely one; below it is one of several.
LIKELY = 0.5
# What a suite is there for is told first, unless something else moved more than twice as far.
_FIRST = frozenset({metrics.ROUTING_ACCURACY, metrics.PASS_RATE, metrics.SUCCESS_RATE})
_FIRST_WEIGHS = 2.0
_PARTS = frozenset({"skill", "category"})


@dataclass(frozen=True, slots=True)
class MovedTest:
    """A test whose rate moved: in the metric that is told first, else in the one where it moved furthest."""

    suite: str | None
    metric: str
    case: MovedCase

    @property
    def case_id(self) -> str:
        """The test's id."""
        return self.case.case_id

    @property
    def before(self) -> float:
        """Its rate before, as a share of 1."""
        return self.case.before or 0.0

    @property
    def after(self) -> float:
        """Its rate after, as a share of 1."""
        return self.case.after or 0.0

    @property
    def better(self) -> bool:
        """Whether it moved for the better."""
        return (self.after > self.before) == metrics.METRICS[self.metric].more_is_better


@dataclass(frozen=True, slots=True)
class CommitMoves:
    """What happened at one place: the findings, the one that says most first, and the tests behind them.

    `revision` is the likeliest commit, or the deployed version; None where none is blamed (another model, a
    drift). `suspects` are the commits of the first finding that names any. `known` is what the repository
    says of `revision`, `after` what it says of the commit from which on metrics were as they are since.
    """

    repository: str
    revision: str | None
    suspects: tuple[Suspect, ...]
    known: KnownCommit | None
    after: KnownCommit | None
    findings: tuple[Finding, ...]
    tests: tuple[MovedTest, ...]

    @property
    def lead(self) -> Finding:
        """The finding that says most."""
        return self.findings[0]

    @property
    def is_named(self) -> bool:
        """Whether one commit is likelier than all others together, for at least one finding."""
        return self.revision is not None and any(one.told and _sure(one) >= LIKELY for one in self.findings)

    @property
    def changed_at(self) -> datetime:
        """When the commit was made; else when the metric was seen to be another one."""
        # What was switched outside of the repository was so when a run showed it, whatever commit it ran at.
        known = self.known or (None if self.lead.verdict == words.UPSTREAM else self.after)
        return self.lead.changed_at if known is None else known.committed_at


def by_commit(
    findings: Sequence[Finding],
    cases: Mapping[str, Sequence[MovedCase]],
    commits: KnownCommits,
    least_effects: Mapping[Kind, float],
) -> list[CommitMoves]:
    """One entry a commit, the newest commit first.

    `cases` are those behind each finding, by its id; `least_effects` the least movements worth telling, in
    which the sizes of different metrics are compared.
    """
    places: dict[tuple[str | None, ...], list[Finding]] = {}
    for one in findings:
        places.setdefault(_place(one), []).append(one)
    found = [
        _moves(told_first(several, least_effects), _likeliest(several[0]), cases, commits)
        for several in places.values()
    ]
    return sorted(found, key=_moment, reverse=True)


def told_first(findings: Sequence[Finding], least_effects: Mapping[Kind, float]) -> list[Finding]:
    """The findings at one place, the one that says most first; `least_effects` are those of `by_commit`."""

    def order(one: Finding) -> tuple[bool, bool, int, float]:
        return (not one.told, _sure(one) < LIKELY, _rank(one), -_size(one, least_effects))

    return sorted(findings, key=order)


def _place(finding: Finding) -> tuple[str | None, ...]:
    """What findings have in common that are told together."""
    if finding.verdict == words.UPSTREAM:
        return (finding.repository, words.UPSTREAM, finding.after_revision, finding.details.get("switched"))
    if finding.verdict == words.DRIFT:
        return (finding.repository, words.DRIFT, finding.before_revision, finding.after_revision)
    return (finding.repository, _likeliest(finding))


def _likeliest(finding: Finding) -> str | None:
    """The commit that a finding is told under; one is likeliest even where none stands out."""
    if finding.verdict in (words.UPSTREAM, words.DRIFT):
        return None
    if finding.revision is not None:
        return finding.revision
    return finding.candidates[0].revision if finding.candidates else finding.after_revision


def _moves(
    findings: Sequence[Finding],
    revision: str | None,
    cases: Mapping[str, Sequence[MovedCase]],
    commits: KnownCommits,
) -> CommitMoves:
    return CommitMoves(
        repository=findings[0].repository,
        revision=revision,
        suspects=next((one.candidates for one in findings if one.candidates), ()),
        known=commits.find(revision),
        after=commits.find(findings[0].after_revision),
        findings=tuple(findings),
        tests=tuple(_tests(findings, cases)),
    )


def _tests(findings: Sequence[Finding], cases: Mapping[str, Sequence[MovedCase]]) -> Iterator[MovedTest]:
    """Each test whose rate moved once, those that moved furthest first."""
    first = findings[0].metric
    found: dict[tuple[str | None, str], MovedTest] = {}
    for finding in findings:
        if finding.unit != "%" or not finding.told:
            continue  # Time and money move in all tests at once.
        for case in cases.get(finding.impact_id, ()):
            if case.before is None or case.after is None or case.before == case.after:
                continue
            moved = MovedTest(finding.suite, finding.metric, case)
            known = found.get((finding.suite, case.case_id))
            if known is None or _weight(moved, first) > _weight(known, first):
                found[finding.suite, case.case_id] = moved
    yield from sorted(found.values(), key=lambda test: (-_distance(test), test.suite or "", test.case_id))


def _weight(test: MovedTest, first: str) -> tuple[bool, float]:
    return test.metric == first, _distance(test)


def _distance(test: MovedTest) -> float:
    return abs(test.after - test.before)


def _rank(finding: Finding) -> int:
    """What is told first: whether answers are right, as a whole, then of skills; then time and money."""
    if finding.verdict == words.UNCHANGED:
        return 3
    if finding.scope_kind == "case":
        return 4
    if finding.unit != "%":
        return 2
    return 1 if finding.scope_kind in _PARTS else 0


def _sure(finding: Finding) -> float:
    """How sure it is that it was this commit; what no commit is blamed for is told in a place of its own."""
    if finding.verdict in (words.UPSTREAM, words.DRIFT):
        return 1.0
    return finding.p_commit or 0.0


def _size(finding: Finding, least_effects: Mapping[Kind, float]) -> float:
    """How far a metric moved, in least effects worth telling."""
    kind = finding.kind
    difference = abs(finding.difference or 0.0)
    if kind.kind is Kind.PROPORTION:
        size = difference / kind.scale
    elif (ratio := finding.details.get("ratio")) is not None:
        size = abs(ratio[0] - 1)
    else:
        size = difference / abs(finding.before) if finding.before else 0.0
    size /= max(least_effects.get(kind.kind, 1.0), 1e-9)
    return size * _FIRST_WEIGHS if kind in _FIRST else size


def _moment(moves: CommitMoves) -> tuple[datetime, int]:
    known = moves.known or moves.after
    return moves.changed_at, -1 if known is None else known.position
