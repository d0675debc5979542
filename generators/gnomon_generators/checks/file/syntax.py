"""A file that nothing can read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import BrokenFile

ID = "file/syntax"
SEVERITY = Severity.ERROR
BRIEF = "A file of the folder is not well formed, so that nothing in it is checked or can be deployed."

# What a dashboard, a rule file or the configuration of a program of the stack has, whole or cut short.
_OURS: Final = {
    ".json": re.compile(r'"(?:panels|gridPos|schemaVersion|templating|annotations|fieldConfig)"\s*:'),
    ".yaml": re.compile(r"^\s*(?:- )?(?:groups|rules|expr|scrape_configs|receivers|datasources)\s*:", re.M),
}
# Templates of Helm and the like become YAML only when they are rendered.
_TEMPLATE: Final = re.compile(r"^[^\"'#\n]*(?:\{\{|\{%)|[:\[,]\s*\{\{|\{\{-", re.MULTILINE)


def check(file: BrokenFile) -> Iterator[Finding]:
    """Reports every file that could not be read; without alarm what may be nobody's dashboard or rules."""
    words = _OURS[".json" if file.path.suffix == ".json" else ".yaml"]
    ours = words.search(file.text) and not _TEMPLATE.search(file.text) and not file.well_formed
    what = file.reason if file.well_formed else f"is not well formed ({file.reason})"
    yield file.finding(
        ID,
        SEVERITY if ours else Severity.INFO,
        f"The file {what}: nothing in it is checked.",
        "name its parts as files of their own" if file.well_formed else "mend it, or generate it again",
    )
