"""What the settings say is what the boards show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gnomon import settings
from gnomon_generators.artefacts.production import produce
from tests.dashboards.grafana import BOARDS, OF_OPERATION

DEFINITIONS = Path(__file__).parents[2] / "dashboards"


def made(folder: Path, text: str) -> dict[str, dict[str, Any]]:
    (folder / "gnomon.yaml").write_text(text)
    documents = produce(["dashboards"], settings.load(folder / "gnomon.yaml"))
    return {document.path.stem: json.loads(document.text) for document in documents}


def panels(board: dict[str, Any]) -> dict[str, dict[str, Any]]:
    rows = [panel for panel in board["panels"] if panel["type"] == "row"]
    plain = [panel for panel in board["panels"] if panel["type"] != "row"]
    return {panel["title"]: panel for panel in [*plain, *(inner for row in rows for inner in row["panels"])]}


def steps(panel: dict[str, Any]) -> list[float]:
    return [step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"][1:]]


def test_objectives_and_budgets_are_thresholds(tmp_path: Path) -> None:
    """Colours turn where the settings say: accuracy, money by day and month, latency, retries."""
    boards = made(
        tmp_path,
        """
        slo: {routing_accuracy_percent: 92, latency_p95_seconds: 3, error_rate_percent: 2}
        budgets: {daily_cost_usd: 40}
        alerts: {retry_rate_per_second: 0.4}
        """,
    )
    executive, sre = panels(boards["executive"]), panels(boards["sre_operations"])
    assert steps(executive["Overall accuracy"]) == [92]
    assert steps(executive["Monthly projected cost"])[-1] == 40 * 30
    assert steps(sre["Total API cost (24h)"])[-1] == 40
    assert steps(sre["API latency p95"])[-1] == 3
    assert steps(sre["Failed calls"])[-1] == 2
    assert steps(sre["API retries and refusals"]) == [0.4]
    assert (
        "100 * sum(sum_over_time(gnomon_run_cost_usd" in executive["Daily budget used"]["targets"][0]["expr"]
    )
    assert executive["Daily budget used"]["targets"][0]["expr"].endswith("/ 40")


def test_the_default_objective_and_budget_are_those_of_the_settings(tmp_path: Path) -> None:
    """85 percent, and 25 US dollars a day."""
    executive = panels(made(tmp_path, "project: {name: desk}\n")["executive"])
    assert steps(executive["Overall accuracy"]) == [85]
    assert steps(executive["Monthly projected cost"])[-1] == 750


@pytest.mark.parametrize("offered", [False, True])
def test_the_environment_is_a_choice_where_it_is_asked_for(tmp_path: Path, offered: bool) -> None:
    """Then it narrows every number of runs, in PromQL and in SQL; otherwise nothing speaks of it."""
    boards = made(tmp_path, f"dashboards: {{environment_filter: {str(offered).lower()}}}\n")
    for name in BOARDS:
        chosen = {variable["name"] for variable in boards[name]["templating"]["list"]}
        assert ("environment" in chosen) is offered
        for panel in panels(boards[name]).values():
            for target in panel.get("targets", ()):
                text = target.get("expr") or target.get("rawSql") or ""
                if "$suite" in text or "${suite" in text:
                    assert ("$environment" in text or "${environment" in text) is offered, panel["title"]


def test_bounds_of_flakiness_are_told(tmp_path: Path) -> None:
    """The panel says when a test counts as flaky, and looks as far back as the rule does."""
    boards = made(tmp_path, "flaky: {above: 0.2, below: 0.9, window: 3d, minimum_runs: 8}\n")
    found = panels(boards["qa_engineer"])
    assert "20% to 90% of 8 runs or more in 3d" in found["Flaky tests"]["description"]
    assert "[3d]" in found["Flaky tests by name"]["targets"][1]["expr"]


@pytest.mark.parametrize("name", [*BOARDS, *OF_OPERATION])
def test_a_definition_is_short(name: str, tmp_path: Path) -> None:
    """At most twelve lines for each panel, everything around them included."""
    board = made(tmp_path, "project: {name: desk}\n")[name]
    lines = (DEFINITIONS / f"{name}.py").read_text().splitlines()
    assert len(lines) <= 12 * len(panels(board))
