"""How fast an error budget may burn before somebody is told: pairs of windows and their thresholds.

The pairs are those of the Site Reliability Workbook, chapter 5, "Alerting on SLOs" (multiwindow,
multi-burn-rate alerts). An alert fires when errors in both windows exceed the factor times the budget:
the long window says that it matters, the short one that it still goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from gnomon.errors import UserError
from gnomon_generators.promql import Expr, Window, above, both
from gnomon_generators.promql.windows import milliseconds
from gnomon_generators.rules.model import Severity

PERIOD: Final = "30d"
"""The time over which an objective is kept, unless said otherwise."""


@dataclass(frozen=True, slots=True)
class Burn:
    """A pair of windows: told with this severity once `budget` (a share of 1) was spent in the long one."""

    severity: Severity
    budget: float
    long: Window
    short: Window
    hold: Window

    def factor(self, period: Window = PERIOD) -> float:
        """How many times faster than evenly over the period the budget burns."""
        return self.budget * milliseconds(period) / milliseconds(self.long)

    def threshold(self, objective_percent: float, period: Window = PERIOD) -> float:
        """The share of errors (of 1) above which it burns that fast.

        Raises `UserError` where no share is so high: at an objective of 90 %, even if everything fails, the
        budget burns ten times faster than evenly and not fourteen.
        """
        if not 0 < objective_percent < 100:
            raise UserError(
                f"an objective of {objective_percent:g} % leaves no budget to burn, or nothing to keep"
            )
        threshold = round(self.factor(period) * (100 - objective_percent) / 100, 12)
        if threshold >= 1:
            raise UserError(
                f"the windows {self.long} and {self.short} never alert at an objective of "
                f"{objective_percent:g} %: {threshold:.0%} of errors would be needed; leave the pair out "
                "(reachable() does)"
            )
        return threshold


BURNS: Final = (
    Burn("critical", 0.02, "1h", "5m", "2m"),
    Burn("critical", 0.05, "6h", "30m", "15m"),
    Burn("warning", 0.10, "1d", "2h", "1h"),
    Burn("warning", 0.10, "3d", "6h", "3h"),
)
"""Two that wake somebody, two that wait for the morning."""


def reachable(
    objective_percent: float, period: Window = PERIOD, burns: Sequence[Burn] = BURNS
) -> tuple[Burn, ...]:
    """The pairs that can alert at this objective.

    Raises `UserError` when none can: the objective is too low to be watched this way.
    """
    found = []
    for burn in burns:
        try:
            burn.threshold(objective_percent, period)
        except UserError:
            continue
        found.append(burn)
    if not found:
        raise UserError(f"no pair of windows can alert at an objective of {objective_percent:g} %: raise it")
    return tuple(found)


def burning(
    errors: Callable[[Window], Expr], burn: Burn, objective_percent: float, period: Window = PERIOD
) -> Expr:
    """Where the budget burns too fast: `errors` gives the share of errors (of 1) in a window.

    Raises `UserError` for a pair that cannot alert at this objective, and where `errors` is no share of 1.
    """
    threshold = burn.threshold(objective_percent, period)
    long, short = errors(burn.long), errors(burn.short)
    if long.unit != "1":
        raise UserError(
            f"{long.text} is in {long.unit or 'no unit'}: a burn rate is of a share of 1, see ratio()"
        )
    return both(above(long, threshold), above(short, threshold))
