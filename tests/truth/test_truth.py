"""What boards and rules show is what happened, though parts of the stack died meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gnomon_analysis.store import open_store
from tests.truth import panels
from tests.truth.boards import ASKED, HOUR, differences
from tests.truth.panels import COUNTED, DECIDED, NOT_COUNTED, PER_SECOND
from tests.truth.parts import eventually
from tests.truth.planted_suite import plans
from tests.truth.stage import Played, played_on

RUNS, TESTS, SEED = 9, 270, 4


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    with played_on(tmp_path_factory.mktemp("stage"), plans(RUNS, TESTS, SEED)) as found:
        yield found


def test_every_panel_is_held_against_the_truth_or_has_a_reason() -> None:
    """A new panel that asks Prometheus is not forgotten here."""
    known = [*COUNTED, *PER_SECOND, *(key for keys in NOT_COUNTED.values() for key in keys)]
    assert sorted(known) == sorted(key for key in ASKED if key[1] != "variable")


@pytest.mark.parametrize("key", [*COUNTED, *PER_SECOND], ids=lambda key: f"{key[0]}: {key[1]} {key[2]}")
def test_a_panel_shows_what_happened(key: panels.Key, played: Played) -> None:
    """Counts, sums, costs and ratios, of all suites and of one, are those of the plan, each run once."""
    for seconds in (HOUR, 24 * HOUR):
        assert differences(played, ASKED[key], seconds) == []
    assert differences(played, ASKED[key], 24 * HOUR, "routing") == []


def test_the_rules_record_what_happened(played: Played) -> None:
    """What the recording rules say when all has arrived is the truth, by suite and environment."""
    labels = ("test_suite_name", "deployment_environment_name")
    runs = {timed.run.number: timed for timed in played.facts}.values()
    wanted = {
        "routing_test:runs:7d": _by(runs, lambda _: 1.0),
        "routing_test:runs:1d": _by(runs, lambda _: 1.0),
        "routing_test:answers:7d": _by(played.facts, lambda timed: timed.fact.correct is not None),
        "routing_test:cost_usd:7d": _by(
            played.facts, lambda timed: sum(call.cost or 0 for call in timed.fact.calls)
        ),
    }
    right = _by(played.facts, lambda timed: timed.fact.correct is True)
    answers = wanted["routing_test:answers:7d"]
    wanted["routing_test:accuracy_percent:7d"] = {key: 100 * right[key] / answers[key] for key in answers}
    wanted["routing_test:cost_usd:30d_projected"] = {
        key: 30 * cost / 7 for key, cost in wanted["routing_test:cost_usd:7d"].items()
    }

    def recorded(name: str) -> dict[tuple[str, ...], float]:
        found = played.stage.query(name)
        return {tuple(dict(row).get(label, "") for label in labels): value for row, value in found.items()}

    eventually(lambda: recorded("routing_test:runs:7d") == wanted["routing_test:runs:7d"])
    for name, values in wanted.items():
        # Each rule is evaluated in its turn.
        eventually(lambda name=name, values=values: recorded(name) == pytest.approx(values, rel=1e-9))  # type: ignore[misc]


def test_the_cases_are_what_happened(played: Played) -> None:
    """Runs of each case that were decided, and their pass rates, are exact."""
    decided: dict[tuple[str, str, str], list[bool]] = {}
    for timed in played.facts:
        fact = timed.fact
        if fact.routing and fact.outcome in DECIDED:
            key = (fact.suite, fact.environment, fact.case)
            decided.setdefault(key, []).append(fact.outcome == "passed")
    labels = ("test_suite_name", "deployment_environment_name", "gnomon_test_case_id")

    def recorded(name: str) -> dict[tuple[str, ...], float]:
        found: dict[tuple[str, ...], float] = {}
        for row, value in played.stage.query(f"sum by ({', '.join(labels)}) ({name})").items():
            found[tuple(dict(row)[label] for label in labels)] = value
        return found

    truth = {key: float(len(all_)) for key, all_ in decided.items()}
    eventually(lambda: recorded("routing_test:case_runs:7d") == truth)


def _by(facts: Any, value: Any) -> dict[tuple[str, ...], float]:
    sums: dict[tuple[str, ...], float] = {}
    for timed in facts:
        key = (timed.fact.suite, timed.fact.environment)
        sums[key] = sums.get(key, 0.0) + float(value(timed))
    return {key: number for key, number in sums.items() if number}


def test_no_span_is_lost(played: Played) -> None:
    """Every span that the runs recorded reached the place for traces, some of them perhaps twice."""
    there = {span.span_id for span in played.stage.tempo.spans}
    recorded = {span.span_id for run in played.runs for span in run.spans}
    assert recorded <= there
    assert there == recorded


def test_the_store_says_the_same(played: Played) -> None:
    """`gnomon reconcile` finds no difference, and finds the run that is then taken out of the store."""
    project, address = played.stage.project, played.stage.prometheus.address
    ingested = project.gnomon("ingest", str(played.stage.apart.spool))
    assert ingested.status == 0, ingested.output
    asked = ("reconcile", "--from", "-1h", "--prometheus", address)
    done = project.gnomon(*asked)
    assert done.status == 0, done.output
    assert f"equal: {RUNS} runs" in done.stdout
    with open_store(project.state / "gnomon.db") as store, store.engine.begin() as connection:
        (run_id,) = connection.exec_driver_sql("SELECT max(run_id) FROM runs").one()
        connection.exec_driver_sql("DELETE FROM runs WHERE run_id = ?", (run_id,))
    done = project.gnomon(*asked)
    assert done.status == 1, done.output
    assert "1 run in Prometheus that the store does not have" in done.stdout
