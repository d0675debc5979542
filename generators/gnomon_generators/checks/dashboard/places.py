"""From a place in a dashboard's JSON to the panel, variable or annotation that holds it."""

from __future__ import annotations

from dataclasses import dataclass

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.schema import Path
from gnomon_generators.checks.subjects import Annotation, DashboardFile, Panel, Variable


@dataclass(frozen=True, slots=True)
class Place:
    """A value in a dashboard: what holds it, and the way from there."""

    holder: DashboardFile | Panel | Variable | Annotation
    rest: Path
    line: int | None

    def finding(self, check: str, severity: Severity, message: str, advice: str) -> Finding:
        """A finding about the value."""
        return self.holder.finding(
            check, severity, message, advice, part=dotted(self.rest) or None, line=self.line
        )


def place(dashboard: DashboardFile, path: Path) -> Place:
    """The place of that path, which counts from the dashboard."""
    keys = (*dashboard.keys, *path)
    holders: list[Panel | Variable | Annotation] = [
        *dashboard.panels,
        *dashboard.variables,
        *dashboard.annotations,
    ]
    around = [holder for holder in holders if keys[: len(holder.keys)] == holder.keys]
    holder = max(around, key=lambda holder: len(holder.keys), default=dashboard)
    return Place(holder, keys[len(holder.keys) :], dashboard.line_of(*keys))


def dotted(path: Path) -> str:
    """The path as it is written: `targets[0].step`."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text
