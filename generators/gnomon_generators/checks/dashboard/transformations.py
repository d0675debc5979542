"""Transformations that Grafana knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Final

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Panel

ID = "dashboard/transformations"
SEVERITY = Severity.ERROR
BRIEF = (
    "A transformation has an id that Grafana does not know, or names a query that the panel does not have."
)

_KNOWN: Final = frozenset(
    {
        "append",
        "calculateField",
        "concatenate",
        "configFromData",
        "convertFieldType",
        "convertFrameType",
        "ensureColumns",
        "extractFields",
        "fieldLookup",
        "filterByRefId",
        "filterByValue",
        "filterFields",
        "filterFieldsByName",
        "filterFrames",
        "formatString",
        "formatTime",
        "groupBy",
        "groupToMatrix",
        "groupToNestedTable",
        "groupingToMatrix",
        "heatmap",
        "histogram",
        "joinByField",
        "joinByLabels",
        "labelsToFields",
        "limit",
        "merge",
        "noop",
        "organize",
        "partitionByValues",
        "prepareTimeSeries",
        "reduce",
        "regression",
        "renameByRegex",
        "rowsToFields",
        "seriesToColumns",
        "seriesToRows",
        "smoothing",
        "sortBy",
        "spatial",
        "timeSeriesTable",
        "transpose",
    }
)


def check(panel: Panel) -> Iterator[Finding]:
    """Reports unknown ids, and filters by letters that no query has."""
    rows = panel.raw.get("transformations")
    letters = {target.ref_id for target in panel.targets}
    for number, row in enumerate(rows if isinstance(rows, list) else ()):
        if isinstance(row, Mapping) and (fault := _fault(row, letters)):
            line = panel.dashboard.line_of(*panel.keys, "transformations", number)
            yield panel.finding(ID, SEVERITY, *fault, part=f"transformations[{number}]", line=line)


def _fault(row: Mapping[str, object], letters: set[str]) -> tuple[str, str] | None:
    name = str(row.get("id"))
    if name not in _KNOWN:
        close = get_close_matches(name, sorted(_KNOWN), 1)
        return (
            f"Grafana knows no transformation {name!r}: the panel shows the data as they come.",
            f"write {close[0]!r}" if close else "choose one that there is",
        )
    letter = _letter(row)
    if letter is not None and letters and letter not in letters:
        return (
            f"The transformation works on the query {letter}, which the panel lacks: it does nothing.",
            f"name one of {', '.join(sorted(letters))}",
        )
    return None


def _letter(row: Mapping[str, object]) -> str | None:
    """The one query that a transformation is restricted to."""
    restriction = row.get("filter")
    if isinstance(restriction, Mapping) and restriction.get("id") == "byRefId":
        letter = restriction.get("options")
        # An expression of several letters, such as /A|B/, is left alone.
        return letter if isinstance(letter, str) and letter.isalnum() else None
    return None
