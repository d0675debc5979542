"""What becomes of stored findings when later looks see the same, something else, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from gnomon_analysis.attribution import Finding, MovedCase, Suspect, find, findings, moved_cases
from gnomon_analysis.attribution.judging import Draft
from gnomon_analysis.attribution.merging import Merged, merge
from gnomon_analysis.store import Store
from gnomon_analysis.store.opening import writing

A, B, C, D = (letter * 40 for letter in "abcd")


def finding(**other: object) -> Finding:
    plain = Finding(
        impact_id="",
        repository="desk",
        suite="routing",
        environment="test",
        department=None,
        agent=None,
        metric="routing_accuracy",
        unit="%",
        more_is_better=True,
        scope_kind="suite",
        scope="routing",
        revision=B,
        candidates=(Suspect(B, 0.9), Suspect(C, 0.1)),
        before_revision=A,
        after_revision=C,
        changed_ns=1000,
        before=80.0,
        after=60.0,
        difference=-20.0,
        difference_low=-30.0,
        difference_high=-10.0,
        runs_before=9,
        runs_after=8,
        cases_moved=1,
        p_change=0.99,
        p_commit=0.89,
        verdict="regression",
        status="open",
        runs_needed=None,
        sentence="It fell.",
        also=("the cost rose",),
        advice=None,
        found_ns=1,
        updated_ns=1,
        details={"subject": "Shorten"},
    )
    return replace(plain, **other)  # type: ignore[arg-type]


def written(
    store: Store,
    *drafts: Finding,
    now: int = 1,
    looked_at: bool = True,
    confirmed: bool = False,
    cases: Sequence[MovedCase] = (MovedCase("D01", 1.0, 0.2, 9, 8, "alpha", ""),),
) -> Merged:
    with writing(store.engine) as connection:
        return merge(
            connection,
            "desk",
            [Draft(replace(one, found_ns=now, updated_ns=now), tuple(cases), 2) for one in drafts],
            looked_at=lambda _: looked_at,
            confirmed=lambda _: confirmed,
            now_ns=now,
        )


@pytest.fixture
def store(any_store: Store) -> Store:
    return any_store


def test_a_new_finding_is_written_whole(store: Store) -> None:
    """Row and cases come back as they were put in, on both databases."""
    (new,) = written(store, finding()).found

    (stored,) = findings(store)
    assert stored == finding(impact_id=new)
    assert moved_cases(store, new) == [MovedCase("D01", 1.0, 0.2, 9, 8, "alpha", "")]


def test_the_same_finding_keeps_its_id(store: Store) -> None:
    """It is the same where suspects overlap; what it said before is remembered."""
    (first,) = written(store, finding()).found

    merged = written(
        store, finding(revision=C, candidates=(Suspect(C, 0.96),), p_commit=0.95), now=5, cases=()
    )

    (stored,) = findings(store)
    assert (merged.found, merged.moved, merged.withdrawn) == ([], [first], [])
    assert (stored.impact_id, stored.revision, stored.found_ns, stored.updated_ns) == (first, C, 1, 5)
    assert stored.details["was"] == [
        {"until_ns": 5, "verdict": "regression", "revision": B, "status": "open"}
    ]
    assert moved_cases(store, first) == []


def test_nothing_new_writes_nothing(store: Store) -> None:
    """A last digit is no news: the row keeps the moment of its last change."""
    written(store, finding())

    assert written(store, finding(p_change=0.9901), now=9).moved == []
    assert findings(store)[0].updated_ns == 1


@pytest.mark.parametrize(
    "other",
    [
        {"suite": "billing"},
        {"environment": "ci"},
        {"metric": "pass_rate"},
        {"scope_kind": "skill", "scope": "alpha"},
        {"difference": 20.0, "verdict": "improvement"},
        {"candidates": (Suspect(D, 1.0),), "revision": D},
    ],
)
def test_another_finding_gets_an_id_of_its_own(store: Store, other: dict[str, object]) -> None:
    """Another suite, environment, metric, scope, direction or place is another finding."""
    written(store, finding())
    merged = written(store, finding(), finding(**other), now=2)

    assert len(merged.found) == 1
    assert len({one.impact_id for one in findings(store)}) == 2


def test_what_is_no_longer_seen_is_withdrawn_and_may_come_back(store: Store) -> None:
    """A finding that was told is taken back where everybody can see it, and reopened under its id."""
    (first,) = written(store, finding()).found

    assert written(store, now=3).withdrawn == [first]
    assert findings(store) == []
    assert [one.status for one in findings(store, withdrawn=True)] == ["withdrawn"]
    assert [one.status for one in find(store, first)] == ["withdrawn"]
    assert written(store, now=4).withdrawn == []

    assert written(store, finding(), now=6).moved == [first]
    (again,) = findings(store)
    assert (again.impact_id, again.status) == (first, "open")
    assert [said["status"] for said in again.details["was"]] == ["withdrawn"]


def test_what_was_not_looked_at_stays(store: Store) -> None:
    """A look at the newest commits takes back nothing that is older."""
    written(store, finding())
    assert written(store, looked_at=False).withdrawn == []
    assert len(findings(store)) == 1


def test_what_never_was_told_goes_without_a_word(store: Store) -> None:
    """That there were not enough runs is no finding that anybody relied on."""
    written(store, finding(verdict="not_enough_runs"))
    assert written(store, now=2).withdrawn == []
    assert findings(store, withdrawn=True) == []


def test_a_guess_that_proves_true_keeps_its_id(store: Store) -> None:
    """From inconclusive to regression it is one finding; withdrawn later, it stays visible."""
    (first,) = written(store, finding(verdict="inconclusive")).found
    written(store, finding(), now=2)
    written(store, now=3)
    (stored,) = findings(store, withdrawn=True)
    assert (stored.impact_id, stored.status, stored.verdict) == (first, "withdrawn", "regression")


def test_confirmation_lasts_until_another_commit_is_named(store: Store) -> None:
    """Reruns confirm a finding once; it is open again when it names another commit."""
    (first,) = written(store, finding()).found
    assert written(store, finding(), now=2, confirmed=True).confirmed == [first]
    assert written(store, finding(), now=3, confirmed=True).confirmed == []
    assert findings(store)[0].status == "confirmed"
    written(store, finding(revision=C), now=4)
    assert findings(store)[0].status == "open"


def test_drafts_share_no_id(store: Store) -> None:
    """Of two findings that could continue a stored one the closer does; the other is new."""
    (first,) = written(store, finding()).found
    close = finding(candidates=(Suspect(B, 0.8), Suspect(C, 0.2)))
    far = finding(candidates=(Suspect(C, 0.7), Suspect(D, 0.3)), revision=C)
    merged = written(store, far, close, now=2)
    assert len(merged.found) == 1
    assert {one.impact_id: one.revision for one in findings(store)}[first] == B
