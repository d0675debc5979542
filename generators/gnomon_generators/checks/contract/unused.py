"""What is emitted and never looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

from gnomon.registry import metrics
from gnomon.registry.prometheus import series_names
from gnomon_generators.checks.configuration import FILE_NAME
from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Tree
from gnomon_generators.checks.syntax.nodes import Selector

ID = "contract/unused"
SEVERITY = Severity.WARNING
BRIEF = "An emitted metric is used nowhere and not listed as deliberately unused; or it is listed and used."


def check(tree: Tree) -> Iterator[Finding]:
    """Reports metrics of the registry that no query of the project names, and entries that err.

    Whoever keeps the list asks for it: a project with one board need not show everything.
    """
    listed = tree.configuration.unused_metrics
    if listed is None or not tree.whole or tree.contract_mode == "none":
        return
    used = _used(tree)
    unused = {metric.name for metric in metrics.ALL if not used & set(series_names(metric))}
    for metric in metrics.ALL:
        if metric.name in unused and not any(fnmatchcase(metric.name, pattern) for pattern in listed):
            yield _finding(
                tree,
                f"{metric.name} is emitted, and no dashboard, rule or alert reads it: it costs series and "
                "tells nobody anything.",
                "show it, or list it under unused_metrics in gnomon-check.yaml with the reason",
                f"metric {metric.name}",
            )
    for pattern in listed:
        if not any(fnmatchcase(name, pattern) for name in unused):
            yield _finding(
                tree,
                f"{pattern} is listed as deliberately unused, and no unused metric is called so.",
                "remove the entry",
                f"unused_metrics {pattern}",
            )


def _finding(tree: Tree, message: str, advice: str, part: str) -> Finding:
    # It is answered in the file where the list is.
    return replace(tree.finding(ID, SEVERITY, message, advice, part=part), path=Path(FILE_NAME))


def _used(tree: Tree) -> set[str]:
    return {
        node.name
        for expression in tree.expressions
        if expression.parsed.root
        for node in expression.parsed.root.walk()
        if isinstance(node, Selector) and node.name
    }
