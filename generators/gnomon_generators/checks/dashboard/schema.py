"""Grafana's published JSON schemas."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from gnomon_generators.checks.dashboard.faults import unexplained_faults
from gnomon_generators.checks.dashboard.places import place
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.schema import Fault, Path
from gnomon_generators.checks.subjects import DashboardFile

ID = "dashboard/schema"
SEVERITY = Severity.ERROR
BRIEF = "A key or value is not in Grafana's published schema of dashboards, panels and queries."


def check(dashboard: DashboardFile) -> Iterator[Finding]:
    """Reports what the schemas refuse, but for what other checks explain better."""
    for (path, message), group in groupby(unexplained_faults(dashboard), key=_object_and_message):
        yield _finding(dashboard, path, message, list(group))


def _object_and_message(fault: Fault) -> tuple[Path, str]:
    """Unknown keys of one object are told together; every other fault by itself."""
    return (fault.path[:-1] if fault.unknown_key else fault.path), fault.message


def _finding(dashboard: DashboardFile, path: Path, message: str, faults: list[Fault]) -> Finding:
    if not faults[0].unknown_key:
        advice = "write what the schema of Grafana's version asks for, or leave the key out"
        return place(dashboard, path).finding(ID, SEVERITY, f"The value {message}.", advice)
    names = ", ".join(f"`{fault.path[-1]}`" for fault in faults)
    verb = "is no key" if len(faults) == 1 else "are no keys"
    return place(dashboard, faults[0].path if len(faults) == 1 else path).finding(
        ID,
        SEVERITY,
        f"{names} {verb} that Grafana knows here: what stands there has no effect.",
        "mind the spelling and the object that the key belongs to, or leave it out",
    )
