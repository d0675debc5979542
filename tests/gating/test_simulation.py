"""How often the gate is wrong, by simulation with fixed seeds; docs/gate.md has the same with more trials."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from gnomon.settings.model import Gate
from gnomon_analysis.gating.judging import Verdict
from tests.gating.worlds import EQUAL, NO_LOSS, WORSE, World, worst

TRIALS = 100


@pytest.mark.parametrize("gate", [Gate(), NO_LOSS], ids=["default limits", "no loss allowed"])
@pytest.mark.parametrize("world", EQUAL, ids=lambda world: world.title)
def test_equal_sides_rarely_fail(world: World, gate: Gate) -> None:
    """With nothing changed at most one comparison in twenty fails."""
    assert world.verdicts(gate, 5, TRIALS)[Verdict.FAIL] <= 0.05 * TRIALS


@pytest.mark.parametrize(
    ("world", "share"),
    [*zip(WORSE, (0.5, 0.7, 0.3, 0.9, 0.5, 0.9, 0.4, 0.8), strict=True)],
    ids=[world.title for world in WORSE],
)
def test_losses_are_found(world: World, share: float) -> None:
    """What is clearly worse fails in most comparisons."""
    assert world.verdicts(Gate(), 6, TRIALS // 3)[Verdict.FAIL] >= share * (TRIALS // 3)


def test_equal_sides_pass_with_enough_runs() -> None:
    """With enough runs, nothing changed is not only not refused but proven."""
    world = World(cases=100, runs_before=20, runs_after=20, past=0, day=0.02)
    generator = np.random.default_rng(7)
    limits = Gate(accuracy_drop_points=5)
    verdicts = Counter(worst(world.compare(generator, limits)) for _ in range(20))
    assert verdicts[Verdict.PASS] >= 18
    assert not verdicts[Verdict.FAIL]


def test_intervals_hold_the_truth() -> None:
    """Of the 95 % intervals of equal sides at least 92 in 100 hold zero, for each metric."""
    world = World(cases=50, runs_before=2, runs_after=2)
    generator = np.random.default_rng(8)
    held: Counter[str] = Counter()
    for _ in range(TRIALS):
        for metric in world.compare(generator, Gate()):
            assert metric.low is not None
            assert metric.high is not None
            held[metric.name] += metric.low <= 0 <= metric.high
    for name, count in held.items():
        assert count >= 0.92 * TRIALS, name
