"""Figures and names as a reader sees them.

A figure and its unit have a plain space between them, as on a terminal; a page makes it one at which no line
ends, by `unbroken`.
"""

from __future__ import annotations

import html
import re

NOT_KNOWN = "not known"
_TOGETHER = re.compile(
    r"(?<=\d) (?=(?:%|ms|s|min|USD|points?)(?!\w))|(?<=\bUSD) (?=\d)"
    r"|(?<=\bp) (?=[=<])|(?<=[=<]) (?=\d)"
    r"|(?<=\d,) (?=[-+\N{MINUS SIGN}±]?[\d.,]+\])"
)


def percent(share: float | None) -> str:
    """A fraction of 1 as a percentage with one decimal."""
    return NOT_KNOWN if share is None else f"{100 * share:.1f} %"


def points(difference: float) -> str:
    """A difference of fractions as signed percentage points."""
    value = round(100 * difference, 1)
    sign = "+" if value > 0 else "\u2212" if value < 0 else "±"
    return f"{sign}{abs(value):.1f}"


def p_value(p: float) -> str:
    """A probability, short and never as a plain 0."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def dollars(amount: float | None) -> str:
    """US dollars, with as many decimals as a small amount needs."""
    if amount is None:
        return NOT_KNOWN
    digits = 2 if amount >= 1 else 4 if amount >= 0.01 else 6
    return f"USD {amount:,.{digits}f}"


def milliseconds(seconds: float | None) -> str:
    """A time in milliseconds with three significant places."""
    return NOT_KNOWN if seconds is None else f"{1000 * seconds:.3g} ms"


def plural(count: int, singular: str, several: str | None = None) -> str:
    """A number with its noun: `1 case`, `2 cases`."""
    return f"{count:,} {singular if count == 1 else several or singular + 's'}"


def shortened(text: str, length: int) -> str:
    """At most `length` signs of one line, with an ellipsis where some were cut."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1].rstrip()}…"


def unbroken(text: str) -> str:
    """The text with no-break spaces between figures and units, in intervals, and in `p = 0.05`.

    The lines of a page may be short.
    """
    return _TOGETHER.sub("\N{NO-BREAK SPACE}", text)


def escaped(text: str) -> str:
    """Text for a place that reads HTML."""
    return html.escape(text, quote=False)


def amount(value: float | None, unit: str) -> str:
    """A level of a metric with its unit, as many digits as tell it from its like."""
    if value is None:
        return NOT_KNOWN
    if unit == "%":
        return f"{value:.1f} %"
    if unit == "USD":
        return dollars(value)
    if unit == "s":
        return f"{value:.2f} s" if value >= 1 else milliseconds(value)
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def signed(value: float, digits: int = 1) -> str:
    """A difference with its sign; ±0 for none that would show."""
    rounded = round(value, digits)
    sign = "+" if rounded > 0 else "\u2212" if rounded < 0 else "±"
    return f"{sign}{abs(rounded):,.{digits}f}"


def probability(share: float | None) -> str:
    """A probability in whole percent, never as certain."""
    if share is None:
        return NOT_KNOWN
    if share > 0.99:
        return "over 99 %"
    return "under 1 %" if share < 0.01 else f"{100 * share:.0f} %"
