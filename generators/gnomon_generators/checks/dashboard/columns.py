"""What a table says of columns that its query does not return."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final

from sqlglot import exp

from gnomon_generators.checks.dashboard.field_config import field_values
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.schema import Path
from gnomon_generators.checks.sql.statements import is_variable, statement
from gnomon_generators.checks.subjects import Panel, Target

ID = "dashboard/columns"
SEVERITY = Severity.WARNING
BRIEF = "An override, an order or a link of a table names a column that its query in SQL does not return."

_OF_ROW: Final = re.compile(r"\$\{__data\.fields\[\"?([^\"\]]+)\"?\]")
_RENAMING: Final = "organize"


def check(panel: Panel) -> Iterator[Finding]:
    """Reports names that no column has; nothing where variables or transformations make columns."""
    columns = _columns(panel)
    if columns is None:
        return
    shown = [*columns, *_renamed(panel)]
    for path, what, name in _named(panel):
        if name not in shown:
            near = get_close_matches(name, shown, n=1)
            yield panel.finding(
                ID,
                SEVERITY,
                f"The query returns no column {name!r}: {what}.",
                f"write {near[0]!r}" if near else f"its columns are {', '.join(columns)}",
                part=".".join(map(str, path)),
                line=panel.dashboard.line_of(*panel.keys, *path),
            )


def _columns(panel: Panel) -> list[str] | None:
    """The columns that the table shows, as they are headed; None where that cannot be told."""
    rows = panel.raw.get("transformations") or []
    if panel.type != "table" or len(panel.targets) != 1 or not isinstance(rows, list):
        return None
    target = panel.targets[0]
    query = next((one for one in panel.tree.sql_queries if one.owner is target), None)
    tree = statement(query).tree if query and _asks_postgres(target) else None
    names = [_name(one) for one in tree.selects] if tree else []
    if not names or any(name in ("", "*") or is_variable(name) for name in names):
        return None
    for row in rows:
        if not isinstance(row, Mapping) or row.get("id") != _RENAMING:
            return None
        heads = (row.get("options") or {}).get("renameByName") or {}
        names += [str(head) for name, head in heads.items() if name in names]
    return names


def _asks_postgres(target: Target) -> bool:
    source = target.raw.get("datasource") or target.panel.raw.get("datasource")
    return isinstance(source, Mapping) and "postgres" in str(source.get("type"))


def _name(selected: object) -> str:
    """What PostgreSQL calls a column of the result: a name without quotes in small letters."""
    if not isinstance(selected, exp.Expression):
        return ""
    identifier = selected.args.get("alias") or selected.this
    quoted = isinstance(identifier, exp.Identifier) and identifier.args.get("quoted")
    name = selected.alias_or_name
    return name if quoted else name.lower()


def _overrides(panel: Panel) -> list[Mapping[str, Any]]:
    config = panel.raw.get("fieldConfig")
    rows = config.get("overrides") if isinstance(config, Mapping) else None
    return [row for row in rows or () if isinstance(row, Mapping)]


def _renamed(panel: Panel) -> Iterator[str]:
    """The headings that overrides give."""
    return (str(name) for _, name in field_values(panel, "displayName"))


def _named(panel: Panel) -> Iterator[tuple[Path, str, str]]:
    """Each column that is spoken of: where, what becomes of it when it is not there, its name."""
    for number, row in enumerate(_overrides(panel)):
        matcher = row.get("matcher")
        if isinstance(matcher, Mapping) and matcher.get("id") == "byName":
            path: Path = ("fieldConfig", "overrides", number)
            yield path, "the override changes nothing", str(matcher.get("options"))
    options = panel.raw.get("options")
    sorts = options.get("sortBy") if isinstance(options, Mapping) else None
    for number, row in enumerate(sorts if isinstance(sorts, list) else ()):
        if isinstance(row, Mapping) and row.get("displayName"):
            yield ("options", "sortBy", number), "the table is in no order", str(row["displayName"])
    for path, links in field_values(panel, "links"):
        for number, link in enumerate(links if isinstance(links, list) else ()):
            url = str(link.get("url") or "") if isinstance(link, Mapping) else ""
            for name in dict.fromkeys(_OF_ROW.findall(url)):
                yield (*path, number), "the link leads nowhere, for it takes nothing from the row", name
