"""Runs of routing tests in a simulation are runs like any other, with what was planted in them."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from tests.cli.run import gnomon
from tests.simulation.simulated import Simulated
from tests.spool_reader import Run, points_of, read_file, read_spans


@pytest.fixture(scope="module")
def runs(past: Simulated) -> dict[str, Run]:
    return runs_of(past)


def test_spans_of_runs_are_those_of_the_truth(past: Simulated, runs: dict[str, Run]) -> None:
    """Tests, outcomes, verdicts, reruns, calls, tokens and cost of each run's spans are the truth's."""
    assert len(past.truth["runs"]) == 8
    for truth in past.truth["runs"]:
        run = runs[truth["run_id"]]
        assert Counter(test.outcome for test in run.tests) == truth["tests"]
        verdicts = Counter(test.get("gnomon.routing.correct") for test in run.tests)
        assert (verdicts[True], verdicts[False], verdicts[None]) == (
            truth["verdicts"]["right"],
            truth["verdicts"]["wrong"],
            truth["unanswered"],
        )
        assert sum(test["gnomon.test.attempts"] - 1 for test in run.tests) == truth["reruns"]
        calls = [span for span in run.model_calls if "gnomon.model_call.attempts" in span.attributes]
        assert len(calls) == truth["calls"]
        assert sum(call.get("gnomon.cost.usd", 0) for call in calls) == pytest.approx(truth["cost_usd"])
        assert sum(test.get("gnomon.test.cost.usd", 0) for test in run.tests) == pytest.approx(
            truth["cost_usd"]
        )
        tests = {span.span_id for span in [*run.tests, *run.attempts]}
        assert all(call.parent_id in tests for call in calls)
        assert run.root.end / 1e9 == pytest.approx(moment(truth["ended"]), abs=1e-3)


def test_points_of_runs_are_those_of_the_truth(past: Simulated, runs: dict[str, Run]) -> None:
    """The run points say of each run what the truth says."""
    for truth in past.truth["runs"]:
        run = runs[truth["run_id"]]
        assert run.by("gnomon.run.tests", "gnomon.test.outcome") == truth["tests"]
        assert (
            run.total("gnomon.run.routing.verdicts", gnomon__routing__correct=True)
            == truth["verdicts"]["right"]
        )
        assert (
            run.total("gnomon.run.routing.verdicts", gnomon__routing__correct=False)
            == truth["verdicts"]["wrong"]
        )
        assert run.total("gnomon.run.routing.unanswered") == truth["unanswered"]
        assert run.total("gnomon.run.reruns") == truth["reruns"]
        assert run.total("gnomon.run.model_calls") == truth["calls"]
        assert run.by("gnomon.run.retries", "error.type") == truth.get("retries", {})
        kinds = {kind: number for kind, number in truth["tokens"].items() if number}
        assert run.by("gnomon.run.tokens", "gen_ai.token.type") == kinds
        assert run.total("gnomon.run.cost.usd") == pytest.approx(truth["cost_usd"])
        cases = Counter(
            str(point.attributes["gnomon.test.case.id"])
            for point in run.points
            if point.metric == "gnomon.run.case.tests" and point.attributes["gnomon.test.outcome"] == "failed"
        )
        assert sorted(cases) == sorted(truth["failed_cases"])


def test_flaky_cases_pass_in_every_other_run(past: Simulated) -> None:
    """In each pair of a suite's runs a planted flaky case fails once, save where its model did not answer."""
    assert past.truth["planted"]["flaky"] == {
        "routing": ["routing.TC-001", "routing.TC-007"],
        "pricing": ["pricing.TC-001", "pricing.TC-007"],
    }
    for suite, cases in past.truth["planted"]["flaky"].items():
        runs = sorted(
            (run for run in past.truth["runs"] if run["suite"] == suite), key=lambda run: run["number"]
        )
        broken = past.truth["planted"]["regression"]
        for first, second in zip(runs[::2], runs[1::2], strict=True):
            if suite == broken["suite"] and second["number"] >= broken["from_run"]:
                continue
            if first["unanswered"] or second["unanswered"]:
                continue
            for case in cases:
                assert (case in first["failed_cases"]) != (case in second["failed_cases"])


def test_a_change_breaks_a_skill(past: Simulated, runs: dict[str, Run]) -> None:
    """From the planted run on each case of the skill fails, at another commit with another hash of it."""
    planted = past.truth["planted"]["regression"]
    hashes: dict[bool, set[str]] = {True: set(), False: set()}
    revisions: dict[bool, set[str]] = {True: set(), False: set()}
    for truth in past.truth["runs"]:
        if truth["suite"] != planted["suite"]:
            continue
        broken = truth["number"] >= planted["from_run"]
        tests = [
            test
            for test in runs[truth["run_id"]].tests
            if test["gnomon.routing.expected"] == planted["skill"]
        ]
        assert tests
        if broken:
            assert {test.outcome for test in tests} == {"failed"}
        hashes[broken] |= {str(test["skill.md.hash"]) for test in tests}
        revisions[broken].add(truth["revision"])
    assert all(len(found) == 1 for found in hashes.values())
    assert not hashes[True] & hashes[False]
    assert revisions[True]
    assert not revisions[True] & revisions[False]


def test_the_results_store_takes_them(past: Simulated, tmp_path: Path) -> None:
    """Ingested, the runs are in the store with the counts of the truth."""
    assert gnomon("ingest", str(past.spool), cwd=tmp_path).returncode == 0
    listed = gnomon("runs", "--json", cwd=tmp_path)
    stored = {run["run_id"]: run for run in json.loads(listed.stdout)["runs"]}
    for truth in past.truth["runs"]:
        run = stored[truth["run_id"]]
        outcomes = {name: number for name, number in run["tally"]["outcomes"].items() if number}
        assert outcomes == truth["tests"]
        assert run["suite"] == truth["suite"]
        assert run["department"] == truth["department"]


def runs_of(simulated: Simulated) -> dict[str, Run]:
    """The runs of tests in a simulation's spool, by id."""
    found: dict[str, Run] = {}
    for span in read_spans(simulated.spool):
        if "gnomon.run.id" in span.resource:
            run_id = str(span.resource["gnomon.run.id"])
            found.setdefault(run_id, Run(run_id)).spans.append(span)
    for run in found.values():
        for path in simulated.spool.glob(f"run-*-{run.id[:12]}.metrics.jsonl"):
            run.points += [point for payload in read_file(path, "metrics") for point in points_of(payload)]
    return found


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
