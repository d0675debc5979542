"""Names of groups."""

from __future__ import annotations

from collections.abc import Iterator

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.subjects import Group, Tree

ID = "rule/group-name"
SEVERITY = Severity.ERROR
BRIEF = "Two groups have the same name."


def check(tree: Tree) -> Iterator[Finding]:
    """Reports every group whose name one before it has."""
    first: dict[str, Group] = {}
    for group in (group for file in tree.rule_files for group in file.groups):
        before = first.setdefault(group.name, group)
        if before is group:
            continue
        if before.file is group.file:
            message = f"The file has another group {group.name!r}: Prometheus refuses it."
            severity = SEVERITY
        else:
            message = (
                f"{before.file.path} has a group {group.name!r} too: metrics and alerts about rule groups "
                "do not tell them apart."
            )
            severity = Severity.WARNING
        yield group.finding(ID, severity, message, "name each group for what it holds")
