"""Places in Grafana's grid, so that no definition has to count columns."""

from __future__ import annotations

from collections.abc import Sequence

import attr

from gnomon_generators.vocabulary.panel import COLUMNS


@attr.frozen
class Place:
    """A rectangle in the grid: columns to the right, rows of 30 pixels down."""

    x: int
    y: int
    width: int
    height: int


def flow(sizes: Sequence[tuple[int, int]], top: int) -> tuple[list[Place], int]:
    """Places for panels of these widths and heights below `top`, and where the next ones may begin.

    Each takes the highest free place, and of those the leftmost: from left to right, then the next line, and
    small panels pile up beside a tall one. Nothing is left hanging, so Grafana moves nothing when it draws.
    """
    heights = [top] * COLUMNS
    places = []
    for width, height in sizes:
        starts = range(COLUMNS - width + 1)
        y, x = min((max(heights[start : start + width]), start) for start in starts)
        heights[x : x + width] = [y + height] * width
        places.append(Place(x, y, width, height))
    return places, max(heights)
