"""What Grafana does to a query before it is asked: its own variables, the choices of a board, macros of SQL.

Written after Grafana's documentation of `$__range`, `$__rate_interval`, the formats of variables and the
macros of its PostgreSQL data source; no code of the package under test.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

JSON = Path(__file__).parents[2] / "dashboards" / "json"
BOARDS = ("executive", "qa_engineer", "skills_engineer", "sre_operations")
"""Those of test runs, one for each reader."""
OF_OPERATION = ("fleet", "stack")
"""Those of what runs all the time: agents, and the stack itself."""

SCRAPE = 15
POINTS = 1000
# The distances between two points that Grafana rounds to.
ROUND = (60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}


@dataclass(frozen=True)
class Asked:
    """A query of a panel, or of a variable or annotation."""

    board: str
    panel: str
    ref: str
    source: str
    text: str
    instant: bool = False
    format: str = ""
    interval: str = ""

    def __str__(self) -> str:
        return f"{self.board}: {self.panel} {self.ref}"


def board(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((JSON / f"{name}.json").read_text())
    return found


def panels(name: str) -> Iterator[dict[str, Any]]:
    """Every panel that is no row, those of collapsed rows included."""
    for panel in board(name)["panels"]:
        if panel["type"] == "row":
            yield from panel["panels"]
        else:
            yield panel


def queries(source: str, boards: Sequence[str] = BOARDS) -> list[Asked]:
    """All queries of the boards that ask a data source of this type."""
    return [asked for name in boards for asked in _of_board(name) if asked.source == source]


def _of_board(name: str) -> Iterator[Asked]:
    for panel in panels(name):
        for target in panel.get("targets", ()):
            text = target.get("expr") or target.get("rawSql") or target.get("query") or ""
            yield Asked(
                name,
                panel["title"],
                target["refId"],
                target["datasource"]["type"],
                text,
                bool(target.get("instant")),
                target.get("format", ""),
                target.get("interval") or panel.get("interval") or "",
            )
    for variable in board(name)["templating"]["list"]:
        if variable["type"] == "query" and isinstance(variable["query"], str):
            yield Asked(name, "variable", variable["name"], variable["datasource"]["type"], variable["query"])
    for one in board(name)["annotations"]["list"]:
        if "rawSql" in one.get("target", {}):
            kind = one["datasource"]["type"]
            yield Asked(name, "annotation", one["name"], kind, one["target"]["rawSql"])


@dataclass(frozen=True)
class View:
    """A time range in Unix seconds, and what is chosen in a board: a value, several, or None for all."""

    start: float
    end: float
    chosen: Mapping[str, str | Sequence[str] | None] = field(default_factory=dict)

    def step(self, least: str) -> int:
        """The distance between two points of a panel a thousand pixels wide, in seconds."""
        wanted = max((self.end - self.start) / POINTS, _seconds(least) if least else 0)
        return next(step for step in ROUND if step >= wanted)

    def promql(self, asked: Asked) -> str:
        """The expression that reaches Prometheus."""
        step = self.step(asked.interval)
        scrape = _seconds(asked.interval) if asked.interval else SCRAPE
        own = {
            "__range": f"{round(self.end - self.start)}s",
            "__range_s": str(round(self.end - self.start)),
            "__interval": _written(step),
            "__interval_ms": str(step * 1000),
            "__rate_interval": f"{max(step + scrape, 4 * scrape)}s",
        }
        return self._filled(asked.text, own, escaped=_for_prometheus)

    def sql(self, asked: Asked) -> str:
        """The query that reaches PostgreSQL."""
        step = self.step(asked.interval)
        own = {"__interval": _written(step), "__interval_ms": str(step * 1000)}
        text = self._filled(asked.text, own, escaped=_quoted)
        start, end = _moment(self.start), _moment(self.end)
        text = re.sub(
            r"\$__timeFilter\(([^()]*(?:\([^()]*\)[^()]*)*)\)", rf"\1 BETWEEN '{start}' AND '{end}'", text
        )
        text = text.replace("$__timeFrom()", f"'{start}'").replace("$__timeTo()", f"'{end}'")
        return re.sub(r"\$__timeGroup\(([^,()]+),\s*'?(\w+)'?\)", _time_group, text)

    def _filled(self, text: str, own: Mapping[str, str], escaped: Any) -> str:
        def value(found: re.Match[str]) -> str:
            name, way = found["braced"] or found["plain"], found["way"]
            if name in own:
                return own[name]
            if name.startswith("__"):
                return found[0]  # a macro, which the data source knows
            chosen = self.chosen[name]
            if chosen is None:
                return ".*"
            if way == "regex":
                return _as_regex(chosen)
            return str(escaped(chosen))

        return re.sub(r"\$\{(?P<braced>\w+)(?::(?P<way>\w+))?\}|\$(?P<plain>\w+)", value, text)


def _as_regex(chosen: str | Sequence[str]) -> str:
    """The format `regex`: the value, or several as alternatives, what is special in a pattern escaped."""
    values = [chosen] if isinstance(chosen, str) else chosen
    found = [re.sub(r"[\-\[\]{}()*+?.,\\^$|#/]", r"\\\g<0>", value) for value in values]
    return found[0] if isinstance(chosen, str) else f"({'|'.join(found)})"


def _for_prometheus(chosen: str | Sequence[str]) -> str:
    """What its Prometheus data source makes of values that stand between quotes in an expression."""
    if isinstance(chosen, str):
        return chosen.replace("\\", "\\\\").replace('"', '\\"')
    found = [re.sub(r"[$^*{}\[\]'+?.()|]", r"\\\\\g<0>", value) for value in chosen]
    return f"({'|'.join(found)})"


def _quoted(chosen: str | Sequence[str]) -> str:
    if isinstance(chosen, str):
        return chosen.replace("'", "''")
    return ",".join("'" + value.replace("'", "''") + "'" for value in chosen)


def _time_group(found: re.Match[str]) -> str:
    return f"floor(extract(epoch from {found[1]})/{_seconds(found[2])})*{_seconds(found[2])}"


def _seconds(text: str) -> int:
    return int(text[:-1]) * _UNITS[text[-1]]


def _written(seconds: int) -> str:
    return next(f"{seconds // size}{unit}" for unit, size in _UNITS.items() if seconds % size == 0)


def _moment(at: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
