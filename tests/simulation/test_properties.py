"""Whatever the scenario, the truth is what was emitted, and the seed decides it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon.settings import Settings
from gnomon_analysis.simulation.header import header
from gnomon_analysis.simulation.interruption import Interruption
from gnomon_analysis.simulation.outlets import Past
from gnomon_analysis.simulation.reading import load_scenario
from gnomon_analysis.simulation.simulation import Simulation, Wish, organised
from gnomon_analysis.simulation.truth import Truth, write_truth
from tests.simulation.simulated import Simulated, calls_of
from tests.simulation.telemetry import assert_same, newest, point_rows, span_rows, truth_rows

BEGAN = 1_772_440_800.0

percents = st.integers(0, 100)
scenarios = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 2**31),
        "agents": st.integers(1, 12),
        "work": st.fixed_dictionaries(
            {
                "workflow_percent": percents,
                "model_calls": st.floats(1, 4),
                "tool_calls": st.floats(0, 4),
                "skill_percent": percents,
                "failed_percent": percents,
                "tool_failed_percent": percents,
            }
        ),
        "calls": st.fixed_dictionaries(
            {
                "input_tokens": st.floats(1, 300_000),
                "cached_percent": percents,
                "reasoning_percent": percents,
                "attempt_failed_percent": percents,
                "attempts": st.integers(1, 6),
                "drift_percent_per_day": st.integers(-50, 100),
            }
        ),
        "incidents": st.lists(
            st.fixed_dictionaries(
                {
                    "kind": st.sampled_from(["rate_limited", "timeout", "slow"]),
                    "after": st.sampled_from(["1s", "2m", "5m"]),
                    "every": st.sampled_from(["3m", "1h"]),
                    "lasts": st.sampled_from(["1m", "3m"]),
                    "percent": percents,
                }
            ),
            max_size=3,
        ),
    }
)


def simulated(scenario: dict[str, Any], folder: Path) -> Simulated:
    """Ten minutes of a scenario, in this process."""
    named = [{"name": f"i{number}", **each} for number, each in enumerate(scenario["incidents"])]
    file = folder / "scenario.yaml"
    file.write_text(json.dumps({**scenario, "incidents": named}), "utf-8")
    read = load_scenario(file)
    wish = Wish(read, BEGAN, BEGAN + 600, per_day=20_000, flat=True, test_runs=1)
    found = organised(Settings(root=folder, state_directory=folder), read)
    with Interruption() as stop:
        who = {"service_name": "desk"}
        past = Past(folder / "spool", found, who, began=BEGAN, interval=300, stop=stop)
        simulation = Simulation(wish, found, folder / "spool")
        outcome = simulation.run(past, Truth(folder / "hours"), lambda progress: None)
    write_truth(folder / "truth.json", header(wish, [outcome], past.shift), [outcome.counted])
    return Simulated(0, "", "", folder / "spool", folder / "truth.json")


@settings(max_examples=12, deadline=None)
@given(scenario=scenarios)
def test_the_truth_is_what_was_emitted(scenario: dict[str, Any]) -> None:
    """Spans and metrics of any scenario count what its truth says."""
    with tempfile.TemporaryDirectory() as folder:
        done = simulated(scenario, Path(folder))
        assert_same(span_rows(done.spans), truth_rows(done.rows))
        assert_same(point_rows(newest(done.points)), truth_rows(done.rows))
        assert done.truth["spans"]["written"] == done.truth["spans"]["emitted"] == len(done.spans)


@settings(max_examples=4, deadline=None)
@given(scenario=scenarios)
def test_the_seed_decides(scenario: dict[str, Any]) -> None:
    """Simulated twice, a scenario has the same calls, whatever they are, and the same truth."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        first, second = simulated(scenario, Path(one)), simulated(scenario, Path(two))
        assert calls_of(first.spans) == calls_of(second.spans)
        assert first.truth == second.truth
