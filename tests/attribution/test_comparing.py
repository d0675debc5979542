"""One commit against the measured commit before it."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import update as sql_update

from gnomon.errors import ExitCode, UserError
from gnomon.settings import Settings
from gnomon_analysis.attribution import Comparison, compare
from gnomon_analysis.store import Store, schema
from tests.attribution.planted import Repository, Runs

SURE = {"D01": 1.0, "D02": 1.0, "D03": 0.0, "D04": 0.0}


def compared(runs: Runs, repository: Repository, settings: Settings, commit: str) -> list[Comparison]:
    with repository.history(settings) as history:
        return compare(runs.store, settings, history, commit)


def test_every_flip_of_a_deterministic_router_is_named(
    any_store: Store, repository: Repository, settings: Settings
) -> None:
    """One run a commit: the cases that flipped, the worse first, with their routes."""
    runs = Runs(any_store, "desk")
    one, two = repository.commit("One", "alpha/SKILL.md"), repository.commit("Two", "beta/SKILL.md")
    runs.run(one, SURE, skills={"D01": "beta"})
    runs.run(two, {"D01": 0.0, "D02": 1.0, "D03": 1.0, "D04": 0.0}, skills={"D01": "beta"})

    (found,) = compared(runs, repository, settings, two[:9])

    assert (found.suite, found.before, found.after, found.between) == ("routing", one, two, (two,))
    assert (found.subject, found.runs_before, found.runs_after) == ("Two", 1, 1)
    assert [(flip.case_id, flip.before, flip.after) for flip in found.flips] == [
        ("D01", 1.0, 0.0),
        ("D03", 0.0, 1.0),
    ]
    worse = found.flips[0]
    assert (worse.old_skill, worse.new_skill, worse.expected, worse.category) == (
        "beta",
        "other",
        "beta",
        "easy",
    )
    (accuracy,) = [metric for metric in found.metrics if metric.metric == "routing_accuracy"]
    assert (accuracy.before, accuracy.after, accuracy.cases) == (50.0, 50.0, 4)
    assert accuracy.verdict == "inconclusive"


def test_nothing_flipped_is_unchanged(runs: Runs, repository: Repository, settings: Settings) -> None:
    """Equal answers of all cases: unchanged within the least effect."""
    one, two = repository.commit("One"), repository.commit("Two")
    runs.run(one, SURE)
    runs.run(two, SURE)

    (found,) = compared(runs, repository, settings, two)

    assert found.flips == ()
    assert [(metric.metric, metric.verdict) for metric in found.metrics] == [
        ("routing_accuracy", "unchanged"),
        ("latency", "unchanged"),
    ]


@pytest.mark.parametrize(("count", "verdict"), [(2, "inconclusive"), (5, "regression")])
def test_a_slow_machine_is_no_slow_commit(
    runs: Runs, repository: Repository, settings: Settings, count: int, verdict: str
) -> None:
    """Twenty tests that took twice as long in two runs are two witnesses; it takes more of these."""
    one, two = repository.commit("One"), repository.commit("Two")
    cases = {f"D{n:02}": 1.0 for n in range(20)}
    runs.run(one, cases, count=count, latency=1.0)
    runs.run(two, cases, count=count, latency=2.0)

    (found,) = compared(runs, repository, settings, two)

    assert {metric.metric: metric.verdict for metric in found.metrics}["latency"] == verdict


def test_many_flips_one_way_are_a_verdict(runs: Runs, repository: Repository, settings: Settings) -> None:
    """Ten cases that fall and none that rises are no chance."""
    one, two = repository.commit("One"), repository.commit("Two")
    runs.run(one, {f"D{n:02}": 1.0 for n in range(20)})
    runs.run(two, {f"D{n:02}": 0.0 if n < 10 else 1.0 for n in range(20)})

    (found,) = compared(runs, repository, settings, two)

    assert [metric.verdict for metric in found.metrics] == ["regression", "unchanged"]
    assert found.metrics[0].difference.high < 0
    assert len(found.flips) == 10


def test_a_commit_without_runs_is_looked_at_where_it_was_measured_next(
    runs: Runs, repository: Repository, settings: Settings
) -> None:
    """All commits since the measured one before are named."""
    commits = repository.commit_all([(f"Commit {n}", ["alpha/SKILL.md"]) for n in range(6)])
    runs.run(commits[1], SURE)
    runs.run(commits[4], {**SURE, "D04": 1.0}, model="m-2", tokens=100)

    (found,) = compared(runs, repository, settings, commits[3])

    assert (found.commit, found.before, found.after) == (commits[3], commits[1], commits[4])
    assert found.between == tuple(commits[2:5])
    assert [flip.case_id for flip in found.flips] == ["D04"]
    assert found.switched == ("the model changed from none to m-2 by vendor",)


def test_what_cannot_be_compared_is_said(runs: Runs, repository: Repository, settings: Settings) -> None:
    """A commit of another line, and one with nothing before it."""
    one, _two = repository.commit("One"), repository.commit("Two")
    runs.run(one, SURE)

    with pytest.raises(UserError, match="no commit on the first-parent line") as unknown:
        compared(runs, repository, settings, "f" * 40)
    assert unknown.value.exit_code == ExitCode.NEGATIVE
    with pytest.raises(UserError, match="no commit before it was measured") as missing:
        compared(runs, repository, settings, one)
    assert missing.value.exit_code == ExitCode.MISSING


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "system", "content": "Be kind"}, {"role": "user", "content": "Give it back"}],
        json.dumps([{"role": "user", "parts": [{"type": "text", "content": "Give it back"}]}]),
        "Give it back",
    ],
)
def test_requests_are_shown_where_content_was_recorded(
    runs: Runs, repository: Repository, settings: Settings, messages: object
) -> None:
    """The last message of the user, however the client wrote it."""
    one, two = repository.commit("One"), repository.commit("Two")
    runs.run(one, SURE, tokens=10)
    runs.run(two, {**SURE, "D01": 0.0}, tokens=10)
    with runs.store.engine.begin() as connection:
        connection.execute(
            sql_update(schema.model_calls).values(attributes={"gen_ai.input.messages": messages})
        )

    (found,) = compared(runs, repository, settings, two)

    assert [flip.request for flip in found.flips] == ["Give it back"]
