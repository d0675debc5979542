"""A variable that is named and not there."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from gnomon_generators.checks.dashboard.places import place
from gnomon_generators.checks.dashboard.references import BUILT_IN, Reference, in_prose, references
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import DashboardFile, Panel, Subject

ID = "dashboard/variables-defined"
SEVERITY = Severity.ERROR
BRIEF = "A query, title or link names a variable that the dashboard does not define."


def check(dashboard: DashboardFile) -> Iterator[Finding]:
    """Reports each name once for a text; text that people read is left alone."""
    defined = {variable.name for variable in dashboard.variables}
    seen: set[tuple[object, str]] = set()
    for reference in references(dashboard):
        if _known(reference, defined) or in_prose(reference) or (reference.path, reference.name) in seen:
            continue
        seen.add((reference.path, reference.name))
        yield _finding(dashboard, reference, defined)


def _known(reference: Reference, defined: set[str]) -> bool:
    name = reference.name
    if name.startswith("__"):
        # Macros are their data source's affair: only Prometheus has none.
        return name in BUILT_IN or reference.macro or reference.path[-1] != "expr"
    return name in defined


def _finding(dashboard: DashboardFile, reference: Reference, defined: set[str]) -> Finding:
    name = reference.name
    candidates = BUILT_IN if name.startswith("__") else defined
    close = get_close_matches(name, sorted(candidates), 1)
    message = (
        f"`${name}` is no variable of Grafana."
        if name.startswith("__")
        else f"The dashboard has no variable `{name}`: the text `${name}` stays as it stands."
    )
    advice = f"write `${close[0]}`" if close else f"define a variable `{name}`, or take it out"
    subject = _query_at(dashboard, reference)
    if subject is None:
        return place(dashboard, reference.path).finding(ID, SEVERITY, message, advice)
    return subject.finding(ID, SEVERITY, message, advice, span=reference.span)


def _query_at(dashboard: DashboardFile, reference: Reference) -> Subject | None:
    """The query whose text names the variable, so that the place in it can be shown."""
    keys = (*dashboard.keys, *reference.path)
    panels: list[Panel] = dashboard.panels
    return next(
        (target for panel in panels for target in panel.targets if target.text_keys == keys),
        None,
    )
