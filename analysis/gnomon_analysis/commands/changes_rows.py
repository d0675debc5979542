"""The metrics that moved at one commit as aligned rows, each with what it moved by and how sure that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import click

from gnomon_analysis.attribution import CommitMoves, Finding, wording
from gnomon_analysis.attribution import finding as words
from gnomon_analysis.attribution.by_commit import LIKELY
from gnomon_analysis.attribution.metrics import FLEET_SCOPES
from gnomon_analysis.commands import tables

VERDICTS = {
    words.IMPROVEMENT: "better",
    words.REGRESSION: "worse",
    words.UNCHANGED: "mixed",
    words.UPSTREAM: "upstream",
    words.DRIFT: "drift",
    words.INCONCLUSIVE: "unclear",
    words.NOT_ENOUGH_RUNS: "too few",
}
COLOURS = {
    words.IMPROVEMENT: "green",
    words.REGRESSION: "red",
    words.UPSTREAM: "yellow",
    words.DRIFT: "yellow",
}

_INDENT = _GAP = "  "
_PARTS = frozenset({"skill", "category", "case"})
_PARTS_SHOWN = 3
_LEAST_LABEL = 14


class _Row(NamedTuple):
    """One metric in one scope, in words; `colour` is that of its verdict."""

    verdict: str
    label: str
    levels: str
    difference: str = ""
    moved: str = ""
    this: str = ""
    note: str = ""
    id: str = ""
    colour: str | None = None


_TITLES = _Row("", "", "before → after", "difference", "moved", "this one", "", "id")
_COLUMNS = ("verdict", "label", "levels", "difference", "moved", "this", "note", "id")
_RIGHT = frozenset({"moved", "this"})
# What a narrow terminal leaves out, the first of them first.
_DISPENSABLE = ("moved", "note")


class Where(NamedTuple):
    """Whether suites and environments have to be named to be told apart."""

    suites: bool
    environments: bool

    @classmethod
    def of(cls, shown: Sequence[CommitMoves]) -> Where:
        """What the findings of some commits need."""
        found = [one for moves in shown for one in moves.findings]
        suites = {one.suite for one in found if one.scope_kind not in FLEET_SCOPES}
        places = {(one.suite, one.agent, one.environment) for one in found}
        return cls(len(suites) > 1, len(places) > len({place[:2] for place in places}))


def echo_rows(moves: CommitMoves, where: Where, width: int | None, *, all_of_it: bool) -> bool:
    """Writes one row a metric of the suite, its skills below it; says whether some were left out.

    A test that moved has a row with `all_of_it` alone, where each row has the id of its finding. `width` is
    that of the terminal, None for as wide as need be.
    """
    groups: dict[tuple[str, str | None, str | None], list[Finding]] = {}
    for one in moves.findings:
        if all_of_it or one.scope_kind != "case" or not one.told:
            groups.setdefault((one.metric, one.suite, one.environment), []).append(one)
    rows: list[_Row] = []
    cut = False
    for several in groups.values():
        whole = [one for one in several if one.scope_kind not in _PARTS]
        parts = [one for one in several if one.scope_kind in _PARTS]
        enough = len(parts) if all_of_it or len(parts) <= _PARTS_SHOWN + 1 else _PARTS_SHOWN
        rows += [_row(one, _label(one, where), ids=all_of_it) for one in whole]
        rows += [
            _row(one, f"  {one.scope}" if whole else _label(one, where), ids=all_of_it)
            for one in parts[:enough]
        ]
        if parts[enough:]:
            cut = True
            rows.append(_rest(parts[enough:]))
    _echo(rows, width)
    return cut


def share(probability: float) -> str:
    """A probability in a column: `97 %`, `>99 %`."""
    return wording.share(probability).replace("over ", ">").replace("under ", "<")


def doubt(finding: Finding) -> str:
    """A word on an interval that holds no movement, beside a movement that is sure; else nothing."""
    return "" if (said := wording.doubt(finding)) is None else said.word


def _rest(rest: Sequence[Finding]) -> _Row:
    counts = Counter(VERDICTS[one.verdict] for one in rest)
    how = ", ".join(f"{count} {word}" for word, count in counts.items())
    return _Row("", f"  and {len(rest)} more", how if len(counts) > 1 else f"all {next(iter(counts))}")


def _label(finding: Finding, where: Where) -> str:
    name = finding.kind.short
    if finding.scope_kind != "suite" or where.suites:
        name += f" of {finding.scope}"
    return f"{name} in {finding.environment}" if where.environments and finding.environment else name


def _row(finding: Finding, label: str, *, ids: bool) -> _Row:
    sure = finding.p_commit
    claimed = finding.told and (sure is None or sure >= LIKELY)
    return _Row(
        verdict=VERDICTS[finding.verdict],
        label=label,
        levels=_levels(finding),
        difference=wording.signed(finding),
        moved=tables.NOTHING if finding.p_change is None else share(finding.p_change),
        this=tables.NOTHING if sure is None else share(sure),
        note=_note(finding),
        id=finding.impact_id[:8] if ids else "",
        colour=COLOURS.get(finding.verdict) if claimed else None,
    )


def _note(finding: Finding) -> str:
    if finding.runs_needed and not finding.told:
        return f"{wording.plural(finding.runs_needed, 'more run')} would do"
    return ", ".join(filter(None, ("" if finding.status == words.OPEN else finding.status, doubt(finding))))


def _levels(finding: Finding) -> str:
    """`61.7 → 65 %`: the unit once."""
    before, after = (wording.level(finding.kind, level) for level in (finding.before, finding.after))
    figure, _, unit = before.partition(" ")
    return f"{figure} → {after}" if unit and after.endswith(f" {unit}") else f"{before} → {after}"


def _echo(rows: Sequence[_Row], width: int | None) -> None:
    if not rows:
        return
    lines = [_TITLES, *rows]
    columns = [name for name in _COLUMNS if any(getattr(row, name) for row in rows)]
    widths = {name: max(len(getattr(line, name)) for line in lines) for name in columns}
    gap = _GAP
    if width is not None:
        columns, gap = _fit(widths, width)
    for line in lines:
        text = (_INDENT + gap.join(_cell(line, name, widths[name]) for name in columns)).rstrip()
        click.echo(click.style(text, dim=True) if line is _TITLES else text)


def _fit(widths: dict[str, int], width: int) -> tuple[list[str], str]:
    """The columns, and the gap between them, with which rows are no wider than the terminal.

    Columns are left out first, then labels shortened: `widths` are changed.
    """
    columns, gap = list(widths), _GAP

    def over() -> int:
        return len(_INDENT) + sum(widths[name] for name in columns) + len(gap) * (len(columns) - 1) - width

    for name in _DISPENSABLE:
        if over() > 0 and name in columns:
            columns.remove(name)
    if over() > 0:
        gap = " "
    if (more := over()) > 0:
        widths["label"] = max(_LEAST_LABEL, widths["label"] - more)
    return columns, gap


def _cell(row: _Row, name: str, width: int) -> str:
    text = getattr(row, name)
    if name == "label" and len(text) > width:
        text = f"{text[: width - 1]}…"
    padded = text.rjust(width) if name in _RIGHT else text.ljust(width)
    return click.style(padded, fg=row.colour) if name == "verdict" and row.colour else padded
