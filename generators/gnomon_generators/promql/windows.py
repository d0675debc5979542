"""Lengths of time in expressions: fixed ones (`7d`) and those that Grafana puts in for a panel."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from gnomon.errors import UserError
from gnomon_generators.promql.naming import told

Window = str
"""A length of time in Prometheus' notation (`5m`, `1h30m`, `7d`), or one of the three variables below."""

RANGE: Final = "$__range"
"""The whole time range of the panel: for headline numbers, with an instant query."""

STEP: Final = "$__interval"
"""The distance between two points of a panel over time: each point shows what happened since the last.

Run points: `sum_over_time(x[$__interval])` in a range query whose step is `$__interval` too. Grafana
starts and ends range queries on whole multiples of the step, so windows end on whole seconds, and each
begins where the one before ends. Run points are stamped with milliseconds and never on a whole second:
none lies on the edge of two windows, and it makes no difference that a range is closed on both sides before
Prometheus 3 and open on the left since. Each point is drawn once, none is left out, whatever the zoom.

Two things must hold: the step is never less than `LEAST_STEP`, set as the query's minimum interval (a
second's fraction would put edges between seconds), and it is one that Grafana can write in a word
(`90s` would become a range of `1m` under a step of 90 seconds). The bars of a panel add up to its
headline number but for its two ends: the first bar reaches back to a whole step, and what came since the
last whole step is not drawn yet.
"""

RATE: Final = "$__rate_interval"
"""At least four scrapes, and at least the step: for counters of services over time."""

LEAST_STEP: Final = "1m"
"""The least step of a panel over time that shows run points."""

# In milliseconds; a year has 365 days, as in Prometheus.
_UNITS: Final = {
    "y": 31_536_000_000,
    "w": 604_800_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1_000,
    "ms": 1,
}
_FIXED: Final = re.compile(r"(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?")
_PART: Final = re.compile(r"(\d+)(ms|[ywdhms])")
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`')
_WITHIN: Final = re.compile(r"\[\s*([^\]:\s]+)|\boffset\s+([^\s)]+)")
_SECONDS_OF: Final = {RANGE: "$__range_s", STEP: "$__interval_ms / 1000"}


def checked(window: Window) -> Window:
    """The window itself; raises `UserError` when it is no length of time."""
    if not isinstance(window, str):
        argument = "where" if isinstance(window, Mapping) else "by"
        raise UserError(f"the second argument is a window, not {told(window)}: name it, {argument}=…")
    if window not in (RANGE, STEP, RATE) and not is_fixed(window):
        raise UserError(f"{window!r} is no length of time: write one such as '5m', '24h' or '7d', or RANGE")
    return window


def is_fixed(window: Window) -> bool:
    """Whether it is the same length everywhere, and longer than nothing."""
    return bool(window) and _FIXED.fullmatch(window) is not None and milliseconds(window) > 0


def in_one_word(window: Window) -> bool:
    """Whether Grafana writes this step as it is: it rounds `90s` down to `1m`, and `36h` to `1d`.

    Units in which it thinks are those up to a day, and a year.
    """
    length = milliseconds(window)
    unit = next(size for name, size in _UNITS.items() if name != "w" and length >= size)
    return length % unit == 0


def windows_in(expression: str) -> frozenset[Window]:
    """The lengths of time that stand in an expression: its ranges and its offsets."""
    found = _WITHIN.finditer(_STRING.sub('""', expression))
    return frozenset(match[1] or match[2] for match in found)


def milliseconds(window: Window) -> int:
    """The length of a fixed window."""
    return sum(int(count) * _UNITS[unit] for count, unit in _PART.findall(window))


def seconds(window: Window) -> str:
    """The length in seconds, as an operand of an expression.

    Raises `UserError` for `$__rate_interval`, whose length Grafana does not tell.
    """
    if window in _SECONDS_OF:
        return _SECONDS_OF[window]
    if not is_fixed(window):
        raise UserError(
            f"the length of {window} in seconds is not known: write RANGE for one number, STEP for a chart, "
            "or a length such as '1h'"
        )
    whole, rest = divmod(milliseconds(window), 1000)
    return f"{whole}.{rest:03d}".rstrip("0") if rest else str(whole)


def written(length: int) -> Window:
    """A length in milliseconds in Prometheus' notation, in its largest whole unit (`7d`, `59999ms`)."""
    unit = next(unit for unit, size in _UNITS.items() if unit not in "yw" and length % size == 0)
    return f"{length // _UNITS[unit]}{unit}"


def added(first: Window, second: Window) -> Window:
    """Two fixed windows after each other; raises `UserError` where one of them is not fixed."""
    for window in (first, second):
        if not is_fixed(window):
            raise UserError(f"{window!r} has no fixed length: write one such as 5m, 24h or 7d")
    return written(milliseconds(first) + milliseconds(second))
