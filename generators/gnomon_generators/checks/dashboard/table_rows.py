"""A table of rows that do not belong together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gnomon_generators.checks.finding import Finding, Severity
from gnomon_generators.checks.kept import kept_labels
from gnomon_generators.checks.subjects import Expression, Panel, Target

ID = "dashboard/table-rows"
SEVERITY = Severity.ERROR
BRIEF = "The queries of a table are split by different labels, so that its rows do not belong together."


def check(expression: Expression) -> Iterator[Finding]:
    """Reports each query that is split otherwise than the first one of its table.

    Where it is the same but for further labels that is a warning, and in others' files nothing is said.
    """
    owner = expression.owner
    if not isinstance(owner, Target) or not _is_joined(owner.panel) or not _is_row(owner):
        return
    first = next(
        one
        for one in expression.tree.expressions
        if isinstance(one.owner, Target) and one.owner.panel is owner.panel and _is_row(one.owner)
    )
    mine, theirs = kept_labels(expression), kept_labels(first)
    if mine.open or theirs.open or mine.names == theirs.names:
        return
    smaller = min(mine.names, theirs.names, key=len)
    # Further labels of the one may say nothing new, such as the address of a suite beside its name.
    refined = bool(smaller) and smaller < (mine.names | theirs.names) and smaller == mine.names & theirs.names
    if refined and not expression.tree.contract.strict(expression):
        return
    yield expression.finding(
        ID,
        Severity.WARNING if refined else SEVERITY,
        f"The rows of this query are told apart by {_told(mine.names)}, those of query "
        f"{_letter(first)} by {_told(theirs.names)}: Grafana joins rows whose labels are the same, and puts "
        "the others below with blanks, or beside what they do not belong to.",
        f"split both by {_told(theirs.names | mine.names)}, or give each a table of its own",
    )


def _is_joined(panel: Panel) -> bool:
    rows = panel.raw.get("transformations")
    found = [row.get("id") for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    return panel.type == "table" and "merge" in found and "joinByField" not in found


def _is_row(target: Target) -> bool:
    return target.language == "promql" and not target.raw.get("hide") and bool(target.text.strip())


def _letter(expression: Expression) -> str:
    return expression.owner.ref_id if isinstance(expression.owner, Target) else ""


def _told(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
