"""The figures as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from benchmarks.changes.bars import BARS, Bar
from benchmarks.changes.scores import Figure
from benchmarks.measure import table

SIGNS = {True: "met", False: "**not met**", None: ""}


def written(figure: Figure, error: bool = False) -> str:
    """The figure to three places, its standard error after it if wanted; nothing if it is not known."""
    if not figure.known:
        return ""
    value = f"{figure.value:.3f}".removeprefix("0") if 0 <= figure.value < 1 else f"{figure.value:.3g}"
    return f"{value} ±{figure.error:.3f}".replace("±0.", "±.") if error and figure.error else value


def of_bars(figures: Mapping[str, Mapping[str, Figure]], ours: str, bars: Iterable[Bar] = BARS) -> str:
    """A line for each bar; `figures` by detector and figure, of which `ours` is held against the bar."""
    others = [name for name in figures if name != ours]
    head = ["", "bar", ours, "", *others]
    rows = []
    for bar in bars:
        own = figures.get(ours, {}).get(bar.figure)
        rows.append(
            [
                bar.words,
                str(bar),
                written(own, error=True) if own else "",
                SIGNS[bar.met(own)] if own else "",
                *(
                    written(figures[name][bar.figure]) if bar.figure in figures[name] else ""
                    for name in others
                ),
            ]
        )
    return table(head, rows)


def of_groups(rows: Mapping[str, Mapping[str, Figure]], names: Sequence[str]) -> str:
    """A line for each group, a column for each of the named figures."""
    return table(
        ["", *names],
        [[group, *(written(figures[name]) for name in names)] for group, figures in rows.items()],
    )
