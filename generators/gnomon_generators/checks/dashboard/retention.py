"""How far back a dashboard looks, and how long Prometheus keeps what it asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from gnomon_generators.checks.dashboard.places import place
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import DashboardFile, Panel, Target
from gnomon_generators.promql.windows import RANGE, is_fixed, milliseconds, written

ID = "dashboard/retention"
SEVERITY = Severity.WARNING
BRIEF = "What is asked of Prometheus lies further back than it keeps anything."

_DAY: Final = 86_400_000
# A month is never shorter; whether it is longer does not matter here.
_SHORTEST_MONTH: Final = 28 * _DAY
_NOW: Final = re.compile(r"now(?:-(?P<count>\d+)(?P<unit>[smhdwMy]))?(?:/[smhdwMy])?")
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`')
# Each window with the offset behind it, and each offset of a bare name.
_LOOK: Final = re.compile(
    r"\[\s*(?P<window>[^\]:\s]+)[^\]]*\](?:\s*offset\s+(?P<offset>[^\s)]+))?|\boffset\s+(?P<alone>[^\s)]+)"
)


@dataclass(frozen=True, slots=True)
class _Range:
    """A time range in milliseconds before now."""

    start: int
    end: int


def check(dashboard: DashboardFile) -> Iterator[Finding]:
    """Reports a dashboard of ours that begins too early, else each panel that looks back too far.

    Every length is counted as the least that it can be.
    """
    kept = int(dashboard.tree.settings.retention.prometheus_days * _DAY)
    shown = _shown(dashboard)
    if not dashboard.own or shown is None:
        return
    if shown.start > kept and any(_asks_for_all(panel) for panel in dashboard.panels):
        yield place(dashboard, ("time", "from")).finding(
            ID,
            SEVERITY,
            f"The dashboard begins {_days(shown.start)} days ago, and Prometheus keeps {_days(kept)}: what "
            "is older is missing, and numbers of the whole range leave it out without a word.",
            _advice(kept, f'begin at "now-{written(kept)}" or later'),
        )
        return
    for panel in dashboard.panels:
        reach = max((_reach(target, panel, shown) for target in _asked(panel)), default=0)
        if reach > kept:
            yield panel.finding(
                ID,
                SEVERITY,
                f"The panel looks back {_days(reach)} days from now, and Prometheus keeps {_days(kept)}: its "
                "oldest points are those of less time than they say.",
                _advice(kept, "take a shorter window, or a shorter time range for the panel"),
            )


def _advice(kept: int, shorter: str) -> str:
    return (
        f"{shorter}; ask the results store for what is older; or say what your Prometheus keeps in "
        f"retention.prometheus_days, which is {_days(kept)}"
    )


def _asked(panel: Panel) -> list[Target]:
    return [target for target in panel.targets if target.language == "promql"]


def _asks_for_all(panel: Panel) -> bool:
    """Whether a panel asks for all of the dashboard's time range."""
    return not panel.raw.get("timeFrom") and any(
        not _once(target) or RANGE in _STRING.sub('""', target.text) for target in _asked(panel)
    )


def _reach(target: Target, panel: Panel, shown: _Range) -> int:
    """How far back from now a query looks."""
    own, shift = str(panel.raw.get("timeFrom") or ""), str(panel.raw.get("timeShift") or "")
    during = _Range(milliseconds(own), 0) if is_fixed(own) else shown
    span = during.start - during.end
    looks = [
        _length(found["window"], span) + _length(found["offset"] or found["alone"], span)
        for found in _LOOK.finditer(_STRING.sub('""', target.text))
    ]
    begun = during.end if _once(target) else during.start
    return begun + _length(shift, span) + max(looks, default=0)


def _once(target: Target) -> bool:
    """Whether the query asks at the end of the range alone."""
    return bool(target.raw.get("instant")) and not target.raw.get("range")


def _length(window: str | None, span: int) -> int:
    """A window or offset; of a variable that is not the range nothing is known."""
    if window == RANGE:
        return span
    return milliseconds(window) if window and is_fixed(window) else 0


def _shown(dashboard: DashboardFile) -> _Range | None:
    """The time range that the dashboard is opened with; None when it does not end at about now."""
    time: Any = dashboard.document.get("time")
    if not isinstance(time, dict):
        return None
    start, end = _before_now(time.get("from")), _before_now(time.get("to"))
    return None if start is None or end is None or start < end else _Range(start, end)


def _before_now(moment: object) -> int | None:
    found = _NOW.fullmatch(str(moment))
    if found is None:
        return None
    if not found["count"]:
        return 0
    if found["unit"] == "M":
        return int(found["count"]) * _SHORTEST_MONTH
    return milliseconds(found["count"] + found["unit"])


def _days(length: int) -> str:
    return f"{length / _DAY:.3g}"
