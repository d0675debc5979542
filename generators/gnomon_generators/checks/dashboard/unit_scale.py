"""A unit that asks for another scale than the query has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks.dashboard.field_config import defaults
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Expression
from gnomon_generators.checks.syntax.nodes import Binary, Call, Node, Number, Selector, bare

ID = "dashboard/unit-scale"
SEVERITY = Severity.ERROR
BRIEF = (
    "The unit takes the number at another scale than the query gives: a share as percent, a count as a date."
)

_HUNDRED: Final = 100.0
_DATES: Final = "dateTime"
# What a time comes from: functions of time, and metrics that hold one.
_TIMES: Final = frozenset({"timestamp", "time", "ts_of_last_over_time", "ts_of_max_over_time"})
_TIME_NAMES: Final = ("_timestamp", "_time_seconds", "_timestamp_seconds", "_date", "_created", "_at_seconds")


def check(expression: Expression) -> Iterator[Finding]:
    """Reports what the outermost operation of a query proves; nothing where it leaves room for doubt."""
    panel = expression.panel
    root = expression.parsed.root
    if panel is None or root is None or len(panel.targets) != 1:
        return
    unit = str(defaults(panel).get("unit") or "")
    wrong = _wrong(unit, bare(root))
    if wrong is not None:
        yield expression.finding(ID, SEVERITY, *wrong, span=root.span)


def _wrong(unit: str, root: Node) -> tuple[str, str] | None:
    if unit == "percentunit" and _times_hundred(root):
        return (
            "`percentunit` takes 1 for 100 %, and the query already multiplies by 100: all of it shows "
            "10,000 %.",
            "write the unit `percent`, or leave the multiplication out",
        )
    if unit == "percent" and _share_of_itself(root):
        return (
            "`percent` takes 100 for 100 %, and the query divides a part by its whole: all of it shows 1 %.",
            "write the unit `percentunit`, or multiply by 100",
        )
    if unit.startswith(_DATES) and not _of_time(root):
        return (
            f"`{unit}` reads a number as milliseconds since 1970, and nothing in the query is a time: it "
            "shows a day in January 1970.",
            "write `max(timestamp(…)) * 1000`, or show the number for what it is",
        )
    return None


def _times_hundred(node: Node) -> bool:
    """Whether a quotient is multiplied by 100; of anything else 100 may be the inverse of a hundredth."""
    if not isinstance(node, Binary) or node.operator != "*":
        return False
    for one, other in ((node.left, node.right), (node.right, node.left)):
        divided = bare(other)
        if _number(one) == _HUNDRED and isinstance(divided, Binary) and divided.operator == "/":
            return True
    return False


def _number(node: Node) -> float | None:
    inner = bare(node)
    return inner.value if isinstance(inner, Number) else None


def _share_of_itself(node: Node) -> bool:
    """Whether the same series stand on both sides of a division, with more conditions on the left."""
    if not isinstance(node, Binary) or node.operator != "/":
        return False
    part, whole = _selectors(node.left), _selectors(node.right)
    return (
        len(part) == len(whole) == 1
        and part[0].name is not None
        and part[0].name == whole[0].name
        and len(part[0].matchers) > len(whole[0].matchers)
    )


def _selectors(node: Node) -> list[Selector]:
    return [inner for inner in node.walk() if isinstance(inner, Selector)]


def _of_time(node: Node) -> bool:
    return any(
        (isinstance(inner, Call) and inner.name in _TIMES)
        or (isinstance(inner, Selector) and (inner.name is None or inner.name.endswith(_TIME_NAMES)))
        for inner in node.walk()
    )
