"""Expressions made of expressions: ratios, differences, guards, choices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from gnomon.errors import UserError
from gnomon_generators.promql.expression import Expr
from gnomon_generators.promql.series import Labels, each, label_text
from gnomon_generators.promql.windows import RANGE, STEP, windows_in

_COUNT: Final = "count"
_MONEY: Final = ("{USD}", "{EUR}")


def ratio(numerator: Expr, denominator: Expr, *, absent_is_zero: bool = True) -> Expr:
    """The one divided by the other, and nothing where the denominator is zero.

    A numerator without any series (no test failed, so none was ever counted) is zero where there is a
    denominator. Where absent means unknown rather than none, say `absent_is_zero=False`. The two are
    split by the same labels, or the denominator by some of them: then each gets its share of the whole.

    Raises `UserError` for a percentage by something else.
    """
    if numerator.unit == denominator.unit:
        unit = "1"
    else:
        unit = f"{numerator.unit}/{denominator.unit}" if numerator.unit and denominator.unit else ""
        if unit and "%" in (numerator.unit, denominator.unit):
            raise UserError(
                f"{numerator.text} is in {numerator.unit} and {denominator.text} in {denominator.unit}: a "
                "percentage is compared with percentages only; divide the totals that it is made of"
            )
    return _divided(numerator, denominator, unit, absent_is_zero)


def percent(part: Expr, whole: Expr, *, absent_is_zero: bool = True) -> Expr:
    """The part in percent of the whole, like `ratio`.

    Raises `UserError` when they are not measured alike: counts of whatever things are, money and seconds not;
    and for what happened in a step in percent of what happened in the whole range.
    """
    for one, other in ((part, whole), (whole, part)):
        if STEP in windows_in(one.text) and windows_in(other.text) == {RANGE}:
            raise UserError(
                f"{one.text} is of one step and {other.text} of the whole range before each point: write the "
                "same window in both, STEP for a chart, RANGE for one number"
            )
    if part.unit and whole.unit and _measured(part.unit) != _measured(whole.unit):
        raise UserError(
            f"{part.text} is in {part.unit} and {whole.text} in {whole.unit}, so the one is no part of the "
            "other: write ratio(…) for the one per the other"
        )
    divided = _divided(part, whole, "%", absent_is_zero)
    return replace(divided, template=f"100 * {divided.template}")


def _divided(numerator: Expr, denominator: Expr, unit: str, absent_is_zero: bool) -> Expr:
    matching = _matching(numerator, denominator)
    top = numerator.operand
    # Of a whole split less finely, it is not known which parts are absent.
    if absent_is_zero and not matching:
        top = f"({numerator.operand} or 0 * {denominator.operand})"
    group = f"{matching}group_left () " if matching else ""
    text = f"{top} / {group}({denominator.operand} > 0)"
    return _joined(text, numerator, denominator, unit=unit)


def difference(first: Expr, second: Expr) -> Expr:
    """The first less the second, where both are there.

    Raises `UserError` when their units differ, or the labels that they are split by.
    """
    return _joined(f"{first.operand} - {_term(first, second)}", first, second, unit=_same_unit(first, second))


def plus(first: Expr, second: Expr, *more: Expr, unit: str | None = None) -> Expr:
    """The sum of expressions, each of them 0 where only others are there.

    Counts of different things add up with a `unit` that says what they are together: `{attempt}` of retries
    and calls. Raises `UserError` when units differ otherwise, or the labels that they are split by.
    """
    everything = (first, second, *more)
    for other in everything[1:]:
        _term(first, other)
    present = " or ".join(f"0 * {expr.operand}" for expr in everything)
    text = " + ".join(f"({expr.operand} or {present})" for expr in everything)
    joined = _joined(text, first, second, unit=_unit_of_all(everything, unit))
    return replace(joined, shiftable=all(expr.shiftable for expr in everything))


def scaled(expr: Expr, factor: float, *, per: float = 1, unit: str | None = None) -> Expr:
    """The expression times a number and divided by another (30 per 7: a month at a week's pace)."""
    divided = f" / {number(per)}" if per != 1 else ""
    return replace(
        expr,
        template=f"{number(factor)} * {expr.operand}{divided}",
        unit=expr.unit if unit is None else unit,
        compound=True,
        ranked=False,
    )


def at_least(expr: Expr, count: Expr, minimum: float) -> Expr:
    """The expression where the count reaches the minimum: a ratio of two events out of three says nothing.

    The count is split by the same labels, or by some of them.
    """
    matching = _matching(expr, count)
    text = f"{expr.operand} and {matching}({count.operand} >= {number(minimum)})"
    return _joined(text, expr, count, unit=expr.unit)


def both(first: Expr, second: Expr) -> Expr:
    """The first, where the second is there too.

    The second is split by the same labels, or by some of them.
    """
    text = f"{first.operand} and {_matching(first, second)}{second.operand}"
    return _joined(text, first, second, unit=first.unit)


def lacking(first: Expr, second: Expr) -> Expr:
    """The first, where the second is not there.

    The second is split by the same labels, or by some of them.
    """
    text = f"{first.operand} unless {_matching(first, second)}{second.operand}"
    return _joined(text, first, second, unit=first.unit)


def above(expr: Expr, limit: float) -> Expr:
    """The expression where it is greater than the limit."""
    return _compared(expr, ">", limit)


def below(expr: Expr, limit: float) -> Expr:
    """The expression where it is less than the limit."""
    return _compared(expr, "<", limit)


def between(expr: Expr, low: float, high: float) -> Expr:
    """The expression where it lies strictly between the two; the bounds themselves do not count."""
    text = f"{expr.operand} > {number(low)} and {expr.operand} < {number(high)}"
    return replace(expr, template=text, compound=True)


def top(count: int, expr: Expr) -> Expr:
    """The highest values, at most so many, highest first in a table.

    A panel over time may show more series than that: the highest of each moment. Not for rules, where
    series would come and go.
    """
    return replace(expr, template=f"topk({count}, {expr.template})", compound=False, ranked=True)


def bottom(count: int, expr: Expr) -> Expr:
    """The lowest values, at most so many, lowest first in a table; see `top`."""
    return replace(expr, template=f"bottomk({count}, {expr.template})", compound=False, ranked=True)


def counted(expr: Expr, by: Labels = ()) -> Expr:
    """How many series the expression gives: flaky tests, firing alerts. Nothing where there are none."""
    return _aggregated("count", expr, by, "1")


def highest(expr: Expr, by: Labels = ()) -> Expr:
    """The highest of its values."""
    return _aggregated("max", expr, by, expr.unit)


def lowest(expr: Expr, by: Labels = ()) -> Expr:
    """The lowest of its values."""
    return _aggregated("min", expr, by, expr.unit)


def summed(expr: Expr, by: Labels = ()) -> Expr:
    """The sum of its values; of counts and amounts, never of ratios, percentages or quantiles.

    Raises `UserError` for the unit of a ratio or a percentage.
    """
    if expr.unit in ("%", "1"):
        raise UserError(
            f"{expr.text} is a ratio: ratios are not added up, divide the sums that they are made of"
        )
    return _aggregated("sum", expr, by, expr.unit)


def or_zero(expr: Expr) -> Expr:
    """The expression, or 0 where it gives nothing: for one number that may be a true zero.

    Raises `UserError` for an expression that is split by labels, for nobody knows which are missing.
    """
    if expr.labels:
        raise UserError(
            f"{expr.text} is split by {', '.join(expr.labels)}, and which of them are zero is not known: "
            "leave or_zero() out, and say no_value='0' of the panel, or leave by= out"
        )
    return replace(expr, template=f"{expr.operand} or vector(0)", compound=True)


def either(first: Expr, second: Expr) -> Expr:
    """The first, and the second where the first is not there.

    Raises `UserError` when their units differ.
    """
    return _joined(f"{first.operand} or {second.operand}", first, second, unit=_same_unit(first, second))


def number(value: float) -> str:
    """A number as PromQL has it, every digit kept."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _compared(expr: Expr, operator: str, limit: float) -> Expr:
    return replace(expr, template=f"{expr.operand} {operator} {number(limit)}", compound=True)


def _aggregated(function: str, expr: Expr, by: Labels, unit: str) -> Expr:
    kept = tuple(label_text(label) for label in each(by))
    if expr.labels is not None and (missing := [label for label in kept if label not in expr.labels]):
        raise UserError(f"{expr.text} is not split by {', '.join(missing)}: split it by that first")
    grouping = f" by ({', '.join(kept)}) " if kept else ""
    return replace(
        expr,
        template=f"{function}{grouping}({expr.template})",
        unit=unit,
        labels=kept,
        compound=False,
        ranked=False,
    )


def _term(first: Expr, second: Expr) -> str:
    if _matching(first, second):
        raise UserError(
            f"{first.text} is split by {', '.join(first.labels or ()) or 'nothing'} and {second.text} by "
            f"{', '.join(second.labels or ()) or 'nothing'}: split both by the same labels"
        )
    return second.operand


def _matching(first: Expr, second: Expr) -> str:
    """What stands after the operator where the second is split by fewer labels; empty where by the same.

    Raises `UserError` when the second has a label that the first lacks: nothing would match.
    """
    if first.labels is None or second.labels is None or set(first.labels) == set(second.labels):
        return ""
    if extra := [label for label in second.labels if label not in first.labels]:
        raise UserError(
            f"{second.text} is split by {', '.join(extra)} and {first.text} is not: no series would match"
        )
    return f"on ({', '.join(second.labels)}) "


def _measured(unit: str) -> str:
    """What a unit measures: things that are counted are all the same here, everything else is itself."""
    counts = unit == "1" or (unit.startswith("{") and unit.endswith("}") and unit not in _MONEY)
    return _COUNT if counts else unit


def _unit_of_all(everything: Sequence[Expr], said: str | None) -> str:
    first = everything[0]
    if said is None:
        for other in everything[1:]:
            units = (first.unit, other.unit)
            if all(units) and len(set(units)) > 1 and set(map(_measured, units)) == {_COUNT}:
                raise UserError(
                    f"{first.text} is in {first.unit} and {other.text} in {other.unit}: say what they are "
                    "together, plus(…, unit='{attempt}'), or write percent(part, whole)"
                )
        return next((unit for unit in (_same_unit(first, other) for other in everything[1:]) if unit), "")
    for expr in everything:
        if expr.unit and _measured(expr.unit) != _measured(said):
            raise UserError(f"{expr.text} is in {expr.unit}, which is never {said}: leave unit= out")
    return said


def _same_unit(first: Expr, second: Expr) -> str:
    if first.unit and second.unit and first.unit != second.unit:
        raise UserError(
            f"{first.text} is in {first.unit} and {second.text} in {second.unit}: they do not add up; write "
            "ratio(…) for the one per the other, or ask both, each as a query of its own"
        )
    return first.unit or second.unit


def _joined(text: str, first: Expr, second: Expr, *, unit: str) -> Expr:
    return Expr(
        text,
        unit,
        first.labels if first.labels is not None else second.labels,
        first.step or second.step,
        compound=True,
        shiftable=first.shiftable and second.shiftable,
    )
