"""dashboard-linter's rule of titles and descriptions, over all kinds of panels."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Panel

ID = "dashboard/panel-title-description-rule"
SEVERITY = Severity.WARNING
BRIEF = "A panel has no title or no description: nobody can tell what it shows and what to do about it."


def check(panel: Panel) -> Iterator[Finding]:
    """Reports what is missing; a row needs a title alone, a text panel speaks for itself."""
    if panel.type == "text" or "libraryPanel" in panel.raw:
        return
    # A panel without frame and title is a common way to set a text beside another.
    missing = [] if panel.title.strip() else ["title"]
    if panel.type != "row" and not str(panel.raw.get("description") or "").strip():
        missing.append("description")
    if missing:
        yield panel.finding(
            ID,
            SEVERITY,
            f"The panel has no {' and no '.join(missing)}.",
            "say what it shows, from which series, and what to do when it is bad"
            if "description" in missing
            else "give it a title",
        )
