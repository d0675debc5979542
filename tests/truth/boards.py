"""Panels as Grafana asks them, beside the truth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pytest

from tests.dashboards.grafana import Asked, View, queries
from tests.promql import servers
from tests.truth import panels
from tests.truth.panels import COUNTED, PER_SECOND, Facts, Values
from tests.truth.stage import Played

HOUR: Final = 3600.0
ALL: Final[Mapping[str, None]] = dict.fromkeys(("suite", "environment", "category", "model"))
ASKED: Final = {(asked.board, asked.panel, asked.ref): asked for asked in queries("prometheus")}


def differences(played: Played, asked: Asked, seconds: float, suite: str | None = None) -> list[str]:
    """Where a panel over a range that ends now differs from the facts; nothing where it is the truth."""
    seen = View(played.end - seconds, played.end, {**ALL, "suite": suite and [suite]})
    facts = [timed for timed in played.facts if suite in (None, timed.fact.suite)]
    expression = seen.promql(asked)
    address = played.stage.prometheus.address
    key = (asked.board, asked.panel, asked.ref)
    if asked.instant:
        found = servers.query(address, expression, seen.end)
        return _unlike(key, _values(found), COUNTED[key](facts), "")
    step = seen.step(asked.interval)
    start, end = (seen.start // step) * step, (seen.end // step + 1) * step
    drawn = servers.query_range(address, expression, start, end, step)
    points: dict[float, dict[tuple[str, ...], float]] = {}
    for labels, samples in drawn.items():
        for at, value in samples:
            points.setdefault(at, {})[tuple(text for _, text in labels)] = value
    wrong = []
    at = start
    while at <= end:
        inside = [timed for timed in facts if at - step < timed.run.ended <= at]
        wrong += _unlike(key, points.get(at, {}), _expected(key, inside, step), f"at {at:.0f} ")
        at += step
    return wrong


def _expected(key: panels.Key, facts: Facts, step: float) -> Values:
    if not facts:
        return {}
    if key in PER_SECOND:
        truth, times = PER_SECOND[key]
        return {labels: times * value / step for labels, value in truth(facts).items()}
    return COUNTED[key](facts)


def _values(found: Mapping[tuple[tuple[str, str], ...], float]) -> Values:
    return {tuple(text for _, text in labels): value for labels, value in found.items()}


def _unlike(key: panels.Key, found: Values, true: Values, where: str) -> list[str]:
    # Clocks are floats of a quarter of a microsecond; nothing else is rounded.
    slack = 1e-4 if key[1] in CLOCKED else 1e-9
    return [
        f"{where}{'/'.join(labels)}: {found.get(labels, 0)} instead of {true.get(labels, 0)}"
        for labels in sorted({*found, *true})
        if found.get(labels, 0) != pytest.approx(true.get(labels, 0), rel=slack, abs=1e-12)
    ]


CLOCKED = (
    *("Response time", "Mean duration", "Worker use", "Idle time", "Parallelism, actual and possible"),
    "Worker use over time",
)


def shown(played: Played, asked: Asked, seconds: float = 24 * HOUR) -> tuple[Values, Values]:
    """What a panel of one number a label shows over a range that ends now, and the truth."""
    seen = View(played.end - seconds, played.end, ALL)
    found = servers.query(played.stage.prometheus.address, seen.promql(asked), seen.end)
    return _values(found), COUNTED[asked.board, asked.panel, asked.ref](played.facts)
