"""Deployments that a simulated organisation made, found in nothing but its telemetry."""

from __future__ import annotations

from pathlib import Path

import pytest

from gnomon.settings import Settings
from gnomon_analysis.attribution import Finding, findings, update_fleets
from gnomon_analysis.store import Store
from tests.simulation.simulated import Simulated, simulate

ORGANISATION = """
agents: 3
departments: [support, sales]
environments: [production]
incidents: []
"""
DEPLOYMENTS = """
deployments:
  - {name: harmless, agent: sales-01, version: "1.1", after: 30h}
  - {name: longer answers, agent: support-01, version: "2.0", after: 40h, failed_points: 10, cost_factor: 1.5}
"""
THREE_DAYS = ("--from", "2026-03-02T00:00", "--to", "2026-03-05T00:00", "--per-day", "1000")
QUICKLY = ("--interval", "1d", "--processes", "1")


def told(store: Store, settings: Settings, simulated: Simulated) -> list[Finding]:
    store.ingest(simulated.spool)
    update_fleets(store, settings, now_ns=10**18)
    return [one for one in findings(store) if one.told]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "simulation"


def test_the_deployment_that_made_an_agent_worse(folder: Path, store: Store, settings: Settings) -> None:
    """Its version and moment are those of the truth; the deployment that changed nothing is not accused."""
    simulated = simulate(folder, *THREE_DAYS, *QUICKLY, scenario=ORGANISATION + DEPLOYMENTS)

    found = told(store, settings, simulated)

    assert {one.metric for one in found} >= {"success_rate", "tokens", "cost"}
    assert {(one.revision, one.verdict, one.scope) for one in found} == {
        ("support-01 2.0", "regression", "support-01")
    }
    tokens = next(one for one in found if one.metric == "tokens")
    assert tokens.details["ratio"][1] < 1.5 < tokens.details["ratio"][2]
    assert tokens.changed_at.isoformat().startswith("2026-03-03T16:")


def test_without_deployments_nobody_is_accused(folder: Path, store: Store, settings: Settings) -> None:
    """Three days with their hours, and no deployment: nothing is told."""
    simulated = simulate(folder, *THREE_DAYS, *QUICKLY, scenario=f"{ORGANISATION}deployments: []\n")

    assert told(store, settings, simulated) == []
