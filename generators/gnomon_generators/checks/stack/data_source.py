"""Links between data sources."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from gnomon_generators.checks.dashboard.places import dotted
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.secrets import texts
from gnomon_generators.checks.subjects import DataSourceFile

ID = "stack/data-source"
SEVERITY = Severity.ERROR
BRIEF = "A data source links to one that is not there."

_LINKS: Final = {"datasourceUid", "alertmanagerUid"}


def check(file: DataSourceFile) -> Iterator[Finding]:
    """Compares links with the uids of all files of data sources."""
    known = {
        str(source["uid"])
        for other in file.tree.data_sources
        for _, source in other.sources
        if "uid" in source
    }
    for number, source in file.sources:
        for keys, uid in texts(source, ("datasources", number)):
            if keys[-1] in _LINKS and uid not in known and not uid.startswith("$"):
                near = get_close_matches(uid, known, n=1)
                yield file.finding(
                    ID,
                    SEVERITY,
                    f"No data source here has the uid {uid}: the link leads nowhere.",
                    f"write {near[0]}" if near else f"write one of {', '.join(sorted(known))}",
                    part=dotted(keys),
                    line=file.line_of(*keys),
                )
