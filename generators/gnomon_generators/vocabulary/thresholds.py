"""Where a value turns from good to bad."""

from __future__ import annotations

from itertools import pairwise

import attr

from gnomon.errors import UserError
from gnomon_generators.promql.naming import told
from gnomon_generators.vocabulary.colors import BAD, GOOD, WARN

# Nine tenths of a limit: late enough to be rare, early enough to act.
_NEAR: float = 0.9


@attr.frozen
class Thresholds:
    """The colour of everything below the first step, and from each step on."""

    base: str
    steps: tuple[tuple[float, str], ...]

    def json(self) -> dict[str, object]:
        """As Grafana's field configuration has it; the first step, without a value, is minus infinity.

        Raises `UserError` when the values do not rise.
        """
        values = [value for value, _ in self.steps]
        if not values or any(second <= first for first, second in pairwise(values)):
            shown = ", ".join(f"{value:g}" for value in values) or "none"
            raise UserError(
                f"thresholds must rise, and here are {shown}: write steps(GOOD, (80, WARN), (90, BAD))"
            )
        later = [{"color": color, "value": value} for value, color in self.steps]
        return {"mode": "absolute", "steps": [{"color": self.base}, *later]}


def check_thresholds(thresholds: object) -> None:
    """Raises `UserError` for what says no colours, such as a bare number."""
    if thresholds is None or isinstance(thresholds, Thresholds):
        return
    shown = f"{thresholds:g}" if isinstance(thresholds, int | float) else "85"
    raise UserError(
        f"thresholds={told(thresholds)} does not say what is good: write objective({shown}) where more is "
        f"better, budget({shown}) where less is, or steps(GOOD, ({shown}, BAD))"
    )


def steps(base: str, *rising: tuple[float, str]) -> Thresholds:
    """Colours by value: `steps(GOOD, (0.3, BAD), (0.7, GOOD))` is bad from 0.3 up to below 0.7.

    Raises `UserError` for steps that are no pairs of a number and a colour behind the colour below them.
    """
    if not isinstance(base, str) or not all(map(_is_step, rising)):
        given = ", ".join(map(told, (base, *rising)))
        raise UserError(
            f"steps({given}) says no colours by value: write the colour below the first step, then pairs, "
            "such as steps(GOOD, (1, WARN), (5, BAD))"
        )
    return Thresholds(base, rising)


def objective(least: float, *, near: float | None = None) -> Thresholds:
    """Good from `least` on, bad below it; from `least` up to `near` only just good."""
    _check_limit("objective", least, near)
    if near is None:
        return steps(BAD, (least, GOOD))
    return steps(BAD, (least, WARN), (near, GOOD))


def budget(most: float, *, near: float | None = None) -> Thresholds:
    """Bad from `most` on; a warning from `near` on, nine tenths of it unless told."""
    _check_limit("budget", most, near)
    if most <= 0:
        return steps(GOOD, (most, BAD))
    return steps(GOOD, (most * _NEAR if near is None else near, WARN), (most, BAD))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_step(one: object) -> bool:
    match one:
        case (value, str()):
            return _is_number(value)
    return False


def _check_limit(function: str, limit: object, near: object) -> None:
    for value in (limit, near):
        if value is not None and not _is_number(value):
            raise UserError(
                f"{function}({told(value)}) is no number: write one, or a setting that is one, such as "
                "settings.slo.routing_accuracy_percent"
            )
    if limit is None:
        raise UserError(f"{function}(None) is no number: write {function}(85)")
