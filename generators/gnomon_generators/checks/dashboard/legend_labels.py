"""Labels in legends and in links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from gnomon_generators.checks.dashboard.field_config import field_values
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.kept import kept_labels, split_by
from gnomon_generators.checks.known.labels import Labels
from gnomon_generators.checks.subjects import Expression, Panel, Target

ID = "dashboard/legend-labels"
SEVERITY = Severity.ERROR
# The label is asked for, and lost inside: that is where it must be mended.
YIELDS_TO = ("promql/dropped-label",)
BRIEF = (
    "A legend or a link names a label that the query's result does not have, or all series are named alike."
)

_IN_LEGEND: Final = re.compile(r"\{\{\s*([\w.:-]+)\s*\}\}")
_IN_LINK: Final = re.compile(r"\$\{__(?:field|series)\.labels(?:\.(\w+)|\[\\?[\"'](\w+)\\?[\"']\])[^}]*\}")

_NAMED: Final = ("timeseries", "stat", "gauge", "bargauge", "piechart", "state-timeline", "graph")


def check(expression: Expression) -> Iterator[Finding]:
    """Reports labels of the legend, and its lack, then of the panel's links where this is its only query."""
    owner = expression.owner
    if not isinstance(owner, Target) or expression.parsed.root is None:
        return
    kept = kept_labels(expression)
    yield from _alike(expression, owner)
    for name in dict.fromkeys(_IN_LEGEND.findall(owner.legend)):
        # The name of the metric is a label to the legend.
        if name != "__name__" and name not in kept:
            yield _finding(expression, kept, name, f"The legend {owner.legend!r}", "each line is named alike")
    if len(owner.panel.targets) == 1:
        for name in dict.fromkeys(_in_links(owner.panel)):
            if name not in kept:
                yield _finding(expression, kept, name, "A link of this panel", "it opens with an empty value")


def _alike(expression: Expression, target: Target) -> Iterator[Finding]:
    """A legend without any label, of a result that is split by some: every series has the same name."""
    panel, legend = target.panel, target.legend
    shown = panel.type in _NAMED and target.raw.get("format", "time_series") == "time_series"
    if not shown or not legend or "{{" in legend or legend == "__auto":
        return
    if panel.raw.get("transformations") or any(field_values(panel, "displayName")) or _unnamed(panel):
        return
    split = split_by(expression)
    if split:
        marks = " · ".join(f"{{{{{name}}}}}" for name in split)
        yield expression.finding(
            ID,
            # Where only one of them ever comes it is right today.
            Severity.WARNING,
            f"The legend {legend!r} is the name of every series, and the result is split by "
            f"{', '.join(split)}: which is which cannot be told.",
            f"write {marks}, or leave the legend out where the labels say enough",
        )


def _unnamed(panel: Panel) -> bool:
    options = panel.raw.get("options")
    return isinstance(options, dict) and options.get("textMode") in ("value", "none")


def _finding(expression: Expression, kept: Labels, name: str, what: str, effect: str) -> Finding:
    close = _near(name, sorted(kept.names))
    return expression.finding(
        ID,
        SEVERITY,
        f"{what} names the label `{name}`, and the result of the query does not have it: {effect}.",
        f"write {_written(what, close[0])}"
        if close
        else f"keep it, `by ({', '.join(sorted({*kept.names, name}))})`",
    )


def _written(what: str, name: str) -> str:
    return f"{{{{{name}}}}}" if what.startswith("The legend") else f"`{name}`"


def _near(name: str, known: list[str]) -> list[str]:
    """The label that is meant: one that has all words of the name (`suite`), or is written almost so."""
    words = set(re.split(r"\W|_", name.lower()))
    return [one for one in known if words <= set(one.split("_"))][:1] or get_close_matches(name, known, 1)


def _in_links(panel: Panel) -> Iterator[str]:
    for _, links in (("links", panel.raw.get("links")), *field_values(panel, "links")):
        for link in links if isinstance(links, list) else ():
            url = str(link.get("url") or "") if isinstance(link, dict) else ""
            for match in _IN_LINK.finditer(url):
                yield match.group(1) or match.group(2)
