"""A PromQL expression as a value: its text, its unit, the labels of its result."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gnomon.errors import UserError
from gnomon_generators.promql.windows import Window, added, checked, is_fixed

# Where an offset stands, or could stand, in a template; what is between is the offset that is there.
_OPEN, _CLOSE = "\ue000", "\ue001"
_MARK = re.compile(f"{_OPEN}([^{_CLOSE}]*){_CLOSE}")


@dataclass(frozen=True, slots=True)
class Expr:
    """An immutable expression; made by the functions of this package and joined by them.

    `unit` is the unit of its values in UCUM (`s`, `%`, `{test}`, `{test}/s`; empty: not known). `labels`
    are the Prometheus labels that tell its results apart, or None where that is not known. `step` is the
    least step at which a range query of it shows every point once, where that matters: a panel over time
    sets it as the query's minimum interval. `ranked` says that its results come in order of value.
    """

    template: str
    unit: str = ""
    labels: tuple[str, ...] | None = None
    step: str | None = None
    compound: bool = False
    shiftable: bool = True
    ranked: bool = False

    @property
    def text(self) -> str:
        """The expression in PromQL, with Grafana's variables where it has any."""
        return _MARK.sub(lambda mark: f" offset {mark[1]}" if mark[1] else "", self.template)

    def __str__(self) -> str:
        return self.text

    @property
    def operand(self) -> str:
        """The template as a part of a larger one: in parentheses where it needs them."""
        return f"({self.template})" if self.compound else self.template


def offset_mark(window: Window = "") -> str:
    """The place in a template where a selector's offset stands."""
    return f"{_OPEN}{window}{_CLOSE}"


def raw(text: str, *, unit: str = "", labels: Sequence[str] | None = None) -> Expr:
    """An expression as written, for what nothing else here can say.

    It is not looked into: it cannot be shifted, and it is put in parentheses wherever it is a part.
    """
    stripped = text.strip()
    if not stripped:
        raise UserError("an expression is empty: write PromQL into raw()")
    return Expr(stripped, unit, tuple(labels) if labels is not None else None, compound=True, shiftable=False)


def shifted(expr: Expr, offset: Window) -> Expr:
    """The same expression as it was `offset` ago (`7d`: last week's value beside this week's).

    Raises `UserError` for an expression written with `raw`, and where the offset would have to be added
    to one that only Grafana knows (a ledger's total over `$__range`).
    """
    checked(offset)
    if not expr.shiftable or not _MARK.search(expr.template):
        raise UserError(f"{expr.text} cannot be shifted as a whole: write its offset yourself")
    moved: Callable[[re.Match[str]], str] = lambda mark: offset_mark(_sum(mark[1], offset, expr))  # noqa: E731
    return replace(expr, template=_MARK.sub(moved, expr.template))


def _sum(there: str, more: str, expr: Expr) -> str:
    if not there:
        return more
    if not is_fixed(there) or not is_fixed(more):
        raise UserError(
            f"{expr.text} cannot be shifted by {more}: offsets are added for fixed windows only (7d, 24h)"
        )
    return added(there, more)
