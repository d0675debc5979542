"""The plots of a change's page as plain Plotly specifications, coloured as those of the report."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from gnomon_analysis.report import wording
from gnomon_analysis.report.change import Effect, Point, Series
from gnomon_analysis.report.figures import Figure, layout

_LABELS = 5
# Commits that a plot has room for as dots of a size that a finger finds.
_FEW = 25


@dataclass(frozen=True, slots=True)
class Levels:
    """What a finding says of both sides, each from so many runs, and the colour of what came of it.

    `drifts_from` is the last commit of the side before, where a slope lies between the two.
    """

    before: float | None = None
    after: float | None = None
    runs_before: int = 0
    runs_after: int = 0
    colour: str = "$accent"
    drifts_from: str | None = None


def around(effect: Effect) -> Figure | None:
    """A metric at the commits around the change, which a line marks, with both levels; None without runs."""
    if effect.series is None:
        return None
    good = effect.better
    colour = "$accent" if good is None else "$good" if good else "$bad"
    begin = effect.before_revision if effect.verdict == "drift" else None
    levels = Levels(effect.before, effect.after, effect.runs_before, effect.runs_after, colour, begin)
    return drawn(effect.series, effect.unit, levels)


def drawn(series: Series, unit: str, levels: Levels) -> Figure:
    """A metric at the commits around a change."""
    scale, suffix = _scale(unit, series)
    points = tuple(_scaled(point, scale) for point in series.points)
    data = [
        *_band(points),
        *_runs(points),
        *_levels(levels, points, series.first_after, scale),
        {
            "type": "scatter",
            "mode": "lines+markers",
            "x": list(range(len(points))),
            "y": [point.value for point in points],
            "line": {"color": "$muted", "width": 1},
            "marker": {
                "size": 9 if len(points) <= _FEW else 6,
                "color": [
                    "$muted" if at < series.first_after else levels.colour for at in range(len(points))
                ],
                "symbol": ["circle" if at < series.first_after else "diamond" for at in range(len(points))],
            },
            "hovertext": [_hover(unit, point) for point in series.points],
            "hoverinfo": "text",
        },
    ]
    y = {"automargin": True, "ticksuffix": suffix}
    plot = layout(280, x=_axis(points), y=y | ({} if unit == "%" else {"rangemode": "tozero"}))
    plot["margin"] = {"l": 48, "r": 16, "t": 30, "b": 44}
    if 0 < series.first_after < len(points):
        up_to = _last_before(levels, points, series.first_after) < series.first_after - 1
        plot |= _mark(points[series.first_after], series.first_after, drift=up_to)
    return {"data": data, "layout": plot}


def _last_before(levels: Levels, points: tuple[Point, ...], first_after: int) -> int:
    """The place of the last commit before; of a drift that at which it begins, -1 if beyond the plot."""
    if levels.drifts_from is None:
        return first_after - 1
    places = (at for at, point in enumerate(points[:first_after]) if point.revision == levels.drifts_from)
    return next(places, -1)


def _mark(first_after: Point, place: int, *, drift: bool = False) -> Figure:
    """The line between the last commit before and the first one after; of a drift, where it ends."""
    line = {"color": "$ink", "width": 1.5, "dash": "dash"}
    return {
        "shapes": [
            {
                "type": "line",
                "x0": place - 0.5,
                "x1": place - 0.5,
                "y0": 0,
                "y1": 1,
                "yref": "paper",
                "line": line,
            }
        ],
        "annotations": [
            {
                "x": place - 0.5,
                "y": 1,
                "yref": "paper",
                "yanchor": "bottom",
                "text": f"drift up to {first_after.revision[:7]}"
                if drift
                else f"from {first_after.revision[:7]} on",
                "showarrow": False,
                "font": {"size": 11, "color": "$ink"},
            }
        ],
    }


def _band(points: tuple[Point, ...]) -> list[Figure]:
    known = [(at, point.low, point.high) for at, point in enumerate(points) if point.low is not None]
    if not known:
        return []
    places = [at for at, _, _ in known]
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "x": places + places[::-1],
            "y": [high for _, _, high in known] + [low for _, low, _ in known][::-1],
            "fill": "toself",
            "fillcolor": "$band",
            "line": {"width": 0},
            "hoverinfo": "skip",
        }
    ]


def _runs(points: tuple[Point, ...]) -> list[Figure]:
    """Each run's own value, where a commit has several."""
    dots = [(at, value) for at, point in enumerate(points) if len(point.runs) > 1 for value in point.runs]
    if not dots:
        return []
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "x": [at for at, _ in dots],
            "y": [value for _, value in dots],
            "marker": {"size": 4, "color": "$soft", "opacity": 0.55},
            "hoverinfo": "skip",
        }
    ]


def _levels(levels: Levels, points: tuple[Point, ...], first_after: int, scale: float) -> list[Figure]:
    """The levels that the finding speaks of, each over the commits whose runs it is taken from."""
    last = _last_before(levels, points, first_after)
    before = _reach(points[: last + 1][::-1], levels.runs_before)
    after = _reach(points[first_after:], levels.runs_after)
    change = first_after - 0.5
    before_ends = last + 0.5
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [begin, end],
            "y": [scale * level, scale * level],
            "line": {"color": shade, "width": 3},
            "hoverinfo": "skip",
        }
        for level, begin, end, shade in (
            (levels.before, before_ends - before, before_ends, "$muted"),
            (levels.after, change, change + after, levels.colour),
        )
        if level is not None and begin < end
    ]


def _reach(points: tuple[Point, ...], runs: int) -> int:
    """How many of the commits next to the change the runs of its level are from."""
    for reached, point in enumerate(points):
        if runs <= 0:
            return reached
        runs -= len(point.runs)
    return len(points)


def _axis(points: tuple[Point, ...]) -> Figure:
    step = max(1, math.ceil(len(points) / _LABELS))
    ticks = list(range(0, len(points), step))
    return {
        "tickvals": ticks,
        "ticktext": [points[tick].revision[:7] for tick in ticks],
        "tickfont": {"size": 10},
        "tickangle": 0,
        # A little room, or the first commit runs into the lowest figure of the other axis.
        "ticks": "outside",
        "ticklen": 6,
        "tickcolor": "rgba(0,0,0,0)",
        "range": [-0.6, len(points) - 0.4],
    }


def _scale(unit: str, series: Series) -> tuple[float, str]:
    """What values are multiplied with for the axis, and the unit behind its figures."""
    if unit == "s" and max(point.value for point in series.points) < 1:
        return 1000.0, "\N{NO-BREAK SPACE}ms"
    return 1.0, f"\N{NO-BREAK SPACE}{unit}" if unit in ("%", "s", "USD") else ""


def _scaled(point: Point, scale: float) -> Point:
    def times(value: float | None) -> float | None:
        return None if value is None else scale * value

    return replace(
        point,
        value=scale * point.value,
        runs=tuple(scale * value for value in point.runs),
        low=times(point.low),
        high=times(point.high),
    )


def _hover(unit: str, point: Point) -> str:
    lines = [f"<b>{point.revision[:7]}</b> {wording.escaped(wording.shortened(point.subject or '', 70))}"]
    runs = wording.plural(len(point.runs), "run")
    lines.append(f"{wording.amount(point.value, unit)} over {runs}")
    if point.low is not None and point.high is not None:
        low, high = wording.amount(point.low, unit), wording.amount(point.high, unit)
        lines.append(f"95 % interval {low} to {high}")
    return "<br>".join(lines)
