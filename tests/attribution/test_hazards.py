"""One probability a finding: what alerts ask of it is worked out from what they would take for granted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from gnomon.settings import Settings
from gnomon.settings.model import ALERT_HAZARD, FINDING_HAZARD, Attribution
from gnomon_analysis.attribution.updating import options_of
from gnomon_analysis.statistics.model import Options
from tests.statistics.drawn import located, series, step

RULES = Path(__file__).parents[2] / "alerts/yaml/changes.yaml"


def test_findings_have_the_hazard_that_the_statistics_were_measured_with(settings: Settings) -> None:
    """What `gnomon changes` uses is what the bench of changes uses."""
    assert options_of(settings).hazard == FINDING_HAZARD == Options().hazard


@pytest.mark.parametrize(("seed", "enough"), [(0, False), (4, False), (8, True)])
def test_an_alert_asks_for_what_its_own_hazard_would(settings: Settings, seed: int, enough: bool) -> None:
    """What is sure enough for an alert would be 95 % sure with its hazard, and nothing else would be."""
    options = replace(options_of(settings), false_findings=0.5)
    moved = series(step(40, 20, 0.9, 0.74), runs=8, seed=seed)
    (finding,) = located(moved, options=options)
    (alert,) = located(moved, options=replace(options, hazard=ALERT_HAZARD))

    assert (100 * finding.p_change > settings.changes.attribution.alert_percent) is enough
    assert (alert.p_change > 0.95) is enough


def test_the_alert_in_force_asks_for_that() -> None:
    """The committed rule has the figure that follows from the defaults."""
    asked = Attribution().alert_percent
    (rule,) = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]

    assert asked == 98.97
    assert rule["expr"].rstrip().endswith(f"> {asked}")
