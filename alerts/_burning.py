"""Alerts of error budgets that burn too fast: one that wakes somebody, one that waits for the morning."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

from gnomon.errors import UserError
from gnomon_generators.promql import Expr, Window, at_least, either
from gnomon_generators.rules import AlertRule, Burn, Panel, burning, outlasting, reachable

Measure = Callable[[Window], Expr]


@dataclass(frozen=True)
class ErrorBudget:
    """What may fail of something while its objective is kept.

    `errors` gives the share of errors (of 1) in a window and `count` how many there were in all: fewer than
    `minimum` in the longer window say nothing.
    """

    name: str
    words: str
    objective_percent: float
    errors: Measure
    count: Measure
    minimum: float
    who: str
    panel: Panel

    def alerts(self) -> Iterator[AlertRule]:
        """`<name>BurnsFast` and `<name>BurnsSlow`, as far as any share of errors burns the budget so fast.

        At an objective that leaves no budget, or so much that nothing could burn it, there is no such alert.
        """
        try:
            pairs = reachable(self.objective_percent)
        except UserError:
            return
        for speed, severity in (("Fast", "critical"), ("Slow", "warning")):
            if chosen := [pair for pair in pairs if pair.severity == severity]:
                yield self._alert(speed, chosen)

    def _alert(self, speed: str, pairs: Sequence[Burn]) -> AlertRule:
        hold = pairs[0].hold
        for pair in pairs:
            outlasting(pair.short, hold)
        conditions = [
            at_least(burning(self.errors, pair, self.objective_percent), self.count(pair.long), self.minimum)
            for pair in pairs
        ]
        budget, least = 100 - self.objective_percent, min(pair.factor() for pair in pairs)
        windows = " or ".join(f"{pair.long} and {pair.short}" for pair in pairs)
        wrong = "{{ $value | humanizePercentage }}"
        return AlertRule(
            f"{self.name}Burns{speed}",
            reduce(either, conditions),
            hold,
            pairs[0].severity,
            summary=f"The error budget of {self.words} burns {'fast' if speed == 'Fast' else 'slowly'}.",
            description=f"{self.who}: {wrong} of the {self.words} went wrong. The budget is {budget:g} %; in "
            f"the last {windows} it burnt at least {least:g} times as fast as it may.",
            value=f"{wrong} wrong",
            objective=f"at most {budget:g} %",
            panel=self.panel,
        )
