"""Where panels stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import DashboardFile, Panel

ID = "dashboard/grid"
SEVERITY = Severity.ERROR
BRIEF = "A panel has no place, reaches out of the 24 columns, or lies over another one."

_COLUMNS: Final = 24


@dataclass(frozen=True, slots=True)
class _Box:
    x: int
    y: int
    w: int
    h: int

    def overlaps(self, other: _Box) -> bool:
        return (
            self.x < other.x + other.w
            and other.x < self.x + self.w
            and self.y < other.y + other.h
            and other.y < self.y + self.h
        )


def check(dashboard: DashboardFile) -> Iterator[Finding]:
    """Reports panels by themselves, then pairs that overlap; a folded row's panels only among themselves."""
    placed: dict[Panel | None, list[tuple[Panel, _Box]]] = defaultdict(list)
    for panel in dashboard.panels:
        box = _box(panel)
        if box is None:
            yield panel.finding(
                ID,
                Severity.WARNING,
                "The panel has no `gridPos` with x, y, w and h: Grafana puts it into the upper left corner, "
                "over whatever stands there.",
                "write its place in columns (24 of them) and rows",
            )
            continue
        if box.x < 0 or box.w < 1 or box.h < 1 or box.x + box.w > _COLUMNS:
            yield panel.finding(
                ID,
                SEVERITY,
                f"The panel covers columns {box.x} to {box.x + box.w} and is {box.h} high; there are 24 "
                "columns: Grafana moves and cuts it.",
                "keep x + w at 24 or less, and w and h above nothing",
            )
        folded = _folded_in(panel)
        for other, its_box in placed[folded]:
            if box.overlaps(its_box):
                yield panel.finding(
                    ID,
                    SEVERITY,
                    f'The panel lies over "{other.title}": Grafana pushes one of them down, and the layout '
                    "is not the one written here.",
                    "move one of them",
                )
                break
        placed[folded].append((panel, box))


def _folded_in(panel: Panel) -> Panel | None:
    """The row inside whose own list the panel stands."""
    row = panel.row
    return row if row is not None and panel.keys[: len(row.keys)] == row.keys else None


def _box(panel: Panel) -> _Box | None:
    place = panel.raw.get("gridPos")
    if not isinstance(place, Mapping):
        return None
    sides = [place.get(key, 0 if key in "xy" else None) for key in "xywh"]
    if not all(isinstance(side, int) for side in sides):
        return None
    return _Box(*sides)
