"""The report's plots as plain Plotly specifications.

Colours are names such as `$accent`: the page replaces them by its own style's variables, in light and in
dark, so that a plot follows the reader's theme.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from gnomon_analysis.report import wording
from gnomon_analysis.report.evidence import CaseAtCommit, Evidence, Move, Point

Figure = dict[str, Any]

# Order and colour of outcomes; the pattern tells them apart without colour.
_OUTCOMES = (
    ("passed", "$good", ""),
    ("failed", "$bad", "/"),
    ("error", "$warn", "x"),
    ("crashed", "$warn", "+"),
    ("xpassed", "$accent2", "."),
    ("xfailed", "$accent2", "-"),
    ("skipped", "$muted", ""),
    ("not_run", "$muted", "|"),
)
_LEGEND: Figure = {
    "showlegend": True,
    "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
}
_RIGHT_MARK, _WRONG_MARK, _MIXED_MARK = "", "×", "≈"  # noqa: RUF001 - signs drawn in the matrix
# Above this many cells a mark in each is unreadable and only slows the page.
_MARKED_CELLS = 2500


def accuracy(evidence: Evidence) -> Figure:
    """Accuracy of each commit in percent, with its interval as a band."""
    points = evidence.points
    positions = list(range(len(points)))
    shown = [_percent(point.accuracy) for point in points]
    band = {
        "x": positions + positions[::-1],
        "y": [_percent(point.high) for point in points] + [_percent(point.low) for point in points][::-1],
        "type": "scatter",
        "mode": "lines",
        "fill": "toself",
        "fillcolor": "$band",
        "line": {"width": 0},
        "hoverinfo": "skip",
        "name": "95 % interval",
    }
    line = {
        "x": positions,
        "y": shown,
        "type": "scatter",
        "mode": "lines+markers",
        "line": {"color": "$accent", "width": 2},
        "marker": {"size": 7 if len(points) <= 40 else 4, "color": "$accent"},
        "hovertext": [_point_hover(point) for point in points],
        "hoverinfo": "text",
        "name": "accuracy",
        # At 100 % a dot stands on the frame, half of it outside.
        "cliponaxis": False,
    }
    outstanding = [move for move in evidence.steps if move.stands_out]
    where = {point.note.commit: index for index, point in enumerate(points)}
    marks = {
        "x": [where[move.after.note.commit] for move in outstanding],
        "y": [_percent(move.after.accuracy) for move in outstanding],
        "type": "scatter",
        "mode": "markers",
        "marker": {
            "size": 14,
            "symbol": [
                "triangle-up" if move.paired.difference > 0 else "triangle-down" for move in outstanding
            ],
            "color": ["$good" if move.paired.difference > 0 else "$bad" for move in outstanding],
            "line": {"width": 1, "color": "$page"},
        },
        "hoverinfo": "skip",
        "name": "step that stands out",
        "cliponaxis": False,
    }
    shape = layout(360, x=_commit_axis(points), y={"title": {"text": "accuracy, %"}, "range": [0, 100]})
    shape |= _LEGEND
    return {"data": [band, line, *([marks] if outstanding else [])], "layout": shape}


def moves(evidence: Evidence, limit: int = 6) -> Figure:
    """The largest steps up and down, in percentage points, with their 95 % intervals."""
    chosen = [*evidence.largest(1, limit), *evidence.largest(-1, limit)[::-1]][::-1]
    labels = [
        f"{move.after.note.short}  {wording.escaped(wording.shortened(move.after.note.subject, 38))}"
        for move in chosen
    ]
    differences = [100 * move.paired.difference for move in chosen]
    data = {
        "type": "scatter",
        "mode": "markers",
        "x": differences,
        "y": labels,
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [100 * (move.paired.high - move.paired.difference) for move in chosen],
            "arrayminus": [100 * (move.paired.difference - move.paired.low) for move in chosen],
            "color": "$muted",
            "thickness": 1.5,
            "width": 4,
        },
        "marker": {
            "size": 11,
            "color": ["$good" if value > 0 else "$bad" for value in differences],
            "symbol": ["triangle-up" if value > 0 else "triangle-down" for value in differences],
        },
        "hovertext": [_move_hover(move) for move in chosen],
        "hoverinfo": "text",
    }
    shape = layout(
        90 + 30 * len(chosen),
        x={"title": {"text": "percentage points"}, "zeroline": True, "zerolinewidth": 2},
        y={"automargin": True, "tickfont": {"size": 12}, "type": "category"},
    )
    # On a phone the subjects leave no room for the plot; they stand in the lists below it anyway.
    return {"data": [data], "layout": shape, "narrow": [move.after.note.short for move in chosen]}


def matrix(evidence: Evidence) -> Figure:
    """Every case (row) at every commit (column): share of right answers."""
    points, names = evidence.points, case_order(evidence)
    cells = [[point.cases.get(name) for point in points] for name in names]
    shares = [[cell.share if cell else None for cell in row] for row in cells]
    data: Figure = {
        "type": "heatmap",
        "x": list(range(len(points))),
        "y": [wording.escaped(name) for name in names],
        "z": shares,
        "zmin": 0,
        "zmax": 1,
        "xgap": 1,
        "ygap": 1,
        "colorscale": [[0, "$bad"], [0.5, "$mixed"], [1, "$good"]],
        "colorbar": {
            "tickvals": [0, 0.5, 1],
            "ticktext": ["never right", "half", "always right"],
            "thickness": 10,
            "lenmode": "pixels",
            "len": 140,
            "y": 1,
            "yanchor": "top",
            "outlinewidth": 0,
        },
        "hoverongaps": False,
        "hoverinfo": "text",
    }
    if len(points) * len(names) <= _MARKED_CELLS:
        data["text"] = [[_mark(share) for share in row] for row in shares]
        data["texttemplate"] = "%{text}"
        data["textfont"] = {"size": 11, "color": "$ink"}
    shape = layout(
        110 + 15 * len(names),
        x=_commit_axis(points) | {"side": "bottom"},
        y={
            "autorange": "reversed",
            "automargin": True,
            "tickfont": {"size": 10},
            "type": "category",
            "dtick": 1,
        },
    )
    return {"data": [data], "layout": shape, "cells": _cell_hovers(evidence, names, cells)}


def confusion(point: Point) -> Figure:
    """Requests by the skill they were meant for (row) and the answer they mostly got (column)."""
    counted: Counter[tuple[str, str]] = Counter()
    for case in point.cases.values():
        if case.share is not None:
            meant = case.expected.partition(" or ")[0]
            answer = max(sorted(case.answers), key=lambda name: case.answers[name])
            counted[meant, answer] += 1
    rows = sorted({meant for meant, _ in counted})
    columns = sorted({answer for _, answer in counted} | set(rows))
    numbers = [[counted[row, column] for column in columns] for row in rows]
    largest = max((number for row in numbers for number in row), default=1)
    data = {
        "type": "heatmap",
        "x": [wording.escaped(name) for name in columns],
        "y": [wording.escaped(name) for name in rows],
        "z": [
            [
                (number if row == column else -number) or None
                for column, number in zip(columns, line, strict=True)
            ]
            for row, line in zip(rows, numbers, strict=True)
        ],
        "zmin": -largest,
        "zmax": largest,
        "colorscale": [[0, "$bad"], [0.5, "$mixed"], [1, "$good"]],
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "hoverongaps": False,
        "text": [[str(number) if number else "" for number in line] for line in numbers],
        "texttemplate": "%{text}",
        "textfont": {"color": "$ink", "size": 12},
        "hovertemplate": "meant for %{y}<br>answered %{x}<br>%{text} requests<extra></extra>",
    }
    shape = layout(
        150 + 24 * len(rows),
        x={"automargin": True, "tickangle": -45, "title": {"text": "answered"}, "type": "category"},
        y={
            "automargin": True,
            "autorange": "reversed",
            # Without a distance the title keeps its place, and long names run through it.
            "title": {"text": "meant for", "standoff": 12},
            "type": "category",
        },
    )
    return {"data": [data], "layout": shape}


def cost(evidence: Evidence) -> Figure:
    """Cost of one run at each commit, US dollars."""
    return _per_commit(
        evidence, lambda point: point.cost_per_run, "USD a run", "USD\N{NO-BREAK SPACE}%{y:.5f}", bars=True
    )


def tokens(evidence: Evidence) -> Figure:
    """Mean input tokens of a model call at each commit."""
    return _per_commit(
        evidence,
        lambda point: point.input_tokens_per_call,
        "input tokens a request",
        "%{y:,.0f} tokens",
        bars=False,
    )


def latency(evidence: Evidence) -> Figure:
    """Median and 95th percentile of the model calls' latency at each commit, milliseconds."""
    points = evidence.points
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "x": list(range(len(points))),
            "y": [
                None if value is None else 1000 * value
                for value in (point.latency(quantile) for point in points)
            ],
            "name": name,
            "line": {"color": colour, "width": 2, "dash": dash},
            "marker": {"size": 5, "color": colour},
            "customdata": [_title(point) for point in points],
            "hovertemplate": "%{customdata}<br>%{y:.2f}\N{NO-BREAK SPACE}ms<extra>" + name + "</extra>",
        }
        for name, quantile, colour, dash in (
            ("median", 0.5, "$accent", "solid"),
            ("95th percentile", 0.95, "$warn", "dash"),
        )
    ]
    shape = layout(260, x=_commit_axis(points), y={"title": {"text": "ms"}, "rangemode": "tozero"})
    shape |= _LEGEND
    return {"data": data, "layout": shape}


def outcomes(evidence: Evidence) -> Figure:
    """Tests of each commit by outcome, stacked."""
    points = evidence.points
    data = []
    for outcome, colour, pattern in _OUTCOMES:
        counts = [point.row.tally.outcomes.get(outcome, 0) for point in points]
        if any(counts):
            data.append(
                {
                    "type": "bar",
                    "x": list(range(len(points))),
                    "y": counts,
                    "name": outcome.replace("_", " "),
                    "marker": {
                        "color": colour,
                        "pattern": {"shape": pattern, "fillmode": "overlay", "fgcolor": "$page", "size": 5},
                    },
                    "customdata": [_title(point) for point in points],
                    "hovertemplate": "%{customdata}<br>%{y} " + outcome.replace("_", " ") + "<extra></extra>",
                }
            )
    shape = layout(260, x=_commit_axis(points), y={"title": {"text": "tests"}})
    shape |= _LEGEND | {"barmode": "stack", "bargap": 0.15}
    return {"data": data, "layout": shape}


def case_order(evidence: Evidence) -> list[str]:
    """The cases in the order of the golden set, then any others by id."""
    known = {name for point in evidence.points for name in point.cases}
    ordered = [name for name in evidence.requests if name in known]
    return [*ordered, *sorted(known - set(ordered))]


def _per_commit(
    evidence: Evidence, value: Callable[[Point], float | None], title: str, shown: str, *, bars: bool
) -> Figure:
    points = evidence.points
    trace: Figure = {
        "type": "bar" if bars else "scatter",
        "x": list(range(len(points))),
        "y": [value(point) for point in points],
        "marker": {"color": "$accent", "size": 5} if not bars else {"color": "$accent"},
        "customdata": [_title(point) for point in points],
        "hovertemplate": "%{customdata}<br>" + shown + "<extra></extra>",
    }
    if not bars:
        trace |= {"mode": "lines+markers", "line": {"color": "$accent", "width": 2, "shape": "hv"}}
    shape = layout(
        240,
        x=_commit_axis(points, labels=4),
        y={"title": {"text": title, "standoff": 12}, "rangemode": "tozero", "automargin": True},
    )
    return {"data": [trace], "layout": shape}


def _commit_axis(points: Sequence[Point], labels: int = 10) -> Figure:
    """Commits evenly spaced; a label at about so many of them."""
    step = max(1, math.ceil(len(points) / labels))
    ticks = list(range(0, len(points), step))
    return {
        "tickvals": ticks,
        "ticktext": [f"{points[tick].note.short}<br>{points[tick].note.date:%Y-%m-%d}" for tick in ticks],
        "tickfont": {"size": 10},
        "tickangle": 0,
        # A little room, or the first commit runs into the lowest figure of the other axis.
        "ticks": "outside",
        "ticklen": 6,
        "tickcolor": "rgba(0,0,0,0)",
        "range": [-0.6, len(points) - 0.4],
    }


def layout(height: int, *, x: Figure, y: Figure) -> Figure:
    """What every plot looks like, with its two axes."""
    axis = {
        "gridcolor": "$grid",
        "zerolinecolor": "$grid",
        "linecolor": "$grid",
        "fixedrange": True,
        # Plain figures: nobody writes 800µ for 0.0008 USD.
        "exponentformat": "none",
        "separatethousands": True,
    }
    return {
        "height": height,
        "margin": {"l": 48, "r": 16, "t": 28, "b": 48},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "system-ui, sans-serif", "size": 12, "color": "$ink"},
        "hoverlabel": {
            "bgcolor": "$card",
            "bordercolor": "$grid",
            "font": {"color": "$ink"},
            "align": "left",
        },
        "hovermode": "closest",
        "showlegend": False,
        "xaxis": axis | x,
        "yaxis": axis | y,
    }


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 3)


def _title(point: Point) -> str:
    note = point.note
    return (
        f"<b>{note.short}</b> {note.date:%Y-%m-%d}<br>{wording.escaped(wording.shortened(note.subject, 70))}"
    )


def _point_hover(point: Point) -> str:
    tally = point.row.tally
    lines = [
        _title(point),
        f"{wording.percent(point.accuracy)} right ({tally.correct} of {tally.judged} answers)",
    ]
    if point.low is not None and point.high is not None:
        lines.append(f"95 % interval {wording.percent(point.low)} to {wording.percent(point.high)}")
    if point.note.golden_changed:
        lines.append("this commit changed the golden set in the repository")
    return "<br>".join(lines)


def _move_hover(move: Move) -> str:
    paired = move.paired
    return "<br>".join(
        (
            _title(move.after),
            f"moved {wording.points(paired.difference)}, "
            f"95 % interval {wording.points(paired.low)} to {wording.points(paired.high)}",
            f"{len(paired.risen)} cases rose, {len(paired.fallen)} fell; p = {wording.p_value(paired.p)}",
        )
    )


def _cell_hovers(
    evidence: Evidence, names: Sequence[str], cells: Sequence[Sequence[CaseAtCommit | None]]
) -> Figure:
    """What the page puts together into each cell's hover text; whole texts would double the file's size.

    `answers` are the different answers, `index` the place of each cell's among them (-1: not judged).
    """
    answers: dict[str, int] = {}
    index = [
        [
            -1 if cell is None or cell.share is None else answers.setdefault(cell.shown_answers, len(answers))
            for cell in row
        ]
        for row in cells
    ]
    expected = [next((cell.expected for cell in reversed(row) if cell is not None), "") for row in cells]
    requests = [wording.shortened(evidence.requests.get(name, ""), 60) for name in names]
    return {
        "rows": [
            f"<b>{wording.escaped(name)}</b> {wording.escaped(asked)}<br>expected {wording.escaped(right)}"
            for name, asked, right in zip(names, requests, expected, strict=True)
        ],
        "columns": [point.note.short for point in evidence.points],
        "answers": [wording.escaped(answer) for answer in answers],
        "index": index,
    }


def _mark(share: float | None) -> str:
    if share is None or share == 1:
        return _RIGHT_MARK
    return _WRONG_MARK if share == 0 else _MIXED_MARK
