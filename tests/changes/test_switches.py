from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from gnomon import settings as gnomon_settings
from gnomon_analysis.changes import Noticed, record
from gnomon_analysis.store import Store
from gnomon_analysis.store.opening import writing
from gnomon_analysis.store.schema import skill_change_events
from tests.store.spool_files import START, Run, span

Calls = Mapping[str, str]


class Suite:
    """Runs one after the other, each a minute after the one before."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.spool = folder / "spool"
        self.spool.mkdir()
        self._settings = gnomon_settings.load(start=folder)
        self._runs = 0

    def run(
        self,
        calls: Calls | None = None,
        *,
        at: float | None = None,
        provider: str = "anthropic",
        answered: Calls | None = None,
        resource: Mapping[str, Any] | None = None,
    ) -> Run:
        """A run whose tests call these models."""
        self._runs += 1
        minute = float(self._runs) if at is None else at
        run = Run(
            key=f"run {self._runs}", sequence=self._runs, started=60 * minute, extra=dict(resource or {})
        )
        for case, model in (calls or {}).items():
            run.test(case)
            run.tests.append(
                span(
                    f"chat {model}",
                    trace=run.key,
                    key=f"call {case}",
                    parent=case,
                    attributes={
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": provider,
                        "gen_ai.request.model": model,
                        "gen_ai.response.model": (answered or {}).get(case),
                        "gnomon.run.id": run.run_id,
                        "gnomon.test.case.id": case,
                    },
                    started=run.started,
                )
            )
        run.write(self.spool)
        return run

    def look(self) -> list[Noticed]:
        self.store.ingest(self.spool)
        return list(record(self.store, self._settings).noticed)

    def forget(self) -> None:
        (self._settings.state_directory / "changes.json").unlink()

    def seen(self) -> list[str]:
        return [change.summary for change in self.look()]

    def stored(self) -> list[dict[str, Any]]:
        table = skill_change_events
        with self.store.engine.connect() as connection:
            statement = select(table).order_by(table.c.changed_ns, table.c.kind)
            return [dict(row) for row in connection.execute(statement).mappings()]


@pytest.fixture
def suite(store: Store, tmp_path: Path) -> Suite:
    return Suite(store, tmp_path)


def of(model: str, count: int = 4) -> dict[str, str]:
    return {f"c{number}": model for number in range(count)}


def test_another_model_is_a_change_without_a_commit(either_store: Store, tmp_path: Path) -> None:
    """Its row names both models, the first run that called it, and the runs on both sides."""
    suite = Suite(either_store, tmp_path)
    suite.run(of("one"))
    before = suite.run(of("one"))
    run = suite.run(of("two"), resource={"gnomon.department": "support"})
    suite.run(of("two"))
    assert suite.seen() == ["suite routing in test: model one → two (4 of 4 tests)"]
    (row,) = suite.stored()
    assert {name: row[name] for name in ("source", "kind", "change", "repository", "revision", "path")} == {
        "source": "telemetry",
        "kind": "model",
        "change": "switched",
        "repository": "demo",
        "revision": None,
        "path": None,
    }
    assert (row["old_hash"], row["new_hash"]) == ("one", "two")
    assert row["changed_ns"] == START + 180 * 10**9
    assert row["attributes"] == {
        "suite": "routing",
        "environment": "test",
        "department": "support",
        "agent": None,
        "run_id": run.run_id,
        "revision": "c" * 40,
        "run_before": before.run_id,
        "revision_before": "c" * 40,
        "cases": 4,
        "of": 4,
    }
    assert suite.look() == []


def test_what_answers_counts_before_what_is_asked_for(suite: Suite) -> None:
    """An alias that means another model is a switch; an answer that does not say its model is none."""
    suite.run(of("latest"), answered=of("may"))
    suite.run(of("latest"))
    suite.run(of("latest"), answered=of("may"))
    suite.run(of("latest"), answered=of("june"))
    assert suite.seen() == ["suite routing in test: model may → june (4 of 4 tests)"]


def test_a_provider_may_be_switched_alone(suite: Suite) -> None:
    """The same model from elsewhere."""
    suite.run(of("one"))
    suite.run(of("one"), provider="aws.bedrock")
    assert suite.seen() == ["suite routing in test: provider anthropic → aws.bedrock (4 of 4 tests)"]


@pytest.mark.parametrize(
    ("second", "wanted"),
    [
        ({"c0": "two", "c1": "one", "c2": "one"}, []),
        ({"c0": "two", "c1": "two", "c2": "one"}, ["model one → two (2 of 3 tests)"]),
        ({"c0": "two"}, ["model one → two (1 of 1 tests)"]),
        ({"c9": "two"}, []),
        ({}, []),
    ],
    ids=["one fell back", "most", "only one ran", "others ran", "none called"],
)
def test_most_tests_that_ran_twice_decide(suite: Suite, second: Calls, wanted: list[str]) -> None:
    """So that a fall-back is no switch, and a run of a part of the suite is compared with that part."""
    suite.run(of("one"))
    suite.run(second)
    assert [text.partition(": ")[2] for text in suite.seen()] == wanted


def test_models_of_two_parts_are_two_switches(suite: Suite) -> None:
    """Tests are grouped by the model that they called before."""
    suite.run({"a": "one", "b": "one", "c": "old"})
    suite.run({"a": "two", "b": "two", "c": "new"})
    assert [text.partition(": ")[2] for text in suite.seen()] == [
        "model old → new (1 of 1 tests)",
        "model one → two (2 of 2 tests)",
    ]


def test_a_golden_set_has_versions(suite: Suite) -> None:
    """A run that states none says nothing."""
    for version in ("7", None, "7", "8", "8"):
        suite.run(resource={"gnomon.golden_set.version": version})
    assert suite.seen() == ["suite routing in test: golden set 7 → 8"]
    assert [row["kind"] for row in suite.stored()] == ["golden_set"]


def test_environments_are_compared_apart_and_with_each_other(suite: Suite) -> None:
    """In turns they switch once; a model of one is no switch for the other."""
    for number in range(6):
        place = "staging" if number % 2 else "test"
        suite.run(of("big" if number % 2 else "small"), resource={"deployment.environment.name": place})
    assert suite.seen() == ["suite routing: environment test → staging"]
    for _ in range(21):
        suite.run(of("small"))
    suite.run(of("big"), resource={"deployment.environment.name": "staging"})
    assert suite.seen() == ["suite routing: environment test → staging"]


def test_a_run_that_comes_late_takes_back_what_it_makes_untrue(suite: Suite) -> None:
    """The switch is then that of the earlier run, and stands once."""
    suite.run(of("one"), at=1)
    suite.run(of("two"), at=9)
    assert len(suite.look()) == 1
    late = suite.run(of("two"), at=5)
    assert len(suite.look()) == 1
    assert [row["attributes"]["run_id"] for row in suite.stored()] == [late.run_id]
    assert suite.look() == []


def test_rows_that_were_lost_come_back(suite: Suite) -> None:
    """And those that another look has recorded meanwhile are not told again."""
    suite.run(of("one"))
    suite.run(of("two"))
    suite.look()
    kept = [row["event_id"] for row in suite.stored()]
    with writing(suite.store.engine) as connection:
        connection.execute(delete(skill_change_events))
    assert [change.event_id for change in suite.look()] == kept
    suite.forget()
    assert suite.look() == []
    assert [row["event_id"] for row in suite.stored()] == kept


@pytest.mark.parametrize(
    "ask_often", [lambda number: True, lambda number: number % 7 == 0, lambda number: False]
)
def test_it_does_not_matter_how_often_one_looks(suite: Suite, ask_often: Callable[[int], bool]) -> None:
    """After each run, now and then, or once at the end: the rows are the same."""
    models = ["one"] * 25 + ["two"] * 3 + ["one"] * 2 + ["three"] * 25
    for number, model in enumerate(models):
        suite.run(of(model, 2), resource={"gnomon.golden_set.version": str(number // 30)})
        if ask_often(number):
            suite.look()
    suite.look()
    assert [(row["kind"], row["old_hash"], row["new_hash"]) for row in suite.stored()] == [
        ("model", "one", "two"),
        ("model", "two", "one"),
        ("golden_set", "0", "1"),
        ("model", "one", "three"),
    ]


def test_a_run_that_has_not_ended_is_waited_for(suite: Suite) -> None:
    """Its calls may not all be there yet."""
    suite.run(of("one"))
    unfinished = suite.run(of("two"))
    for path in suite.spool.glob(f"*{unfinished.run_id[:12]}*"):
        path.unlink()
    unfinished.finished = False
    unfinished.write(suite.spool)
    assert suite.seen() == []
