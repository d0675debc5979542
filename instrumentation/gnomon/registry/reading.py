"""How much there was within a window, in PromQL: what the column `counting` of the metrics means.

The text of expressions and nothing else, for all who ask Prometheus: the generators make panels and rules
of it, `gnomon reconcile` compares its answers with the results store. So both read a number the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from gnomon.registry.model import Counting

LOOK_BACK: Final = "1h"
"""A series of a long-running process is found within this time of its last scrape."""

Offset = Callable[[str], str]
"""Writes a selector's offset of that length; of an empty length, nothing."""


def written_offset(length: str) -> str:
    """An offset as PromQL has it."""
    return f" offset {length}" if length else ""


def total(
    selector: str,
    counting: Counting,
    window: str,
    by: Sequence[str] = (),
    offset: Offset = written_offset,
) -> str:
    """The sum within the window, by these labels, of series that are counted in this way.

    `selector` is a name with matchers (of a histogram with its suffix). Run points are added up and a
    ledger's total then is taken from its total now, which is exact; a counter of a process is increased,
    which Prometheus estimates at the window's ends. Raises `ValueError` for a level, which has no total.
    """
    if counting == "run_point":
        return aggregated("sum", ranged("sum_over_time", selector, window, offset("")), by)
    if counting == "ledger":
        # What is there now less what was there then; a series that was not there then counts from zero.
        now = aggregated("sum", ranged("last_over_time", selector, LOOK_BACK, offset("")), by)
        then = aggregated("sum", ranged("last_over_time", selector, LOOK_BACK, offset(window)), by)
        return f"{now} - ({then} or 0 * {now})"
    if counting in ("counter", "histogram"):
        return aggregated("sum", ranged("increase", selector, window, offset("")), by)
    raise ValueError(f"{selector} is a level: it has no total over {window}")


def ranged(function: str, selector: str, window: str, offset: str = "") -> str:
    """A function over the samples of a window; `offset` as an `Offset` writes it."""
    return f"{function}({selector}[{window}]{offset})"


def aggregated(function: str, value: str, by: Sequence[str] = ()) -> str:
    """Series joined into one, or into one for each value of the labels."""
    kept = f" by ({', '.join(by)}) " if by else ""
    return f"{function}{kept}({value})"
